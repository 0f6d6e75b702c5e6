//! An answer as a stream of events, each a line of JSON: what a model writes out piece by piece.
//!
//! A text that comes in pieces, one an event, is read as one. Pieces belong together that stand in a
//! member of the same name under the same `…index` numbers. Everything else is read as it stands. Broken
//! lines and broken JSON are read as far as they make sense; each line begins anew.

use super::raw::RawText;
use super::secrets::Secrets;
use super::sheet::Sheet;
use crate::gateway::keys;
use memchr::memchr2;

/// A stream with more texts than this at once loses sight of the oldest.
const MOST_TEXTS: usize = 64;

/// More index numbers than this at once tell no texts apart.
const MOST_INDICES: usize = 16;

/// No member that counts has a longer name.
const LONGEST_NAME: usize = 24;

/// The place in the stream.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Line,
    depth: u32,
    /// The member's name, without the rest of a longer one.
    name: Vec<u8>,
    /// A colon came last: a value follows.
    is_value: bool,
    /// The number that is being read, if it is an index.
    number: Option<u64>,
    /// The index numbers that hold here, each with its depth.
    indices: Vec<(u32, u64)>,
    texts: Vec<Text>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Line {
    /// So many bytes of it were `data:`.
    #[default]
    Begun,
    Field(usize),
    /// Between the strings of a JSON text.
    Json,
    /// In a string; `true` after a backslash.
    Name(bool),
    Other,
    String(bool),
    /// In the text of this number.
    Text(usize, bool),
}

/// One text that comes in pieces.
#[derive(Debug)]
struct Text {
    place: u64,
    raw: RawText,
}

impl Events {
    /// Reads `chunk`, which begins at the offset `start` of the body.
    pub(super) fn push(
        &mut self,
        chunk: &[u8],
        start: u64,
        raw: &mut RawText,
        secrets: &Secrets,
        sheet: &mut Sheet<'_>,
    ) {
        let mut unread = 0;
        let mut at = 0;
        while let Some(byte) = chunk.get(at).copied() {
            if let Line::Text(index, escaped) = self.line {
                let (length, end) = piece(chunk.get(at..).unwrap_or_default(), escaped);
                if let Some(text) = self.texts.get_mut(index) {
                    text.raw.push(slice(chunk, at, at + length), start + at as u64, secrets, sheet);
                }
                at += length;
                match end {
                    PieceEnd::Closed => self.close_text(index, secrets, sheet),
                    PieceEnd::Open { escaped } => self.line = Line::Text(index, escaped),
                }
                unread = at;
                continue;
            }
            if self.line == Line::Other {
                let rest = chunk.get(at..).unwrap_or_default();
                let Some(end) = memchr2(b'\n', b'\r', rest) else { break };
                at += end;
                self.line = Line::Begun;
            } else {
                self.step(byte);
                if matches!(self.line, Line::Text(..)) {
                    // The quote ends what stands before it.
                    raw.push(slice(chunk, unread, at + 1), start + unread as u64, secrets, sheet);
                    raw.end(secrets, sheet);
                    unread = at + 1;
                }
            }
            at += 1;
        }
        if !matches!(self.line, Line::Text(..)) {
            raw.push(slice(chunk, unread, chunk.len()), start + unread as u64, secrets, sheet);
        }
    }

    /// The chunk ends here and the stream may go on.
    pub(super) fn cover(&mut self, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        for text in &mut self.texts {
            text.raw.cover(secrets, sheet);
        }
    }

    /// The line ends here, without a line feed.
    pub(super) fn end_line(&mut self, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        if let Line::Text(index, _) = self.line {
            self.close_text(index, secrets, sheet);
        }
        self.begin_line();
    }

    /// The stream ends here.
    pub(super) fn end(&mut self, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        if let Line::Text(index, _) = self.line {
            self.close_text(index, secrets, sheet);
        }
        for text in &mut self.texts {
            text.raw.end(secrets, sheet);
        }
    }

    fn close_text(&mut self, index: usize, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        if let Some(text) = self.texts.get_mut(index) {
            text.raw.pause(secrets, sheet);
        }
        // The quote or line end that closes it is read as one outside.
        self.line = Line::String(false);
    }

