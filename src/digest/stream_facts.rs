//! What a stream holds that its digest does not say: how it came in, and where it is out of order.

use super::Digest;
use crate::exchange::time::Micros;
use crate::wire::dialect::Dialect;
use crate::wire::event_stream::{Event, Span, Undispatched};
use crate::wire::json::{Reader, Shape};
use serde::de::IgnoredAny;
use std::collections::VecDeque;
use std::sync::LazyLock;

/// Comments that came so shortly before the first piece of the answer came with it: 5 ms.
const TOGETHER: Micros = Micros(5_000);

/// So many comments before the first piece of the answer are looked at.
const MOST_COMMENTS: usize = 64;

/// The sizes of slabs that buffering hops hand on. Source: nginx's `proxy_buffer_size` and `proxy_buffers`.
const SLABS: [usize; 3] = [4096, 8192, 16384];

/// The length of a byte order mark.
const BYTE_ORDER_MARK: u64 = 3;

/// What a stream holds that its digest does not say. All zero of a plain answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamFacts {
    /// Reads that brought bytes.
    pub reads: u64,
    /// Reads of a size that buffers have: 4, 8 or 16 KiB.
    pub slab_reads: u64,
    /// Reads that ended inside an event.
    pub reads_inside_event: u64,
    /// The longest time between two reads. Silence inside a `tool_use` block of Messages does not count: its
    /// input may come in one piece.
    pub longest_silence: Option<Silence>,
    /// Events that brought a piece of the answer.
    pub content_events: u64,
    /// When the last of them was complete.
    pub last_content: Option<Micros>,
    /// When the first read came.
    pub first_read: Option<Micros>,
    /// When the last read came.
    pub last_read: Option<Micros>,
    /// Comments and pings that came together with the first piece of the answer.
    pub comments_with_content: u64,
    /// The first event whose data is neither JSON nor `[DONE]`.
    pub bad_json: Option<EventPlace>,
    /// The first event with an error.
    pub error: Option<EventPlace>,
    /// The first `[DONE]`.
    pub done: Option<EventPlace>,
    /// The first event after the last one that the dialect has.
    pub after_end: Option<EventPlace>,
    /// The first event whose `choices` are empty.
    pub empty_choices: Option<EventPlace>,
    /// The first event that cannot follow those before it, and why.
    pub disorder: Option<(EventPlace, String)>,
    /// What decoders of SDKs read otherwise than the standard.
    pub oddities: Oddities,
    lines: usize,
    events: usize,
    comment_times: VecDeque<Micros>,
    ended: bool,
    next_sequence: Option<u64>,
    blocks: Blocks,
    /// The first event begins where a byte order mark would end.
    begins_at_mark: bool,
    /// Where the last item ended, once an event had an `id`.
    ends_at: Option<u64>,
    /// An empty line or the LF of a CRLF, after such an event.
    empty_line_or_lf: Option<u64>,
    /// Fields of the block that has begun, or empty lines before it, after such an event.
    fields_or_empty_lines: Option<u64>,
    /// How many fields without effect the open block has, and their length.
    ignored: (u64, u64),
}

/// What is legal by the standard, or read alike by it, and read otherwise by the decoder of an SDK. The first
/// of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Oddities {
    /// The stream begins with a byte order mark, and with a field of an event just after it.
    pub byte_order_mark: bool,
    /// Bytes that are not UTF-8, or a character that the stream's end cuts; an offset in the decoded body.
    pub not_utf8: Option<u64>,
    /// A block with a type and no data, and that type.
    pub typed_without_data: Option<(Span, String)>,
    /// A block with neither a type nor data: an `id` alone, say.
    pub bare_block: Option<Span>,
    /// An empty line that ended no event, after an event with an `id`.
    pub empty_line_after_id: Option<u64>,
    /// An event whose data is `[DONE]` and more.
    pub done_and_more: Option<EventPlace>,
}

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPlace {
    /// Its line in the list of events, counted from 0.
    pub index: usize,
    /// Its bytes in the decoded body.
    pub span: Span,
}

/// A time without a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// How long it was.
    pub length: Micros,
    /// How many lines of the list of events stood before it.
    pub lines: usize,
    /// How many of them were events.
    pub events: usize,
}

/// What of a Messages stream has begun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Blocks {
    message: bool,
    open: Option<u64>,
    begun: u64,
    /// The open block is a tool's input.
    tool: bool,
    /// Bytes are missing: what is open is not known.
    unsure: bool,
}

impl StreamFacts {
    /// How many lines the list of the stream's events has.
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// A silence of this length after all that came.
    pub fn silence_now(&self, length: Micros) -> Silence {
        Silence { length, lines: self.lines, events: self.events }
    }

