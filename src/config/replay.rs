//! What is set of a replay beside its recording.

use super::error::BadValue;
use crate::exchange::nearest::nearest;
use crate::replay;
use crate::store::filter::Filter;
use std::str::FromStr;

/// What is said of replays; `None` leaves what is usual.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReplaySettings {
    /// What has to agree.
    pub matching: Option<Match>,
    /// Members that are left out of bodies beside the usual ones, as JSON pointers.
    pub volatile: Vec<Pointer>,
    /// Which of the recorded exchanges answer.
    pub filter: Option<ReplayFilter>,
    /// Only those of this session: its number, or `last`.
    pub session: Option<String>,
    /// The status of an answer where nothing recorded fits.
    pub on_miss: Option<ErrorStatus>,
    /// What at the end is a failure.
    pub strict: Option<Strict>,
    /// Ids and the times of creation are renewed.
    pub fresh: Option<bool>,
}

/// What has to agree for a recorded request to be the one that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match(pub replay::Match);

/// A JSON pointer (RFC 6901), in which `*` stands for any member or element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(pub String);

/// Which exchanges answer, in the language of filters.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayFilter(pub Filter);

/// The status of an answer that stands for a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorStatus(pub u16);

/// What at the end of a replay is a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strict {
    /// A request that nothing recorded answered.
    Missed,
    /// That, and a recorded exchange that no request got.
    Unused,
}

impl ReplaySettings {
    /// This, and what it leaves open from `below`.
    #[must_use]
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            matching: self.matching.or(below.matching),
            volatile: if self.volatile.is_empty() { below.volatile } else { self.volatile },
            filter: self.filter.or(below.filter),
            session: self.session.or(below.session),
            on_miss: self.on_miss.or(below.on_miss),
            strict: self.strict.or(below.strict),
            fresh: self.fresh.or(below.fresh),
        }
    }
}

impl FromStr for Match {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let known = || replay::Match::ALL.into_iter().map(|(word, _)| word);
        if let Some((_, how)) = replay::Match::ALL.into_iter().find(|(word, _)| *word == text) {
            return Ok(Self(how));
        }
        let words = known().collect::<Vec<_>>().join(", ");
        Err(BadValue::new(match nearest(text, known()) {
            Some(near) => format!("did you mean `{near}`? there are {words}"),
            None => format!("expected one of {words}"),
        }))
    }
}

impl FromStr for Pointer {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        if text.len() > 1 && text.starts_with('/') {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadValue::new("expected a JSON pointer such as `/metadata` or `/messages/*/id`"))
        }
    }
}

impl FromStr for ReplayFilter {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        Filter::parse(text).map(Self).map_err(|error| BadValue::new(error.to_string()))
    }
}

impl FromStr for ErrorStatus {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let status = text.parse().ok().filter(|status| (400..600).contains(status));
        status.map(Self).ok_or_else(|| BadValue::new("expected a status from 400 to 599"))
    }
}

impl FromStr for Strict {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        match text {
            "missed" => Ok(Self::Missed),
            "unused" => Ok(Self::Unused),
            _ => Err(BadValue::new("expected `missed` or `unused`")),
        }
    }
}
