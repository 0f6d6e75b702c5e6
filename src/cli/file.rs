//! Where an export or a report goes: a file that is there only when it is whole, or stdout.
//!
//! Invariant: no file of a recording is ever written over.

use super::error::wrong_usage;
use super::world::Output;
use anyhow::Context as _;
use std::ffi::OsString;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

/// How a recording's main file begins.
const DATABASE: &[u8] = b"SQLite format 3\0";

/// How the files beside a recording end: what is not in its main file yet, and who uses it.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Where a person wants it.
#[derive(Debug)]
pub(super) enum Target {
    /// On stdout.
    Stdout,
    /// In a file.
    File(PathBuf),
}

/// Where it is being written.
pub(super) enum Destination<'e, 'o> {
    /// To a person, or into a pipe.
    Stdout {
        /// The stream.
        out: &'e mut Output<'o>,
    },
    /// Into a file beside the one that is to be.
    File(Partial),
}

/// A file that is not whole yet; it goes when it is dropped.
#[derive(Debug)]
pub(super) struct Partial {
    file: Option<BufWriter<File>>,
    /// Where its bytes are until it is kept; `None` for a pipe or a device, which has them at once.
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    path: PathBuf,
    wanted: PathBuf,
}

impl Target {
    /// The file of that name, or stdout.
    pub(super) fn new(path: &Path) -> Self {
        if path == Path::new("-") { Self::Stdout } else { Self::File(path.to_owned()) }
    }

    /// The file.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdout => None,
            Self::File(path) => Some(path),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("to stdout"),
            Self::File(path) => write!(f, "`{}`", path.display()),
        }
    }
}

impl<'e, 'o> Destination<'e, 'o> {
    /// Opens it.
    ///
    /// # Errors
    /// As [`Partial::create`].
    pub(super) fn open(target: &Target, out: &'e mut Output<'o>) -> anyhow::Result<Self> {
        match target {
            Target::Stdout => Ok(Self::Stdout { out }),
            Target::File(path) => Partial::create(path).map(Self::File),
        }
    }

    /// Puts a file in its place.
    pub(super) fn keep(self) -> io::Result<()> {
        match self {
            Self::Stdout { .. } => Ok(()),
            Self::File(partial) => partial.keep(),
        }
    }
}

impl Write for Destination<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout { out } => {
                if out.is_terminal() && !is_harmless(bytes) {
                    return Err(io::Error::other(
                        "it holds bytes that a terminal would obey: write it to a file with -o FILE",
                    ));
                }
                out.write(bytes)
            }
            Self::File(partial) => partial.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout { out } => out.flush(),
            Self::File(partial) => partial.flush(),
        }
    }
}

/// Whether these bytes are text without control characters but those of lines and columns.
fn is_harmless(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_ok_and(|text| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')))
}

/// Whether these bytes, the first of a file, say that it is a recording or another database.
pub(super) fn begins_as_database(beginning: &[u8]) -> bool {
    beginning.starts_with(DATABASE)
}

/// Refuses to write where a recording is, or what belongs to one.
///
/// # Errors
/// Where one is there.
pub(super) fn refuse_recording(path: &Path) -> anyhow::Result<()> {
    let of = |ending: &&str| {
        let name = path.file_name()?.to_str()?.strip_suffix(*ending)?;
        Some(path.with_file_name(name)).filter(|main| path.exists() && is_database(main))
    };
    let taken = is_database(path).then(|| path.to_owned()).or_else(|| BESIDE.iter().find_map(of));
    match taken {
        None => Ok(()),
        Some(recording) => {
            let belongs = if recording == path {
                "is a recording".to_owned()
            } else {
                format!("belongs to the recording `{}`", recording.display())
            };
            Err(wrong_usage(
                format!("`{}` {belongs}", path.display()),
                "a recording is never replaced: name another file",
            ))
        }
    }
}

fn is_database(path: &Path) -> bool {
    let mut beginning = Vec::new();
    // A pipe has no beginning to look at, and would wait for a writer.
    path.is_file()
        && File::open(path)
            .is_ok_and(|file| file.take(DATABASE.len() as u64).read_to_end(&mut beginning).is_ok())
        && begins_as_database(&beginning)
}

impl Partial {
    /// Begins the file `wanted`.
    ///
    /// # Errors
    /// Where a recording is there already, or no file can be.
    pub(super) fn create(wanted: &Path) -> anyhow::Result<Self> {
        refuse_recording(wanted)?;
        Self::open(wanted).with_context(|| format!("cannot write `{}`", wanted.display()))
    }

    fn open(wanted: &Path) -> io::Result<Self> {
        let name = wanted.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        if wanted.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let mut options = OpenOptions::new();
        options.write(true);
        if wanted.exists() && !wanted.is_file() {
            let file = BufWriter::new(options.open(wanted)?);
            return Ok(Self { file: Some(file), place: None });
        }
        let mut partial = OsString::from(".");
        partial.push(name);
        partial.push(format!(".{}.partial", std::process::id()));
        let path = wanted.with_file_name(partial);
        options.create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        let place = Place { path, wanted: wanted.to_owned() };
        Ok(Self { file: Some(BufWriter::new(file)), place: Some(place) })
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// Where its last bytes cannot be written, or it cannot be moved.
    pub(super) fn keep(mut self) -> io::Result<()> {
        let file = self.file.take().map(BufWriter::into_inner).transpose();
        let file = file.map_err(io::IntoInnerError::into_error)?;
        let Some(place) = &self.place else { return Ok(()) };
        if let Some(file) = file {
            file.sync_all()?;
        }
        std::fs::rename(&place.path, &place.wanted)
    }
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Some(place) = &self.place {
            // Once it is in its place there is nothing of this name.
            drop(std::fs::remove_file(&place.path));
        }
    }
}
