//! The screen without an exchange: how to get one, or why there is none.

use super::Ui;
use super::cells::{draw_line, one_line, wrap_words};
use crate::tui::state::App;
use crate::tui::theme::Role;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

pub(super) fn draw(app: &App, ui: &Ui, frame: &mut Frame<'_>, area: Rect) {
    let mut lines = vec![Line::default()];
    let mut say = |role: Role, text: &str| {
        let width = usize::from(area.width).saturating_sub(4);
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
            say(Role::Plain, text);
        }
    }
    for (place, line) in area.rows().zip(lines) {
        draw_line(frame, place, &line);
    }
}
