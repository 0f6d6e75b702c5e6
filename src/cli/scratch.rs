//! Recordings that nobody keeps: each in a directory of the system's place for such files.

use anyhow::Context as _;
use std::fs::{DirBuilder, File, OpenOptions};
use std::path::{Path, PathBuf};

/// What all the directories' names begin with.
const PREFIX: &str = "gatetap-scratch-";

/// The file whose lock says that the directory is in use; the system drops it however the process ends.
const LOCK: &str = "in-use";

/// A directory for a recording, that only the user may read; it goes when this is dropped, or when the next one is
/// made, should the process have been killed.
#[derive(Debug)]
pub(super) struct Scratch {
    directory: PathBuf,
    _lock: File,
}

impl Scratch {
    /// Makes a directory, and sweeps away those whose processes are gone.
    pub(super) fn new() -> anyhow::Result<Self> {
        let place = std::env::temp_dir();
        sweep(&place);
        let directory = place.join(format!("{PREFIX}{}-{:016x}", std::process::id(), fastrand::u64(..)));
        let make = || {
            let mut builder = DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(&directory)?;
            let lock = OpenOptions::new().write(true).create_new(true).open(directory.join(LOCK))?;
            lock.try_lock()?;
            Ok::<File, std::io::Error>(lock)
        };
        let lock = make().with_context(|| format!("cannot make `{}`", directory.display()))?;
        Ok(Self { directory, _lock: lock })
    }

    /// Where the recording lies.
    pub(super) fn recording(&self) -> PathBuf {
        self.directory.join("recording.db")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is swept away by the next one.
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

/// Takes away what processes have left that were killed. Another user's cannot be opened, and stay.
fn sweep(place: &Path) {
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // One without a lock is being made just now.
        let unused = File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if unused {
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}
