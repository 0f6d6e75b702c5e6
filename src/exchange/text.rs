//! What is said to people: recorded text made safe to show, numbers of things, errors.
//!
//! What is recorded came from elsewhere and may be hostile: escape sequences that drive a terminal, marks
//! that turn the reading direction, letters that cannot be seen.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{Display, Write as _};
use unicode_width::UnicodeWidthChar;

/// How many characters without a width of their own may follow one another: marks over a letter are
/// rarely more than three, and a terminal draws all of them in one cell.
const LONGEST_MARK_RUN: usize = 8;

/// `text` as one line that can do nothing but be read.
///
/// Control characters below U+0020 become their pictures (`␛` for escape, `␊` for a line feed), every
/// other control, format and direction character its number (`<U+202E>`). Text that is harmless is lent,
/// not copied. Joiners and variation selectors stay: scripts and emoji need them.
pub fn printable(text: &str) -> Cow<'_, str> {
    let mut safe = String::new();
    let mut kept = 0;
    let mut marks = 0;
    for (at, c) in text.char_indices() {
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        if !is_hostile(c) && marks <= LONGEST_MARK_RUN {
            continue;
        }
        safe.push_str(text.get(kept..at).unwrap_or_default());
        kept = at + c.len_utf8();
        push_visible(&mut safe, c);
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    safe.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(safe)
}

/// So many of them: `1 event`, `2 events`. `noun` stands for one of them, and takes an s.
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// An error with all that caused it, in one line.
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Whether `c` does something else than stand for itself: controls (C0, DEL, C1), direction marks,
/// embeddings and isolates, separators of lines, invisible letters and tags.
fn is_hostile(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

fn push_visible(safe: &mut String, c: char) {
    let picture = match c {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7f}' => Some('␡'),
        _ => None,
    };
    match picture {
        Some(picture) => safe.push(picture),
        // Writing into a string cannot fail.
        None => drop(write!(safe, "<U+{:04X}>", u32::from(c))),
    }
}

/// The last place at or before byte `at` where `text` can be cut.
pub fn boundary_before(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The first place at or after byte `at` where `text` can be cut.
pub fn boundary_after(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_text_is_shown_and_harmless_text_is_left() {
        for (text, shown) in [
            ("", ""),
            ("plain ASCII, äöü, 日本語, 🙂", "plain ASCII, äöü, 日本語, 🙂"),
            ("\u{1b}[2J\u{1b}]0;owned\u{7}", "␛[2J␛]0;owned␇"),
            ("a\r\nb\tc\0", "a␍␊b␉c␀"),
            ("\u{9b}31m\u{85}\u{7f}", "<U+009B>31m<U+0085>␡"),
            ("abc\u{202e}fed\u{2069}", "abc<U+202E>fed<U+2069>"),
            ("in\u{200b}visible\u{feff}", "in<U+200B>visible<U+FEFF>"),
            ("tag\u{e0041}", "tag<U+E0041>"),
            ("e\u{301} 👩\u{200d}💻", "e\u{301} 👩\u{200d}💻"),
        ] {
            assert_eq!(printable(text), shown, "{text:?}");
        }
        assert!(matches!(printable("harmless"), Cow::Borrowed(_)));
    }

    #[derive(Debug, thiserror::Error)]
    #[error("what failed")]
    struct Failed(#[source] std::io::Error);

    #[test]
    fn numbers_and_errors_read_as_sentences() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "event")), ["0 events", "1 event", "2 events"]);
        let within = std::io::Error::other(std::io::Error::other("the cause"));
        assert_eq!(causes(&within), "the cause");
        assert_eq!(causes(&Failed(within)), "what failed: the cause");
    }

    #[test]
    fn a_pile_of_marks_does_not_hide_in_one_cell() {
        let pile = format!("e{}", "\u{301}".repeat(10));
        let shown = printable(&pile).into_owned();
        assert_eq!(shown, format!("e{}<U+0301><U+0301>", "\u{301}".repeat(8)));
    }

    proptest! {
        #[test]
        fn nothing_that_is_shown_controls_anything(text in any::<String>()) {
            let shown = printable(&text);
            prop_assert!(shown.chars().all(|c| !c.is_control() && !is_hostile(c)));
            prop_assert_eq!(printable(&shown), shown.as_ref());
        }
    }
}
