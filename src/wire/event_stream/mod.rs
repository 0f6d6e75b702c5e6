//! The event stream, read to the letter of the WHATWG standard and exact to the byte.
//!
//! [`Parser::push`] takes the body in pieces of any size and hands every [`Item`] to a sink as soon as
//! the byte that ends it is there: a CR ends a line at once, and an LF after it is swallowed later.
//!
//! Invariants: the items do not depend on where the pieces were cut. The spans of items of one kind are
//! ordered, never overlap and lie within the body; an item's span ends at the byte that made it appear.
//! Memory is bounded by the cap, and what exceeds it is counted in the item, not refused.
//!
//! Grammar: <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>

mod item;
mod line;

pub use item::{Comment, Event, Ignored, Item, Reason, Retry, Span, Undispatched};

use line::{Data, Field};
use std::borrow::Cow;

/// How many bytes of one line, and of one event's data, are kept by default.
pub const DEFAULT_CAP: usize = 16 * 1024 * 1024;

/// The least cap: room for any field name that counts.
const LEAST_CAP: usize = 64;

/// The byte order mark, which the standard skips once, at the start of the stream.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// An incremental parser of one event stream.
#[derive(Debug)]
pub struct Parser {
    cap: usize,
    /// Bytes consumed, over all pieces.
    offset: u64,
    /// Where the current line began.
    line_start: u64,
    /// The start of the current line, from earlier pieces; never holds a line end.
    carry: Vec<u8>,
    /// Bytes of the current line beyond the cap.
    carry_omitted: u64,
    /// The last byte was a CR, so an LF that comes next belongs to it.
    after_cr: bool,
    resync: Resync,
    block: Block,
    last_id: String,
}

/// Where reading takes up again after a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resync {
    /// There was no gap, or reading has.
    No,
    /// The rest of a line comes, of which the start is not known.
    Line,
    /// Lines come, of which the block is not known; an empty one ends it.
    Block,
}

/// The lines since the last empty one, as far as they matter.
#[derive(Debug, Default)]
struct Block {
    /// Where its first line that is not a comment began.
    start: Option<u64>,
    kind: String,
    /// The standard's *last event ID buffer*; outlives the block.
    id: String,
    data: Vec<u8>,
    has_data: bool,
    omitted: u64,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

impl Parser {
    /// A parser at the start of a stream, with [`DEFAULT_CAP`].
    pub fn new() -> Self {
        Self::with_cap(DEFAULT_CAP)
    }

    /// A parser that keeps at most `cap` bytes (no less than 64) of a line and of an event's data.
    pub fn with_cap(cap: usize) -> Self {
        Self {
            cap: cap.max(LEAST_CAP),
            offset: 0,
            line_start: 0,
            carry: Vec::new(),
            carry_omitted: 0,
            after_cr: false,
            resync: Resync::No,
            block: Block::default(),
            last_id: String::new(),
        }
    }

