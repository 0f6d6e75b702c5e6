//! Heads as they stood on the wire: every header with its case, its order and its bytes.

use super::time::Micros;
use bytes::Bytes;
use compact_str::CompactString;
use std::slice::Iter;
use std::sync::Arc;

/// Header lines in the order they came, names with their case, values as bytes. Cheap to clone: they go from one
/// thread to the next with every exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Arc<Vec<Line>>);

/// One header line: its name and its value.
pub type Line = (Name, Bytes);

/// The name of a header, with its case. Most take no memory of their own.
pub type Name = CompactString;

/// The head of a request as the app sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// The method, as sent.
    pub method: String,
    /// The request target, as sent: `/v1/models?x=1`, or an absolute URL.
    pub target: String,
    /// The protocol of the app's side: `HTTP/1.0`, `HTTP/1.1` or `HTTP/2`.
    pub version: String,
    /// The header lines.
    pub headers: Headers,
    /// The bytes of the whole head (HTTP/1 only); `None` where there were no such bytes.
    pub raw: Option<Bytes>,
}

/// The head of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHead {
    /// The status code.
    pub status: u16,
    /// The protocol of the gateway's side.
    pub version: String,
    /// The header lines.
    pub headers: Headers,
    /// The bytes of the whole head (HTTP/1 only); `None` where there were no such bytes.
    pub raw: Option<Bytes>,
}

/// The head of an interim answer: `100 Continue`, `103 Early Hints`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterimHead {
    /// When it was there.
    pub at: Micros,
    /// Its bytes.
    pub raw: Bytes,
}

impl InterimHead {
    /// The status code, where there is one.
    pub fn status(&self) -> Option<u16> {
        let code = self.start_line().split(|&byte| byte == b' ').nth(1)?;
        std::str::from_utf8(code).ok()?.parse().ok()
    }

    /// The start line, without its line end.
    pub fn start_line(&self) -> &[u8] {
        self.raw.split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii_end()
    }
}

impl RequestHead {
    /// The path part of the target, as sent.
    pub fn path(&self) -> &str {
        split_target(&self.target).0
    }

    /// The query part of the target without its `?`, as sent.
    pub fn query(&self) -> Option<&str> {
        split_target(&self.target).1
    }
}

impl Headers {
    /// The lines, in order.
    pub fn iter(&self) -> Iter<'_, Line> {
        self.0.iter()
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lines, to be changed.
    pub fn lines_mut(&mut self) -> &mut Vec<Line> {
        Arc::make_mut(&mut self.0)
    }

    /// The first value of `name`, compared without case.
    pub fn first(&self, name: &str) -> Option<&Bytes> {
        self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The first value of `name` as text; `None` also where it is not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.first(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Every value of `name`, compared without case, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Bytes> {
        self.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Headers {
    /// The header lines of an HTTP/1 head, from its start line on. Tolerant: a line without a colon is a
    /// name without a value; folded lines belong to the value before them; white space around a value goes.
    ///
    /// The values share the memory of `head`.
    pub fn from_raw_head(head: &Bytes) -> Self {
        Self::from_block(&after_start_line(head))
    }

    /// As [`Headers::from_raw_head`], but all that stands between a value's colon and the end of its line
    /// is kept, save one space after the colon.
    pub fn from_raw_head_untrimmed(head: &Bytes) -> Self {
        Self::parse(&after_start_line(head), |value| value.strip_prefix(b" ").unwrap_or(value))
    }

    /// The header lines of a block of `name: value` lines. The values share its memory.
    pub fn from_block(block: &Bytes) -> Self {
        Self::parse(block, <[u8]>::trim_ascii)
    }

    fn parse(block: &Bytes, trim: impl Fn(&[u8]) -> &[u8]) -> Self {
        let mut lines: Vec<Line> = Vec::with_capacity(16);
        for line in block.split(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            if let (Some(b' ' | b'\t'), Some((_, value))) = (line.first(), lines.last_mut()) {
                *value = [value.as_ref(), b" ", line.trim_ascii()].concat().into();
                continue;
            }
            // A leading colon belongs to the name of a pseudo-header.
            let colon = line.iter().skip(1).position(|&byte| byte == b':').map_or(line.len(), |at| at + 1);
            let (name, value) = line.split_at(colon);
            let value = trim(value.strip_prefix(b":").unwrap_or(value));
            lines.push((Name::from_utf8_lossy(name), block.slice_ref(value)));
        }
        Self(Arc::new(lines))
    }

    /// The header lines as a block that [`Headers::from_block`] reads back.
    pub fn to_block(&self) -> Vec<u8> {
        let mut block =
            Vec::with_capacity(self.iter().map(|(name, value)| name.len() + value.len() + 4).sum());
        for (name, value) in self {
            block.extend_from_slice(name.as_bytes());
            block.extend_from_slice(b": ");
            block.extend_from_slice(value);
            block.extend_from_slice(b"\r\n");
        }
        block
    }
}

impl<N: Into<Name>, V: Into<Bytes>> FromIterator<(N, V)> for Headers {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(lines: T) -> Self {
        Self(Arc::new(lines.into_iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Line;
    type IntoIter = Iter<'a, Line>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The part of a head that follows its first line.
fn after_start_line(head: &Bytes) -> Bytes {
    // Empty lines can stand before it.
    let blank = head.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let line = head.iter().skip(blank).position(|&byte| byte == b'\n');
    head.slice(line.map_or(head.len(), |at| blank + at + 1)..)
}

/// Splits a request target into path and query. An absolute target loses its scheme and authority.
pub fn split_target(target: &str) -> (&str, Option<&str>) {
    let origin_form = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => {
            rest.find(['/', '?']).map_or("/", |at| rest.get(at..).unwrap_or("/"))
        }
        _ => target,
    };
    match origin_form.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (origin_form, None),
    }
}
