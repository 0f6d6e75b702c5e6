//! A bar on stderr, where that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on terminals; elsewhere nothing.
#[derive(Debug)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// One that is shown if `is_shown`.
    pub(super) fn new(is_shown: bool) -> Self {
        let bar = if is_shown { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {percent:>3} % {eta}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Shows that `done` of `of` are done.
    pub(super) fn show(&self, what: &'static str, done: u64, of: u64) {
        self.0.set_message(what);
        self.0.set_length(of);
        self.0.set_position(done);
    }

    /// Takes it away.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
