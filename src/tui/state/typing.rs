//! A line that is being typed.

use crate::tui::keymap::Edit;

/// The longest line that is taken, in bytes. What is pasted may be anything.
const LONGEST: usize = 4096;

/// A line of text with its cursor. Holds no control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typing {
    text: String,
    cursor: usize,
}

impl Typing {
    /// A line with the cursor at its end.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { cursor: text.len(), text }
    }

    /// The line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The byte before which the cursor stands.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The text before and after the cursor.
    pub fn halves(&self) -> (&str, &str) {
        self.text.split_at_checked(self.cursor).unwrap_or((&self.text, ""))
    }

    pub(super) fn insert(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            if self.text.len() + c.len_utf8() > LONGEST {
                return;
            }
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
    }

    pub(super) fn replace(&mut self, range: std::ops::Range<usize>, with: &str) {
        if self.text.get(range.clone()).is_some() {
            self.cursor = range.start + with.len();
            self.text.replace_range(range, with);
        }
    }

    pub(super) fn edit(&mut self, edit: Edit) {
        let (before, after) = self.halves();
        let previous = before.chars().next_back().map_or(0, char::len_utf8);
        let next = after.chars().next().map_or(0, char::len_utf8);
        let (start, end) = (self.cursor - previous, self.cursor + next);
        match edit {
            Edit::Left => self.cursor = start,
            Edit::Right => self.cursor = end,
            Edit::Start => self.cursor = 0,
            Edit::End => self.cursor = self.text.len(),
            Edit::EraseBefore => self.replace(start..self.cursor, ""),
            Edit::EraseAfter => self.replace(self.cursor..end, ""),
            Edit::EraseWord => {
                let word = before.trim_end().rfind(' ').map_or(0, |at| at + 1);
                self.replace(word..self.cursor, "");
            }
            Edit::EraseAll => *self = Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_by_whole_letters() {
        let mut line = Typing::new("aé b");
        for (edit, text, cursor) in [
            (Edit::Left, "aé b", 4),
            (Edit::Left, "aé b", 3),
            (Edit::EraseBefore, "a b", 1),
            (Edit::EraseAfter, "ab", 1),
            (Edit::Start, "ab", 0),
            (Edit::EraseBefore, "ab", 0),
            (Edit::End, "ab", 2),
            (Edit::EraseAfter, "ab", 2),
            (Edit::Right, "ab", 2),
        ] {
            line.edit(edit);
            assert_eq!((line.text(), line.cursor()), (text, cursor), "{edit:?}");
        }
        line.insert(" c\u{1b}d\n");
        assert_eq!(line.text(), "ab cd");
        line.edit(Edit::EraseWord);
        assert_eq!(line.text(), "ab ");
        line.edit(Edit::EraseWord);
        assert_eq!(line.text(), "");
    }
}
