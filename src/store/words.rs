//! Words: what full text is made of. The same for what is written, what is asked and what is shown.

use std::ops::Range;

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The word in lower case.
    pub(super) text: String,
    /// The bytes it stands on.
    pub(super) at: Range<usize>,
}

/// The words of a text: runs of letters and digits. Scripts that put no blanks between words are taken
/// letter by letter, so that a part of a sentence is found as a row of such words.
pub(super) fn split(text: &str) -> impl Iterator<Item = Word> {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = chars.find(|(_, c)| c.is_alphanumeric())?;
        let mut end = start + first.len_utf8();
        if !stands_alone(first) {
            while let Some((at, c)) = chars.next_if(|(_, c)| c.is_alphanumeric() && !stands_alone(*c)) {
                end = at + c.len_utf8();
            }
        }
        let text = text.get(start..end).unwrap_or_default().to_lowercase();
        Some(Word { text, at: start..end })
    })
}

/// The words of a text with one blank between them: what the full-text index is given. Its tokenizer has
/// nothing left to decide.
pub(super) fn plain(text: &str) -> String {
    if text.is_ascii() {
        return plain_ascii(text.as_bytes());
    }
    let mut plain = String::with_capacity(text.len());
    for word in split(text) {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(&word.text);
    }
    plain
}

/// The same, faster: most texts have no other letters.
fn plain_ascii(text: &[u8]) -> String {
    let mut plain = Vec::with_capacity(text.len());
    for word in text.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if !plain.is_empty() {
            plain.push(b' ');
        }
        plain.extend_from_slice(word);
    }
    plain.make_ascii_lowercase();
    String::from_utf8(plain).unwrap_or_default()
}

/// Kana and Han letters.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}
