//! Retention: how long, how large and how many.

use super::error::BadValue;
use crate::exchange::time::Micros;
use std::str::FromStr;

/// A length of time that a person thinks in: `90m`, `12h`, `30d`, `8w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age(pub Micros);

/// A number of bytes: `500MB`, `2GB`, `1GiB`, or plain digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

const AGES: [(&str, u64); 5] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("w", 604_800)];

const SIZES: [(&str, u64); 10] = [
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

impl FromStr for Age {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let seconds = scaled(text, &AGES).and_then(|seconds| seconds.checked_mul(1_000_000));
        let within = seconds.filter(|us| i64::try_from(*us).is_ok());
        within.map(|us| Self(Micros(us))).ok_or_else(|| {
            BadValue::new(format!("`{text}` is not an age: write it as in `12h`, `30d` or `8w`"))
        })
    }
}

impl FromStr for Size {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bytes = scaled(text, &SIZES).filter(|bytes| i64::try_from(*bytes).is_ok());
        bytes.map(Self).ok_or_else(|| {
            BadValue::new(format!("`{text}` is not a size: write it as in `500MB`, `2GB` or `1GiB`"))
        })
    }
}

/// A whole number and a unit, blanks between them allowed.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = unit.trim().to_ascii_lowercase();
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*scale)
}
