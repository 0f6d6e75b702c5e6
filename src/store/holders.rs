//! Who holds a recording's lock, as far as the system tells.

use std::fmt;
use std::path::Path;

/// A process that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// Its program, where that may be known.
    pub name: Option<String>,
}

impl Holder {
    /// The process of that number.
    pub(super) fn of(pid: u32) -> Self {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok();
        Self { pid, name: name.map(|name| name.trim_end().to_owned()).filter(|name| !name.is_empty()) }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        match &self.name {
            Some(name) => write!(f, " ({name})"),
            None => Ok(()),
        }
    }
}

/// The other processes that keep everybody else from writing to the recording at `path`. None where the system does
/// not say: only Linux does.
#[cfg(target_os = "linux")]
pub fn holders(path: &Path) -> Vec<Holder> {
    use std::os::unix::fs::MetadataExt as _;

    // Where there is a write-ahead log, its index is what is locked.
    let mut index = path.as_os_str().to_owned();
    index.push("-shm");
    let files = [path, Path::new(&index)].map(|file| std::fs::metadata(file).map(|file| file.ino()).ok());
    let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    let mut pids: Vec<u32> = locks
        .lines()
        .filter_map(|line| {
            // `1: POSIX  ADVISORY  WRITE 4711 08:01:131 120 120`; who waits has an arrow before the kind.
            let mut fields = line.split_whitespace().skip(1);
            let (kind, mode) = (fields.next()?, fields.nth(1)?);
            let pid: u32 = fields.next()?.parse().ok()?;
            let inode: u64 = fields.next()?.rsplit(':').next()?.parse().ok()?;
            let is_it = kind == "POSIX" && mode == "WRITE" && files.contains(&Some(inode));
            (is_it && pid != std::process::id()).then_some(pid)
        })
        .collect();
    pids.sort_unstable();
    pids.dedup();
    pids.into_iter().map(Holder::of).collect()
}

/// The other processes that keep everybody else from writing to the recording at `path`. None where the system does
/// not say: only Linux does.
#[cfg(not(target_os = "linux"))]
pub fn holders(_: &Path) -> Vec<Holder> {
    Vec::new()
}
