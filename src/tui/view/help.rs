//! The help: the table of keys, and what the words mean.

use super::Ui;
use super::cells::{fit, width_of};
use crate::exchange::end::Verdict;
use crate::store::filter::KEYS;
use crate::tui::keymap::{BINDINGS, Binding, Context};
use crate::tui::theme::{self, Role};
use ratatui::text::Line;

/// How wide the keys stand.
const LEFT: usize = 16;

/// What stands before a path.
const MARKS: [(&str, &str); 6] = [
    ("*", "marked, with m"),
    ("F", "a fault was injected"),
    ("↻1", "the client's first retry of the request before"),
    ("▾3 ▸3", "the first of three attempts; all three, folded by z"),
    ("R", "sends an earlier exchange again"),
    ("≡", "has a note, written with ;"),
];

pub(super) fn lines(ui: &Ui, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (context, title) in [
        (Context::List, "in the list"),
        (Context::Pane, "in an exchange"),
        (Context::Events, "in its events"),
        (Context::Playing, "while a stream is played"),
        (Context::Anywhere, "anywhere"),
    ] {
        lines.push(Line::from(ui.span(Role::Strong, format!(" {title}"))));
        let bindings: Vec<&Binding> = BINDINGS
            .iter()
            .filter(|binding| binding.context == context && !binding.keys.is_empty())
            .collect();
        for group in bindings.chunk_by(|_, next| next.help.is_none()) {
            let keys: Vec<String> =
                group.iter().flat_map(|binding| binding.keys).map(ToString::to_string).collect();
            let help = group.first().and_then(|binding| binding.help).unwrap_or_default();
            lines.push(row(ui, Role::Accent, &keys.join(" "), help, width));
        }
        lines.push(Line::default());
    }
    lines.push(Line::from(ui.span(Role::Strong, " what a filter asks")));
    let words = [
        ("rivers", "words of prompts and answers"),
        ("a b  a OR b  -a", "both, one of them, not this one; brackets group"),
    ];
    let terms: Vec<(&str, &str)> = KEYS.iter().map(|key| (key.example, key.about)).chain(words).collect();
    let left = terms.iter().map(|(term, _)| width_of(term)).max().unwrap_or(LEFT);
    for (term, about) in terms {
        lines.push(row_at(ui, Role::Accent, term, about, (left, width)));
    }
    lines.push(Line::default());
    lines.push(Line::from(ui.span(Role::Strong, " marks in the list")));
    for (mark, text) in MARKS {
        lines.push(row(ui, Role::Accent, mark, text, width));
    }
    lines.push(Line::default());
    lines.push(Line::from(ui.span(Role::Strong, " how an exchange ended")));
    for verdict in Verdict::ALL {
        let (glyph, role) = theme::verdict(verdict);
        lines.push(row(ui, role, &format!("{glyph} {verdict}"), meaning(verdict), width));
    }
    lines
}

fn row(ui: &Ui, role: Role, left: &str, right: &str, width: usize) -> Line<'static> {
    row_at(ui, role, left, right, (LEFT, width))
}

/// The same, where what stands at the left takes so much of the width.
fn row_at(ui: &Ui, role: Role, left: &str, right: &str, (room, width): (usize, usize)) -> Line<'static> {
    let gap = " ".repeat(room.saturating_sub(width_of(left)) + 1);
    let right = fit(right, width.saturating_sub(room.max(width_of(left)) + 3)).into_owned();
    Line::from_iter(["  ".into(), ui.span(role, left.to_owned()), format!("{gap}{right}").into()])
}

/// A verdict in one line.
const fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => "it goes on",
        Verdict::Complete => "a finish reason or the last event came, or the body is whole",
        Verdict::Refused => "the gateway answered with an error status",
        Verdict::ErrorInside => "status 200, with an error in the body or the stream",
        Verdict::Incomplete => "it ended cleanly, without finish reason or last event",
        Verdict::CutByGateway => "the gateway broke it off",
        Verdict::CutByApp => "the app broke it off",
        Verdict::Failed => "no answer came; gatetap answered itself",
        Verdict::Lost => "the recording ended first",
    }
}
