//! What is set of the simulator beside its profile and its seed.

use super::error::BadValue;
use super::span::Span;
use std::path::PathBuf;
use std::str::FromStr;

/// What is said of the simulator; `None` leaves what is usual.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SimSettings {
    /// How many times faster than life.
    pub speed: Option<Speed>,
    /// The time to the first token.
    pub first_token: Option<Span>,
    /// Tokens a second.
    pub tokens_per_second: Option<Rate>,
    /// How far a gap between tokens may be from the average, as a part of it.
    pub jitter: Option<Share>,
    /// A file of scripted answers.
    pub scenario: Option<PathBuf>,
    /// A capture, or a folder of them, to answer with.
    pub captures: Option<PathBuf>,
}

/// How many times faster than life; infinite never waits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed(pub f64);

/// So many a second, above zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate(pub f64);

/// A part of a whole, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(pub f64);

impl SimSettings {
    /// This, and what it leaves open from `below`.
    #[must_use]
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            speed: self.speed.or(below.speed),
            first_token: self.first_token.or(below.first_token),
            tokens_per_second: self.tokens_per_second.or(below.tokens_per_second),
            jitter: self.jitter.or(below.jitter),
            scenario: self.scenario.or(below.scenario),
            captures: self.captures.or(below.captures),
        }
    }
}

impl FromStr for Speed {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        if text == "max" {
            return Ok(Self(f64::INFINITY));
        }
        let factor = text.parse().ok().filter(|factor: &f64| *factor > 0.0);
        factor.map(Self).ok_or_else(|| BadValue::new("expected a number above 0, or `max`"))
    }
}

impl FromStr for Rate {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let rate = text.parse().ok().filter(|rate: &f64| *rate > 0.0 && rate.is_finite());
        rate.map(Self).ok_or_else(|| BadValue::new("expected a number above 0"))
    }
}

impl FromStr for Share {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let share = text.parse().ok().filter(|share: &f64| (0.0..=1.0).contains(share));
        share.map(Self).ok_or_else(|| BadValue::new("expected a number from 0 to 1"))
    }
}
