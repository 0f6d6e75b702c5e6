//! Pages that stand over everything else.

use super::Scroll;
use crate::exchange::ExchangeId;

/// A page, and how far it is scrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What it shows.
    pub kind: PageKind,
    /// How far it is scrolled.
    pub scroll: Scroll,
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
        Self { kind, scroll: Scroll::default() }
    }
}
