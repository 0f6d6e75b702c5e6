//! Renewed answers: other ids and times of creation, at the same places and of the same length, so that
//! framing and chunk boundaries stay as they were.

use crate::exchange::head::Headers;
use crate::exchange::time::Clock;
use crate::wire::coding::Decoder;
use crate::wire::event_stream::{Item, Parser};
use crate::wire::script::Capture;
use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;

/// Where documents hold the id of an answer. The ids of tool calls stay: the app sends them back, and its next
/// request is to be the recorded one.
const IDS: [&str; 4] = ["/id", "/request_id", "/message/id", "/response/id"];

/// The members that hold when an answer was made, in seconds.
const CREATED: [&str; 2] = ["created", "created_at"];

/// The headers that hold the id of an answer.
const ID_HEADERS: [&str; 4] = ["x-request-id", "request-id", "x-generation-id", "x-oneapi-request-id"];

/// The fewest characters at the end of an id that are its own.
const LEAST_OWN: usize = 6;

/// The capture with new ids and times of creation. A body in a content coding stays as it is.
pub(super) fn renewed(mut capture: Capture, clock: &Clock) -> Capture {
    let Some(head) = &mut capture.exchange.response else { return capture };
    let mut ids = BTreeMap::new();
    for name in ID_HEADERS {
        learn(&mut ids, head.headers.text(name));
    }
    let is_plain = !Decoder::for_headers(&head.headers).is_coded();
    if is_plain {
        for document in documents(&head.headers, &capture.response.bytes) {
            for place in IDS {
                learn(&mut ids, document.pointer(place).and_then(Value::as_str));
            }
        }
        replace_ids(&mut capture.response.bytes, &ids);
        replace_created(&mut capture.response.bytes, clock.now().wall.0 / 1_000_000);
    }
    for (name, value) in head.headers.lines_mut() {
        if ID_HEADERS.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            let mut bytes = value.to_vec();
            replace_ids(&mut bytes, &ids);
            *value = Bytes::from(bytes);
        }
    }
    if let Some(raw) = &mut head.raw {
        let mut bytes = raw.to_vec();
        replace_ids(&mut bytes, &ids);
        *raw = Bytes::from(bytes);
    }
    capture
}

/// The JSON documents of a body: itself, or its events' data.
fn documents(headers: &Headers, body: &[u8]) -> Vec<Value> {
    let is_stream = headers.text("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
    if !is_stream {
        return serde_json::from_slice(body).into_iter().collect();
    }
    let mut documents = Vec::new();
    Parser::new().push(body, |item| {
        if let Item::Event(event) = item {
            documents.extend(serde_json::from_str(&event.data).ok());
        }
    });
    documents
}

/// Draws another id for one that is not known yet.
fn learn(ids: &mut BTreeMap<String, String>, id: Option<&str>) {
    if let Some(id) = id.filter(|id| id.len() >= LEAST_OWN && id.is_ascii()) {
        ids.entry(id.to_owned()).or_insert_with(|| other(id));
    }
}

/// An id of the same form: the prefix stays, then letters and digits are others of their kind.
fn other(id: &str) -> String {
    let prefix = id.find(['-', '_']).map_or(0, |at| at + 1);
    let prefix = if id.len() - prefix < LEAST_OWN { 0 } else { prefix };
    // A UUID has no prefix: all that stands before its first hyphen is its own.
    let prefix = if id.get(..prefix).is_some_and(|start| start.bytes().any(|byte| byte.is_ascii_digit())) {
        0
    } else {
        prefix
    };
    let is_hex = id.bytes().skip(prefix).all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let letter = |from: u8, to: u8| char::from(fastrand::u8(from..=to));
    let own = id.chars().skip(prefix).map(|character| match character {
        '0'..='9' => letter(b'0', b'9'),
        'a'..='z' => letter(b'a', if is_hex { b'f' } else { b'z' }),
        'A'..='Z' => letter(b'A', if is_hex { b'F' } else { b'Z' }),
        other => other,
    });
    id.chars().take(prefix).chain(own).collect()
}

fn replace_ids(bytes: &mut [u8], ids: &BTreeMap<String, String>) {
    for (old, new) in ids {
        let places: Vec<usize> = memchr::memmem::find_iter(bytes, old).collect();
        for at in places {
            if let Some(place) = bytes.get_mut(at..at + old.len()) {
                place.copy_from_slice(new.as_bytes());
            }
        }
    }
}

/// Writes `now` where a member holds a time of as many digits.
fn replace_created(bytes: &mut [u8], now: i64) {
    let now = now.to_string();
    for name in CREATED {
        let member = format!("\"{name}\"");
        let places: Vec<usize> =
            memchr::memmem::find_iter(bytes, &member).map(|at| at + member.len()).collect();
        for at in places {
            let rest = bytes.get(at..).unwrap_or_default();
            let skipped = rest.iter().take_while(|byte| b": \t".contains(byte)).count();
            let digits = rest.iter().skip(skipped).take_while(|byte| byte.is_ascii_digit()).count();
            let place = at + skipped..at + skipped + digits;
            if let Some(place) = bytes.get_mut(place).filter(|place| place.len() == now.len()) {
                place.copy_from_slice(now.as_bytes());
            }
        }
    }
}
