//! The columns of the list: their names, what they show, and which of them are wanted.

use crate::store::OrderBy;
use std::collections::BTreeSet;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "`about` says what each shows")]
pub enum Column {
    Number,
    Time,
    Marks,
    Method,
    Gateway,
    Path,
    Model,
    Status,
    Verdict,
    Findings,
    FirstToken,
    Duration,
    Tokens,
    Rate,
    Size,
    Finish,
    Note,
}

/// Which columns are wanted: all that are not a matter of taste, and what was chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Those that are not as they are by default.
    toggled: BTreeSet<Column>,
}

impl Column {
    /// Every column, from left to right.
    pub const ALL: [Self; 17] = [
        Self::Number,
        Self::Time,
        Self::Marks,
        Self::Method,
        Self::Gateway,
        Self::Path,
        Self::Model,
        Self::Status,
        Self::Verdict,
        Self::Findings,
        Self::FirstToken,
        Self::Duration,
        Self::Tokens,
        Self::Rate,
        Self::Size,
        Self::Finish,
        Self::Note,
    ];

    /// The word above it, and in the file of what was chosen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "#",
            Self::Time => "time",
            Self::Marks => "",
            Self::Method => "method",
            Self::Gateway => "gateway",
            Self::Path => "path",
            Self::Model => "model",
            Self::Status => "code",
            Self::Verdict => "verdict",
            Self::Findings => "found",
            Self::FirstToken => "ttft",
            Self::Duration => "took",
            Self::Tokens => "tokens",
            Self::Rate => "tok/s",
            Self::Size => "bytes",
            Self::Finish => "finish",
            Self::Note => "note",
        }
    }

    /// What it shows.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Number => "the number in the recording",
            Self::Time => "when it began",
            Self::Marks => "marks, faults, retries",
            Self::Method => "the method",
            Self::Gateway => "the gateway's name",
            Self::Path => "the path",
            Self::Model => "the model that was asked for",
            Self::Status => "the status",
            Self::Verdict => "how it ended",
            Self::Findings => "how many checks fired, and how bad the worst is",
            Self::FirstToken => "the time to the first token",
            Self::Duration => "how long it took",
            Self::Tokens => "tokens in and out; events while it goes on",
            Self::Rate => "tokens a second; the silence while it goes on",
            Self::Size => "bytes of both bodies",
            Self::Finish => "the finish reason",
            Self::Note => "faults, error codes, what it repeats",
        }
    }

    /// The order by this column; `None` where there is none but that of starting.
    pub const fn order(self) -> Option<OrderBy> {
        Some(match self {
            Self::Path => OrderBy::Path,
            Self::Model => OrderBy::Model,
            Self::Status => OrderBy::Status,
            Self::Verdict => OrderBy::Verdict,
            Self::Findings => OrderBy::Findings,
            Self::FirstToken => OrderBy::FirstToken,
            Self::Duration => OrderBy::Duration,
            Self::Tokens => OrderBy::Tokens,
            Self::Size => OrderBy::Bytes,
            _ => return None,
        })
    }

    /// The column that an order is by.
    pub fn of_order(by: OrderBy) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.order() == Some(by))
    }

    /// Whether it may be hidden at all: nothing tells an exchange but these.
    pub const fn is_optional(self) -> bool {
        !matches!(self, Self::Marks | Self::Path | Self::Verdict)
    }

    const fn is_usual(self) -> bool {
        !matches!(self, Self::Gateway | Self::Size | Self::Finish)
    }
}

impl Columns {
    /// As they were chosen: shown though they usually are not, and the other way round. Unknown names are left out.
    pub fn of_names(show: &[String], hide: &[String]) -> Self {
        let of = |name: &String| Column::ALL.into_iter().find(|column| column.name() == name);
        let shown = show.iter().filter_map(of).filter(|column| !column.is_usual());
        let hidden = hide.iter().filter_map(of).filter(|column| column.is_usual());
        Self { toggled: shown.chain(hidden).filter(|column| column.is_optional()).collect() }
    }

    /// The names of those that were chosen, shown and hidden.
    pub fn names(&self) -> (Vec<String>, Vec<String>) {
        let names = |usual: bool| {
            let of_kind = self.toggled.iter().filter(move |column| column.is_usual() == usual);
            of_kind.map(|column| column.name().to_owned()).collect()
        };
        (names(false), names(true))
    }

    /// Whether a column is wanted.
    pub fn has(&self, column: Column) -> bool {
        column.is_usual() != self.toggled.contains(&column)
    }

    pub(super) fn toggle(&mut self, column: Column) {
        if column.is_optional() && !self.toggled.remove(&column) {
            self.toggled.insert(column);
        }
    }
}
