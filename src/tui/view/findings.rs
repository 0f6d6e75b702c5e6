//! What the checks found.

use super::Ui;
use super::cells::{one_line, wrap_words};
use crate::exchange::end::Verdict;
use crate::exchange::finding::Place;
use crate::tui::state::Detail;
use crate::tui::theme::{self, Role};
use ratatui::text::{Line, Span};

/// The lines, and the line that each finding begins at.
pub(super) fn lines(ui: &Ui, detail: &Detail, here: usize, width: usize) -> (Vec<Line<'static>>, Vec<usize>) {
    let mut lines = Vec::new();
    let mut starts = Vec::new();
    if detail.whole.findings.is_empty() {
        let is_open = detail.whole.summary.verdict == Verdict::Open;
        let why = if is_open { "No check has found anything yet." } else { "No check found anything." };
        push(&mut lines, ui, Role::Quiet, "", why, width);
        lines.push(Line::default());
    }
    for (nth, finding) in detail.whole.findings.iter().enumerate() {
        starts.push(lines.len());
        let (glyph, role) = theme::severity(finding.severity);
        let mark = if nth == here { "▌ " } else { "  " };
        let title = format!("{mark}{glyph} {}  {}", finding.severity.as_str(), finding.check);
        push(&mut lines, ui, role, "", &title, width);
        push(&mut lines, ui, Role::Plain, "  ", &finding.message, width);
        push(&mut lines, ui, Role::Quiet, "  evidence: ", &finding.evidence, width);
        if !finding.places.is_empty() {
            let places: Vec<String> = finding.places.iter().map(|place| place_name(place, detail)).collect();
            push(&mut lines, ui, Role::Quiet, "  at: ", &places.join(", "), width);
        }
        push(&mut lines, ui, Role::Good, "  fix: ", &finding.fix, width);
        lines.push(Line::default());
    }
    if !starts.is_empty() {
        push(&mut lines, ui, Role::Quiet, "", "enter goes to the evidence, x explains the check", width);
    }
    if let Some(undecided) = undecided(detail) {
        push(&mut lines, ui, Role::Quiet, "", &undecided, width);
    }
    (lines, starts)
}

/// Where a finding's evidence stands, as the screen numbers it.
fn place_name(place: &Place, detail: &Detail) -> String {
    let row = match place {
        Place::Event(index) => detail.events.iter().find(|row| row.index == *index),
        _ => None,
    };
    row.map_or_else(|| place.to_string(), |row| row.kind.called(row.number))
}

/// What cannot be decided yet of an exchange that is open. Which checks the settings leave is not in the
/// recording, so this speaks of stages and counts nothing.
fn undecided(detail: &Detail) -> Option<String> {
    if detail.whole.summary.verdict != Verdict::Open {
        return None;
    }
    let wait = if detail.whole.exchange.response.is_none() {
        "Not decidable yet: what checks of the answer look for. They speak while it comes, and at its end."
    } else {
        "Not decidable yet: what checks of the whole answer look for. They speak when the exchange has ended."
    };
    Some(wait.to_owned())
}

fn push(lines: &mut Vec<Line<'static>>, ui: &Ui, role: Role, label: &'static str, text: &str, width: usize) {
    let margin = label.len() + 1;
    for (nth, piece) in wrap_words(&one_line(text), width.saturating_sub(margin + 1)).into_iter().enumerate()
    {
        let label = if nth == 0 { format!(" {label}") } else { " ".repeat(margin) };
        lines.push(Line::from_iter([Span::raw(label), ui.span(role, piece)]));
    }
}
