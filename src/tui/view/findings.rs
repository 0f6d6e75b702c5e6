//! What the checks found.

use super::Ui;
use super::cells::{one_line, wrap_words};
use super::pane::nothing;
use crate::exchange::end::Verdict;
use crate::tui::state::Detail;
use crate::tui::theme::{self, Role};
use ratatui::text::{Line, Span};

pub(super) fn lines(ui: &Ui, detail: &Detail, width: usize) -> Vec<Line<'static>> {
    let undecided = undecided(detail);
    let mut lines = match (detail.whole.findings.is_empty(), &undecided) {
        (true, None) => return nothing(ui, "No check found anything."),
        (true, Some(_)) => nothing(ui, "No check has found anything yet."),
        (false, _) => Vec::new(),
    };
    for finding in &detail.whole.findings {
        let (glyph, role) = theme::severity(finding.severity);
        let title = format!("{glyph} {}  {}", finding.severity.as_str(), finding.check);
        push(&mut lines, ui, role, "", &title, width);
        push(&mut lines, ui, Role::Plain, "  ", &finding.message, width);
        push(&mut lines, ui, Role::Quiet, "  evidence: ", &finding.evidence, width);
        push(&mut lines, ui, Role::Plain, "  fix: ", &finding.fix, width);
        if !finding.places.is_empty() {
            let places: Vec<String> = finding.places.iter().map(ToString::to_string).collect();
            push(&mut lines, ui, Role::Quiet, "  at: ", &places.join(", "), width);
        }
        lines.push(Line::default());
    }
    if let Some(undecided) = undecided {
        push(&mut lines, ui, Role::Quiet, "", &undecided, width);
    }
    lines
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