    fn step(&mut self, byte: u8) {
        const DATA: &[u8] = b"data:";
        if matches!(byte, b'\n' | b'\r') {
            self.begin_line();
            return;
        }
        match self.line {
            Line::Begun | Line::Field(_) => {
                let matched = if let Line::Field(matched) = self.line { matched } else { 0 };
                self.line = match byte {
                    b'{' | b'[' if matched == 0 || matched == DATA.len() => {
                        self.depth = 1;
                        Line::Json
                    }
                    b' ' if matched == DATA.len() => self.line,
                    _ if DATA.get(matched) == Some(&byte) => Line::Field(matched + 1),
                    _ => Line::Other,
                };
            }
            Line::Json => self.outside(byte),
            Line::Name(escaped) => {
                if byte == b'"' && !escaped {
                    self.line = Line::Json;
                } else {
                    self.line = Line::Name(byte == b'\\' && !escaped);
                    if self.name.len() < LONGEST_NAME {
                        self.name.push(byte);
                    }
                }
            }
            Line::String(escaped) => {
                self.line = if byte == b'"' && !escaped {
                    Line::Json
                } else {
                    Line::String(byte == b'\\' && !escaped)
                };
            }
            Line::Other | Line::Text(..) => {}
        }
    }

    fn outside(&mut self, byte: u8) {
        if let Some(number) = &mut self.number {
            if byte.is_ascii_digit() {
                *number = number.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
                return;
            }
            if byte != b' ' {
                let number = *number;
                self.number = None;
                if self.indices.len() < MOST_INDICES {
                    self.indices.push((self.depth, number));
                }
            }
        }
        match byte {
            b'"' if !self.is_value => {
                self.name.clear();
                self.line = Line::Name(false);
            }
            b'"' => {
                self.is_value = false;
                self.line = if keys::table().is_delta(&self.name) {
                    Line::Text(self.text(), false)
                } else {
                    Line::String(false)
                };
            }
            b':' => {
                self.is_value = true;
                if self.name.ends_with(b"index") {
                    self.number = Some(0);
                }
            }
            b' ' | b'\t' => {}
            b'{' | b'[' => {
                self.is_value = false;
                self.depth = self.depth.saturating_add(1);
            }
            b'}' | b']' => {
                self.is_value = false;
                self.indices.retain(|(depth, _)| *depth < self.depth);
                self.depth = self.depth.saturating_sub(1);
            }
            _ => self.is_value = false,
        }
    }

    fn begin_line(&mut self) {
        self.line = Line::Begun;
        self.depth = 0;
        self.is_value = false;
        self.number = None;
        self.indices.clear();
        self.name.clear();
    }

    /// The number of the text that goes on here.
    fn text(&mut self) -> usize {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.name.hash(&mut hasher);
        self.indices.hash(&mut hasher);
        let place = hasher.finish();
        if let Some(index) = self.texts.iter().position(|text| text.place == place) {
            return index;
        }
        if self.texts.len() >= MOST_TEXTS {
            // What it holds hidden stays hidden.
            self.texts.remove(0);
        }
        self.texts.push(Text { place, raw: RawText::default() });
        self.texts.len() - 1
    }
}

/// How a piece of a text ends.
enum PieceEnd {
    /// At a quote or a line end.
    Closed,
    /// With the chunk, perhaps after a backslash.
    Open { escaped: bool },
}

/// How much of `rest` belongs to the text that it begins in, perhaps after a backslash, and how that ends.
fn piece(rest: &[u8], mut escaped: bool) -> (usize, PieceEnd) {
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b'\n' | b'\r' => return (at, PieceEnd::Closed),
            b'"' if !escaped => return (at, PieceEnd::Closed),
            byte => escaped = *byte == b'\\' && !escaped,
        }
    }
    (rest.len(), PieceEnd::Open { escaped })
}

fn slice(chunk: &[u8], from: usize, to: usize) -> &[u8] {
    chunk.get(from..to).unwrap_or_default()
}
