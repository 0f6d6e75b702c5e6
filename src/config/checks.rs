//! The table `checks` of `gatetap.toml`.

use super::error::{BadValue, Error};
use super::file::Entry;
use crate::check::{self, Override, Pattern, Settings, UnknownName};
use crate::exchange::finding::Severity;
use crate::exchange::nearest::nearest;
use std::str::FromStr;
use toml::de::DeValue;

const KEYS: [&str; 5] = ["select", "ignore", "severity", "thresholds", "overrides"];

const OVERRIDE_KEYS: [&str; 4] = ["gateway", "path", "ignore", "severity"];

/// A check's id or a pattern of ids, as people write it.
///
/// # Errors
/// Where there is no such check; the sentence names the nearest.
pub fn check_pattern(text: &str) -> Result<Pattern, BadValue> {
    Pattern::parse(text).map_err(|error| unknown(&error))
}

/// A severity, as people write it.
///
/// # Errors
/// Where it is none.
pub fn severity(text: &str) -> Result<Severity, BadValue> {
    Severity::parse(text)
        .ok_or_else(|| BadValue::new(format!("`{text}` is not a severity: error, warning or info")))
}

fn unknown(error: &UnknownName) -> BadValue {
    let near = match error {
        UnknownName::Check(id) => nearest(id, check::ALL.iter().map(|check| check.id)),
        UnknownName::Threshold { name, known, .. } => nearest(name, known.iter().copied()),
    };
    BadValue::new(match (near, error) {
        (Some(near), _) => format!("{error}; did you mean `{near}`?"),
        (None, UnknownName::Check(_)) => format!("{error}; `gatetap explain` lists them"),
        (None, UnknownName::Threshold { known, .. }) if known.is_empty() => format!("{error}, nor any other"),
        (None, UnknownName::Threshold { known, .. }) => format!("{error}; it has {}", known.join(", ")),
    })
}

/// What flags and environment say of checks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChecksGiven {
    /// Only these run; empty is *not said*.
    pub select: Vec<Pattern>,
    /// These do not.
    pub ignore: Vec<Pattern>,
    /// How bad their findings are.
    pub severity: Vec<SeverityGiven>,
    /// What they compare with.
    pub thresholds: Vec<ThresholdGiven>,
}

/// `CHECK=SEVERITY`: how bad the findings of a check, or of those that fit a pattern, are.
#[derive(Debug, Clone, PartialEq)]
pub struct SeverityGiven(Pattern, Severity);

/// `CHECK.NAME=NUMBER`: what a check compares with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThresholdGiven {
    check: &'static str,
    name: &'static str,
    value: f64,
}

impl ChecksGiven {
    /// This on top of what a file says. What is selected takes the place of what the file selects and ignores;
    /// all else is said after it, and the last that is said of a check counts.
    #[must_use]
    pub(super) fn over(self, file: Settings) -> Settings {
        let mut settings = file;
        if !self.select.is_empty() {
            settings.select = self.select;
            settings.ignore.clear();
        }
        settings.ignore.extend(self.ignore);
        settings.severity.extend(self.severity.into_iter().map(|given| (given.0, given.1)));
        let thresholds = self.thresholds.into_iter().map(|given| (given.check, given.name, given.value));
        settings.thresholds.extend(thresholds);
        settings
    }
}

impl FromStr for SeverityGiven {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let (check, bad) = text.split_once('=').ok_or_else(|| BadValue::new("expected `CHECK=SEVERITY`"))?;
        Ok(Self(check_pattern(check)?, severity(bad)?))
    }
}

impl FromStr for ThresholdGiven {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let parts = text.split_once('=').and_then(|(name, value)| Some((name.split_once('.')?, value)));
        let ((check, name), value) = parts.ok_or_else(|| BadValue::new("expected `CHECK.NAME=NUMBER`"))?;
        let value = value.parse().ok().filter(|value: &f64| value.is_finite());
        let value = value.ok_or_else(|| BadValue::new("expected a number after the `=`"))?;
        let (check, name) = check::threshold(check, name).map_err(|error| unknown(&error))?;
        Ok(Self { check, name, value })
    }
}

/// A pattern in a file.
struct Written(Pattern);

impl FromStr for Written {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        check_pattern(text).map(Self)
    }
}

impl Entry<'_> {
    /// What the table `checks` says.
    pub(super) fn checks(&self) -> Result<Settings, Error> {
        let mut settings = Settings::default();
        for entry in self.members("a table")? {
            match entry.name {
                "select" => settings.select = entry.patterns()?,
                "ignore" => settings.ignore = entry.patterns()?,
                "severity" => settings.severity = entry.severities()?,
                "thresholds" => entry.thresholds(&mut settings)?,
                "overrides" => settings.overrides = entry.overrides()?,
                _ => return Err(entry.unknown(&KEYS)),
            }
        }
        Ok(settings)
    }

    fn patterns(&self) -> Result<Vec<Pattern>, Error> {
        Ok(self.one_or_many::<Written>()?.into_iter().map(|written| written.0).collect())
    }

    fn severities(&self) -> Result<Vec<(Pattern, Severity)>, Error> {
        self.members("a table of `check = \"severity\"`")?
            .map(|entry| {
                let pattern = check_pattern(entry.name).map_err(|error| entry.wrong(error))?;
                let severity = severity(entry.text()?).map_err(|error| entry.wrong(error))?;
                Ok((pattern, severity))
            })
            .collect()
    }

    fn thresholds(&self, settings: &mut Settings) -> Result<(), Error> {
        for check in self.members("a table of `check = { name = number }`")? {
            for entry in check.members("a table of `name = number`")? {
                let value = match entry.value.get_ref() {
                    DeValue::Integer(number) => number.as_str().parse().ok(),
                    DeValue::Float(number) => number.as_str().parse().ok(),
                    _ => None,
                };
                let value = value.ok_or_else(|| entry.expected("a number"))?;
                settings
                    .set_threshold(check.name, entry.name, value)
                    .map_err(|error| entry.wrong(unknown(&error)))?;
            }
        }
        Ok(())
    }

    fn overrides(&self) -> Result<Vec<Override>, Error> {
        let DeValue::Array(list) = self.value.get_ref() else {
            return Err(self.expected("a list of tables, each under `[[checks.overrides]]`"));
        };
        list.iter()
            .map(|value| {
                let mut given = Override::default();
                for entry in self.at(value).members("a table")? {
                    match entry.name {
                        "gateway" => given.gateway = Some(entry.text()?.to_owned()),
                        "path" => given.path = Some(entry.text()?.to_owned()),
                        "ignore" => given.ignore = entry.patterns()?,
                        "severity" => given.severity = entry.severities()?,
                        _ => return Err(entry.unknown(&OVERRIDE_KEYS)),
                    }
                }
                Ok(given)
            })
            .collect()
    }
}
