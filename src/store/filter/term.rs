//! What a filter is made of.

use crate::exchange::SessionId;
use crate::exchange::end::Verdict;
use crate::exchange::finding::Severity;
use crate::exchange::time::{Micros, WallTime};

/// A filter as a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Every one of them; never empty.
    All(Vec<Self>),
    /// One of them at least; never empty.
    Any(Vec<Self>),
    /// Not this one.
    Not(Box<Self>),
    /// One question.
    Term(Term),
}

/// One question about an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// Its prompt or answer has these words.
    Words(Words),
    /// A name of it looks like this.
    Name(Name, Pattern),
    /// Its credential ends in these four characters, or has a fingerprint that begins so.
    Credential(String),
    /// Its verdict looks like this; some verdict does.
    Verdict(Pattern),
    /// It is so.
    Is(State),
    /// A finding of this severity was made.
    Severity(Severity),
    /// Its status is of this hundred: 4 for `4xx`.
    StatusClass(u8),
    /// A quantity of it compares so. Times are in microseconds.
    Quantity(Quantity, Compare, u64),
    /// It began then or later.
    Since(Instant),
    /// It is of this session.
    Session(SessionName),
    /// A person put a note to it, in which something looks like this.
    Note(Pattern),
}

/// Words that stand together in a prompt or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The words as written; one at least.
    pub text: String,
    /// The last of them is only the beginning of a word.
    pub is_prefix: bool,
}

/// The names of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// The model, as asked for or as answered.
    Model,
    /// The path, as the app sent it.
    Path,
    /// The gateway's name.
    Gateway,
    /// The error's code, or the token of gatetap's own answer.
    Code,
    /// The finish reason.
    Finish,
    /// The id of a check that fired.
    Finding,
}

/// A text in which `*` stands for anything. Letters are compared without ASCII case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(pub String);

/// What an exchange may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// A stream was asked for or given.
    Streaming,
    /// It went wrong on the gateway's side: refused, an error inside, incomplete, cut by the gateway, failed.
    Error,
    /// A fault was injected.
    Injected,
    /// It sends another exchange again.
    Replayed,
    /// It has not ended.
    Open,
    /// The app broke it off.
    Cancelled,
}

/// What of an exchange is counted or measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quantity {
    /// The status.
    Status,
    /// The time to the first token, in microseconds.
    Ttft,
    /// The time from its start to its end, in microseconds.
    Duration,
    /// The tokens of prompt and answer together.
    Tokens,
}

/// How two numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Compare {
    /// `:` or `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// A moment, as a person says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instant {
    /// So long before now.
    Ago(Micros),
    /// Then.
    At(WallTime),
}

/// A session, as a person says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionName {
    /// By its number.
    Number(SessionId),
    /// The one of the newest exchange.
    Last,
}

impl Expr {
    /// Whether words are searched for in it that are so.
    pub(super) fn has_words(&self, are_so: fn(&Words) -> bool) -> bool {
        match self {
            Self::All(several) | Self::Any(several) => several.iter().any(|one| one.has_words(are_so)),
            Self::Not(inner) => inner.has_words(are_so),
            Self::Term(Term::Words(words)) => are_so(words),
            Self::Term(_) => false,
        }
    }

    /// What must hold in any case: parts of it, each to hold or not to hold.
    pub(super) fn demands<'a>(&'a self, holds: bool, into: &mut Vec<(&'a Self, bool)>) {
        match (self, holds) {
            (Self::All(several), true) | (Self::Any(several), false) => {
                for one in several {
                    one.demands(holds, into);
                }
            }
            (Self::Not(inner), _) => inner.demands(!holds, into),
            _ => into.push((self, holds)),
        }
    }

    pub(super) fn wanted_words<'a>(&'a self, into: &mut Vec<&'a Words>) {
        match self {
            Self::All(several) | Self::Any(several) => {
                for one in several {
                    one.wanted_words(into);
                }
            }
            Self::Term(Term::Words(words)) => into.push(words),
            Self::Not(_) | Self::Term(_) => {}
        }
    }
}

impl Pattern {
    /// Whether `text` looks like this, in time proportional to both lengths.
    pub fn matches(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.as_bytes(), text.as_bytes());
        let (mut p, mut t) = (0, 0);
        // Where the last `*` stands, and what of the text it has taken.
        let mut star: Option<(usize, usize)> = None;
        while let Some(byte) = text.get(t) {
            match pattern.get(p) {
                Some(b'*') => {
                    star = Some((p, t));
                    p += 1;
                }
                Some(wanted) if wanted.eq_ignore_ascii_case(byte) => {
                    p += 1;
                    t += 1;
                }
                _ => {
                    let Some((at, taken)) = star else { return false };
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
            }
        }
        pattern.iter().skip(p).all(|byte| *byte == b'*')
    }
}

impl State {
    /// Every state, in the order of the documentation.
    pub const ALL: [Self; 6] =
        [Self::Streaming, Self::Error, Self::Injected, Self::Replayed, Self::Open, Self::Cancelled];

    /// The word after `is:`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Streaming => "streaming",
            Self::Error => "error",
            Self::Injected => "injected",
            Self::Replayed => "replayed",
            Self::Open => "open",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether exchanges of that verdict went wrong on the gateway's side.
    pub const fn is_error(verdict: Verdict) -> bool {
        match verdict {
            Verdict::Refused
            | Verdict::ErrorInside
            | Verdict::Incomplete
            | Verdict::CutByGateway
            | Verdict::Failed => true,
            Verdict::Open | Verdict::Complete | Verdict::CutByApp | Verdict::Lost => false,
        }
    }
}

impl Compare {
    /// The sign, as a filter writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => ":",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }
}
