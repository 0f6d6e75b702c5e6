//! A recorded stream, event by event.

use super::feed::Feed;
use super::walk::{self, Part};
use crate::exchange::body::{Body, Mark};
use crate::exchange::head::ResponseHead;
use crate::exchange::time::Micros;
use crate::wire::event_stream::{Item, Span};

/// One line of `show --events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    /// Its number in this list, from 0.
    pub index: usize,
    /// How many events there are up to it, itself included: of an event, the number that people call it by.
    pub number: usize,
    /// What it is.
    pub kind: EventKind,
    /// The event's type; `None` unless it is an event.
    pub event: Option<String>,
    /// The last event id; `None` unless it is an event that has one.
    pub id: Option<String>,
    /// The event's data, the comment's text, the reconnection time, or the raw text of a partial one.
    pub data: String,
    /// When the chunk that completed it was read.
    pub at: Option<Micros>,
    /// When the app's socket had taken that chunk.
    pub taken: Option<Micros>,
    /// The index of that chunk.
    pub chunk: usize,
    /// Where its first byte stands in the decoded body. For a body that is not coded that is the body as it
    /// passed.
    pub offset: u64,
    /// How many bytes it has there.
    pub length: u64,
}

/// What an [`EventLine`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// An event that a client is given.
    Event,
    /// A comment.
    Comment,
    /// A reconnection time.
    Retry,
    /// The start of an event that never ended.
    Partial,
}

impl EventKind {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Comment => "comment",
            Self::Retry => "retry",
            Self::Partial => "partial",
        }
    }

    /// What people call such a line, `number` events having come with it: `event 8`, or `the comment after event
    /// 8`. Comments are not counted, as in the verdict's evidence.
    pub fn called(self, number: usize) -> String {
        let what = match self {
            Self::Event => return format!("event {number}"),
            Self::Comment => "comment",
            Self::Retry => "reconnection time",
            Self::Partial => "unfinished event",
        };
        match number {
            0 => format!("the {what} before the first event"),
            _ => format!("the {what} after event {number}"),
        }
    }
}

/// Lists the stream in a recorded body; nothing, if it is none.
pub fn events(head: &ResponseHead, body: &Body) -> Vec<EventLine> {
    let mut lines = Vec::new();
    let mut feed = Feed::keeping_tail(head);
    let mut last = (0, None);
    walk::walk(body, |part, chunk, mark| {
        last = (chunk, mark);
        match part {
            Part::Kept(bytes) => feed.push(bytes, |item| push(&mut lines, item, chunk, mark)),
            Part::Missing(missing) => feed.gap(missing),
        }
    });
    let (chunk, mark) = last;
    feed.finish(|item| push(&mut lines, item, chunk, mark));
    if let Some((span, text)) = feed.partial() {
        lines.push(EventLine {
            data: String::from_utf8_lossy(text).into_owned(),
            ..line(&lines, EventKind::Partial, span, chunk, mark)
        });
    }
    lines
}

fn push(lines: &mut Vec<EventLine>, item: Item<'_>, chunk: usize, mark: Option<Mark>) {
    let start = |kind, span| line(lines, kind, span, chunk, mark);
    let next = match item {
        Item::Event(event) => EventLine {
            event: Some(event.kind.into_owned()),
            id: Some(event.id.into_owned()).filter(|id| !id.is_empty()),
            data: event.data.into_owned(),
            ..start(EventKind::Event, event.span)
        },
        Item::Comment(comment) => {
            EventLine { data: comment.text.into_owned(), ..start(EventKind::Comment, comment.span) }
        }
        Item::Retry(retry) => {
            EventLine { data: retry.value.to_string(), ..start(EventKind::Retry, retry.span) }
        }
        Item::Undispatched(_) | Item::Ignored(_) => return,
    };
    lines.push(next);
}

/// The line after `before`.
fn line(before: &[EventLine], kind: EventKind, span: Span, chunk: usize, mark: Option<Mark>) -> EventLine {
    let events = before.last().map_or(0, |line| line.number);
    EventLine {
        index: before.len(),
        number: events + usize::from(kind == EventKind::Event),
        kind,
        event: None,
        id: None,
        data: String::new(),
        at: mark.map(|mark| mark.read),
        taken: mark.and_then(|mark| mark.taken),
        chunk,
        offset: span.offset,
        length: span.length,
    }
}
