//! A tolerant reader of JSON that goes through a text once and builds nothing.
//!
//! Traffic has JSON of any shape, and JSON that stops in the middle. A reader asks for what it wants; a
//! value of another shape is skipped and yields nothing, and a text that breaks off yields all that stood
//! before. Nesting costs no stack.
//!
//! This is a reader, not a validator: it takes some texts that are not JSON.

use std::borrow::Cow;

/// A place in a JSON text.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    end: End,
}

/// The shape of the value that comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `"`
    Text,
    /// A digit or `-`.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`
    Null,
    /// The text is over.
    Nothing,
    /// No value begins like this.
    Broken,
}

/// How reading has fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nothing wrong so far.
    Fine,
    /// The text is over in the middle of a value.
    Unfinished,
    /// It is not JSON.
    Broken,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes), at: 0, end: End::Fine }
    }

    /// How reading has fared.
    pub fn end(&self) -> End {
        self.end
    }

    /// The shape of the value that comes next.
    pub fn shape(&mut self) -> Shape {
        self.space();
        match self.peek() {
            Some(b'{') => Shape::Object,
            Some(b'[') => Shape::Array,
            Some(b'"') => Shape::Text,
            Some(b'-' | b'0'..=b'9') => Shape::Number,
            Some(b't' | b'f') => Shape::Bool,
            Some(b'n') => Shape::Null,
            None => Shape::Nothing,
            Some(_) => Shape::Broken,
        }
    }

    /// Goes through an object. `member` is given each name and a reader at its value; what it leaves
    /// unread is skipped. Any other value is skipped whole.
    pub fn object(&mut self, mut member: impl FnMut(&str, &mut Self)) {
        self.container(Shape::Object, |reader| {
            let Some(name) = reader.text() else {
                reader.fail();
                return;
            };
            reader.space();
            match reader.peek() {
                Some(b':') => {
                    reader.at += 1;
                    reader.value(|value| member(&name, value));
                }
                Some(_) => reader.fail(),
                None => reader.stop(End::Unfinished),
            }
        });
    }

    /// Goes through an array. `element` is given each index and a reader at the value.
    pub fn array(&mut self, mut element: impl FnMut(usize, &mut Self)) {
        let mut index = 0;
        self.container(Shape::Array, |reader| {
            reader.value(|value| element(index, value));
            index += 1;
        });
    }

    /// A reader at the first member called `name` of the object that comes next. Does not move this one.
    pub fn member(&self, name: &str) -> Option<Self> {
        let mut found = None;
        self.clone().object(|key, value| {
            if found.is_none() && key == name {
                found = Some(value.clone());
                // Nothing after it is wanted: the look-ahead ends here.
                value.at = value.bytes.len();
            }
        });
        found
    }

    /// The text that comes next; of an unfinished one, what there is. Invalid UTF-8 becomes U+FFFD.
    pub fn text(&mut self) -> Option<Cow<'a, str>> {
        if self.shape() != Shape::Text {
            self.skip();
            return None;
        }
        let start = self.at + 1;
        let escaped = self.end_of_text();
        let closed = self.end == End::Fine;
        let end = if closed { self.at - 1 } else { self.at };
        let raw = self.bytes.get(start..end).unwrap_or_default();
        Some(if escaped { Cow::Owned(unescape(raw)) } else { String::from_utf8_lossy(raw) })
    }

    /// The text that comes next, if it is one and not empty.
    pub fn filled(&mut self) -> Option<Cow<'a, str>> {
        self.text().filter(|text| !text.is_empty())
    }

    /// The number that comes next.
    pub fn number(&mut self) -> Option<f64> {
        self.number_text()?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// The number that comes next, if it is whole and not negative. `3.0` is taken as 3.
    pub fn count(&mut self) -> Option<u64> {
        let text = self.number_text()?;
        text.parse().ok().or_else(|| {
            let number = text.parse::<f64>().ok()?;
            ((0.0..9e15).contains(&number) && number.fract() == 0.0).then_some(number as u64)
        })
    }

    /// The digits of the number that comes next, as written.
    pub fn number_text(&mut self) -> Option<&'a str> {
        let is_number = self.shape() == Shape::Number;
        let raw = self.raw();
        is_number.then(|| std::str::from_utf8(raw).ok()).flatten()
    }

    /// The truth value that comes next.
    pub fn truth(&mut self) -> Option<bool> {
        match (self.shape(), self.raw()) {
            (Shape::Bool, b"true") => Some(true),
            (Shape::Bool, b"false") => Some(false),
            _ => None,
        }
    }

    /// Skips the value that comes next and gives its bytes, as written.
    pub fn raw(&mut self) -> &'a [u8] {
        self.space();
        let start = self.at;
        self.skip();
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// Skips the value that comes next.
    pub fn skip(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.shape() {
                Shape::Object | Shape::Array => {
                    depth += 1;
                    self.at += 1;
                }
                Shape::Text => {
                    self.end_of_text();
                }
                Shape::Number | Shape::Bool | Shape::Null => self.word(),
                Shape::Nothing => return self.stop(End::Unfinished),
                Shape::Broken => match self.peek() {
                    Some(b'}' | b']') if depth > 0 => {
                        depth -= 1;
                        self.at += 1;
                    }
                    Some(b',' | b':') if depth > 0 => self.at += 1,
                    _ => return self.fail(),
                },
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Whether nothing but white space is left.
    pub fn is_at_end(&mut self) -> bool {
        self.shape() == Shape::Nothing
    }

    fn container(&mut self, shape: Shape, mut entry: impl FnMut(&mut Self)) {
        if self.shape() != shape {
            return self.skip();
        }
        let close = if shape == Shape::Object { b'}' } else { b']' };
        self.at += 1;
        loop {
            self.space();
            match self.peek() {
                Some(byte) if byte == close => {
                    self.at += 1;
                    return;
                }
                Some(b',') => self.at += 1,
                Some(_) => entry(self),
                None => return self.stop(End::Unfinished),
            }
        }
    }

    /// Lets `read` take the value that comes next, and skips it if it was left.
    fn value(&mut self, read: impl FnOnce(&mut Self)) {
        self.space();
        let start = self.at;
        read(self);
        if self.at == start {
            self.skip();
        }
    }

    /// Moves past a text and says whether it has escapes. The reader stands at its opening quote.
    fn end_of_text(&mut self) -> bool {
        let mut escaped = false;
        self.at += 1;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            match memchr::memchr2(b'"', b'\\', rest) {
                None => {
                    self.stop(End::Unfinished);
                    return escaped;
                }
                Some(found) if rest.get(found) == Some(&b'"') => {
                    self.at += found + 1;
                    return escaped;
                }
                Some(found) => {
                    escaped = true;
                    self.at = self.at.saturating_add(found + 2).min(self.bytes.len());
                }
            }
        }
    }

    fn word(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| !matches!(byte, b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z'))
            .unwrap_or(rest.len());
        self.at += length.max(1);
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn fail(&mut self) {
        self.stop(End::Broken);
    }

    fn stop(&mut self, end: End) {
        if self.end == End::Fine {
            self.end = end;
        }
        self.at = self.bytes.len();
    }
}

/// The text of the inside of a JSON string. A broken escape becomes U+FFFD.
fn unescape(raw: &[u8]) -> String {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        let simple = match escape.get(1) {
            Some(b'n') => Some(b'\n'),
            Some(b't') => Some(b'\t'),
            Some(b'r') => Some(b'\r'),
            Some(b'b') => Some(8),
            Some(b'f') => Some(12),
            Some(byte @ (b'"' | b'\\' | b'/')) => Some(*byte),
            _ => None,
        };
        let used = if let Some(byte) = simple {
            out.push(byte);
            2
        } else if escape.get(1) == Some(&b'u') {
            let (character, used) = unicode(escape);
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            used
        } else {
            out.extend_from_slice("\u{fffd}".as_bytes());
            2
        };
        rest = escape.get(used..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    match String::from_utf8_lossy(&out) {
        Cow::Owned(text) => text,
        Cow::Borrowed(text) => text.to_owned(),
    }
}

/// The character of `\uXXXX` or of a surrogate pair at the start of `escape`, and how long it is written.
fn unicode(escape: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let digits = escape.get(at..at + 4).filter(|d| d.iter().all(u8::is_ascii_hexdigit))?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let Some(first) = unit(2) else {
        return (char::REPLACEMENT_CHARACTER, 2);
    };
    if let 0xd800..0xdc00 = first
        && escape.get(6..8) == Some(b"\\u")
        && let Some(second @ 0xdc00..0xe000) = unit(8)
    {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}
