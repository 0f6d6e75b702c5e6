//! What the grammar finds in an event stream.

use std::borrow::Cow;

/// A range of bytes, counted from the start of the stream.
///
/// A CRLF ends its line at the CR, so the LF lies in no span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub offset: u64,
    /// How many bytes.
    pub length: u64,
}

/// One thing that stands in an event stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'a> {
    /// A block with data, which a client would be given.
    Event(Event<'a>),
    /// A line that begins with a colon.
    Comment(Comment<'a>),
    /// A `retry` field that counts.
    Retry(Retry),
    /// A block without data: a client that keeps to the standard is given nothing.
    Undispatched(Undispatched<'a>),
    /// A field that the standard says to ignore.
    Ignored(Ignored<'a>),
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its type; `message` if it names none.
    pub kind: Cow<'a, str>,
    /// Its data lines, joined by LF.
    pub data: Cow<'a, str>,
    /// The last event id at this point; empty if there is none.
    pub id: Cow<'a, str>,
    /// From its first field to the end of its empty line.
    pub span: Span,
    /// Bytes of data beyond the parser's cap, which are not in `data`.
    pub omitted: u64,
}

/// A comment line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment<'a> {
    /// The text after the colon, less one leading space.
    pub text: Cow<'a, str>,
    /// The line with its end.
    pub span: Span,
    /// Bytes beyond the parser's cap, which are not in `text`.
    pub omitted: u64,
}

/// A reconnection time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Milliseconds; `u64::MAX` also for any more.
    pub value: u64,
    /// The line with its end.
    pub span: Span,
}

/// A block that ended without data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undispatched<'a> {
    /// The event type it named; empty if none. Some SDKs yield such an event.
    pub kind: Cow<'a, str>,
    /// From its first field to the end of its empty line.
    pub span: Span,
}

/// A field that has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored<'a> {
    /// The field's name.
    pub name: Cow<'a, str>,
    /// The field's value.
    pub value: Cow<'a, str>,
    /// Why it has none.
    pub reason: Reason,
    /// The line with its end.
    pub span: Span,
}

/// Why a field is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The standard does not know its name; names are compared with their case.
    UnknownField,
    /// An `id` that holds U+0000.
    NulInId,
    /// A `retry` that is not all ASCII digits.
    RetryNotDigits,
}

impl Span {
    /// The range from `start` up to and without `end`.
    pub const fn between(start: u64, end: u64) -> Self {
        Self { offset: start, length: end.saturating_sub(start) }
    }

    /// The offset just after the last byte.
    pub const fn end(self) -> u64 {
        self.offset.saturating_add(self.length)
    }

    /// The bytes of this range in `stream`; what lies beyond it is left out.
    pub fn of(self, stream: &[u8]) -> &[u8] {
        let clamp = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(stream.len());
        stream.get(clamp(self.offset)..clamp(self.end())).unwrap_or_default()
    }
}

impl Item<'_> {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Event(event) => event.span,
            Self::Comment(comment) => comment.span,
            Self::Retry(retry) => retry.span,
            Self::Undispatched(block) => block.span,
            Self::Ignored(field) => field.span,
        }
    }

    /// The same item, independent of the bytes it was read from.
    pub fn into_owned(self) -> Item<'static> {
        fn own(text: Cow<'_, str>) -> Cow<'static, str> {
            Cow::Owned(text.into_owned())
        }
        match self {
            Self::Event(event) => Item::Event(Event {
                kind: own(event.kind),
                data: own(event.data),
                id: own(event.id),
                span: event.span,
                omitted: event.omitted,
            }),
            Self::Comment(comment) => Item::Comment(Comment {
                text: own(comment.text),
                span: comment.span,
                omitted: comment.omitted,
            }),
            Self::Retry(retry) => Item::Retry(retry),
            Self::Undispatched(block) => {
                Item::Undispatched(Undispatched { kind: own(block.kind), span: block.span })
            }
            Self::Ignored(field) => Item::Ignored(Ignored {
                name: own(field.name),
                value: own(field.value),
                reason: field.reason,
                span: field.span,
            }),
        }
    }
}
