//! What can be wrong with settings.

use std::path::PathBuf;

/// A value that means nothing, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadValue(String);

impl BadValue {
    pub(super) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// Why there are no settings to go by.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is there but cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("`{}` is not valid TOML, line {line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What the parser said.
        message: String,
    },
    /// A key that means nothing.
    #[error("unknown key `{key}` in `{}`, line {line}", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The key.
        key: String,
        /// The known key that is nearest, else all of them.
        hint: String,
    },
    /// A key whose value means nothing.
    #[error("bad value for `{key}` in `{}`, line {line}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The key.
        key: String,
        /// What is wrong with it.
        #[source]
        source: BadValue,
    },
    /// No gateway is called that.
    #[error(transparent)]
    UnknownUpstream(BadValue),
    /// A default that means nothing: never so in a gatetap that was built whole.
    #[error("bad default")]
    Default(#[from] BadValue),
    /// There is no home directory to keep a recording in.
    #[error("there is no home directory to keep the recording in")]
    NoDataDirectory,
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::UnknownKey { hint, .. } => Some(hint),
            Self::NoDataDirectory => Some("name a recording with --db FILE"),
            Self::Unreadable { .. } | Self::Syntax { .. } | Self::Value { .. } | Self::Default(_) => None,
            Self::UnknownUpstream(_) => {
                Some("name one that is built in, one of [gateways] in gatetap.toml, or a base URL")
            }
        }
    }
}
