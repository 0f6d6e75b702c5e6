//! The events of a stream, one a line.

use super::super::style::{Style, paint};
use super::super::table::keep_start;
use super::super::world::Env;
use crate::digest::{EventKind, EventLine, Rhythm};
use crate::exchange::text::printable;
use crate::exchange::time::Micros;

/// Columns before the text of an event.
const LEAD: usize = 34;

/// One line an event: its number among the events, when it was there, how long after the one before, or that
/// the same read brought both, its bytes, its text. A long gap has a line of its own. On a terminal a line ends where the terminal does.
pub(super) fn lines(events: &[EventLine], env: &Env<'_>) -> String {
    let mut text = String::new();
    let rhythm = Rhythm::of(events);
    let mut before: Option<(Micros, usize)> = None;
    let mut count = 0;
    for event in events {
        let at = event.at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        let gap = match (event.at, before) {
            (Some(_), Some((_, chunk))) if chunk == event.chunk => "same read".to_owned(),
            (Some(at), Some((before, _))) => {
                let gap = at.since(before);
                if rhythm.as_ref().is_some_and(|rhythm| rhythm.is_long(gap)) {
                    let silence = format!("({gap} of silence)");
                    let silence = paint(env.stdout.colour(), Style::Doubtful, &silence);
                    let piece = format!("{:LEAD$}{silence}\n", "");
                    text.push_str(&piece);
                }
                format!("+{gap}")
            }
            _ => String::new(),
        };
        before = event.at.map(|at| (at, event.chunk)).or(before);
        // As the verdict's evidence counts them.
        let number = if event.kind == EventKind::Event {
            count += 1;
            count.to_string()
        } else {
            String::new()
        };
        let mut content = content(event);
        if env.stdout.is_terminal() {
            content = keep_start(&content, env.width.saturating_sub(LEAD).max(20));
        }
        let line = format!(
            "{number:>4}  {at:>9}  {gap:>10}  {:>5}  {}\n",
            event.length,
            paint(env.stdout.colour(), style(event.kind), &content)
        );
        text.push_str(&line);
    }
    text
}

fn content(event: &EventLine) -> String {
    let data = printable(&event.data);
    match event.kind {
        EventKind::Event => {
            let kind = event.event.as_deref().filter(|kind| *kind != "message");
            let kind = kind.map(|kind| format!("{}  ", printable(kind)));
            format!("{}{data}", kind.unwrap_or_default())
        }
        EventKind::Comment => format!(": {}", data.trim_start()),
        EventKind::Retry => format!("retry: {data}"),
        EventKind::Partial => format!("(never ended)  {data}"),
    }
}

const fn style(kind: EventKind) -> Style {
    match kind {
        EventKind::Event => Style::Plain,
        EventKind::Comment | EventKind::Retry => Style::Faint,
        EventKind::Partial => Style::Bad,
    }
}
