//! The values of a rule: what a parameter takes, and what was given.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A whole number.
    Count,
    /// A length of time: `250ms`, `2s`, `1m`, or a number of seconds.
    Time,
    /// An HTTP status.
    Status,
    /// A number of bytes: `4096`, `64k`, `1M`.
    Bytes,
    /// Any text; in quotes where it holds a comma.
    Text,
}

/// One parameter of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its key.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What stands for it where it is not given, as it would be written.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// A value that was given.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number, a status or a number of bytes.
    Count(u64),
    /// A length of time.
    Time(Duration),
    /// A text.
    Text(String),
}

/// The parameters that a rule gives its fault.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct With(pub(super) BTreeMap<String, Value>);

impl Kind {
    /// Reads a value.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn parse(self, text: &str) -> Result<Value, &'static str> {
        match self {
            Self::Count => text.parse().ok().map(Value::Count).ok_or("a whole number"),
            Self::Time => time(text).map(Value::Time).ok_or("a time, such as 250ms or 2s"),
            Self::Status => match text.parse() {
                Ok(status @ 100..=999) => Ok(Value::Count(status)),
                _ => Err("a status from 100 to 999"),
            },
            Self::Bytes => bytes(text).map(Value::Count).ok_or("a number of bytes, such as 4096 or 64k"),
            Self::Text => Ok(Value::Text(text.to_owned())),
        }
    }

    /// The word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "number",
            Self::Time => "time",
            Self::Status => "status",
            Self::Bytes => "bytes",
            Self::Text => "text",
        }
    }
}

impl With {
    /// The number given for `name`.
    pub fn count(&self, name: &str) -> Option<u64> {
        match self.0.get(name) {
            Some(Value::Count(count)) => Some(*count),
            _ => None,
        }
    }

    /// The time given for `name`.
    pub fn time(&self, name: &str) -> Option<Duration> {
        match self.0.get(name) {
            Some(Value::Time(time)) => Some(*time),
            _ => None,
        }
    }

    /// The text given for `name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Every parameter that is given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl fmt::Display for Value {
    /// As it is written in a rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Time(time) => f.write_str(&time_text(*time)),
            Self::Text(text) if text.contains([',', '"']) || text.is_empty() => {
                write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
            }
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A time as a rule writes it.
pub(super) fn time_text(time: Duration) -> String {
    let ms = time.as_millis();
    if ms.is_multiple_of(1000) { format!("{}s", ms / 1000) } else { format!("{ms}ms") }
}

/// `250ms`, `2s`, `1.5s`, `1m`, `2h`, or a number of seconds.
pub(super) fn time(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let seconds: f64 = number.parse().ok()?;
    Duration::try_from_secs_f64(seconds * factor).ok()
}

fn bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}
