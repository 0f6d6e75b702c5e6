//! Text in lines that fit a width.

use unicode_width::UnicodeWidthStr;

/// `text` in lines of at most `width` columns, broken at blanks only: a longer word has a line of its own.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_break_at_blanks_and_nowhere_else() {
        for (text, width, lines) in [
            ("", 5, &[""][..]),
            ("one two three", 7, &["one two", "three"]),
            ("one incomprehensible word", 7, &["one", "incomprehensible", "word"]),
            ("東京 東京", 5, &["東京", "東京"]),
            ("東京 東京", 9, &["東京 東京"]),
        ] {
            assert_eq!(wrap(text, width), lines, "{text:?} in {width}");
        }
    }
}
