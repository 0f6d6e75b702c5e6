//! The wire: raw heads, and the chunks with their marks.

use super::Ui;
use super::cells::{micros, one_line, wrap};
use crate::exchange::body::Mark;
use crate::tui::state::{BodyText, Detail};
use crate::tui::theme::Role;
use bytes::Bytes;
use ratatui::text::{Line, Span};

/// How many chunks of a body are shown: the last.
const CHUNKS: usize = 5000;

pub(super) fn lines(ui: &Ui, detail: &Detail, width: usize) -> Vec<Line<'static>> {
    let exchange = &detail.whole.exchange;
    let mut lines = Vec::new();
    let raw = exchange.request.raw.as_ref();
    push_head(&mut lines, ui, "what the app sent first", raw, width);
    push_chunks(&mut lines, ui, "the chunks of its body", &detail.request);
    if let Some(head) = &exchange.response {
        push_head(&mut lines, ui, "what came back first", head.raw.as_ref(), width);
        push_chunks(&mut lines, ui, "the chunks of the answer's body", &detail.response);
    }
    lines
}

fn push_head(
    lines: &mut Vec<Line<'static>>,
    ui: &Ui,
    title: &'static str,
    raw: Option<&Bytes>,
    width: usize,
) {
    lines.push(Line::from_iter([Span::raw(" "), ui.span(Role::Accent, title)]));
    match raw {
        None => lines.push(Line::from(
            ui.span(Role::Quiet, "  No bytes of the head are kept: it came over HTTP/2, or from gatetap."),
        )),
        Some(raw) => {
            for line in raw.split_inclusive(|byte| *byte == b'\n') {
                let text = String::from_utf8_lossy(line);
                for piece in wrap(&one_line(&text), width.saturating_sub(3)) {
                    lines.push(Line::raw(format!("  {piece}")));
                }
            }
        }
    }
    lines.push(Line::default());
}

fn push_chunks(lines: &mut Vec<Line<'static>>, ui: &Ui, title: &'static str, body: &BodyText) {
    if body.marks.is_empty() {
        return;
    }
    let count = body.marks.len();
    lines.push(Line::from_iter([Span::raw(" "), ui.span(Role::Accent, format!("{title} ({count})"))]));
    let head = format!(
        "  {:>6} {:>10} {:>8} {:>10} {:>10} {:>9}",
        "#", "from byte", "bytes", "read", "taken", "gatetap"
    );
    lines.push(Line::from(ui.span(Role::Quiet, head)));
    let skipped = count.saturating_sub(CHUNKS);
    if skipped > 0 {
        lines.push(Line::from(ui.span(Role::Warn, format!("  {skipped} before these are not shown"))));
    }
    let mut offset = 0;
    for (nth, mark) in body.marks.iter().enumerate() {
        if nth >= skipped {
            lines.push(chunk(ui, nth, offset, *mark));
        }
        offset += u64::from(mark.length);
    }
    lines.push(Line::default());
}

fn chunk(ui: &Ui, nth: usize, offset: u64, mark: Mark) -> Line<'static> {
    let held = mark.taken.map(|taken| taken.since(mark.read));
    let taken = mark.taken.map_or_else(|| "not taken".to_owned(), |taken| taken.to_string());
    let role = if mark.taken.is_none() { Role::Warn } else { Role::Plain };
    Line::from_iter([
        ui.span(Role::Quiet, format!("  {nth:>6} {offset:>10}")),
        Span::raw(format!(" {:>8} {:>10} ", mark.length, mark.read.to_string())),
        ui.span(role, format!("{taken:>10}")),
        ui.span(Role::Quiet, format!(" {:>9}", micros(held))),
    ])
}
