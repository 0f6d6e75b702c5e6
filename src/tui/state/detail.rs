//! The pane: which tab, how far it is scrolled, and the exchange it shows, read and prepared.

use crate::digest::EventKind;
use crate::digest::summary::Whole;
use crate::exchange::ExchangeId;
use crate::exchange::time::Micros;
use crate::tui::keymap::Motion;

/// The open pane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pane {
    /// The tab in front.
    pub tab: Tab,
    /// Whether it has the whole screen.
    pub zoomed: bool,
    /// How far each tab is scrolled.
    pub scrolls: [Scroll; Tab::ALL.len()],
}

/// A tab of the pane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Tab {
    /// Verdict, evidence, times, facts.
    #[default]
    Overview,
    /// Head and body of the request.
    Request,
    /// Head and body of the answer.
    Response,
    /// The events of a stream, one by one.
    Events,
    /// What the checks found.
    Findings,
}

/// How far something is scrolled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scroll {
    top: usize,
    /// Stays at the end while more arrives.
    at_end: bool,
}

/// One exchange, prepared for drawing. Its texts are not made printable yet; the drawing does that.
#[derive(Debug, Clone, PartialEq)]
pub struct Detail {
    /// The exchange without its bodies.
    pub whole: Whole,
    /// The evidence of its verdict.
    pub evidence: Option<String>,
    /// The request's body.
    pub request: BodyText,
    /// The answer's body.
    pub response: BodyText,
    /// The events of an answer that is an event stream; empty for any other.
    pub events: Vec<EventRow>,
    /// How long gatetap had the answer's chunks in hand.
    pub handover: Option<Handover>,
}

/// A body as lines of text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BodyText {
    /// The lines.
    pub lines: Vec<String>,
    /// Whether the lines are JSON, indented.
    pub json: bool,
    /// What is to be known about them: that the JSON is broken, that not all is shown.
    pub note: Option<String>,
}

/// One line of an event stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Its number, counted from 0 over everything shown.
    pub index: usize,
    /// What it is.
    pub kind: EventKind,
    /// When its last byte was read, counted from the start of the exchange.
    pub at: Option<Micros>,
    /// The time since the row before.
    pub gap: Option<Micros>,
    /// Its length in bytes.
    pub size: u64,
    /// Its name, where it has one.
    pub name: String,
    /// Its data, or the start of it.
    pub text: String,
}

/// How long chunks took from being read to being taken by the app's socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handover {
    /// Half of the chunks took less.
    pub median: Micros,
    /// One of a hundred took longer.
    pub p99: Micros,
    /// How many chunks were taken.
    pub chunks: usize,
}

impl Tab {
    /// Every tab, in order.
    pub const ALL: [Self; 5] = [Self::Overview, Self::Request, Self::Response, Self::Events, Self::Findings];

    /// The word on the screen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Request => "request",
            Self::Response => "response",
            Self::Events => "events",
            Self::Findings => "findings",
        }
    }
}

impl Pane {
    /// How far the tab in front is scrolled.
    pub fn scroll(&self) -> Scroll {
        self.scrolls.get(self.tab as usize).copied().unwrap_or_default()
    }

    pub(super) fn scroll_mut(&mut self) -> &mut Scroll {
        let [first, second, third, fourth, fifth] = &mut self.scrolls;
        match self.tab {
            Tab::Overview => first,
            Tab::Request => second,
            Tab::Response => third,
            Tab::Events => fourth,
            Tab::Findings => fifth,
        }
    }
}

impl Scroll {
    /// The first line in sight, of `lines` where `rows` are in sight.
    pub fn top(self, rows: usize, lines: usize) -> usize {
        let last = lines.saturating_sub(rows);
        if self.at_end { last } else { self.top.min(last) }
    }

    pub(super) fn go(&mut self, motion: Motion, rows: usize, lines: usize) {
        let here = self.top(rows, lines);
        let page = rows.saturating_sub(1).max(1);
        let half = (rows / 2).max(1);
        let there = match motion {
            Motion::Down => here + 1,
            Motion::Up => here.saturating_sub(1),
            Motion::HalfPageDown => here + half,
            Motion::HalfPageUp => here.saturating_sub(half),
            Motion::PageDown => here + page,
            Motion::PageUp => here.saturating_sub(page),
            Motion::First => 0,
            Motion::Last => lines,
        };
        self.top = there.min(lines.saturating_sub(rows));
        self.at_end = motion == Motion::Last;
    }
}

impl Detail {
    /// The exchange's number.
    pub fn id(&self) -> ExchangeId {
        self.whole.summary.id
    }
}
