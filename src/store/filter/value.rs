//! The values of the keys.

use super::error::FilterError;
use super::key::{Key, KeyInfo};
use super::term::{Compare, Instant, Name, Pattern, Quantity, SessionName, State, Term};
use crate::exchange::end::Verdict;
use crate::exchange::finding::Severity;
use crate::exchange::nearest::nearest;
use crate::exchange::time::{Micros, WallTime};
use jiff::Timestamp;
use std::ops::Range;

/// The units of times, in microseconds; the longest first.
pub(super) const UNITS: [(&str, u64); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

/// The term that asks `value` of a key.
pub(super) fn term(
    info: &KeyInfo,
    how: Compare,
    value: &str,
    at: &Range<usize>,
    value_at: Range<usize>,
) -> Result<Term, FilterError> {
    if how != Compare::Equal && !info.compares {
        return Err(FilterError::new(at.clone(), format!("`{}` is not a number to compare", info.name))
            .hint_to(format!("write it as in `{}`", info.example)));
    }
    let wrong = |expected: &str| {
        FilterError::new(value_at.clone(), format!("`{}` wants {expected}", info.name))
            .hint_to(format!("write it as in `{}`", info.example))
    };
    if value.is_empty() {
        return Err(wrong("a value"));
    }
    let one_of = |known: &[&str], expected: &str| {
        let error = FilterError::new(value_at.clone(), format!("`{}` wants {expected}", info.name));
        match nearest(value, known.iter().copied()) {
            Some(near) => error.hint_to(format!("did you mean `{near}`?")),
            None => error.hint_to(format!("it may be {}", known.join(", "))),
        }
    };
    let pattern = || Pattern(value.to_owned());
    Ok(match info.key {
        Key::Model => Term::Name(Name::Model, pattern()),
        Key::Path => Term::Name(Name::Path, pattern()),
        Key::Gateway => Term::Name(Name::Gateway, pattern()),
        Key::Code => Term::Name(Name::Code, pattern()),
        Key::Finish => Term::Name(Name::Finish, pattern()),
        Key::Finding => Term::Name(Name::Finding, pattern()),
        Key::Note => Term::Note(pattern()),
        Key::Key => Term::Credential(value.to_owned()),
        Key::Verdict => {
            let pattern = pattern();
            if !Verdict::ALL.iter().any(|verdict| pattern.matches(verdict.as_str())) {
                return Err(one_of(&Verdict::ALL.map(Verdict::as_str), "a verdict"));
            }
            Term::Verdict(pattern)
        }
        Key::Is => {
            let state = State::ALL.into_iter().find(|state| state.as_str().eq_ignore_ascii_case(value));
            Term::Is(state.ok_or_else(|| one_of(&State::ALL.map(State::as_str), "what it is"))?)
        }
        Key::Severity => {
            let all = [Severity::Error, Severity::Warning, Severity::Info];
            let found = all.into_iter().find(|severity| severity.as_str().eq_ignore_ascii_case(value));
            Term::Severity(found.ok_or_else(|| one_of(&all.map(Severity::as_str), "a severity"))?)
        }
        Key::Status => match status_class(value) {
            Some(class) if how == Compare::Equal => Term::StatusClass(class),
            _ => {
                let status = value.parse::<u16>().ok().filter(|status| (100..=999).contains(status));
                let status = status.ok_or_else(|| wrong("a number of three digits"))?;
                Term::Quantity(Quantity::Status, how, status.into())
            }
        },
        Key::Tokens => {
            let count = scaled(value, &[("", 1), ("k", 1_000), ("M", 1_000_000)]);
            Term::Quantity(Quantity::Tokens, how, count.ok_or_else(|| wrong("a count"))?)
        }
        Key::Ttft | Key::Duration => {
            let quantity = if info.key == Key::Ttft { Quantity::Ttft } else { Quantity::Duration };
            let span = scaled(value, &UNITS).ok_or_else(|| wrong("a time with its unit"))?;
            Term::Quantity(quantity, how, span)
        }
        Key::Since => match (scaled(value, &UNITS), value.parse::<Timestamp>()) {
            (Some(span), _) => Term::Since(Instant::Ago(Micros(span))),
            (None, Ok(moment)) => Term::Since(Instant::At(WallTime(moment.as_microsecond()))),
            (None, Err(_)) => {
                return Err(wrong("a time with its unit, or a moment such as 2025-03-01T12:00:00Z"));
            }
        },
        Key::Session => match value.parse::<i64>() {
            Ok(number) if number > 0 => Term::Session(SessionName::Number(number)),
            _ if value.eq_ignore_ascii_case("last") => Term::Session(SessionName::Last),
            _ => return Err(one_of(&["last"], "a session's number, or `last`")),
        },
    })
}

/// The class of `4xx`.
fn status_class(value: &str) -> Option<u8> {
    match value.as_bytes() {
        [class @ b'1'..=b'9', b'x' | b'X', b'x' | b'X'] => Some(class - b'0'),
        _ => None,
    }
}

/// A decimal number with one of `units`, in the smallest unit; what is smaller than that is cut off.
fn scaled(value: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
    let (number, unit) = value.split_at_checked(digits)?;
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || (number.contains('.') && fraction.is_empty()) || fraction.len() > 6 {
        return None;
    }
    let scale = u128::from(*scale);
    let mut sum = u128::from(whole.parse::<u64>().ok()?) * scale;
    if !fraction.is_empty() {
        sum += u128::from(fraction.parse::<u32>().ok()?) * scale / 10_u128.pow(fraction.len() as u32);
    }
    // What SQLite can hold.
    i64::try_from(sum).ok().map(i64::unsigned_abs)
}
