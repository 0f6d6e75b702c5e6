//! The line at the top while it is being typed, what it offers, and the filter in force.

use super::Ui;
use super::cells::{draw_line, fit, one_line, push_fit, width_of};
use crate::tui::state::{App, Kind, Matching, Prompt};
use crate::tui::theme::Role;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

/// How many choices are in sight at most.
const CHOICES: u16 = 12;

/// The cells of a choice's own text.
const CHOICE: usize = 30;

/// The filter in force and what it leaves, or the line that is being typed.
pub(super) fn draw_bar(app: &App, ui: &Ui, frame: &mut Frame<'_>, area: Rect) {
    let width = usize::from(area.width);
    let Some(prompt) = &app.prompt else {
        let mut line = Line::from(ui.span(Role::Accent, " filter  "));
        let found = app.matching.map(matches).unwrap_or_default();
        let room = width.saturating_sub(line.width() + width_of(&found) + 2);
        push_fit(&mut line, ui.theme.style(Role::Strong), &app.filter, room);
        line.push_span(ui.span(Role::Quiet, format!(" {found}")));
        return draw_line(frame, area, &line);
    };
    let mut line = Line::from(ui.span(Role::Accent, name_of(prompt.kind)));
    let (before, after) = prompt.line.halves();
    let room = width.saturating_sub(line.width() + 2);
    // The cursor stays in sight: of what stands before it, the end is shown.
    let before = one_line(before);
    let mut shown = &*before;
    while width_of(shown) > room {
        let first = shown.chars().next().map_or(0, char::len_utf8);
        shown = shown.get(first..).unwrap_or_default();
    }
    let mut rest = after.chars();
    let under = rest.next().map_or_else(|| " ".to_owned(), |c| one_line(&c.to_string()).into_owned());
    line.push_span(Span::raw(shown.to_owned()));
    line.push_span(ui.span(Role::Found, under));
    line.push_span(Span::raw(one_line(rest.as_str()).into_owned()));
    draw_line(frame, area, &line);
}

const fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Filter => " filter  ",
        Kind::Find => " search  ",
        Kind::Commands => " do  ",
        Kind::Copy => " copy  ",
        Kind::Faults => " fault  ",
        Kind::Note => " note  ",
        Kind::Order => " order by  ",
        Kind::Columns => " columns  ",
        Kind::Sessions => " session  ",
        Kind::Recording => " recording  ",
    }
}

fn matches(matching: Matching) -> String {
    let more = if matching.at_least { " or more" } else { "" };
    match matching.count {
        0 => "nothing matches".to_owned(),
        1 => "1 match".to_owned(),
        count => format!("{count}{more} matches"),
    }
}

/// What the line offers, below it; and of a filter what is wrong with it.
pub(super) fn draw_choices(ui: &Ui, prompt: &Prompt, frame: &mut Frame<'_>, area: Rect) {
    let mut lines: Vec<Line<'static>> = Vec::new();
    if let Some(error) = &prompt.error {
        let role = if prompt.refused { Role::Bad } else { Role::Quiet };
        let before = prompt.line.text().get(..error.span.start).unwrap_or_default();
        let wrong = prompt.line.text().get(error.span.clone()).unwrap_or_default();
        let carets = "^".repeat(width_of(&one_line(wrong)).max(1));
        let indent = " ".repeat(name_of(prompt.kind).len() + width_of(&one_line(before)));
        lines.push(Line::from(ui.span(role, format!("{indent}{carets}"))));
        let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        let text = format!("  {}{hint}", error.message);
        lines.push(Line::from(ui.span(role, fit(&one_line(&text), area.width.into()).into_owned())));
    }
    let rows = usize::from(CHOICES.min(area.height)).saturating_sub(lines.len());
    let chosen = match prompt.kind {
        Kind::Commands | Kind::Copy | Kind::Order | Kind::Columns | Kind::Sessions => {
            Some(prompt.chosen.unwrap_or_default())
        }
        Kind::Filter | Kind::Find | Kind::Faults | Kind::Note | Kind::Recording => prompt.chosen,
    };
    let top = chosen.unwrap_or_default().saturating_sub(rows.saturating_sub(1));
    // A long name needs its room; what it means needs some too.
    let widest = prompt.choices.iter().map(|choice| width_of(&choice.text)).max().unwrap_or_default();
    let room = widest.clamp(8, CHOICE.max(usize::from(area.width) * 3 / 5));
    for (nth, choice) in prompt.choices.iter().enumerate().skip(top).take(rows) {
        let is_chosen = Some(nth) == chosen;
        let mark = if is_chosen { "  ▌ " } else { "    " };
        let mut line = Line::raw(mark);
        push_fit(&mut line, ui.theme.style(Role::Accent), &choice.text, room);
        let about = one_line(&choice.about);
        let left = usize::from(area.width).saturating_sub(line.width() + 2);
        line.push_span(ui.span(Role::Quiet, format!("  {}", fit(&about, left))));
        lines.push(line);
    }
    if lines.is_empty() && matches!(prompt.kind, Kind::Commands | Kind::Copy) {
        lines.push(Line::from(
            ui.span(Role::Quiet, "    nothing of that name; a number goes to that exchange"),
        ));
    }
    if lines.is_empty() && prompt.kind == Kind::Recording {
        let text = "    the path of a recording; none lies beside the one that is open";
        lines.push(Line::from(ui.span(Role::Quiet, fit(text, area.width.into()).into_owned())));
    }
    // A line of rest sets it off from the list below.
    let height = u16::try_from(lines.len() + 1).unwrap_or(u16::MAX).min(area.height);
    let area = Rect { height, ..area };
    frame.render_widget(Clear, area);
    let rule = Line::from(ui.span(Role::Quiet, "─".repeat(area.width.into())));
    for (place, line) in area.rows().zip(lines.into_iter().chain([rule])) {
        draw_line(frame, place, &line);
    }
}
