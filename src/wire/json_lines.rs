//! JSON documents, one a line, read as they come.
//!
//! A line ends at its LF; a CR before it is not part of it, and an empty line is nothing. Memory is bounded
//! by the cap, and what exceeds it is counted, not refused.

use super::event_stream::{DEFAULT_CAP, Event, Item, Span};
use super::json::{End, Reader};
use std::borrow::Cow;

/// An incremental reader of one stream of lines. Each line is an event of type `message`, so that whoever
/// reads event streams reads these as well.
#[derive(Debug)]
pub struct JsonLines {
    cap: usize,
    /// Bytes consumed, over all pieces.
    offset: u64,
    line_start: u64,
    carry: Vec<u8>,
    omitted: u64,
    /// The rest of a line comes, of which the start is not known.
    resync: bool,
}

impl Default for JsonLines {
    fn default() -> Self {
        Self::with_cap(DEFAULT_CAP)
    }
}

impl JsonLines {
    /// A reader that keeps at most `cap` bytes of a line.
    pub fn with_cap(cap: usize) -> Self {
        Self { cap, offset: 0, line_start: 0, carry: Vec::new(), omitted: 0, resync: false }
    }

    /// Reads the next piece and hands every line that it completes to `sink`.
    pub fn push(&mut self, piece: &[u8], mut sink: impl FnMut(Item<'_>)) {
        let mut rest = piece;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            let (line, tail) = rest.split_at_checked(at).unwrap_or((rest, &[]));
            self.offset += at as u64 + 1;
            rest = tail.get(1..).unwrap_or_default();
            self.keep(line);
            self.line(&mut sink);
        }
        self.offset += rest.len() as u64;
        self.keep(rest);
    }

    /// Gives the last line, if it lacks its end and is a whole document: nothing more comes.
    pub fn finish(&mut self, mut sink: impl FnMut(Item<'_>)) {
        let mut reader = Reader::new(&self.carry);
        reader.skip();
        if reader.end() == End::Fine && !self.carry.is_empty() && self.omitted == 0 {
            self.line(&mut sink);
        }
    }

    /// Tells that `missing` bytes are not there. Reading goes on after the next line end.
    pub fn gap(&mut self, missing: u64) {
        self.offset += missing;
        self.line_start = self.offset;
        self.carry.clear();
        self.omitted = 0;
        self.resync = true;
    }

    /// The line that was begun and has not ended.
    pub fn leftover(&self) -> Option<Span> {
        (!self.carry.trim_ascii().is_empty()).then(|| Span::between(self.line_start, self.offset))
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.cap.saturating_sub(self.carry.len());
        let kept = bytes.get(..room).unwrap_or(bytes);
        self.carry.extend_from_slice(kept);
        self.omitted += (bytes.len() - kept.len()) as u64;
    }

    fn line(&mut self, sink: &mut impl FnMut(Item<'_>)) {
        let line = self.carry.strip_suffix(b"\r").unwrap_or(&self.carry);
        if !line.trim_ascii().is_empty() && !self.resync {
            sink(Item::Event(Event {
                kind: Cow::Borrowed("message"),
                data: String::from_utf8_lossy(line),
                id: Cow::Borrowed(""),
                span: Span::between(self.line_start, self.offset),
                omitted: self.omitted,
            }));
        }
        self.resync = false;
        self.carry.clear();
        self.omitted = 0;
        self.line_start = self.offset;
    }
}
