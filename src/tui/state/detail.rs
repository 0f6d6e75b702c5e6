//! The pane: which tab, how far it is scrolled, and the exchange it shows, read and prepared.

use super::play::Play;
use crate::digest::summary::Whole;
use crate::digest::{EventKind, RateState, Rhythm, View};
use crate::exchange::ExchangeId;
use crate::exchange::body::Mark;
use crate::exchange::end::Verdict;
use crate::exchange::finding::Place;
use crate::exchange::time::Micros;
use crate::tui::keymap::Motion;
use bytes::Bytes;

/// The open pane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pane {
    /// The tab in front.
    pub tab: Tab,
    /// Whether it has the whole screen.
    pub zoomed: bool,
    /// How far each tab is scrolled.
    pub scrolls: [Scroll; Tab::ALL.len()],
    /// The event that the cursor is on.
    pub event: Cursor,
    /// The playing of the stream, while it is played.
    pub play: Option<Play>,
    /// The finding that the cursor is on.
    pub finding: usize,
    /// How bodies are shown.
    pub form: Form,
    /// Whether long messages are shown whole.
    pub unfolded: bool,
    /// What is searched in the tabs; empty for nothing.
    pub find: String,
    /// What is to be scrolled to, once it was drawn.
    pub seek: Option<Seek>,
    /// The line that a finding has led to, until the next key.
    pub lit: Option<usize>,
    /// The line that was found last.
    pub found: Option<usize>,
}

/// A tab of the pane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Tab {
    /// Verdict, evidence, times, facts.
    #[default]
    Overview,
    /// What was asked and answered, as a conversation.
    Conversation,
    /// The events of a stream, one by one.
    Events,
    /// Head and body of the request.
    Request,
    /// Head and body of the answer.
    Response,
    /// What the checks found.
    Findings,
    /// Raw heads, and the chunks with their marks.
    Wire,
}

/// How a body is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// Decoded; JSON indented.
    #[default]
    Pretty,
    /// Decoded, as it is.
    Text,
    /// The bytes, as they passed.
    Bytes,
}

/// A place in a tab that is to be scrolled to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seek {
    /// The evidence of a finding.
    Place(Place),
    /// A finding, by its number.
    Finding(usize),
    /// The next line that has what is searched for.
    Next,
    /// The one before.
    Previous,
}

/// One of many rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    at: usize,
    /// Stays on the last one while more arrive.
    at_end: bool,
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
    /// What was asked and answered.
    pub turns: Vec<Turn>,
    /// What the SDKs that may read this make of it.
    pub views: Vec<View>,
    /// What is left of the gateway's limits.
    pub limits: RateState,
    /// How evenly the events came.
    pub rhythm: Option<Rhythm>,
    /// The other attempts at the same request, in order, with their verdicts.
    pub attempts: Vec<Attempt>,
    /// The events of an answer that is an event stream; empty for any other.
    pub events: Vec<EventRow>,
    /// How many events before these are not shown.
    pub events_before: usize,
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
    /// The body, decoded where that went.
    pub decoded: Bytes,
    /// The body as it passed.
    pub raw: Bytes,
    /// Its chunks.
    pub marks: Vec<Mark>,
}

/// One piece of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who says it: `system`, `user`, `assistant`, `tool`.
    pub who: String,
    /// What it is beside plain text: `reasoning`, `calls get_weather`, `image`.
    pub what: Option<String>,
    /// What it says.
    pub text: String,
    /// Whether it is of the answer.
    pub is_answer: bool,
}

/// One attempt at a request that its client sent several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The exchange.
    pub id: ExchangeId,
    /// The time from the end of the one before to its start.
    pub waited: Option<Micros>,
    /// The status.
    pub status: Option<u16>,
    /// How it ended.
    pub verdict: Verdict,
}

/// One line of an event stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Its index in the list, counted from 0 over everything that came.
    pub index: usize,
    /// How many events there are up to it, itself included.
    pub number: usize,
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
    /// What its data says that the event before does not, or the start of it.
    pub text: String,
    /// The chunk that completed it.
    pub chunk: usize,
    /// Where it stands in the decoded body.
    pub offset: u64,
    /// Whether the pause before it stands out.
    pub is_late: bool,
}

