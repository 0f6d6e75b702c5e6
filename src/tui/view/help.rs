//! The help: the table of keys, and what the words mean.

use super::Ui;
use super::cells::{draw_line, fit, width_of};
use crate::exchange::end::Verdict;
use crate::tui::keymap::{BINDINGS, Binding, Context};
use crate::tui::state::App;
use crate::tui::theme::{self, Role};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Clear;

/// How wide the keys stand.
const KEYS: usize = 16;

pub(super) fn draw(app: &App, ui: &mut Ui, frame: &mut Frame<'_>, area: Rect) {
    frame.render_widget(Clear, area);
    let lines = lines(ui, area.width.into());
    let height = usize::from(area.height);
    let top = app.help.unwrap_or_default().top(height, lines.len());
    ui.measures.help_rows = height;
    ui.measures.help_lines = lines.len();
    for (place, line) in area.rows().zip(lines.into_iter().skip(top)) {
        draw_line(frame, place, &line);
    }
}

fn lines(ui: &Ui, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (context, title) in
        [(Context::List, "in the list"), (Context::Pane, "in an exchange"), (Context::Anywhere, "anywhere")]
    {
        lines.push(Line::from(ui.span(Role::Strong, format!(" {title}"))));
        let bindings: Vec<&Binding> = BINDINGS.iter().filter(|binding| binding.context == context).collect();
        for group in bindings.chunk_by(|_, next| next.help.is_none()) {
            let keys: Vec<String> =
                group.iter().flat_map(|binding| binding.keys).map(ToString::to_string).collect();
            let help = group.first().and_then(|binding| binding.help).unwrap_or_default();
            lines.push(row(ui, Role::Accent, &keys.join(" "), help, width));
        }
        lines.push(Line::default());
    }
    lines.push(Line::from(ui.span(Role::Strong, " how an exchange ended")));
    for verdict in Verdict::ALL {
        let (glyph, role) = theme::verdict(verdict);
        lines.push(row(ui, role, &format!("{glyph} {verdict}"), meaning(verdict), width));
    }
    lines
}

fn row(ui: &Ui, role: Role, left: &str, right: &str, width: usize) -> Line<'static> {
    let gap = " ".repeat(KEYS.saturating_sub(width_of(left)) + 1);
    let right = fit(right, width.saturating_sub(KEYS + 3)).into_owned();
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
