//! Lengths of time that programs think in.

use super::error::BadValue;
use std::str::FromStr;
use std::time::Duration;

/// A length of time: `400ms`, `1.5s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

/// How long something is waited for: a [`Span`] that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience(pub Duration);

impl FromStr for Span {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let units = [("ms", 1e-3), ("s", 1.0)];
        units
            .into_iter()
            .find_map(|(unit, seconds)| {
                let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
                Duration::try_from_secs_f64(number * seconds).ok()
            })
            .map(Self)
            .ok_or_else(|| BadValue::new("expected a time such as `400ms` or `1.5s`"))
    }
}

impl FromStr for Patience {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        match text.parse::<Span>()?.0 {
            Duration::ZERO => Err(BadValue::new("expected a time above 0, such as `500ms` or `10s`")),
            time => Ok(Self(time)),
        }
    }
}
