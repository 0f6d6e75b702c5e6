//! Where an export goes: a file that is there only when it is whole, or stdout.

use crate::cli::world::{Env, Output};
use std::ffi::OsString;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Where a person wants it.
#[derive(Debug)]
pub(in crate::cli) enum Target {
    /// On stdout.
    Stdout,
    /// In a file.
    File(PathBuf),
}

/// Where it is being written.
pub(in crate::cli) enum Destination<'e, 'o> {
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
pub(in crate::cli) struct Partial {
    file: Option<BufWriter<File>>,
    path: PathBuf,
    wanted: PathBuf,
}

impl Target {
    /// The file of that name, or stdout.
    pub(in crate::cli) fn new(path: &Path) -> Self {
        if path == Path::new("-") { Self::Stdout } else { Self::File(path.to_owned()) }
    }

    /// The file.
    pub(in crate::cli) fn path(&self) -> Option<&Path> {
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
    pub(in crate::cli) fn open(target: &Target, env: &'e mut Env<'o>) -> io::Result<Self> {
        match target {
            Target::Stdout => Ok(Self::Stdout { out: &mut env.stdout }),
            Target::File(path) => Partial::create(path).map(Self::File),
        }
    }

    /// Puts a file in its place.
    pub(in crate::cli) fn keep(self) -> io::Result<()> {
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
            Self::File(partial) => partial.file.as_mut().map_or(Ok(0), |file| file.write(bytes)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout { out } => out.flush(),
            Self::File(partial) => partial.file.as_mut().map_or(Ok(()), Write::flush),
        }
    }
}

/// Whether these bytes are text without control characters but those of lines and columns.
fn is_harmless(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_ok_and(|text| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')))
}

impl Partial {
    fn create(wanted: &Path) -> io::Result<Self> {
        let name = wanted.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        if wanted.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let mut partial = OsString::from(".");
        partial.push(name);
        partial.push(format!(".{}.partial", std::process::id()));
        let path = wanted.with_file_name(partial);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        Ok(Self { file: Some(BufWriter::new(file)), path, wanted: wanted.to_owned() })
    }

    fn keep(mut self) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
        }
        std::fs::rename(&self.path, &self.wanted)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Once it is in its place there is nothing of this name.
        drop(std::fs::remove_file(&self.path));
    }
}
