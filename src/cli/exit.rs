//! Exit codes: a contract.

use std::process::ExitCode;

/// How gatetap exits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is fine.
    Fine,
    /// Findings, or a mismatch.
    Findings,
    /// Wrong usage or configuration: a bad flag, a bad `gatetap.toml`, a file that is no recording, an
    /// exchange that is not there.
    Usage,
    /// It could not start, or the recording is not whole: a port is taken, a recording is locked, damaged
    /// or newer than this gatetap.
    CannotStart,
    /// The gateway cannot be reached.
    Unreachable,
    /// As the command that was wrapped exited.
    Child(u8),
}

impl Exit {
    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::CannotStart => 3,
            Self::Unreachable => 4,
            Self::Child(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
