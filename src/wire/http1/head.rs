//! A head, line by line.

use super::Problem;
use bytes::Bytes;
use std::ops::Range;

/// More header lines than this are not read.
pub const LINE_LIMIT: usize = 2000;

/// A message's head: its bytes, and where its lines are.
#[derive(Debug, Clone)]
pub struct Head {
    raw: Bytes,
    start: Range<usize>,
    fields: Vec<FieldAt>,
}

/// One header as it stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name, with its case.
    pub name: &'a [u8],
    /// Its value without the white space around it; line ends inside, where it is folded.
    pub value: &'a [u8],
    /// Everything from its name up to the line end.
    pub line: &'a [u8],
    /// The line end as it stood.
    pub line_end: &'a [u8],
    /// It spans several lines.
    pub folded: bool,
}

/// The first line of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLine<'a> {
    /// The method.
    pub method: &'a [u8],
    /// The target, as sent.
    pub target: &'a [u8],
    /// The minor version: 0 or 1.
    pub minor: u8,
}

/// The first line of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusLine {
    /// The status.
    pub status: u16,
    /// The minor version: 0 or 1.
    pub minor: u8,
}

#[derive(Debug, Clone)]
struct FieldAt {
    name: Range<usize>,
    value: Range<usize>,
    line: Range<usize>,
    line_end: Range<usize>,
    folded: bool,
}

/// Where the head that starts the bytes ends: after its blank line. Looks from `from` on.
pub fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(newline) = memchr::memchr(b'\n', bytes.get(at..)?) {
        at += newline + 1;
        match bytes.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
    None
}

impl Head {
    /// Reads a request's head, strictly.
    ///
    /// # Errors
    /// What another reader could take for something else.
    pub fn request(raw: Bytes) -> Result<Self, Problem> {
        Self::parse(raw, true)
    }

    /// Reads an answer's head, kindly: a line that is no header stays where it is and means nothing, and so do
    /// empty lines before the first.
    ///
    /// # Errors
    /// [`Problem::TooManyLines`] alone.
    pub fn answer(raw: Bytes) -> Result<Self, Problem> {
        Self::parse(raw, false)
    }

    /// The bytes.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The empty lines before the first.
    pub fn lead(&self) -> &[u8] {
        self.raw.get(..self.start.start).unwrap_or_default()
    }

    /// The first line, without its end.
    pub fn start_line(&self) -> &[u8] {
        self.slice(&self.start)
    }

