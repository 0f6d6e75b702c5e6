//! Sessions: the runs that wrote into a recording.

use super::SessionId;
use super::time::WallTime;

/// One run that wrote into a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its number in the recording.
    pub id: SessionId,
    /// When it began.
    pub started_at: WallTime,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<WallTime>,
    /// The name and version of the program.
    pub program: String,
    /// The command line, secrets masked.
    pub command: String,
    /// The upstream, as configured.
    pub upstream: String,
    /// The seed of everything random in it.
    pub seed: Option<i64>,
}
