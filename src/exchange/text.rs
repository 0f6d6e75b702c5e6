//! Text from elsewhere, made safe to show.

use std::borrow::Cow;

/// `text` as one line that a terminal can show without being led astray.
///
/// Recorded text is hostile: it may hold escape sequences, line breaks and characters that turn the
/// direction of what follows. Control characters become their pictures (`␛`, `␊`); others that act
/// without being seen become `�`.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| picture(c) == c) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(picture).collect())
    }
}

fn picture(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        // C1 controls; bidirectional marks, embeddings and isolates; zero-width and separator
        // characters; tags.
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}