    /// Those of an answer that is no stream.
    pub(super) fn none() -> &'static Self {
        static NONE: LazyLock<StreamFacts> = LazyLock::new(StreamFacts::default);
        &NONE
    }

    /// A read brought `length` bytes at `at`.
    pub(super) fn read(&mut self, length: usize, at: Micros) {
        self.reads += 1;
        self.first_read.get_or_insert(at);
        self.slab_reads += u64::from(SLABS.contains(&length));
        if let Some(last) = self.last_read.replace(at)
            && !self.blocks.tool
        {
            let length = at.since(last);
            if self.longest_silence.is_none_or(|longest| length > longest.length) {
                self.longest_silence = Some(self.silence_now(length));
            }
        }
    }

    /// The read is over; an event was begun and has not ended.
    pub(super) fn read_ends_inside_event(&mut self) {
        self.reads_inside_event += 1;
    }

    /// Bytes are missing from here on: what comes next need not follow what was before.
    pub(super) fn gap(&mut self) {
        self.next_sequence = None;
        self.blocks = Blocks { message: true, unsure: true, ..Blocks::default() };
        self.ends_at = None;
        self.fields_or_empty_lines = None;
        self.ignored = (0, 0);
    }

    /// What the bytes themselves are like, of all that came so far.
    pub(super) fn bytes_are(&mut self, byte_order_mark: bool, not_utf8: Option<u64>, has_cr: bool) {
        if !has_cr && let Some(at) = self.empty_line_or_lf {
            self.oddities.empty_line_after_id.get_or_insert(at);
        }
        self.oddities.byte_order_mark = byte_order_mark && self.begins_at_mark;
        self.oddities.not_utf8 = not_utf8;
    }

    /// A block without data.
    pub(super) fn undispatched(&mut self, block: &Undispatched<'_>) {
        self.block_follows(block.span);
        // Fields that nobody knows leave no trace; a line may have a CRLF, of which the LF lies in no span.
        let (lines, length) = std::mem::take(&mut self.ignored);
        let is_ignored = block.span.length.saturating_sub(length) <= lines + 1;
        if self.done.is_some() || is_ignored {
            return;
        }
        if block.kind.is_empty() {
            self.oddities.bare_block.get_or_insert(block.span);
        } else if self.oddities.typed_without_data.is_none() {
            self.oddities.typed_without_data = Some((block.span, block.kind.clone().into_owned()));
        }
    }

    /// A field that the standard does not know.
    pub(super) fn ignored(&mut self, span: Span) {
        self.line_follows(span);
        self.ignored = (self.ignored.0 + 1, self.ignored.1 + span.length);
    }

    /// A line of its own. Before it, the block's own fields may lie, which have three bytes at least: `id` and
    /// the line's end.
    fn line_follows(&mut self, span: Span) {
        let Some(end) = self.ends_at.filter(|_| self.done.is_none()) else { return };
        self.ends_at = Some(span.end().max(end));
        match span.offset.saturating_sub(end) {
            short @ 0..3 => self.lies_between(end, short),
            _ => _ = self.fields_or_empty_lines.get_or_insert(end),
        }
    }

    /// A block, which says what lay before the lines in it.
    fn block_follows(&mut self, span: Span) {
        let unsure = self.fields_or_empty_lines.take();
        let Some(end) = self.ends_at.filter(|_| self.done.is_none()) else { return };
        self.ends_at = Some(span.end().max(end));
        match unsure {
            Some(from) if span.offset < end => self.lies_between(from, span.offset.saturating_sub(from)),
            // They are no fields of this block, and there is no other.
            Some(from) => _ = self.oddities.empty_line_after_id.get_or_insert(from),
            None => self.lies_between(end, span.offset.saturating_sub(end)),
        }
    }

    /// Once an event had an `id`, any further empty line ends a block of which only the id is left. Such a
    /// line lies between two items.
    fn lies_between(&mut self, at: u64, bytes: u64) {
        match bytes {
            0 => {}
            // The LF of a CRLF, or an empty line: the stream's line ends tell.
            1 => _ = self.empty_line_or_lf.get_or_insert(at),
            _ => _ = self.oddities.empty_line_after_id.get_or_insert(at),
        }
    }

    /// A comment, or a `retry` line.
    pub(super) fn no_event(&mut self, at: Option<Micros>, span: Span) {
        self.line_follows(span);
        self.lines += 1;
        self.waits(at);
    }

    /// An event whose pieces are in the digest by now.
    pub(super) fn event(&mut self, event: &Event<'_>, at: Option<Micros>, digest: &Digest, seen: Seen) {
        let place = EventPlace { index: self.lines, span: event.span };
        self.lines += 1;
        self.events += 1;
        self.block_follows(event.span);
        self.ignored = (0, 0);
        self.begins_at_mark |= event.span.offset == BYTE_ORDER_MARK;
        self.ends_at = (!event.id.is_empty()).then(|| event.span.end());
        let is_done = event.data.trim() == "[DONE]";
        if event.data.starts_with("[DONE]") && event.data != "[DONE]" && self.done.is_none() {
            self.oddities.done_and_more.get_or_insert(place);
        }
        if self.ended && !is_done {
            self.after_end.get_or_insert(place);
        }
        if seen.content {
            if self.content_events == 0 {
                let is_together = |time: &&Micros| at.is_some_and(|at| at.since(**time) <= TOGETHER);
                self.comments_with_content = self.comment_times.iter().filter(is_together).count() as u64;
                self.comment_times = VecDeque::new();
            }
            self.content_events += 1;
            self.last_content = at.or(self.last_content);
        }
        if is_done {
            self.done.get_or_insert(place);
            self.ended = true;
            return;
        }
        if seen.error {
            self.error.get_or_insert(place);
        }
        if self.bad_json.is_none() && event.omitted == 0 && !is_json(&event.data) {
            self.bad_json = Some(place);
        }
        match digest.dialect {
            Dialect::Chat | Dialect::Completions
                if !seen.content && self.empty_choices.is_none() && has_no_choices(&event.data) =>
            {
                self.empty_choices = Some(place);
            }
            Dialect::Responses => self.sequence(event, place),
            Dialect::Messages => self.block(event, at, place),
            _ => {}
        }
    }

    /// Something came that is no piece of the answer.
    fn waits(&mut self, at: Option<Micros>) {
        if self.content_events == 0 {
            self.comment_times.extend(at);
            if self.comment_times.len() > MOST_COMMENTS {
                self.comment_times.pop_front();
            }
        }
    }

    /// Events of the Responses API are numbered, from 0 or 1.
    fn sequence(&mut self, event: &Event<'_>, place: EventPlace) {
        let reader = Reader::new(event.data.as_bytes());
        let Some(number) = reader.member("sequence_number").and_then(|mut number| number.count()) else {
            return;
        };
        let expected = self.next_sequence.replace(number.saturating_add(1));
        if let Some(expected) = expected.filter(|expected| *expected != number) {
            let what = if number < expected {
                format!("sequence number {number} comes again, or late: {expected} was due")
            } else {
                format!("sequence number {number} follows {}", expected.saturating_sub(1))
            };
            self.out_of_order(place, what);
        }
        self.ended |= matches!(
            event.kind.as_ref(),
            "response.completed" | "response.incomplete" | "response.failed" | "error"
        );
    }

    /// Events of the Messages API open and close blocks.
    fn block(&mut self, event: &Event<'_>, at: Option<Micros>, place: EventPlace) {
        let reader = Reader::new(event.data.as_bytes());
        let index = || reader.member("index").and_then(|mut index| index.count());
        let wrong = match event.kind.as_ref() {
            "message_start" => {
                let again = std::mem::replace(&mut self.blocks.message, true);
                again.then(|| "`message_start` comes twice".to_owned())
            }
            "ping" => {
                self.waits(at);
                None
            }
            "error" => None,
            kind if !self.blocks.message => Some(format!("`{kind}` comes before `message_start`")),
            "content_block_start" => {
                let index = index().unwrap_or(self.blocks.begun);
                self.blocks.tool = names_tool(&event.data);
                let (before, mut due) = (self.blocks.open.replace(index), self.blocks.begun);
                if std::mem::take(&mut self.blocks.unsure) {
                    due = index;
                }
                self.blocks.begun = index.saturating_add(1);
                match before {
                    Some(open) => Some(format!("block {index} begins while block {open} is open")),
                    None if index != due => Some(format!("block {index} begins; {due} was due")),
                    None => None,
                }
            }
            "content_block_delta" => {
                let (index, open) = (index(), self.blocks.open);
                (index.is_some() && index != open && !self.blocks.unsure).then(|| match (index, open) {
                    (Some(index), Some(open)) => format!("a delta of block {index} comes in block {open}"),
                    (index, _) => format!("a delta of block {} comes in none", index.unwrap_or_default()),
                })
            }
            "content_block_stop" => {
                let (index, open) = (index(), self.blocks.open.take());
                self.blocks.tool = false;
                (index.is_some() && index != open && !self.blocks.unsure)
                    .then(|| format!("block {} ends, which is not open", index.unwrap_or_default()))
            }
            "message_stop" => {
                self.ended = true;
                self.blocks.open.map(|open| format!("`message_stop` comes while block {open} is open"))
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.out_of_order(place, wrong);
        }
    }

    fn out_of_order(&mut self, place: EventPlace, what: String) {
        self.disorder.get_or_insert((place, what));
    }
}

/// What the pieces of one event were.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// One was of the answer.
    pub(super) content: bool,
    /// One was an error.
    pub(super) error: bool,
}

/// Whether a text is JSON, by the letter: SDKs do not read on at the least mistake.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether the block that an event of Messages begins is the input of a tool.
fn names_tool(data: &str) -> bool {
    let kind =
        Reader::new(data.as_bytes()).member("content_block").and_then(|block| block.member("type")?.text());
    kind.is_some_and(|kind| kind.ends_with("tool_use"))
}

/// Whether an event has `choices`, and none in them.
fn has_no_choices(data: &str) -> bool {
    let Some(mut choices) = Reader::new(data.as_bytes()).member("choices") else {
        return false;
    };
    let mut none = choices.shape() == Shape::Array;
    choices.array(|_, choice| {
        none = false;
        choice.skip();
    });
    none
}
