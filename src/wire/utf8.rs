//! Whether bytes that come in pieces are UTF-8, and where they are not.

/// Takes bytes in pieces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Utf8 {
    /// Bytes before those that wait.
    passed: u64,
    /// The start of a character, of which the rest is to come; three bytes at most.
    waiting: Vec<u8>,
    /// They begin with a byte order mark.
    pub begins_with_mark: bool,
    /// The bytes that come next may begin inside a character.
    after_gap: bool,
}

impl Utf8 {
    /// Takes the next bytes. Gives the offset of the first that is not UTF-8, if one is not.
    pub fn push(&mut self, mut bytes: &[u8]) -> Option<u64> {
        if std::mem::take(&mut self.after_gap) {
            let is_inside = |byte: &u8| byte & 0xc0 == 0x80;
            let rest = bytes.iter().take(3).take_while(|byte| is_inside(byte)).count();
            self.passed += rest as u64;
            bytes = bytes.get(rest..).unwrap_or_default();
        }
        while !self.waiting.is_empty()
            && let Some((next, rest)) = bytes.split_first()
        {
            self.waiting.push(*next);
            bytes = rest;
            match std::str::from_utf8(&self.waiting) {
                Ok(text) => {
                    self.begins_with_mark |= self.passed == 0 && text == "\u{feff}";
                    self.passed += self.waiting.len() as u64;
                    self.waiting.clear();
                }
                Err(error) if error.error_len().is_some() => return Some(self.passed),
                Err(_) => {}
            }
        }
        self.begins_with_mark |= self.passed == 0 && bytes.starts_with("\u{feff}".as_bytes());
        match std::str::from_utf8(bytes) {
            Ok(_) => {
                self.passed += bytes.len() as u64;
                None
            }
            Err(error) => {
                self.passed += error.valid_up_to() as u64;
                if error.error_len().is_some() {
                    return Some(self.passed);
                }
                self.waiting = bytes.get(error.valid_up_to()..).unwrap_or_default().to_vec();
                None
            }
        }
    }

    /// So many bytes are not there; whatever waits is dropped.
    pub fn gap(&mut self, missing: u64) {
        self.passed += self.waiting.len() as u64 + missing;
        self.waiting.clear();
        // What comes next may begin inside a character.
        self.after_gap = true;
    }

    /// Where the character begins that is not whole, if nothing more comes.
    pub fn cut_at(&self) -> Option<u64> {
        (!self.waiting.is_empty()).then_some(self.passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_it_ends_however_it_is_cut() {
        for (bytes, wrong, cut) in [
            (&b"plain"[..], None, None),
            ("Grüße 🦀".as_bytes(), None, None),
            (b"ab\xffcd", Some(2), None),
            (b"ab\xe2\x82", None, Some(2)),
            (b"\xf0\x9fA", Some(0), None),
        ] {
            for at in 0..=bytes.len() {
                for size in 1..=3 {
                    let (first, rest) = bytes.split_at(at);
                    let mut utf8 = Utf8::default();
                    let found =
                        std::iter::once(first).chain(rest.chunks(size)).find_map(|piece| utf8.push(piece));
                    assert_eq!(found, wrong, "{bytes:?} at {at} by {size}");
                    if wrong.is_none() {
                        assert_eq!(utf8.cut_at(), cut, "{bytes:?} at {at} by {size}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_mark_counts_at_the_start_only() {
        for (bytes, mark) in [("\u{feff}a", true), ("a\u{feff}", false)] {
            for size in 1..4 {
                let mut utf8 = Utf8::default();
                for piece in bytes.as_bytes().chunks(size) {
                    utf8.push(piece);
                }
                assert_eq!(utf8.begins_with_mark, mark, "{bytes:?} by {size}");
            }
        }
    }
}
