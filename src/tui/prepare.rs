//! From a recorded exchange to what the pane draws. Runs on the loader's thread, so that a large body
//! never holds up a key.

use super::conversation::turns;
use super::json_text;
use super::state::{BodyText, Detail, EventRow, Handover};
use crate::digest::summary::Whole;
use crate::digest::{EventKind, EventLine, ReadAs, Rhythm, Sdk, View, events, examine, rate_state, view};
use crate::exchange::body::Body;
use crate::exchange::delay::{added, percentile};
use crate::exchange::head::{Headers, ResponseHead};
use crate::exchange::text::boundary_before;
use crate::exchange::time::Micros;
use crate::wire::coding::{Decoded, Decoder, Problem, decode};
use bytes::Bytes;

/// How much of a body is shown.
pub const BODY_SHOWN: usize = 256 * 1024;

/// How many events are shown: the last ones.
pub const EVENTS_SHOWN: usize = 50_000;

/// What SDKs make of a stream is worked out up to so many events: it takes each of them several times the work of
/// all the rest.
pub const EVENTS_VIEWED: usize = 2_000;

/// How much of an event's data is shown in its line, in bytes.
const EVENT_SHOWN: usize = 400;

/// How much of a decoded body is held for what is looked at closely.
const BODY_HELD: usize = 16 * 1024 * 1024;

/// A pause that a person notices: from here on a gap is marked.
const LONG_GAP: Micros = Micros(500_000);

/// How much of a body that is not text is shown.
const BINARY_SHOWN: usize = 1024;

