//! A request or an answer: its start line, its headers, its body.

use super::Ui;
use super::cells::{one_line, split, width_of, wrap};
use super::header_notes::note;
use super::pane::{Content, nothing};
use crate::exchange::head::Headers;
use crate::exchange::text::counted;
use crate::export::json::head_text;
use crate::tui::json_text::{Token, tokens};
use crate::tui::prepare::{BODY_SHOWN, hex_lines, plain_lines};
use crate::tui::state::{BodyText, Detail, Form};
use crate::tui::theme::Role;
use ratatui::text::{Line, Span};

/// How much of a body is shown as bytes.
const BYTES_SHOWN: usize = 64 * 1024;

pub(super) fn request(ui: &Ui, detail: &Detail, form: Form, width: usize) -> Content {
    let exchange = &detail.whole.exchange;
    let head = &exchange.request;
    let mut content = Content::default();
    let start = format!("{} {} {}", head.method, head.target, head.version);
    push_wrapped(&mut content.lines, ui, Role::Strong, &start, width);
    push_headers(&mut content, ui, &head.headers, width);
    if let Some(sent) = &exchange.sent {
        push_changes(&mut content.lines, ui, &head.headers, sent, width);
    }
    push_body(&mut content, ui, &detail.request, form, width);
    push_trailers(&mut content, ui, &exchange.request_trailers, width);
    content
}

pub(super) fn response(ui: &Ui, detail: &Detail, form: Form, width: usize) -> Content {
    let exchange = &detail.whole.exchange;
    let mut content = Content::default();
    for interim in &exchange.interim {
        push_wrapped(&mut content.lines, ui, Role::Strong, &head_text(interim.start_line()), width);
        push_headers(&mut content, ui, &Headers::from_raw_head(&interim.raw), width);
        content.lines.push(Line::default());
    }
    let Some(head) = &exchange.response else {
        content.lines.extend(nothing(ui, "No answer yet."));
        return content;
    };
    let start = format!("{} {}", head.version, head.status);
    push_wrapped(&mut content.lines, ui, Role::Strong, &start, width);
    push_headers(&mut content, ui, &head.headers, width);
    push_body(&mut content, ui, &detail.response, form, width);
    push_trailers(&mut content, ui, &exchange.response_trailers, width);
    content
}

fn push_trailers(content: &mut Content, ui: &Ui, trailers: &Headers, width: usize) {
    if !trailers.is_empty() {
        content.lines.push(Line::default());
        push_wrapped(&mut content.lines, ui, Role::Quiet, "after the body:", width);
        push_headers(content, ui, trailers, width);
    }
}

fn push_headers(content: &mut Content, ui: &Ui, headers: &Headers, width: usize) {
    let lines = &mut content.lines;
    for (name, value) in headers {
        content.headers.push((name.as_str().to_ascii_lowercase(), lines.len()));
        let note = note(name);
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
        // A note that does not fit beside its header would only be in the way.
        if let (Some(note), Some(line)) = (note, lines.last_mut())
            && line.width() + width_of(note) + 4 <= width
        {
            line.push_span(ui.span(Role::Quiet, format!("  ← {note}")));
        }
    }
}

/// What was changed of the headers on their way to the gateway.
fn push_changes(lines: &mut Vec<Line<'static>>, ui: &Ui, asked: &Headers, sent: &Headers, width: usize) {
    let only_in = |one: &Headers, other: &Headers| -> Vec<String> {
        let new = one.iter().filter(|line| !other.iter().any(|known| known == *line));
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

fn push_body(content: &mut Content, ui: &Ui, body: &BodyText, form: Form, width: usize) {
    content.lines.push(Line::default());
    if let Some(note) = &body.note {
        push_wrapped(&mut content.lines, ui, Role::Warn, &format!("! {note}"), width);
    }
    if body.raw.is_empty() {
        return push_wrapped(&mut content.lines, ui, Role::Quiet, "no body", width);
    }
    match form {
        Form::Pretty => {
            for text in &body.lines {
                content.body.push(content.lines.len());
                if body.json {
                    push_json(&mut content.lines, ui, text, width);
                } else {
                    push_wrapped(&mut content.lines, ui, Role::Plain, text, width);
                }
            }
        }
        Form::Text => {
            let shown = body.decoded.get(..BODY_SHOWN).unwrap_or(&body.decoded);
            for text in plain_lines(&String::from_utf8_lossy(shown)) {
                content.body.push(content.lines.len());
                push_wrapped(&mut content.lines, ui, Role::Plain, &text, width);
            }
        }
        Form::Bytes => {
            let shown = body.raw.get(..BYTES_SHOWN).unwrap_or(&body.raw);
            for text in hex_lines(shown, 0) {
                content.body.push(content.lines.len());
                push_wrapped(&mut content.lines, ui, Role::Plain, &text, width);
            }
            if shown.len() < body.raw.len() {
                let text = format!("and {} more", counted(body.raw.len() - shown.len(), "byte"));
                push_wrapped(&mut content.lines, ui, Role::Warn, &text, width);
            }
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
