//! The events of a stream, one a line, with the time between them. What an event repeats of the one
//! before it is left out.

use super::Ui;
use super::cells::{fit, micros, one_line};
use super::pane::nothing;
use crate::digest::EventKind;
use crate::exchange::time::Micros;
use crate::tui::json_text::from_first_difference;
use crate::tui::state::{Detail, EventRow};
use crate::tui::theme::Role;
use ratatui::text::Line;

/// A pause that a person notices: from here on a gap is marked.
const LONG_GAP: Micros = Micros(500_000);

pub(super) fn lines(ui: &Ui, detail: &Detail, width: usize) -> Vec<Line<'static>> {
    let Some(first) = detail.events.first() else {
        return nothing(ui, "The answer is no event stream, or nothing of it has come.");
    };
    let title = format!(" {:>5} {:>9} {:>10} {:>7}  text", "#", "at", "gap", "size");
    let mut lines = vec![Line::from(ui.span(Role::Quiet, fit(&title, width).into_owned()))];
    if first.index > 0 {
        let text = format!(" {} before these are not shown", first.index);
        lines.push(Line::from(ui.span(Role::Warn, text)));
    }
    let before = std::iter::once("").chain(detail.events.iter().map(|row| row.text.as_str()));
    lines.extend(detail.events.iter().zip(before).map(|(row, before)| line(ui, row, before, width)));
    lines
}

fn line(ui: &Ui, row: &EventRow, before: &str, width: usize) -> Line<'static> {
    let is_long = row.gap.is_some_and(|gap| gap >= LONG_GAP);
    let gap = row.gap.map_or_else(String::new, |gap| format!("+{gap}"));
    let gap = if is_long { format!("! {gap}") } else { gap };
    let mut line = Line::default();
    line.push_span(ui.span(Role::Quiet, format!(" {:>5}", row.index)));
    line.push_span(format!(" {:>9}", micros(row.at)));
    line.push_span(ui.span(if is_long { Role::Warn } else { Role::Quiet }, format!(" {gap:>10}")));
    line.push_span(ui.span(Role::Quiet, format!(" {:>7}", row.size)));
    let new = from_first_difference(before, &row.text);
    let new = if new.len() < row.text.len() { format!("… {new}") } else { new.to_owned() };
    let (role, text) = match row.kind {
        EventKind::Event if row.name.is_empty() => (Role::Plain, new),
        EventKind::Event => (Role::Plain, format!("{}  {new}", row.name)),
        EventKind::Comment => (Role::Quiet, format!(": {}  (comment)", row.text.trim_start())),
        EventKind::Retry => (Role::Quiet, format!("retry: {}", row.text)),
        EventKind::Partial => (Role::Bad, format!("(never ended)  {}", row.text)),
    };
    let room = width.saturating_sub(line.width() + 3);
    let text = one_line(&text);
    let text = fit(&text, room);
    line.push_span(ui.span(role, format!("  {text}")));
    line
}
