//! The screen without an exchange: how to get one, or why there is none.

use super::Ui;
use super::cells::{draw_line, one_line, wrap_words};
use crate::exchange::text::counted;
use crate::tui::state::App;
use crate::tui::theme::Role;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

pub(super) fn draw(app: &App, ui: &Ui, frame: &mut Frame<'_>, area: Rect) {
    let mut lines = vec![Line::default()];
    let mut say = |role: Role, text: &str| {
        let width = usize::from(area.width).saturating_sub(4);
        // A command that is broken in two is none.
        if text.starts_with(' ') {
            return lines.push(Line::from_iter(["  ".into(), ui.span(role, one_line(text).into_owned())]));
        }
        for piece in wrap_words(&one_line(text), width) {
            lines.push(Line::from_iter(["  ".into(), ui.span(role, piece)]));
        }
    };
    if let Some(failure) = &app.failure {
        say(Role::Bad, &format!("✗ {}", failure.message));
        say(Role::Plain, "");
        say(Role::Plain, &failure.hint);
    } else if app.count.is_none() {
        say(Role::Quiet, "reading …");
    } else if app.words.how_to.is_empty() {
        say(Role::Quiet, "Nothing recorded yet.");
    } else {
        for text in &app.words.how_to {
            let role = if text.starts_with(' ') { Role::Accent } else { Role::Plain };
            say(role, text);
        }
    }
    for (place, line) in area.rows().zip(lines) {
        draw_line(frame, place, &line);
    }
}

/// The list without a row, though there are exchanges: the filter asks for none of them.
pub(super) fn draw_no_match(app: &App, ui: &Ui, frame: &mut Frame<'_>, area: Rect) {
    let count = app.count.unwrap_or_default();
    let lines = if app.matching.is_some_and(|matching| matching.count == 0) {
        vec![
            Line::default(),
            Line::from(format!("  None of the {} matches the filter.", counted(count, "exchange"))),
            Line::from(ui.span(Role::Quiet, "  esc takes it away, f changes it")),
        ]
    } else {
        vec![Line::default(), Line::from(ui.span(Role::Quiet, "  reading …"))]
    };
    for (place, line) in area.rows().zip(lines) {
        draw_line(frame, place, &line);
    }
}
