//! What the screen asks the recording once, beside the rows and the exchange that it shows.

use crate::digest::compare::Comparison;
use crate::exchange::ExchangeId;
use crate::exchange::session::Session;
use crate::store::filter::Completion;
use crate::tui::totals::Totals;
use std::path::PathBuf;
use std::sync::Arc;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// For a text to copy.
    Copy(ExchangeId, CopyWhat),
    /// Where these two differ.
    Compare(ExchangeId, ExchangeId),
    /// What all exchanges of the filter amount to.
    Totals,
    /// Which sessions the recording has.
    Sessions,
    /// Which recordings lie beside it.
    Recordings,
}

/// A session, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionLine {
    /// The session.
    pub session: Session,
    /// How many exchanges it recorded that are still there.
    pub exchanges: u64,
    /// How many of them went wrong on the gateway's side.
    pub errors: u64,
}

/// A recording that could be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// An answer.
#[derive(Debug, Clone)]
pub enum Answer {
    /// To [`Ask::Copy`]; `None` where there is nothing to copy.
    Text(ExchangeId, CopyWhat, Option<String>),
    /// To [`Ask::Compare`]; `None` where one of them is no more.
    Comparison(ExchangeId, ExchangeId, Option<Arc<Comparison>>),
    /// To [`Ask::Totals`].
    Totals(Arc<Totals>),
    /// To [`Ask::Sessions`], in the order of starting.
    Sessions(Vec<SessionLine>),
    /// To [`Ask::Recordings`], the one written last in front.
    Recordings(Vec<Recorded>),
    /// The ways to go on with a filter: the line and its cursor, and what may follow.
    Completion((String, usize), Completion),
}

/// What can be copied of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "`about` says what each is")]
pub enum CopyWhat {
    Curl,
    Url,
    RequestBody,
    ResponseBody,
    AnswerText,
    Json,
    Support,
    Number,
}

impl CopyWhat {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Curl,
        Self::AnswerText,
        Self::RequestBody,
        Self::ResponseBody,
        Self::Json,
        Self::Support,
        Self::Url,
        Self::Number,
    ];

    /// The word on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Url => "url",
            Self::RequestBody => "request",
            Self::ResponseBody => "response",
            Self::AnswerText => "answer",
            Self::Json => "json",
            Self::Support => "support",
            Self::Number => "number",
        }
    }

    /// What it is.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Curl => "a command that asks the same, with $KEY for the key",
            Self::Url => "where it was sent",
            Self::RequestBody => "the body that was sent",
            Self::ResponseBody => "the body that came back, decoded",
            Self::AnswerText => "the model's words",
            Self::Json => "its line, as `ls --json` has it",
            Self::Support => "a note for the gateway's support, without key and prompt",
            Self::Number => "its number in the recording",
        }
    }
}
