//! One line of an event stream, and the data of the block it belongs to.

use std::borrow::Cow;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field<'a> {
    /// It ends a block.
    Empty,
    /// It began with a colon; the text after it, less one space.
    Comment(&'a [u8]),
    /// A field's name and value; the value less one leading space, empty where there is no colon.
    Named(&'a [u8], &'a [u8]),
}

/// Where the data of the current block lies.
#[derive(Debug)]
pub(super) enum Data<'a> {
    /// In the block's own buffer, or there is none.
    Kept,
    /// In the piece that is being read, as one slice; the block's buffer is empty.
    Borrowed(&'a [u8]),
}

impl<'a> Field<'a> {
    pub(super) fn split(line: &'a [u8]) -> Self {
        if line.is_empty() {
            return Self::Empty;
        }
        let Some(colon) = memchr::memchr(b':', line) else {
            return Self::Named(line, &[]);
        };
        let (name, rest) = line.split_at_checked(colon).unwrap_or((line, &[]));
        let value = rest.strip_prefix(b":").unwrap_or(rest);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if name.is_empty() { Self::Comment(value) } else { Self::Named(name, value) }
    }
}

impl<'a> Data<'a> {
    /// Copies borrowed data into the block's buffer, because the piece is about to go.
    pub(super) fn keep(&mut self, buffer: &mut Vec<u8>) {
        if let Self::Borrowed(bytes) = self {
            buffer.extend_from_slice(bytes);
            *self = Self::Kept;
        }
    }

    pub(super) fn bytes<'b>(&self, buffer: &'b [u8]) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Self::Kept => buffer,
            Self::Borrowed(bytes) => bytes,
        }
    }
}

/// The text of `bytes`. Invalid UTF-8 becomes U+FFFD; a character that only the cap cut is dropped.
pub(super) fn text(bytes: &[u8], cut: bool) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(error) if cut && error.error_len().is_none() => {
            String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default())
        }
        Err(_) => String::from_utf8_lossy(bytes),
    }
}
