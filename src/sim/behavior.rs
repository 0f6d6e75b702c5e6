//! Behaviors: the ways in which the simulator goes wrong on request.

use std::time::Duration;

use super::profile::Profile;
use crate::gateway::errors::{self, ErrorCode};

/// The request header that asks for one.
pub(super) const HEADER: &str = "x-sim-behavior";

/// One way to answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Behavior {
    Usual,
    RateLimited {
        times: u64,
        retry_after: u64,
    },
    Cut {
        after: usize,
    },
    Buffered,
    /// `None` for a silence without end.
    Stall {
        after: usize,
        silence: Option<Duration>,
    },
    NoFinish,
    ErrorInside {
        after: usize,
        code: &'static ErrorCode,
    },
    Offset,
}

const NAMES: &str = "rate-limited, cut, buffered, stall, no-finish, error-inside";
const USUAL_AFTER: usize = 8;

impl Behavior {
    /// The behavior that the header asks for, else the one that the model names. `Err` says what is
    /// wrong with the header.
    pub(super) fn of(profile: &Profile, header: Option<&str>, model: &str) -> Result<Self, String> {
        match (header, model.strip_prefix("sim-")) {
            (Some(text), _) => Self::parse(profile, text.trim()),
            (None, Some("offset")) => Ok(Self::Offset),
            (None, Some(name)) => Self::parse(profile, name),
            (None, None) => Ok(Self::Usual),
        }
    }

    fn parse(profile: &Profile, text: &str) -> Result<Self, String> {
        let mut words = text.split(',').map(str::trim);
        let name = words.next().unwrap_or_default();
        let mut settings = Settings::read(words)?;
        let behavior = match name {
            "rate-limited" => Self::RateLimited {
                times: settings.number("times", 2)?,
                retry_after: settings.number("retry_after", 7)?,
            },
            "cut" => Self::Cut { after: settings.number("after", USUAL_AFTER)? },
            "buffered" => Self::Buffered,
            "stall" => Self::Stall {
                after: settings.number("after", USUAL_AFTER)?,
                silence: settings.seconds("seconds", Duration::from_secs(30))?,
            },
            "no-finish" => Self::NoFinish,
            "error-inside" => Self::ErrorInside {
                after: settings.number("after", USUAL_AFTER)?,
                code: settings.code(profile)?,
            },
            _ => return Err(format!("There is no behavior '{name}'; there are {NAMES}.")),
        };
        settings.nothing_left(name)?;
        Ok(behavior)
    }
}

/// The `key=value` words of a behavior.
struct Settings<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Settings<'a> {
    fn read(words: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        words
            .map(|word| word.split_once('=').ok_or_else(|| format!("'{word}' is not key=value.")))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn take(&mut self, key: &str) -> Option<&'a str> {
        let at = self.0.iter().position(|(name, _)| *name == key)?;
        Some(self.0.swap_remove(at).1)
    }

    fn number<N: std::str::FromStr>(&mut self, key: &str, usual: N) -> Result<N, String> {
        let Some(text) = self.take(key) else {
            return Ok(usual);
        };
        text.parse().map_err(|_not_a_number: N::Err| format!("{key}={text} is not a whole number."))
    }

    fn seconds(&mut self, key: &str, usual: Duration) -> Result<Option<Duration>, String> {
        match self.take(key) {
            None => Ok(Some(usual)),
            Some("forever") => Ok(None),
            Some(text) => text
                .parse()
                .ok()
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                .map(Some)
                .ok_or_else(|| format!("{key}={text} is neither a number of seconds nor 'forever'.")),
        }
    }

    fn code(&mut self, profile: &Profile) -> Result<&'static ErrorCode, String> {
        let usual = profile.codes.inside.as_deref().unwrap_or_default();
        let code = self.take("code").unwrap_or(usual);
        errors::lookup(&profile.name, code).ok_or_else(|| format!("code={code} is not an error code."))
    }

    fn nothing_left(&self, name: &str) -> Result<(), String> {
        match self.0.first() {
            Some((key, _)) => Err(format!("The behavior '{name}' has no setting '{key}'.")),
            None => Ok(()),
        }
    }
}
