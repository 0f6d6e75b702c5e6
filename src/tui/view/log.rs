//! What gatetap itself had to say.

use super::Ui;
use super::cells::{one_line, time_of_day, width_of, wrap_words};
use crate::tui::state::{App, Tone};
use crate::tui::theme::Role;
use ratatui::text::Line;

pub(super) fn lines(app: &App, ui: &Ui, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for entry in app.log.entries() {
        let (glyph, role) = match entry.tone {
            Tone::Told => (" ", Role::Plain),
            Tone::Warned => ("!", Role::Warn),
            Tone::Mended => ("✓", Role::Good),
        };
        let left = format!(" {} {glyph} ", time_of_day(entry.at, &ui.zone));
        let indent = width_of(&left);
        let text = one_line(&entry.text);
        for (nth, piece) in wrap_words(&text, width.saturating_sub(indent)).into_iter().enumerate() {
            let before = if nth == 0 { left.clone() } else { " ".repeat(indent) };
            lines.push(Line::from_iter([ui.span(Role::Quiet, before), ui.span(role, piece)]));
        }
    }
    lines
}