    /// The parser with the last event id of an earlier connection, which events inherit.
    #[must_use]
    pub fn with_last_event_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.last_id);
        id.clone_into(&mut self.block.id);
        self
    }

    /// The last event id, as a reconnect would send it.
    pub fn last_event_id(&self) -> &str {
        &self.last_id
    }

    /// Reads the next piece and hands every item that it completes to `sink`.
    pub fn push(&mut self, piece: &[u8], mut sink: impl FnMut(Item<'_>)) {
        let mut rest = piece;
        let mut data = Data::Kept;
        loop {
            if self.after_cr {
                match rest.split_first() {
                    None => break,
                    Some((b'\n', tail)) => {
                        rest = tail;
                        self.offset += 1;
                        self.line_start = self.offset;
                    }
                    Some(_) => {}
                }
                self.after_cr = false;
            }
            let Some(at) = memchr::memchr2(b'\n', b'\r', rest) else {
                break;
            };
            let (line, tail) = rest.split_at_checked(at).unwrap_or((rest, &[]));
            let (end, tail) = tail.split_first().unwrap_or((&b'\n', &[]));
            self.offset += at as u64 + 1;
            self.after_cr = *end == b'\r';
            rest = tail;
            if self.carry.is_empty() {
                let kept = line.get(..self.cap).unwrap_or(line);
                let omitted = (line.len() - kept.len()) as u64;
                self.end_line(kept, omitted, &mut data, &mut sink);
            } else {
                self.extend_carry(line);
                let carry = std::mem::take(&mut self.carry);
                let omitted = std::mem::take(&mut self.carry_omitted);
                let mut own = Data::Kept;
                self.end_line(&carry, omitted, &mut own, &mut sink);
                own.keep(&mut self.block.data);
                self.carry = carry;
                self.carry.clear();
            }
            self.line_start = self.offset;
        }
        data.keep(&mut self.block.data);
        self.offset += rest.len() as u64;
        self.extend_carry(rest);
    }

    /// Tells that `missing` bytes of the stream are not there. What was begun is dropped, and reading goes
    /// on after the next empty line.
    pub fn gap(&mut self, missing: u64) {
        self.offset += missing;
        self.line_start = self.offset;
        self.carry.clear();
        self.carry_omitted = 0;
        self.after_cr = false;
        self.resync = Resync::Line;
        self.block.reset();
        self.last_id.clone_into(&mut self.block.id);
    }

    /// What was begun and has not ended: a block without its empty line, or an unfinished line. At the end
    /// of a stream the standard drops it.
    pub fn leftover(&self) -> Option<Span> {
        let line = self.line_start + if self.is_bom_line() { BOM.len() as u64 } else { 0 };
        let start = self.block.start.unwrap_or(line);
        (start < self.offset).then(|| Span::between(start, self.offset))
    }

    fn is_bom_line(&self) -> bool {
        self.line_start == 0 && self.carry.starts_with(BOM)
    }

    fn extend_carry(&mut self, bytes: &[u8]) {
        let room = self.cap.saturating_sub(self.carry.len());
        let kept = bytes.get(..room).unwrap_or(bytes);
        self.carry.extend_from_slice(kept);
        self.carry_omitted += (bytes.len() - kept.len()) as u64;
    }

    /// Reads one line, given without its end. `self.offset` is already past that end.
    fn end_line<'a>(
        &mut self,
        line: &'a [u8],
        omitted: u64,
        data: &mut Data<'a>,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        let (line, start) = match line.strip_prefix(BOM) {
            Some(stripped) if self.line_start == 0 => (stripped, BOM.len() as u64),
            _ => (line, self.line_start),
        };
        match self.resync {
            Resync::No => {}
            Resync::Block if line.is_empty() => {
                self.resync = Resync::No;
                return;
            }
            Resync::Line | Resync::Block => {
                self.resync = Resync::Block;
                return;
            }
        }
        let span = Span::between(start, self.offset);
        match Field::split(line) {
            Field::Empty => self.dispatch(data, sink),
            Field::Comment(text) => {
                sink(Item::Comment(Comment { text: line::text(text, omitted > 0), span, omitted }));
            }
            Field::Named(name, value) => {
                self.block.start.get_or_insert(start);
                self.field(name, value, omitted, span, data, sink);
            }
        }
    }

    fn field<'a>(
        &mut self,
        name: &'a [u8],
        value: &'a [u8],
        omitted: u64,
        span: Span,
        data: &mut Data<'a>,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        let reason = match name {
            b"data" => {
                self.block.append(value, omitted, self.cap, data);
                return;
            }
            b"event" => {
                self.block.kind.clear();
                self.block.kind.push_str(&line::text(value, omitted > 0));
                return;
            }
            b"id" if !value.contains(&0) => {
                self.block.id.clear();
                self.block.id.push_str(&line::text(value, omitted > 0));
                return;
            }
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let value = value
                    .iter()
                    .fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
                sink(Item::Retry(Retry { value, span }));
                return;
            }
            b"id" => Reason::NulInId,
            b"retry" => Reason::RetryNotDigits,
            _ => Reason::UnknownField,
        };
        sink(Item::Ignored(Ignored {
            name: line::text(name, false),
            value: line::text(value, omitted > 0),
            reason,
            span,
        }));
    }

    /// An empty line: the block ends, and an event appears if it had data.
    fn dispatch(&mut self, data: &mut Data<'_>, sink: &mut impl FnMut(Item<'_>)) {
        self.last_id.clone_from(&self.block.id);
        if let Some(start) = self.block.start {
            let span = Span::between(start, self.offset);
            if self.block.has_data {
                let bytes = data.bytes(&self.block.data);
                sink(Item::Event(Event {
                    kind: Cow::Borrowed(if self.block.kind.is_empty() {
                        "message"
                    } else {
                        &self.block.kind
                    }),
                    data: line::text(bytes, self.block.omitted > 0),
                    id: Cow::Borrowed(&self.last_id),
                    span,
                    omitted: self.block.omitted,
                }));
            } else {
                sink(Item::Undispatched(Undispatched { kind: Cow::Borrowed(&self.block.kind), span }));
            }
        }
        *data = Data::Kept;
        self.block.reset();
    }
}

impl Block {
    fn reset(&mut self) {
        self.start = None;
        self.kind.clear();
        self.data.clear();
        self.has_data = false;
        self.omitted = 0;
    }

    /// Adds one `data` line. The first one of a block is only borrowed: most events have just that.
    fn append<'a>(&mut self, value: &'a [u8], omitted: u64, cap: usize, data: &mut Data<'a>) {
        self.omitted += omitted;
        if !self.has_data {
            self.has_data = true;
            *data = Data::Borrowed(value);
            return;
        }
        data.keep(&mut self.data);
        let room = cap.saturating_sub(self.data.len());
        if room > 0 {
            self.data.push(b'\n');
            let kept = value.get(..room - 1).unwrap_or(value);
            self.data.extend_from_slice(kept);
            self.omitted += (value.len() - kept.len()) as u64;
        } else {
            self.omitted += value.len() as u64 + 1;
        }
    }
}

/// Reads a whole stream: every item, owned, and what was left over.
pub fn parse(stream: &[u8]) -> (Vec<Item<'static>>, Option<Span>) {
    let mut items = Vec::new();
    let mut parser = Parser::new();
    parser.push(stream, |item| items.push(item.into_owned()));
    let leftover = parser.leftover();
    (items, leftover)
}
