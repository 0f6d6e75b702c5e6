//! Pages in Markdown, set for a terminal.
//!
//! The pages are gatetap's own, so this reads what they are written in: headings, paragraphs, lists, fenced
//! blocks; code, bold text and addresses inside a line.

use super::super::style::{Style, paint};
use unicode_width::UnicodeWidthStr;

/// Wider lines are hard to read.
const WIDEST: usize = 100;

/// Blanks before everything but headings.
const INDENT: &str = "  ";

/// A page for a terminal of that width, or with lines as long as they are.
pub(in super::super) fn render(page: &str, width: Option<usize>, colour: bool) -> String {
    let width = width.map_or(usize::MAX, |width| width.min(WIDEST));
    let mut text = String::new();
    let mut paragraph = String::new();
    let mut in_code = false;
    for line in page.lines() {
        if line.starts_with("```") {
            flush(&mut paragraph, &mut text, width, colour);
            in_code = !in_code;
        } else if in_code {
            let line = format!("{INDENT}{INDENT}{}", paint(colour, Style::Lively, line));
            push_line(&mut text, line.trim_end());
        } else if line.is_empty() {
            flush(&mut paragraph, &mut text, width, colour);
            if !text.is_empty() && !text.ends_with("\n\n") {
                text.push('\n');
            }
        } else if let Some(title) = line.strip_prefix('#') {
            flush(&mut paragraph, &mut text, width, colour);
            push_line(&mut text, &paint(colour, Style::Strong, title.trim_start_matches('#').trim()));
        } else {
            if line.starts_with("- ") {
                flush(&mut paragraph, &mut text, width, colour);
            }
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
        }
    }
    flush(&mut paragraph, &mut text, width, colour);
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Sets a paragraph, or one entry of a list, whose later lines are indented.
fn flush(paragraph: &mut String, text: &mut String, width: usize, colour: bool) {
    if paragraph.is_empty() {
        return;
    }
    let hanging = if paragraph.starts_with("- ") { "  " } else { "" };
    let mut line = INDENT.to_owned();
    let mut used = INDENT.len();
    let mut is_start = true;
    for word in words(paragraph, colour) {
        let needed = word.width + usize::from(!is_start);
        if !is_start && used + needed > width {
            push_line(text, &line);
            line = format!("{INDENT}{hanging}");
            used = line.len();
            is_start = true;
        }
        if !is_start {
            line.push(' ');
        }
        line.push_str(&word.text);
        used += word.width + usize::from(!is_start);
        is_start = false;
    }
    push_line(text, &line);
    paragraph.clear();
}

/// What stands between two blanks, painted.
#[derive(Debug, Default)]
struct Word {
    text: String,
    /// Its columns, without what paints it.
    width: usize,
}

/// The words of a paragraph. Where there are no colours, code keeps its marks.
fn words(paragraph: &str, colour: bool) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = Word::default();
    let mut style = Style::Plain;
    let mut rest = paragraph;
    while !rest.is_empty() {
        let piece_end = rest.find([' ', '`', '*', '<', '>']).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(piece_end);
        word.push(piece, style, colour);
        rest = after;
        let Some(mark) = rest.chars().next() else { break };
        rest = rest.get(mark.len_utf8()..).unwrap_or_default();
        let is_address = mark == '<' && (rest.starts_with("https://") || rest.starts_with("http://"));
        match mark {
            ' ' => words.push(std::mem::take(&mut word)),
            '`' => {
                style = if style == Style::Lively { Style::Plain } else { Style::Lively };
                if !colour {
                    word.push("`", Style::Plain, colour);
                }
            }
            '*' if style != Style::Lively && rest.starts_with('*') => {
                style = if style == Style::Strong { Style::Plain } else { Style::Strong };
                rest = rest.get(1..).unwrap_or_default();
            }
            '<' if is_address && style == Style::Plain => style = Style::Faint,
            '>' if style == Style::Faint => style = Style::Plain,
            mark => word.push(mark.encode_utf8(&mut [0; 4]), style, colour),
        }
    }
    words.push(word);
    words
}

impl Word {
    fn push(&mut self, piece: &str, style: Style, colour: bool) {
        self.width += piece.width();
        self.text.push_str(&paint(colour, style, piece));
    }
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::render;
    use insta::assert_snapshot;

    const PAGE: &str = "# a-check\n\nFinds `one thing` here.\n\n- severity: error\n- an entry that is long \
        enough to be wrapped\n\n## Example\n\n```text\nas it  is, **all** of it, however long it may be\n```\n\nBut *this* \
        is **bold**, 1 < 2, and\nsee <https://a.example/x>.\n";

    #[test]
    fn a_page_is_wrapped_and_code_is_left_alone() {
        assert_snapshot!(render(PAGE, Some(34), false), @"
        a-check

          Finds `one thing` here.

          - severity: error
          - an entry that is long enough
            to be wrapped

        Example

            as it  is, **all** of it, however long it may be

          But *this* is bold, 1 < 2, and
          see https://a.example/x.
        ");
    }

    #[test]
    fn colours_take_no_room_and_replace_marks() {
        assert_snapshot!(render(PAGE, Some(34), true).replace('\u{1b}', "ESC"), @"
        ESC[1ma-checkESC[0m

          Finds ESC[36moneESC[0m ESC[36mthingESC[0m here.

          - severity: error
          - an entry that is long enough
            to be wrapped

        ESC[1mExampleESC[0m

            ESC[36mas it  is, **all** of it, however long it may beESC[0m

          But *this* is ESC[1mboldESC[0m, 1 < 2, and
          see ESC[2mhttps://a.example/xESC[0m.
        ");
    }
}
