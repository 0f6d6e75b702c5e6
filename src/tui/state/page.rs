//! Pages that stand over everything else.

use super::{Scroll, Seek};
use crate::exchange::ExchangeId;

/// A page, and how far it is scrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What it shows.
    pub kind: PageKind,
    /// How far it is scrolled.
    pub scroll: Scroll,
    /// What was searched for in it last; empty for nothing.
    pub find: String,
    /// The line to go to, once it is drawn.
    pub seek: Option<Seek>,
    /// The line that was found last.
    pub found: Option<usize>,
}

/// What a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageKind {
    /// The keys, and what the words mean.
    Help,
    /// What a check looks for, by its id.
    Check(String),
    /// One event whole, by its number among those of the pane.
    Event(usize),
    /// Where two exchanges differ.
    Comparison(ExchangeId, ExchangeId),
    /// What all exchanges of the filter amount to.
    Totals,
    /// What gatetap itself had to say.
    Log,
}

impl Page {
    pub(super) fn new(kind: PageKind) -> Self {
        Self { kind, scroll: Scroll::default(), find: String::new(), seek: None, found: None }
    }

    /// Whether it is about no exchange.
    pub(super) const fn is_general(&self) -> bool {
        matches!(self.kind, PageKind::Help | PageKind::Totals | PageKind::Log)
    }

    /// Goes to the line that was sought.
    pub(super) fn go_to(&mut self, line: usize, rows: usize) {
        self.scroll.put(line.saturating_sub(rows / 3));
        self.found = Some(line);
    }
}
