//! Findings: one place where a check fired.

use super::ExchangeId;
use super::body::Side;
use super::text::counted;
use std::fmt;
use std::str::FromStr;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Costs money or time, or fails sometimes.
    Warning,
    /// Will fail, or loses data.
    Error,
}

/// One place where a check fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The id of the check.
    pub check: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, for this exchange.
    pub message: String,
    /// The fact it rests on: a header, an event, a byte, a gap.
    pub evidence: String,
    /// What to do.
    pub fix: String,
    /// Where the evidence stands, so that a screen can go there.
    pub places: Vec<Place>,
}

/// Where evidence stands. Its [`Display`](fmt::Display) is what the recording and JSON have; [`FromStr`]
/// reads it back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// The request's method and target.
    Target,
    /// A header of a head, by its name in lower case.
    Header(Side, String),
    /// A member of a JSON body, as a JSON pointer (RFC 6901).
    Json(Side, String),
    /// Bytes of a body as it passed, or decoded where it is coded.
    Bytes(Side, Span),
    /// A line of the stream's list of events by its index, from 0 and comments counted. People are told the
    /// number that the event itself has.
    Event(usize),
    /// Another exchange.
    Exchange(ExchangeId),
}

/// A range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub offset: u64,
    /// How many bytes.
    pub length: u64,
}

impl Severity {
    /// So many findings of it: `1 error`, `2 warnings`, `3 info`.
    pub fn counted(self, count: u64) -> String {
        match self {
            Self::Info => format!("{count} info"),
            Self::Warning | Self::Error => counted(count, self.as_str()),
        }
    }

    /// The word in SQL, JSON and filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The severity of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Error].into_iter().find(|severity| severity.as_str() == word)
    }
}

impl Place {
    /// A header of the request, by its name in lower case.
    pub fn request_header(name: &str) -> Self {
        Self::Header(Side::Request, name.to_owned())
    }

    /// A header of the answer, by its name in lower case.
    pub fn response_header(name: &str) -> Self {
        Self::Header(Side::Response, name.to_owned())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target => f.write_str("target"),
            Self::Header(side, name) => write!(f, "{} header {name}", side.as_str()),
            Self::Json(side, pointer) => write!(f, "{} json {pointer}", side.as_str()),
            Self::Bytes(side, Span { offset, length }) => {
                write!(f, "{} bytes {offset}+{length}", side.as_str())
            }
            Self::Event(index) => write!(f, "event index {index}"),
            Self::Exchange(id) => write!(f, "exchange {id}"),
        }
    }
}

/// A place that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place of evidence")]
pub struct NotAPlace;

impl FromStr for Place {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let read = || match text.split_once(' ') {
            None => (text == "target").then_some(Self::Target),
            Some(("event", rest)) => rest.strip_prefix("index ")?.parse().ok().map(Self::Event),
            Some(("exchange", id)) => id.parse().ok().map(Self::Exchange),
            Some((side, rest)) => {
                let side =
                    [Side::Request, Side::Response].into_iter().find(|known| known.as_str() == side)?;
                let (kind, rest) = rest.split_once(' ')?;
                match kind {
                    "header" => Some(Self::Header(side, rest.to_owned())),
                    "json" => Some(Self::Json(side, rest.to_owned())),
                    "bytes" => {
                        let (offset, length) = rest.split_once('+')?;
                        let span = Span { offset: offset.parse().ok()?, length: length.parse().ok()? };
                        Some(Self::Bytes(side, span))
                    }
                    _ => None,
                }
            }
        };
        read().ok_or(NotAPlace)
    }
}
