//! What can go wrong with a recording.

use super::holders::Holder;
use std::path::PathBuf;

/// Why a recording could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such file.
    #[error("there is no recording at `{}`", path.display())]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file or its directory could not be made or opened.
    #[error("cannot open `{}`", path.display())]
    File {
        /// The path that was asked for.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("`{}` is not a gatetap recording", path.display())]
    Foreign {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// A later gatetap wrote it.
    #[error("`{}` was written by a later gatetap (format {found}; this one reads up to {known})", path.display())]
    Newer {
        /// The path that was asked for.
        path: PathBuf,
        /// The file's schema version.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The file may only be read.
    #[error("`{}` may only be read", path.display())]
    ReadOnly {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// Another process holds the file's lock.
    #[error("`{}` is locked by {}", path.display(), listed(holders))]
    Locked {
        /// The path that was asked for.
        path: PathBuf,
        /// Who holds it, as far as known.
        holders: Vec<Holder>,
    },
    /// SQLite refused.
    #[error("SQLite refused")]
    Sql(#[from] rusqlite::Error),
    /// A stored value does not make sense: the file is damaged.
    #[error("the recording is damaged: {0}")]
    Damaged(String),
}

fn listed(holders: &[Holder]) -> String {
    if holders.is_empty() {
        return "another process".to_owned();
    }
    holders.iter().map(Holder::to_string).collect::<Vec<_>>().join(" and ")
}

impl Error {
    /// Whether another process's lock is in the way; trying again later may help.
    pub fn is_locked(&self) -> bool {
        match self {
            Self::Locked { .. } => true,
            Self::Sql(error) => matches!(
                error.sqlite_error_code(),
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
            ),
            _ => false,
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "name a recording with --db FILE, or record one with `gatetap run`",
            Self::File { .. } => "choose a file you may write with --db FILE",
            Self::ReadOnly { .. } => "give yourself the right to write it, or work on a copy",
            Self::Foreign { .. } => "choose another file with --db FILE; this one was left untouched",
            Self::Newer { .. } => "install the newer gatetap, or start another recording with --db FILE",
            Self::Locked { .. } => "wait for the other process or choose another file with --db FILE",
            Self::Sql(_) | Self::Damaged(_) => {
                "check the disk, then `sqlite3 FILE 'PRAGMA integrity_check'`; start another with --db FILE"
            }
        }
    }
}