/// How long chunks took from being read to being taken by the app's socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handover {
    /// Half of the chunks took no longer.
    pub median: Micros,
    /// 99 of 100 took no longer.
    pub p99: Micros,
    /// How many chunks were taken.
    pub chunks: usize,
}

impl Tab {
    /// Every tab, in order.
    pub const ALL: [Self; 7] = [
        Self::Overview,
        Self::Conversation,
        Self::Events,
        Self::Request,
        Self::Response,
        Self::Findings,
        Self::Wire,
    ];

    /// The word on the screen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Conversation => "conversation",
            Self::Events => "events",
            Self::Request => "request",
            Self::Response => "response",
            Self::Findings => "findings",
            Self::Wire => "wire",
        }
    }

    /// The word where there is little room.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Overview => "view",
            Self::Conversation => "chat",
            Self::Events => "events",
            Self::Request => "req",
            Self::Response => "resp",
            Self::Findings => "found",
            Self::Wire => "wire",
        }
    }

    /// The number on the screen.
    pub const fn number(self) -> usize {
        self as usize + 1
    }
}

impl Form {
    /// The word on the screen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pretty => "indented",
            Self::Text => "as it is",
            Self::Bytes => "bytes as they passed",
        }
    }

    pub(super) const fn next(self) -> Self {
        match self {
            Self::Pretty => Self::Text,
            Self::Text => Self::Bytes,
            Self::Bytes => Self::Pretty,
        }
    }
}

impl Pane {
    /// How far the tab in front is scrolled.
    pub fn scroll(&self) -> Scroll {
        self.scrolls.get(self.tab as usize).copied().unwrap_or_default()
    }

    pub(super) fn scroll_mut(&mut self) -> &mut Scroll {
        let [overview, conversation, events, request, response, findings, wire] = &mut self.scrolls;
        match self.tab {
            Tab::Overview => overview,
            Tab::Conversation => conversation,
            Tab::Events => events,
            Tab::Request => request,
            Tab::Response => response,
            Tab::Findings => findings,
            Tab::Wire => wire,
        }
    }

    /// Forgets where it was: another exchange is shown. Of one that goes on, the newest event is in sight.
    pub(super) fn rewind(&mut self, is_open: bool) {
        self.scrolls = Default::default();
        self.event = Cursor { at: 0, at_end: is_open };
        (self.finding, self.seek, self.lit, self.found, self.play) = (0, None, None, None, None);
    }
}

impl Cursor {
    /// The row it is on, of `count`.
    pub fn at(self, count: usize) -> usize {
        let last = count.saturating_sub(1);
        if self.at_end { last } else { self.at.min(last) }
    }

    pub(super) fn put(&mut self, at: usize) {
        *self = Self { at, at_end: false };
    }

    pub(super) fn go(&mut self, motion: Motion, rows: usize, count: usize) {
        self.at = motion.from(self.at(count), rows, count).min(count.saturating_sub(1));
        self.at_end = motion == Motion::Last;
    }
}

impl Motion {
    /// Where a step from `here` leads, where `rows` of `count` are in sight. May be beyond the end.
    pub(super) fn from(self, here: usize, rows: usize, count: usize) -> usize {
        let page = rows.saturating_sub(1).max(1);
        let half = (rows / 2).max(1);
        match self {
            Self::Down => here + 1,
            Self::Up => here.saturating_sub(1),
            Self::HalfPageDown => here + half,
            Self::HalfPageUp => here.saturating_sub(half),
            Self::PageDown => here + page,
            Self::PageUp => here.saturating_sub(page),
            Self::First => 0,
            Self::Last => count,
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
        let there = motion.from(self.top(rows, lines), rows, lines);
        self.top = there.min(lines.saturating_sub(rows));
        self.at_end = motion == Motion::Last;
    }

    /// The first row in sight where row `at` has to be.
    pub fn top_with(self, at: usize, rows: usize, lines: usize) -> usize {
        let top = if self.at_end { lines } else { self.top };
        let last = lines.saturating_sub(rows);
        top.min(at).max((at + 1).saturating_sub(rows)).min(last)
    }

    pub(super) fn put(&mut self, top: usize) {
        *self = Self { top, at_end: false };
    }
}

impl Detail {
    /// The exchange's number.
    pub fn id(&self) -> ExchangeId {
        self.whole.summary.id
    }
}
