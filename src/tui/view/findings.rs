//! What the checks found.

use super::Ui;
use super::cells::{one_line, wrap_words};
use super::pane::nothing;
use crate::tui::state::Detail;
use crate::tui::theme::{self, Role};
use ratatui::text::{Line, Span};

pub(super) fn lines(ui: &Ui, detail: &Detail, width: usize) -> Vec<Line<'static>> {
    if detail.whole.findings.is_empty() {
        return nothing(ui, "No check found anything.");
    }
    let mut lines = Vec::new();
    for finding in &detail.whole.findings {
        let (glyph, role) = theme::severity(finding.severity);
        let title = format!("{glyph} {}  {}", finding.severity.as_str(), finding.check);
        push(&mut lines, ui, role, "", &title, width);
        push(&mut lines, ui, Role::Plain, "  ", &finding.message, width);
        push(&mut lines, ui, Role::Quiet, "  evidence: ", &finding.evidence, width);
        push(&mut lines, ui, Role::Plain, "  fix: ", &finding.fix, width);
        lines.push(Line::default());
    }
    lines
}

fn push(lines: &mut Vec<Line<'static>>, ui: &Ui, role: Role, label: &'static str, text: &str, width: usize) {
    let margin = label.len() + 1;
    for (nth, piece) in wrap_words(&one_line(text), width.saturating_sub(margin + 1)).into_iter().enumerate()
    {
        let label = if nth == 0 { format!(" {label}") } else { " ".repeat(margin) };
        lines.push(Line::from_iter([Span::raw(label), ui.span(role, piece)]));
    }
}
