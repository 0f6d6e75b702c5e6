//! What was asked and answered, turn by turn.

use super::Ui;
use super::cells::{one_line, wrap_words};
use super::pane::nothing;
use crate::digest::{Outcome, View};
use crate::tui::json_text::indent;
use crate::tui::prepare::EVENTS_VIEWED;
use crate::tui::state::{Detail, Turn};
use crate::tui::theme::Role;
use ratatui::text::{Line, Span};

/// How many lines of a long turn are shown while it is folded.
const FOLDED: usize = 6;

pub(super) fn lines(ui: &Ui, detail: &Detail, unfolded: bool, width: usize) -> Vec<Line<'static>> {
    if detail.turns.is_empty() {
        return nothing(ui, "Neither the request nor the answer has words of a conversation.");
    }
    let mut lines = Vec::new();
    for turn in &detail.turns {
        push_turn(&mut lines, ui, turn, unfolded, width);
    }
    for view in &detail.views {
        push_view(&mut lines, ui, view, width);
    }
    if detail.events.len() > EVENTS_VIEWED {
        let id = detail.id();
        let text = format!(" What SDKs make of so long a stream: gatetap show {id} --as openai-python");
        lines.push(Line::from(ui.span(Role::Quiet, text)));
    }
    lines
}

fn push_turn(lines: &mut Vec<Line<'static>>, ui: &Ui, turn: &Turn, unfolded: bool, width: usize) {
    let what = turn.what.as_ref().map(|what| format!(" {what}")).unwrap_or_default();
    let role = if turn.is_answer { Role::Accent } else { Role::Strong };
    let name = one_line(&turn.who).into_owned();
    let what = one_line(&what).into_owned();
    let note = if turn.is_answer { "  (answer)" } else { "" };
    lines.push(Line::from_iter([
        Span::raw(" "),
        ui.span(role, name),
        ui.span(Role::Warn, what),
        ui.span(Role::Quiet, note),
    ]));
    let is_call = turn.what.as_ref().is_some_and(|what| what.starts_with("calls "));
    let role = match turn.what.as_deref() {
        Some("reasoning") => Role::Quiet,
        _ if is_call => Role::Text,
        _ => Role::Plain,
    };
    let indented = is_call.then(|| indent(&turn.text)).flatten();
    let text: Vec<String> = match indented {
        Some(indented) => indented,
        None => turn.text.lines().map(|line| line.replace('\t', "    ")).collect(),
    };
    let mut shown: Vec<String> = Vec::new();
    for line in &text {
        shown.extend(wrap_words(&one_line(line), width.saturating_sub(4)));
    }
    // One line more costs as much as saying that it is there.
    let is_folded = !unfolded && !turn.is_answer && shown.len() > FOLDED + 1;
    let more = if is_folded { shown.len() - FOLDED } else { 0 };
    shown.truncate(shown.len() - more);
    lines.extend(shown.into_iter().map(|line| Line::from_iter([Span::raw("   "), ui.span(role, line)])));
    if more > 0 {
        lines.push(Line::from(ui.span(Role::Quiet, format!("   … {more} lines more; o unfolds"))));
    }
    lines.push(Line::default());
}

/// What an SDK makes of the answer, where that is not what it is.
fn push_view(lines: &mut Vec<Line<'static>>, ui: &Ui, view: &View, width: usize) {
    let (role, text) = match &view.outcome {
        Outcome::Silent(what) => (Role::Warn, format!("sees no error, though {what}")),
        Outcome::Raises(error) => (Role::Bad, format!("raises {error}")),
        Outcome::Fine | Outcome::Left | Outcome::Open => return,
    };
    let text = format!("{} {text}", view.read_as.as_str());
    for piece in wrap_words(&one_line(&text), width.saturating_sub(3)) {
        lines.push(Line::from_iter([Span::raw(" "), ui.span(role, piece)]));
    }
}
