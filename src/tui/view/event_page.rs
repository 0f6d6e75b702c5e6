//! One event whole: what it is, when it came, its data, its bytes.

use super::Ui;
use super::cells::{micros, one_line, wrap};
use crate::exchange::text::counted;
use crate::tui::json_text::indent;
use crate::tui::prepare::{hex_lines, plain_lines};
use crate::tui::state::App;
use crate::tui::theme::Role;
use ratatui::text::{Line, Span};

/// How much of an event is shown.
const SHOWN: usize = 64 * 1024;

/// What the event is called.
pub(super) fn title(app: &App, nth: usize) -> String {
    let row = app.shown().and_then(|detail| detail.events.get(nth));
    row.map_or_else(|| "event".to_owned(), |row| row.kind.called(row.number))
}

pub(super) fn lines(app: &App, ui: &Ui, nth: usize, width: usize) -> Vec<Line<'static>> {
    let shown = app.shown().and_then(|detail| Some((detail, detail.events.get(nth)?)));
    let Some((detail, row)) = shown else {
        return vec![Line::from(ui.span(Role::Quiet, " The event is not there any more."))];
    };
    let mut lines = Vec::new();
    let mut say = |role: Role, text: &str| {
        for piece in wrap(&one_line(text), width.saturating_sub(3)) {
            lines.push(Line::from_iter([Span::raw("  "), ui.span(role, piece.to_owned())]));
        }
    };
    let name = if row.name.is_empty() { String::new() } else { format!(" `{}`", row.name) };
    say(Role::Strong, &format!("{}{name}", row.kind.called(row.number)));
    say(Role::Plain, &format!("came {} after the start, in chunk {}", micros(row.at), row.chunk));
    if let Some(gap) = row.gap {
        let role = if row.is_late { Role::Warn } else { Role::Plain };
        say(role, &format!("{gap} after the one before"));
    }
    say(Role::Plain, &format!("{} from byte {} of the decoded body", counted(row.size, "byte"), row.offset));
    let start = usize::try_from(row.offset).unwrap_or(usize::MAX);
    let length = usize::try_from(row.size).unwrap_or(usize::MAX).min(SHOWN);
    let bytes = detail.response.decoded.get(start..).unwrap_or_default();
    let bytes = bytes.get(..length).unwrap_or(bytes);
    if bytes.is_empty() {
        say(Role::Quiet, "its bytes are beyond what is held here");
        return lines;
    }
    let text = String::from_utf8_lossy(bytes);
    let data: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    say(Role::Plain, "");
    let data = data.join("\n");
    for line in indent(&data).unwrap_or_else(|| plain_lines(&data)) {
        say(Role::Text, &line);
    }
    say(Role::Plain, "");
    say(Role::Accent, "its bytes");
    for line in hex_lines(bytes, start) {
        say(Role::Quiet, &line);
    }
    lines
}