/// Prepares an exchange for drawing.
pub fn prepare(whole: Whole, evidence: Option<String>, request: Body, response: Body) -> Detail {
    let exchange = &whole.exchange;
    let head = exchange.response.as_ref();
    let none = Headers::default();
    let headers = head.map_or(&none, |head| &head.headers);
    // The two readings of a long stream know nothing of each other.
    let (stream, examined) = std::thread::scope(|scope| {
        let examining = scope.spawn(|| examine(exchange, &request, &response));
        let stream = head.map_or_else(Stream::default, |head| Stream::of(head, &response));
        (stream, examining.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let views = if stream.events <= EVENTS_VIEWED { views(&whole, &request, &response) } else { Vec::new() };
    let handover = handover(&response);
    let request_text = body_text(&exchange.request.headers, request);
    let response_text = body_text(headers, response);
    let at = whole.summary.started_at.plus(exchange.timing.head.unwrap_or_default());
    Detail {
        turns: turns(&request_text.decoded, &examined.answer),
        views,
        limits: rate_state(headers, &response_text.decoded, at),
        request: request_text,
        response: response_text,
        events_before: stream.events - stream.rows.len(),
        events: stream.rows,
        rhythm: stream.rhythm,
        attempts: Vec::new(),
        handover,
        evidence,
        whole,
    }
}

/// A stream as it is listed.
#[derive(Default)]
struct Stream {
    /// How many events it has.
    events: usize,
    /// The last of them.
    rows: Vec<EventRow>,
    rhythm: Option<Rhythm>,
}

impl Stream {
    fn of(head: &ResponseHead, body: &Body) -> Self {
        let lines = events(head, body);
        let rhythm = Rhythm::of(&lines);
        Self { events: lines.len(), rows: event_rows(lines, rhythm.as_ref()), rhythm }
    }
}

fn body_text(headers: &Headers, body: Body) -> BodyText {
    let is_plain = !Decoder::for_headers(headers).is_coded() && body.bytes.len() <= BODY_HELD;
    let coded = if is_plain { None } else { Some(decode(headers, &body.bytes, BODY_HELD + 1)) };
    // What needs no decoding and is held whole is held once.
    let raw = match body.bytes.get(..BODY_HELD) {
        Some(held) => Bytes::copy_from_slice(held),
        None => Bytes::from(body.bytes),
    };
    let decoded = coded.map_or_else(|| Held { bytes: raw.clone(), problem: None }, Held::from);
    let mut notes = Vec::new();
    let shown = decoded.bytes.get(..BODY_SHOWN).unwrap_or(&decoded.bytes);
    if shown.len() < decoded.bytes.len() {
        notes.push(format!("the first {} KiB", BODY_SHOWN / 1024));
    } else if let Some(problem) = &decoded.problem {
        notes.push(describe(problem));
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
        (hex_lines(shown.get(..BINARY_SHOWN).unwrap_or(shown), 0), false)
    };
    BodyText {
        lines,
        json,
        note: (!notes.is_empty()).then(|| notes.join("; ")),
        decoded: decoded.bytes,
        raw,
        marks: body.marks,
    }
}

/// A decoded body.
struct Held {
    bytes: Bytes,
    problem: Option<Problem>,
}

impl From<Decoded> for Held {
    fn from(decoded: Decoded) -> Self {
        Self { bytes: decoded.bytes.into(), problem: decoded.problem }
    }
}

fn describe(problem: &Problem) -> String {
    match problem {
        Problem::Corrupt { coding, at } => format!("not valid {} from byte {at} on", coding.as_str()),
        Problem::Capped => "too large to decode whole".to_owned(),
    }
}

/// The bytes as text; `None` where they are mostly something else.
pub(super) fn text_of(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let odd = text.chars().filter(|&c| c == char::REPLACEMENT_CHARACTER || c == '\0').count();
    (odd * 10 <= text.chars().count()).then(|| text.into_owned())
}

/// A text as lines.
pub(super) fn plain_lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.replace('\t', "    ")).collect()
}

/// Bytes as lines of sixteen; the first stands at `offset`.
pub(super) fn hex_lines(bytes: &[u8], offset: usize) -> Vec<String> {
    bytes
        .chunks(16)
        .enumerate()
        .map(|(row, chunk)| {
            let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
            let text: String = chunk
                .iter()
                .map(|&byte| if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' })
                .collect();
            format!("{:06x}  {:47}  {text}", offset + row * 16, hex.join(" "))
        })
        .collect()
}

/// What the SDKs that may read this answer make of it: of the one that asked, where it is known, else of all
/// that speak its dialect.
fn views(whole: &Whole, request: &Body, response: &Body) -> Vec<View> {
    let all = ReadAs::of_dialect(whole.summary.digest.dialect);
    let asked = Sdk::of(&whole.exchange.request.headers).and_then(|sdk| ReadAs::of_sdk(sdk.name));
    let sdk = asked.filter(|one| all.contains(one));
    let eyes: Vec<ReadAs> = sdk.map_or_else(|| all.to_vec(), |one| vec![one]);
    eyes.into_iter().map(|one| view(one, &whole.exchange, request, response, &whole.summary.digest)).collect()
}

fn event_rows(lines: Vec<EventLine>, rhythm: Option<&Rhythm>) -> Vec<EventRow> {
    let skipped = lines.len().saturating_sub(EVENTS_SHOWN);
    let mut before: Option<EventLine> = None;
    let mut repeated = json_text::Repeated::default();
    let mut rows = Vec::with_capacity(lines.len() - skipped);
    for line in lines {
        let previous = before.as_ref();
        let gap = line.at.zip(previous.and_then(|line| line.at)).map(|(at, before)| at.since(before));
        if line.index >= skipped {
            let new = repeated.news(previous.map_or("", |line| &line.data), &line.data);
            let is_cut = new.len() < line.data.len() && line.kind == EventKind::Event;
            let text = if is_cut { format!("… {}", start(new)) } else { start(&line.data).to_owned() };
            rows.push(EventRow {
                index: line.index,
                number: line.number,
                kind: line.kind,
                at: line.at,
                gap,
                size: line.length,
                // The standard calls an event without a name `message`.
                name: line.event.clone().filter(|name| name != "message").unwrap_or_default(),
                text,
                chunk: line.chunk,
                offset: line.offset,
                is_late: gap
                    .is_some_and(|gap| gap >= LONG_GAP || rhythm.is_some_and(|rhythm| rhythm.is_long(gap))),
            });
        }
        before = Some(EventLine { at: line.at.or_else(|| previous.and_then(|line| line.at)), ..line });
    }
    rows
}

/// What of a text is shown in a line.
fn start(text: &str) -> &str {
    text.get(..boundary_before(text, EVENT_SHOWN)).unwrap_or(text)
}

fn handover(body: &Body) -> Option<Handover> {
    let added = added(&body.marks);
    Some(Handover { median: percentile(&added, 50)?, p99: percentile(&added, 99)?, chunks: added.len() })
}
