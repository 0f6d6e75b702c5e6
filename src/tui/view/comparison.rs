//! Where two exchanges differ.

use super::Ui;
use super::cells::{one_line, wrap_words};
use crate::digest::compare::{Difference, Edit, TextDifference};
use crate::tui::state::App;
use crate::tui::theme::Role;
use ratatui::text::{Line, Span};

/// How much of words that both have is shown on either side of what differs, in characters.
const AROUND: usize = 60;

pub(super) fn lines(app: &App, ui: &Ui, width: usize) -> Vec<Line<'static>> {
    let Some(comparison) = &app.comparison else {
        return vec![Line::from(ui.span(Role::Quiet, " reading …"))];
    };
    let mut sheet = Sheet { ui, width, lines: Vec::new() };
    for (title, differences) in [
        ("request", &comparison.request),
        ("request headers", &comparison.request_headers),
        ("request body", &comparison.request_body),
        ("outcome", &comparison.outcome),
        ("answer headers", &comparison.response_headers),
        ("answer body", &comparison.response_body),
    ] {
        sheet.differences(title, differences);
    }
    sheet.words(&comparison.answer);
    if sheet.lines.is_empty() {
        sheet.say(Role::Good, "  ", "They are the same, but for when things happened.");
        sheet.lines.push(Line::default());
    }
    sheet.differences("times", &comparison.timing);
    sheet.lines
}

struct Sheet<'a> {
    ui: &'a Ui,
    width: usize,
    lines: Vec<Line<'static>>,
}

impl Sheet<'_> {
    fn say(&mut self, role: Role, margin: &'static str, text: &str) {
        for piece in wrap_words(&one_line(text), self.width.saturating_sub(margin.len() + 1)) {
            self.lines.push(Line::from_iter([Span::raw(margin), self.ui.span(role, piece)]));
        }
    }

    fn differences(&mut self, title: &str, differences: &[Difference]) {
        if differences.is_empty() {
            return;
        }
        self.say(Role::Accent, " ", title);
        for difference in differences {
            let quiet = |role| if difference.counts { role } else { Role::Quiet };
            self.say(quiet(Role::Name), "  ", &difference.place);
            if let Some(a) = &difference.a {
                self.say(quiet(Role::Bad), "   ", &format!("- {a}"));
            }
            if let Some(b) = &difference.b {
                self.say(quiet(Role::Good), "   ", &format!("+ {b}"));
            }
        }
        self.lines.push(Line::default());
    }

    fn words(&mut self, texts: &[TextDifference]) {
        for text in texts {
            self.say(Role::Accent, " ", &format!("the model's words: {}", text.part));
            for edit in &text.edits {
                match edit {
                    Edit::Same(same) => self.say(Role::Quiet, "     ", &shorten(same)),
                    Edit::Gone(gone) => self.say(Role::Bad, "   ", &format!("- {gone}")),
                    Edit::New(new) => self.say(Role::Good, "   ", &format!("+ {new}")),
                }
            }
            self.lines.push(Line::default());
        }
    }
}

fn shorten(text: &str) -> String {
    let count = text.chars().count();
    if count <= 2 * AROUND {
        return text.to_owned();
    }
    let start: String = text.chars().take(AROUND).collect();
    let end: String = text.chars().skip(count - AROUND).collect();
    format!("{start} … {end}")
}
