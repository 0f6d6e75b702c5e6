//! A request or an answer: its start line, its headers, its body.

use super::Ui;
use super::cells::{one_line, split, width_of, wrap};
use super::pane::nothing;
use crate::exchange::head::Headers;
use crate::tui::json_text::{Token, tokens};
use crate::tui::state::{BodyText, Detail};
use crate::tui::theme::Role;
use ratatui::text::{Line, Span};

pub(super) fn request(ui: &Ui, detail: &Detail, width: usize) -> Vec<Line<'static>> {
    let exchange = &detail.whole.exchange;
    let head = &exchange.request;
    let mut lines = Vec::new();
    let start = format!("{} {} {}", head.method, head.target, head.version);
    push_wrapped(&mut lines, ui, Role::Strong, &start, width);
    push_headers(&mut lines, ui, &head.headers, width);
    if let Some(sent) = &exchange.sent {
        push_changes(&mut lines, ui, &head.headers, sent, width);
    }
    push_body(&mut lines, ui, &detail.request, width);
    lines
}

pub(super) fn response(ui: &Ui, detail: &Detail, width: usize) -> Vec<Line<'static>> {
    let Some(head) = &detail.whole.exchange.response else {
        return nothing(ui, "No answer yet.");
    };
    let mut lines = Vec::new();
    let start = format!("{} {}", head.version, head.status);
    push_wrapped(&mut lines, ui, Role::Strong, &start, width);
    push_headers(&mut lines, ui, &head.headers, width);
    push_body(&mut lines, ui, &detail.response, width);
    lines
}

fn push_headers(lines: &mut Vec<Line<'static>>, ui: &Ui, headers: &Headers, width: usize) {
    for (name, value) in &headers.0 {
        let text = format!("{name}: {}", String::from_utf8_lossy(value));
        let text = one_line(&text);
        let name = one_line(name);
        let mut left = name.chars().count();
        for piece in wrap(&text, width.saturating_sub(1)) {
            let split = piece.char_indices().nth(left).map_or(piece.len(), |(at, _)| at);
            let (name, value) = piece.split_at_checked(split).unwrap_or((piece, ""));
            left = left.saturating_sub(name.chars().count());
            lines.push(Line::from_iter([
                Span::raw(" "),
                ui.span(Role::Name, name.to_owned()),
                Span::raw(value.to_owned()),
            ]));
        }
    }
}

/// What was changed of the headers on their way to the gateway.
fn push_changes(lines: &mut Vec<Line<'static>>, ui: &Ui, asked: &Headers, sent: &Headers, width: usize) {
    let only_in = |one: &Headers, other: &Headers| -> Vec<String> {
        let new = one.0.iter().filter(|line| !other.0.contains(line));
        new.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value))).collect()
    };
    let (removed, added) = (only_in(asked, sent), only_in(sent, asked));
    if removed.is_empty() && added.is_empty() {
        return;
    }
    lines.push(Line::default());
    push_wrapped(lines, ui, Role::Quiet, "changed on the way to the gateway:", width);
    for line in removed {
        push_wrapped(lines, ui, Role::Quiet, &format!("- {line}"), width);
    }
    for line in added {
        push_wrapped(lines, ui, Role::Plain, &format!("+ {line}"), width);
    }
}

fn push_body(lines: &mut Vec<Line<'static>>, ui: &Ui, body: &BodyText, width: usize) {
    lines.push(Line::default());
    if let Some(note) = &body.note {
        push_wrapped(lines, ui, Role::Warn, &format!("! {note}"), width);
    }
    if body.lines.is_empty() {
        push_wrapped(lines, ui, Role::Quiet, "no body", width);
    }
    for text in &body.lines {
        if body.json {
            push_json(lines, ui, text, width);
        } else {
            push_wrapped(lines, ui, Role::Plain, text, width);
        }
    }
}

fn push_wrapped(lines: &mut Vec<Line<'static>>, ui: &Ui, role: Role, text: &str, width: usize) {
    for piece in wrap(&one_line(text), width.saturating_sub(1)) {
        lines.push(Line::from_iter([Span::raw(" "), ui.span(role, piece.to_owned())]));
    }
}

/// One line of indented JSON. What does not fit goes on below, two cells further in.
fn push_json(lines: &mut Vec<Line<'static>>, ui: &Ui, text: &str, width: usize) {
    let content = text.trim_start_matches(' ');
    let margin = (text.len() - content.len()).min(width / 2);
    let mut room = width.saturating_sub(margin + 1).max(1);
    let mut line = Line::raw(" ".repeat(margin + 1));
    let mut parts = tokens(content).peekable();
    while let Some(token) = parts.next() {
        let is_name = matches!(parts.peek(), Some(Token::Colon));
        let (role, text) = match token {
            Token::Open(bracket) | Token::Close(bracket) => (Role::Plain, bracket),
            Token::Comma => (Role::Plain, ","),
            Token::Colon => (Role::Plain, ": "),
            Token::Text(text) if is_name => (Role::Name, text),
            Token::Text(text) => (Role::Text, text),
            Token::Bare(text) => (Role::Number, text),
        };
        let text = one_line(text);
        let mut rest: &str = &text;
        while !rest.is_empty() {
            if room == 0 {
                lines.push(std::mem::replace(&mut line, Line::raw(" ".repeat(margin + 3))));
                room = width.saturating_sub(margin + 3).max(1);
            }
            let (piece, after) = split(rest, room);
            room = room.saturating_sub(width_of(piece).max(1));
            rest = after;
            line.push_span(ui.span(role, piece.to_owned()));
        }
    }
    lines.push(line);
}
