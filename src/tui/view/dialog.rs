//! What is asked before something is done, in a box over the rest.

use super::cells::{draw_line, fit, one_line, width_of, wrap_words};
use super::{Ui, hints};
use crate::exchange::text::counted;
use crate::tui::state::{App, Dialog, Failure, Order, Weight};
use crate::tui::theme::Role;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

/// The most cells that a box takes.
const WIDEST: u16 = 72;

/// So many exchanges are named.
const NAMED: usize = 12;

pub(super) fn draw(app: &App, ui: &Ui, dialog: &Dialog, frame: &mut Frame<'_>, area: Rect) {
    let width = area.width.min(WIDEST);
    let mut text = Text { ui, room: usize::from(width).saturating_sub(4), lines: Vec::new() };
    let title = match dialog {
        Dialog::Send(order, Ok(weight)) => {
            text.weight(order, weight);
            if app.faults.as_ref().is_some_and(|faults| !faults.is_empty()) {
                text.say(Role::Warn, "Faults are armed: it may meet one of them.");
            }
            format!("send #{} again?", order.id)
        }
        Dialog::Send(order, Err(failure)) => {
            text.failure(failure);
            format!("#{} cannot be sent", order.id)
        }
        Dialog::Delete(ids) => {
            text.delete(ids);
            match ids.as_slice() {
                [id] => format!("delete #{id}?"),
                ids => format!("delete {} exchanges?", ids.len()),
            }
        }
        Dialog::Quit(open) => {
            let (are, them) = if *open == 1 { ("is", "it") } else { ("are", "them") };
            let what = format!("{} {are}", counted(*open, "exchange"));
            text.say(
                Role::Warn,
                &format!("{what} open, and quitting cuts {them}: the app sees a broken answer."),
            );
            "quit?".to_owned()
        }
    };
    text.lines.push(Line::default());
    text.lines.push(answers(app, ui));
    draw_box(ui, &title, &text.lines, width, frame, area);
}

/// The keys that answer.
fn answers(app: &App, ui: &Ui) -> Line<'static> {
    let mut line = Line::default();
    for (key, word) in hints(app) {
        line.push_span(ui.span(Role::Accent, key.to_string()));
        line.push_span(ui.span(Role::Quiet, format!(" {word}   ")));
    }
    line
}

struct Text<'a> {
    ui: &'a Ui,
    room: usize,
    lines: Vec<Line<'static>>,
}

impl Text<'_> {
    fn say(&mut self, role: Role, text: &str) {
        for piece in wrap_words(&one_line(text), self.room) {
            self.lines.push(Line::from(self.ui.span(role, piece)));
        }
    }

    fn weight(&mut self, order: &Order, weight: &Weight) {
        self.say(Role::Plain, &weight.request);
        self.say(Role::Plain, &format!("to {}", weight.to));
        let most = match weight.output {
            Some(most) => format!("at most {most} out"),
            None => "and what the answer has".to_owned(),
        };
        let price = if weight.is_simulated { "; the simulator takes no money" } else { "" };
        self.say(Role::Plain, &format!("about {} tokens in, {most}{price}", weight.input));
        if order.draft.is_some() {
            self.say(Role::Strong, "as it was edited");
        }
        if let Some(doubt) = &weight.doubt {
            self.say(Role::Warn, doubt);
        }
    }

    fn failure(&mut self, failure: &Failure) {
        self.say(Role::Bad, &failure.message);
        if !failure.hint.is_empty() {
            self.say(Role::Plain, &failure.hint);
        }
    }

    fn delete(&mut self, ids: &[i64]) {
        if ids.len() > 1 {
            let mut named: Vec<String> = ids.iter().take(NAMED).map(|id| format!("#{id}")).collect();
            if ids.len() > NAMED {
                named.push(format!("and {} more", ids.len() - NAMED));
            }
            self.say(Role::Plain, &named.join(", "));
        }
        self.say(Role::Plain, "It goes out of the recording for good. What is still open stays.");
    }
}

/// ```text
/// ┌ title ──────────┐
/// │ a line          │
/// └─────────────────┘
/// ```
fn draw_box(ui: &Ui, title: &str, lines: &[Line<'static>], width: u16, frame: &mut Frame<'_>, area: Rect) {
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let place =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height };
    frame.render_widget(Clear, place);
    let inner = usize::from(width).saturating_sub(2);
    let title = fit(&format!(" {title} "), inner).into_owned();
    let rest = "─".repeat(inner.saturating_sub(width_of(&title)));
    let top = Line::from_iter([
        ui.span(Role::Accent, "┌"),
        ui.span(Role::Strong, title),
        ui.span(Role::Accent, format!("{rest}┐")),
    ]);
    let bottom = Line::from(ui.span(Role::Accent, format!("└{}┘", "─".repeat(inner))));
    let middle = lines.iter().map(|line| {
        let fill = " ".repeat(inner.saturating_sub(line.width() + 1));
        let mut framed = Line::from_iter([ui.span(Role::Accent, "│"), Span::raw(" ")]);
        framed.spans.extend(line.spans.iter().cloned());
        framed.push_span(Span::raw(fill));
        framed.push_span(ui.span(Role::Accent, "│"));
        framed
    });
    for (row, line) in place.rows().zip(std::iter::once(top).chain(middle).chain([bottom])) {
        draw_line(frame, row, &line);
    }
}
