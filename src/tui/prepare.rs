//! From a recorded exchange to what the pane draws. Runs on the loader's thread, so that a large body
//! never holds up a key.

use super::json_text;
use super::state::{BodyText, Detail, EventRow, Handover};
use crate::digest::events;
use crate::digest::summary::Whole;
use crate::exchange::body::Body;
use crate::exchange::head::Headers;
use crate::exchange::time::Micros;
use crate::wire::coding::{Problem, decode};

/// How much of a body is shown.
pub const BODY_SHOWN: usize = 256 * 1024;

/// How many events are shown: the last ones.
pub const EVENTS_SHOWN: usize = 5000;

/// How much of an event's data is shown, in characters.
const EVENT_SHOWN: usize = 500;

/// How much of a body that is not text is shown.
const BINARY_SHOWN: usize = 1024;

/// Prepares an exchange for drawing.
pub fn prepare(whole: Whole, evidence: Option<String>, request: &Body, response: &Body) -> Detail {
    let head = whole.exchange.response.as_ref();
    let none = Headers::default();
    Detail {
        request: body_text(&whole.exchange.request.headers, request),
        response: body_text(head.map_or(&none, |head| &head.headers), response),
        events: head.map_or_else(Vec::new, |head| event_rows(events(head, response))),
        handover: handover(response),
        evidence,
        whole,
    }
}

fn body_text(headers: &Headers, body: &Body) -> BodyText {
    let decoded = decode(headers, &body.bytes, BODY_SHOWN + 1);
    let mut notes = Vec::new();
    let shown = decoded.bytes.get(..BODY_SHOWN).unwrap_or(&decoded.bytes);
    if shown.len() < decoded.bytes.len() {
        notes.push(format!("the first {} KiB", BODY_SHOWN / 1024));
    } else if let Some(problem) = decoded.problem {
        notes.push(describe(&problem));
    }
    if let Some(cut) = body.cut {
        notes.push(format!("bytes from {} on are not in the recording", cut.at));
    }
    let (lines, json) = if let Some(text) = text_of(shown) {
        let indented = json_text::indent(&text);
        if indented.is_none() && text.trim_start().starts_with(['{', '[']) && notes.is_empty() {
            notes.push("not whole JSON, shown as it is".to_owned());
        }
        let json = indented.is_some();
        (indented.unwrap_or_else(|| plain_lines(&text)), json)
    } else {
        notes.push("not text".to_owned());
        (hex_lines(shown), false)
    };
    BodyText { lines, json, note: (!notes.is_empty()).then(|| notes.join("; ")) }
}

fn describe(problem: &Problem) -> String {
    match problem {
        Problem::Unknown(coding) => format!("in a coding that is not known: {coding}"),
        Problem::Corrupt { coding, at } => format!("not valid {} from byte {at} on", coding.as_str()),
        Problem::Capped => "too large to decode whole".to_owned(),
    }
}

/// The bytes as text; `None` where they are mostly something else.
fn text_of(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let odd = text.chars().filter(|&c| c == char::REPLACEMENT_CHARACTER || c == '\0').count();
    (odd * 10 <= text.chars().count()).then(|| text.into_owned())
}

fn plain_lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.replace('\t', "    ")).collect()
}

fn hex_lines(bytes: &[u8]) -> Vec<String> {
    let shown = bytes.get(..BINARY_SHOWN).unwrap_or(bytes);
    shown
        .chunks(16)
        .enumerate()
        .map(|(row, chunk)| {
            let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
            let text: String = chunk
                .iter()
                .map(|&byte| if byte.is_ascii_graphic() { char::from(byte) } else { '.' })
                .collect();
            format!("{:06x}  {:47}  {text}", row * 16, hex.join(" "))
        })
        .collect()
}

fn event_rows(lines: Vec<crate::digest::EventLine>) -> Vec<EventRow> {
    let skipped = lines.len().saturating_sub(EVENTS_SHOWN);
    let mut before = skipped.checked_sub(1).and_then(|at| lines.get(at)).and_then(|line| line.at);
    lines
        .into_iter()
        .skip(skipped)
        .map(|line| {
            let gap = line.at.zip(before).map(|(at, before)| at.since(before));
            before = line.at.or(before);
            EventRow {
                index: line.index,
                kind: line.kind,
                at: line.at,
                gap,
                size: line.length,
                // The standard calls an event without a name `message`.
                name: line.event.filter(|name| name != "message").unwrap_or_default(),
                text: line.data.chars().take(EVENT_SHOWN).collect(),
            }
        })
        .collect()
}

fn handover(body: &Body) -> Option<Handover> {
    let mut times: Vec<Micros> =
        body.marks.iter().filter_map(|mark| Some(mark.taken?.since(mark.read))).collect();
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().checked_sub(1)?));
    Some(Handover { median: *at(50)?, p99: *at(99)?, chunks: times.len() })
}
