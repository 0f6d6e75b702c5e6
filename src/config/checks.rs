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
        for entry in self.members("a table", &KEYS)? {
            match entry.name() {
                "select" => settings.select = entry.patterns()?,
                "ignore" => settings.ignore = entry.patterns()?,
                "severity" => settings.severity = entry.severities()?,
                "thresholds" => entry.thresholds(&mut settings)?,
                _ => settings.overrides = entry.overrides()?,
            }
        }
        Ok(settings)
    }

    fn patterns(&self) -> Result<Vec<Pattern>, Error> {
        Ok(self.one_or_many::<Written>()?.into_iter().map(|written| written.0).collect())
    }

    fn severities(&self) -> Result<Vec<(Pattern, Severity)>, Error> {
        self.members("a table of `check = \"severity\"`", &[])?
            .map(|entry| {
                let pattern = check_pattern(entry.name()).map_err(|error| entry.wrong(error))?;
                let severity = severity(entry.text()?).map_err(|error| entry.wrong(error))?;
                Ok((pattern, severity))
            })
            .collect()
    }

    fn thresholds(&self, settings: &mut Settings) -> Result<(), Error> {
        for check in self.members("a table of `check = { name = number }`", &[])? {
            for entry in check.members("a table of `name = number`", &[])? {
                let value = match entry.value.get_ref() {
                    DeValue::Integer(number) => number.as_str().parse().ok(),
                    DeValue::Float(number) => number.as_str().parse().ok(),
                    _ => None,
                };
                let value = value.ok_or_else(|| entry.expected("a number"))?;
                settings
                    .set_threshold(check.name(), entry.name(), value)
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
                for entry in self.at(value).members("a table", &OVERRIDE_KEYS)? {
                    match entry.name() {
                        "gateway" => given.gateway = Some(entry.text()?.to_owned()),
                        "path" => given.path = Some(entry.text()?.to_owned()),
                        "ignore" => given.ignore = entry.patterns()?,
                        _ => given.severity = entry.severities()?,
                    }
                }
                Ok(given)
            })
            .collect()
    }
}
