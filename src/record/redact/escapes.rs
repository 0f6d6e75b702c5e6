//! Escapes of JSON, undone byte by byte.

use super::sheet::Unit;

/// The beginning of an escape, until the rest of it comes.
#[derive(Debug, Default)]
pub(super) struct Escapes {
    pending: Vec<u8>,
    at: u64,
}

/// The longest escape: `\uXXXX`.
pub(super) const LONGEST: usize = 6;

/// The longest of an escape in a JSON text that stands in a JSON text: `\u005cuXXXX`, mostly `\\uXXXX`.
pub(super) const LONGEST_TWICE: usize = 11;

/// What stands for a character beyond ASCII.
const BEYOND: u8 = 0xFF;

impl Escapes {
    /// Whether an escape has begun and not ended.
    pub(super) fn is_open(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Takes the byte at the offset `at` of the body. What is no escape stands for itself.
    pub(super) fn push(&mut self, byte: u8, at: u64, mut emit: impl FnMut(Unit)) {
        if self.pending.is_empty() {
            if byte == b'\\' {
                self.at = at;
                self.pending.push(byte);
            } else {
                emit(Unit::plain(byte, at));
            }
            return;
        }
        if goes_on(self.pending.len(), byte) {
            self.pending.push(byte);
            if let Some(character) = meaning(&self.pending) {
                emit(
                    Unit::spelled(character, &self.pending, self.at).unwrap_or_else(|| Unit::plain(byte, at)),
                );
                self.pending.clear();
            }
            return;
        }
        self.flush(&mut emit);
        self.push(byte, at, emit);
    }

    /// Nothing more comes: what was begun stands for itself.
    pub(super) fn flush(&mut self, mut emit: impl FnMut(Unit)) {
        for (at, byte) in (self.at..).zip(std::mem::take(&mut self.pending)) {
            emit(Unit::plain(byte, at));
        }
    }
}

/// Whether `byte` may follow the first `length` bytes of an escape.
pub(super) fn goes_on(length: usize, byte: u8) -> bool {
    match length {
        1 => matches!(byte, b'u' | b'n' | b'r' | b't' | b'b' | b'f' | b'"' | b'\\' | b'/'),
        _ => byte.is_ascii_hexdigit(),
    }
}

/// The character that a whole escape stands for.
pub(super) fn meaning(escape: &[u8]) -> Option<u8> {
    match escape {
        [b'\\', b'n' | b'r' | b't' | b'b' | b'f'] => Some(b'\n'),
        [b'\\', byte @ (b'"' | b'\\' | b'/')] => Some(*byte),
        [b'\\', b'u', digits @ ..] if digits.len() == 4 => {
            let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
            Some(u8::try_from(code).ok().filter(u8::is_ascii).unwrap_or(BEYOND))
        }
        _ => None,
    }
}
