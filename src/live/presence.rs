//! The files that say which gatetaps run: one a process, locked as long as it runs.
//!
//! Invariant: the lock says who lives, never the process id, which the system gives away again. A file that
//! nobody holds is left over from a `kill -9`, and is taken away by whoever looks.

use crate::exchange::time::WallTime;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// How the files' names end.
const ENDING: &str = "json";

/// What a running gatetap says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Its process.
    pub pid: u32,
    /// Where it listens.
    pub url: String,
    /// Where requests go: a base URL.
    pub upstream: String,
    /// What it records to.
    pub recording: PathBuf,
    /// Since when, in microseconds since 1970.
    pub started_us: i64,
    /// Which gatetap it is.
    pub version: String,
    /// What its control API wants to be told, where it can be reached from beyond this machine.
    #[serde(default)]
    pub control_token: Option<String>,
}

/// The file of this process. It goes away when this is dropped.
#[derive(Debug)]
pub struct Announced {
    path: PathBuf,
    /// Holds the lock.
    _file: File,
}

impl Presence {
    /// When it was started.
    pub fn started_at(&self) -> WallTime {
        WallTime(self.started_us)
    }

    /// Writes the file of this process into `directory`.
    ///
    /// # Errors
    /// Where it cannot be written or locked.
    pub fn announce(&self, directory: &Path) -> io::Result<Announced> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
        let path = directory.join(format!("{}.{ENDING}", self.pid));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        file.lock()?;
        file.set_len(0)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_data()?;
        Ok(Announced { path, _file: file })
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        // Where it cannot be removed, it is stale: nobody holds it any more.
        drop(std::fs::remove_file(&self.path));
    }
}

/// The gatetaps that run, by their start. Files that nobody holds are removed.
///
/// # Errors
/// Where the directory is there and cannot be read.
pub fn running(directory: &Path) -> io::Result<Vec<Presence>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            found.extend(look(&path));
        }
    }
    found.sort_by_key(|presence: &Presence| (presence.started_us, presence.pid));
    Ok(found)
}

/// What one file says, if the process that wrote it still runs.
fn look(path: &Path) -> Option<Presence> {
    let file = File::open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => serde_json::from_slice(&std::fs::read(path).ok()?).ok(),
        Ok(()) => {
            drop(std::fs::remove_file(path));
            None
        }
        Err(TryLockError::Error(_)) => None,
    }
}
