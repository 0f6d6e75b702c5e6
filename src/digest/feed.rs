//! The body of an answer, decoded and told apart: an event stream or a plain body.

use crate::exchange::head::{Headers, ResponseHead};
use crate::wire::coding::{Decoder, Problem};
use crate::wire::event_stream::{Item, Parser, Span};
use crate::wire::json_lines::JsonLines;
use crate::wire::media::{self, Looks};
use crate::wire::utf8::Utf8;

/// How much of a plain answer is kept to be read: 8 MiB.
const PLAIN_CAP: usize = 8 * 1024 * 1024;

/// How much is kept of a body that does not look like JSON: its beginning says what it is.
pub(super) const OTHER_CAP: usize = 1024 * 1024;

/// One body on its way from chunks to items or to a plain text.
///
/// What the head calls an event stream is read as one. Any other body is, too, if it begins like one:
/// SDKs do not look at the media type. A declared stream that begins like JSON is also kept as a plain
/// text, because gateways send errors like that. What the head calls JSON lines is a stream of those.
#[derive(Debug)]
pub(super) struct Feed {
    decoder: Option<Decoder>,
    decoded: Vec<u8>,
    kind: Kind,
    parser: Parser,
    lines: JsonLines,
    utf8: Utf8,
    not_utf8: Option<u64>,
    has_cr: bool,
    plain: Plain,
    /// A coded body has a gap, after which nothing can be read.
    stopped: bool,
    /// The bytes since the last complete item, if they are wanted.
    tail: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Not declared a stream, and too short to tell.
    Undecided,
    /// Declared a stream, and too short to tell what it looks like.
    Declared,
    Stream,
    /// JSON documents, one a line.
    Lines,
    /// Declared a stream; looks like JSON.
    Both,
    Plain,
}

/// The kept part of a plain body.
#[derive(Debug, Default)]
struct Plain {
    bytes: Vec<u8>,
    /// No more is kept.
    closed: bool,
    /// It does not look like JSON.
    is_other: bool,
}

impl Feed {
    pub(super) fn new(head: &ResponseHead) -> Self {
        let kind = if media::is_event_stream(&head.headers) {
            Kind::Declared
        } else if media::is_json_lines(&head.headers) {
            Kind::Lines
        } else {
            Kind::Undecided
        };
        Self {
            decoder: decoder(&head.headers),
            decoded: Vec::new(),
            kind,
            parser: Parser::new(),
            lines: JsonLines::default(),
            utf8: Utf8::default(),
            not_utf8: None,
            has_cr: false,
            plain: Plain::default(),
            stopped: false,
            tail: None,
        }
    }

    /// The same, keeping what [`Self::partial`] needs.
    pub(super) fn keeping_tail(head: &ResponseHead) -> Self {
        Self { tail: Some(Vec::new()), ..Self::new(head) }
    }

    /// Where what was begun and has not ended stands in the stream, and its bytes.
    pub(super) fn partial(&self) -> Option<(Span, &[u8])> {
        Some((self.leftover()?, self.tail.as_deref()?))
    }

    /// Whether the body is a stream, declared or by its looks.
    pub(super) fn is_stream(&self) -> bool {
        matches!(self.kind, Kind::Declared | Kind::Stream | Kind::Both | Kind::Lines)
    }

    /// What is kept of a body that is, or may be, plain.
    pub(super) fn plain(&self) -> Option<&[u8]> {
        matches!(self.kind, Kind::Plain | Kind::Both | Kind::Undecided).then_some(&self.plain.bytes)
    }

    /// Whether nothing of the plain body is missing.
    pub(super) fn plain_is_all(&self) -> bool {
        !self.plain.closed && self.coding_problem().is_none()
    }

    /// Why a coded body is not read any further.
    pub(super) fn coding_problem(&self) -> Option<&Problem> {
        self.decoder.as_ref()?.problem()
    }

    /// What was begun in the stream and has not ended.
    pub(super) fn leftover(&self) -> Option<Span> {
        match self.kind {
            Kind::Lines => self.lines.leftover(),
            Kind::Declared | Kind::Stream | Kind::Both => self.parser.leftover(),
            Kind::Undecided | Kind::Plain => None,
        }
    }

    /// Whether the stream begins with a byte order mark.
    pub(super) fn has_byte_order_mark(&self) -> bool {
        self.utf8.begins_with_mark
    }

