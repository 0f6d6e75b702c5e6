//! What is set of a replay beside its recording.

use super::error::BadValue;
use super::upstream::Upstream;
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
    /// What happens to requests that nothing recorded answers.
    pub mode: Option<Mode>,
    /// Where they go, should the mode send them on.
    pub forward: Option<Upstream>,
}

/// What is replayed and what is recorded, in the words of Ruby's VCR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing goes anywhere: what nothing recorded answers is missed.
    None,
    /// As `none` where anything is recorded, else everything is sent on and recorded.
    Once,
    /// What nothing recorded answers is sent on and recorded.
    NewEpisodes,
    /// Everything is sent on, and takes the place of what is recorded.
    All,
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
            mode: self.mode.or(below.mode),
            forward: self.forward.or(below.forward),
        }
    }
}

impl FromStr for Match {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let known = || replay::Match::ALL.into_iter().map(|(word, _)| word);
        let found = replay::Match::ALL.into_iter().find(|(word, _)| *word == text);
        found.map(|(_, how)| Self(how)).ok_or_else(|| unknown_word(text, known))
    }
}

fn unknown_word<I: Iterator<Item = &'static str>>(text: &str, known: impl Fn() -> I) -> BadValue {
    let words = known().collect::<Vec<_>>().join(", ");
    BadValue::new(match nearest(text, known()) {
        Some(near) => format!("did you mean `{near}`? there are {words}"),
        None => format!("expected one of {words}"),
    })
}

impl Mode {
    /// All, with the words for them.
    const ALL: [(&'static str, Self); 4] =
        [("once", Self::Once), ("new-episodes", Self::NewEpisodes), ("all", Self::All), ("none", Self::None)];

    /// The word.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, mode)| *mode == self).map_or("", |(word, _)| word)
    }
}

impl FromStr for Mode {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let known = || Self::ALL.into_iter().map(|(word, _)| word);
        let found = Self::ALL.into_iter().find(|(word, _)| *word == text);
        found.map(|(_, mode)| mode).ok_or_else(|| unknown_word(text, known))
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
