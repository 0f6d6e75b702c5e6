//! What is logged.

use super::error::BadValue;
use crate::exchange::nearest::nearest;
use log::LevelFilter;
use std::path::PathBuf;
use std::str::FromStr;

/// What logs speak of. No line holds a header's value, a query, or anything of a body.
pub const LOG_TARGETS: [&str; 6] = ["connection", "exchange", "faults", "listener", "recorder", "replay"];

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// What is logged: a level for all, or for some of [`LOG_TARGETS`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogFilter(pub Vec<(&'static str, LevelFilter)>);

impl LogFilter {
    /// Everything from this level on.
    pub fn all(level: LevelFilter) -> Self {
        Self(LOG_TARGETS.map(|target| (target, level)).into())
    }
}

/// What flags and variables, or the file, say of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogGiven {
    /// What is logged.
    pub filter: Option<LogFilter>,
    /// The file it goes to, instead of stderr.
    pub file: Option<PathBuf>,
}

/// The log of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// What is logged.
    pub filter: LogFilter,
    /// The file it goes to, instead of stderr.
    pub file: Option<PathBuf>,
}

impl LogGiven {
    /// What is logged by these on top of `file`; `None` where nobody asks for a log. A file alone gets the
    /// level `info`.
    pub(super) fn over(self, file: Self) -> Option<LogSettings> {
        let to = self.file.or(file.file);
        let by_file = || to.as_ref().map(|_| LogFilter::all(LevelFilter::Info));
        let filter = self.filter.or(file.filter).or_else(by_file)?;
        Some(LogSettings { filter, file: to })
    }
}

impl FromStr for LogFilter {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let mut filter = Self::default();
        for part in text.split(',').map(str::trim) {
            match part.split_once('=') {
                None => filter.0.extend(Self::all(level(part)?).0),
                Some((name, part)) => {
                    let known = LOG_TARGETS.into_iter().find(|target| *target == name.trim());
                    let target = known.ok_or_else(|| unknown("nothing logs as", name, &LOG_TARGETS))?;
                    filter.0.push((target, level(part.trim())?));
                }
            }
        }
        Ok(filter)
    }
}

fn level(text: &str) -> Result<LevelFilter, BadValue> {
    text.parse().map_err(|_no_level| unknown("there is no level", text, &LEVELS))
}

fn unknown(says: &str, text: &str, known: &[&str]) -> BadValue {
    BadValue::new(match nearest(text, known.iter().copied()) {
        Some(near) => format!("{says} `{text}`; did you mean `{near}`?"),
        None => format!("{says} `{text}`: there are {}", known.join(", ")),
    })
}