    /// Whether a line of the stream ended with a CR.
    pub(super) fn has_cr(&self) -> bool {
        self.has_cr
    }

    /// The offset of the first byte of the stream that is not UTF-8. With `ended` a character that is not
    /// whole counts too.
    pub(super) fn not_utf8(&self, ended: bool) -> Option<u64> {
        self.not_utf8.or_else(|| self.utf8.cut_at().filter(|_| ended))
    }

    /// Reads the next piece of the body as it passed.
    pub(super) fn push(&mut self, piece: &[u8], mut sink: impl FnMut(Item<'_>)) {
        if self.stopped {
            return;
        }
        match self.decoder.take() {
            None => self.read(piece, &mut sink),
            Some(mut decoder) => {
                let mut decoded = std::mem::take(&mut self.decoded);
                decoded.clear();
                decoder.push(piece, &mut decoded);
                self.decoder = Some(decoder);
                self.read(&decoded, &mut sink);
                self.decoded = decoded;
            }
        }
    }

    /// Tells that `missing` bytes are not there. A coded body cannot be read any further.
    pub(super) fn gap(&mut self, missing: u64) {
        self.plain.closed = true;
        self.stopped |= self.decoder.is_some();
        self.utf8.gap(missing);
        self.parser.gap(missing);
        self.lines.gap(missing);
        if let Some(tail) = &mut self.tail {
            tail.clear();
        }
    }

    /// Reads what the decoder still holds back, because no more will come.
    pub(super) fn finish(&mut self, mut sink: impl FnMut(Item<'_>)) {
        if let Some(decoder) = &mut self.decoder
            && !self.stopped
        {
            let mut decoded = Vec::new();
            decoder.finish(&mut decoded);
            self.read(&decoded, &mut sink);
        }
        if self.kind == Kind::Lines {
            self.lines.finish(sink);
        }
    }

    fn read(&mut self, bytes: &[u8], sink: &mut impl FnMut(Item<'_>)) {
        match self.kind {
            Kind::Stream | Kind::Lines => self.parse(bytes, sink),
            Kind::Plain => self.plain.push(bytes),
            Kind::Both => {
                self.plain.push(bytes);
                self.parse(bytes, sink);
            }
            Kind::Declared => {
                self.plain.push(bytes);
                match media::looks(&self.plain.bytes) {
                    None => {}
                    Some(Looks::Json) => self.kind = Kind::Both,
                    Some(Looks::EventStream | Looks::Other) => {
                        self.kind = Kind::Stream;
                        self.plain.bytes = Vec::new();
                    }
                }
                self.parse(bytes, sink);
            }
            Kind::Undecided => {
                self.plain.push(bytes);
                match media::looks(&self.plain.bytes) {
                    None => {}
                    Some(Looks::EventStream) => {
                        self.kind = Kind::Stream;
                        let start = std::mem::take(&mut self.plain.bytes);
                        self.parse(&start, sink);
                    }
                    Some(looks) => {
                        self.kind = Kind::Plain;
                        self.plain.is_other = looks == Looks::Other;
                    }
                }
            }
        }
    }
}

impl Feed {
    fn parse(&mut self, bytes: &[u8], sink: &mut impl FnMut(Item<'_>)) {
        if self.kind == Kind::Lines {
            self.lines.push(bytes, sink);
        } else {
            self.has_cr = self.has_cr || memchr::memchr(b'\r', bytes).is_some();
            self.not_utf8 = self.not_utf8.or_else(|| self.utf8.push(bytes));
            self.parser.push(bytes, sink);
        }
        let wanted = self.leftover().map_or(0, |span| span.length);
        if let Some(tail) = &mut self.tail {
            tail.extend_from_slice(bytes);
            let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
            tail.drain(..tail.len().saturating_sub(wanted));
        }
    }
}

impl Plain {
    fn push(&mut self, bytes: &[u8]) {
        if self.closed {
            return;
        }
        let cap = if self.is_other { OTHER_CAP } else { PLAIN_CAP };
        let kept = bytes.get(..cap.saturating_sub(self.bytes.len())).unwrap_or(bytes);
        self.bytes.extend_from_slice(kept);
        self.closed = kept.len() < bytes.len();
    }
}

/// A decoder, if the body of `headers` is coded.
pub(super) fn decoder(headers: &Headers) -> Option<Decoder> {
    Some(Decoder::for_headers(headers)).filter(Decoder::is_coded)
}
