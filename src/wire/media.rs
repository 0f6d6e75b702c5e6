//! Media types, as far as a reader has to tell them apart.

use crate::exchange::head::Headers;

/// The media type of an event stream.
pub const EVENT_STREAM: &str = "text/event-stream";

/// The essence of a media type: what stands before its parameters, without white space.
pub fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// Whether the essence of `content_type` is `wanted`, compared without case.
pub fn is(content_type: &str, wanted: &str) -> bool {
    essence(content_type).eq_ignore_ascii_case(wanted)
}

/// Whether a head announces an event stream. Parameters are ignored, as the standard says.
pub fn is_event_stream(headers: &Headers) -> bool {
    headers.text("content-type").is_some_and(|value| is(value, EVENT_STREAM))
}

/// Whether a head announces JSON documents, one a line. The names in use; none of them is registered.
pub fn is_json_lines(headers: &Headers) -> bool {
    const NAMES: [&str; 5] = [
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonlines",
        "application/stream+json",
    ];
    headers.text("content-type").is_some_and(|value| NAMES.iter().any(|name| is(value, name)))
}

/// Whether a head announces JSON: `application/json`, `text/json` or any `+json`.
pub fn is_json(headers: &Headers) -> bool {
    headers.text("content-type").is_some_and(|value| {
        let essence = essence(value).to_ascii_lowercase();
        essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
    })
}

/// What a body begins with, whatever its head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// A field or a comment of an event stream.
    EventStream,
    /// An object or an array.
    Json,
    /// Something else.
    Other,
}

/// What a body that begins with `bytes` looks like; `None` while they are too few to tell.
pub fn looks(bytes: &[u8]) -> Option<Looks> {
    const FIELDS: [&[u8]; 4] = [b"data:", b"event:", b"id:", b"retry:"];
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let body = bytes.get(start..).unwrap_or_default();
    match body.first() {
        Some(b'{' | b'[') => return Some(Looks::Json),
        Some(b':') => return Some(Looks::EventStream),
        _ => {}
    }
    if FIELDS.iter().any(|field| body.starts_with(field)) {
        return Some(Looks::EventStream);
    }
    let undecided = FIELDS.iter().any(|field| field.starts_with(body)) || b"\xef\xbb\xbf".starts_with(body);
    (!undecided).then_some(Looks::Other)
}
