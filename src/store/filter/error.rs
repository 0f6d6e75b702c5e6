//! What can be wrong with a filter.

use crate::exchange::text::printable;
use std::ops::Range;
use unicode_width::UnicodeWidthStr;

/// A mistake in a filter, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (column {} of the filter)", self.column())]
pub struct FilterError {
    input: String,
    at: Range<usize>,
    message: String,
    hint: Option<String>,
}

impl FilterError {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { input: String::new(), at, message: message.into(), hint: None }
    }

    #[must_use]
    pub(super) fn hint_to(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(super) fn in_input(mut self, input: &str) -> Self {
        input.clone_into(&mut self.input);
        self
    }

    /// The bytes of the text that are wrong.
    pub fn span(&self) -> Range<usize> {
        self.at.clone()
    }

    /// The character, counted from 1, where the mistake begins.
    pub fn column(&self) -> usize {
        self.before().chars().count() + 1
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What a person can do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Two lines: the text, made safe to show, and carets under what is wrong.
    pub fn pointed(&self) -> String {
        let wrong = self.input.get(self.at.clone()).unwrap_or_default();
        let blanks = printable(self.before()).width();
        let carets = printable(wrong).width().max(1);
        format!("{}\n{}{}", printable(&self.input), " ".repeat(blanks), "^".repeat(carets))
    }

    fn before(&self) -> &str {
        self.input.get(..self.at.start).unwrap_or_default()
    }
}
