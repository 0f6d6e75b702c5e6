//! The page of a check: its Markdown, as far as a terminal needs it.

use super::Ui;
use super::cells::{one_line, wrap_words};
use crate::check;
use crate::tui::theme::Role;
use ratatui::text::{Line, Span};

pub(super) fn lines(ui: &Ui, id: &str, width: usize) -> Vec<Line<'static>> {
    let Some(check) = check::find(id) else {
        return vec![Line::from(ui.span(Role::Quiet, " There is no such check."))];
    };
    let mut lines = Vec::new();
    let mut is_code = false;
    let mut say = |role: Role, text: &str| {
        for piece in wrap_words(&one_line(text), width.saturating_sub(3)) {
            lines.push(Line::from_iter([Span::raw("  "), ui.span(role, piece)]));
        }
    };
    say(Role::Strong, check.summary);
    say(Role::Plain, "");
    // A paragraph's lines end where its source's do, which is not where the screen's do.
    let mut paragraph = String::new();
    for line in check.sections().lines() {
        let is_text = !is_code && !line.is_empty() && !line.starts_with("```") && !line.starts_with("## ");
        if is_text && !line.starts_with("- ") {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
            continue;
        }
        if !paragraph.is_empty() {
            say(Role::Plain, &std::mem::take(&mut paragraph));
        }
        if line.starts_with("```") {
            is_code = !is_code;
        } else if is_code {
            say(Role::Text, line);
        } else if let Some(title) = line.strip_prefix("## ") {
            say(Role::Accent, title);
        } else if is_text {
            paragraph.push_str(line);
        } else {
            say(Role::Plain, "");
        }
    }
    if !paragraph.is_empty() {
        say(Role::Plain, &paragraph);
    }
    lines
}