    /// The headers, in order.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.fields.iter().map(|at| Field {
            name: self.slice(&at.name),
            value: self.slice(&at.value),
            line: self.slice(&at.line),
            line_end: self.slice(&at.line_end),
            folded: at.folded,
        })
    }

    /// The headers of that name, compared without case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Field<'a>> {
        self.fields().filter(move |field| field.is(name))
    }

    /// The tokens of every header of that name: a comma-separated list.
    pub fn tokens<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.all(name).flat_map(|field| field.value.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii)
    }

    /// Whether one of those tokens is `token`, compared without case.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.tokens(name).any(|found| found.eq_ignore_ascii_case(token.as_bytes()))
    }

    fn slice(&self, at: &Range<usize>) -> &[u8] {
        self.raw.get(at.clone()).unwrap_or_default()
    }

    fn parse(raw: Bytes, strict: bool) -> Result<Self, Problem> {
        let mut head = Self { raw, start: 0..0, fields: Vec::new() };
        let bytes = head.raw.clone();
        let mut at = 0;
        let mut first = true;
        while let Some(newline) = memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default()) {
            let next = at + newline + 1;
            let end = if bytes.get(..next - 1).is_some_and(|line| line.ends_with(b"\r")) && next - 1 > at {
                next - 2
            } else {
                next - 1
            };
            let line = bytes.get(at..end).unwrap_or_default();
            if strict && line.contains(&b'\r') {
                return Err(Problem::BareCarriageReturn);
            }
            if first && !strict && line.is_empty() {
                // Still before it.
            } else if first {
                head.start = at..end;
                first = false;
            } else if !line.is_empty() {
                head.line(&bytes, at..end, end..next, strict)?;
            }
            at = next;
        }
        Ok(head)
    }

    fn line(
        &mut self,
        bytes: &[u8],
        at: Range<usize>,
        line_end: Range<usize>,
        strict: bool,
    ) -> Result<(), Problem> {
        let line = bytes.get(at.clone()).unwrap_or_default();
        if matches!(line.first(), Some(b' ' | b'\t')) {
            check_value(line, strict)?;
            let Some(field) = self.fields.last_mut() else {
                return if strict { Err(Problem::Folded) } else { Ok(()) };
            };
            field.folded = true;
            field.line.end = at.end;
            field.line_end = line_end;
            field.value = trim(bytes, field.value.start..at.end);
            return Ok(());
        }
        if self.fields.len() >= LINE_LIMIT {
            return Err(Problem::TooManyLines);
        }
        let colon = memchr::memchr(b':', line).map(|colon| at.start + colon);
        let colon = match colon {
            Some(colon) => colon,
            None if strict => return Err(Problem::NoColon),
            None => at.end,
        };
        let name = at.start..colon;
        let value = trim(bytes, (colon + 1).min(at.end)..at.end);
        if strict {
            let name = bytes.get(name.clone()).unwrap_or_default();
            if name.is_empty() || !name.iter().all(|&byte| is_token(byte)) {
                return Err(Problem::Name);
            }
        }
        check_value(bytes.get(value.clone()).unwrap_or_default(), strict)?;
        // Kindly read, white space before the colon belongs to nothing.
        let name = trim(bytes, name);
        self.fields.push(FieldAt { name, value, line: at, line_end, folded: false });
        Ok(())
    }
}

impl Field<'_> {
    /// Whether it has this name, compared without case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// Its value on one line: every fold is a space.
    pub fn unfolded(&self) -> Vec<u8> {
        let lines = self.value.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        lines.collect::<Vec<_>>().join(&b' ')
    }
}

impl<'a> RequestLine<'a> {
    /// Reads the first line of a request.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &'a [u8]) -> Result<Self, Problem> {
        let mut parts = line.split(|&byte| byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Problem::RequestLine);
        };
        if method.is_empty() || !method.iter().all(|&byte| is_token(byte)) {
            return Err(Problem::Method);
        }
        if target.is_empty() || target.iter().any(|&byte| byte <= b' ' || byte == 0x7f) {
            return Err(Problem::Target);
        }
        let minor = match version {
            b"HTTP/1.1" => 1,
            b"HTTP/1.0" => 0,
            _ => return Err(Problem::Version),
        };
        Ok(Self { method, target, minor })
    }
}

impl StatusLine {
    /// Reads the first line of an answer.
    ///
    /// # Errors
    /// [`Problem::StatusLine`].
    pub fn parse(line: &[u8]) -> Result<Self, Problem> {
        let minor = match line.get(..9) {
            Some(b"HTTP/1.1 ") => 1,
            Some(b"HTTP/1.0 ") => 0,
            _ => return Err(Problem::StatusLine),
        };
        let (Some(digits), None | Some(b' ')) = (line.get(9..12), line.get(12)) else {
            return Err(Problem::StatusLine);
        };
        let status = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        match status.and_then(|text| text.parse().ok()) {
            Some(status @ 100..) => Ok(Self { status, minor }),
            _ => Err(Problem::StatusLine),
        }
    }
}

fn check_value(value: &[u8], strict: bool) -> Result<(), Problem> {
    let control = |byte: u8| byte < b' ' && byte != b'\t' || byte == 0x7f;
    if strict && value.iter().any(|&byte| control(byte)) { Err(Problem::Value) } else { Ok(()) }
}

fn trim(bytes: &[u8], at: Range<usize>) -> Range<usize> {
    let slice = bytes.get(at.clone()).unwrap_or_default();
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let start = at.start + slice.iter().take_while(blank).count();
    let end = at.end - slice.iter().rev().take_while(blank).count();
    start..end.max(start)
}

/// Whether a byte can stand in a token, such as a header's name (RFC 9110 §5.6.2).
pub const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}
