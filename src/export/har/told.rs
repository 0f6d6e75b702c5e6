//! What an entry tells beyond the standard: gatetap's own members, and when the events of a stream came.

use super::read::LONGEST;
use crate::digest::{self, EventKind};
use crate::exchange::body::{Body, Mark, Rest};
use crate::exchange::credential::CredentialFacts;
use crate::exchange::head::{RequestHead, ResponseHead};
use crate::exchange::time::{Micros, WallTime};
use crate::export::jsonl::{self, CredentialLine, EndLine, OwnAnswerLine, TimingLine};
use crate::gateway::credential::credential_facts;
use serde::Deserialize;
use serde_json::Value;

/// What gatetap itself wrote down.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Told {
    pub(super) gateway: Option<String>,
    pub(super) target: Option<String>,
    pub(super) fault: Option<String>,
    pub(super) timing: Option<TimingLine>,
    pub(super) request_end: Option<EndLine>,
    pub(super) response_end: Option<EndLine>,
    pub(super) own_answer: Option<OwnAnswerLine>,
    credentials: Option<Vec<CredentialLine>>,
}

impl Told {
    /// What is known of the request's credentials: what was written down, else those that stand masked in its head.
    pub(super) fn credentials(&mut self, head: &RequestHead) -> Result<Vec<CredentialFacts>, String> {
        match self.credentials.take() {
            Some(told) => told.into_iter().map(jsonl::credential).collect(),
            None => Ok(masked(head)),
        }
    }
}

/// The credentials of a head whose secrets were hidden before a file was made of it. There was one, and that is all
/// that can be said.
fn masked(head: &RequestHead) -> Vec<CredentialFacts> {
    let query = head.query().unwrap_or_default();
    let value = |place: &str| match place.strip_prefix('?') {
        Some(name) => {
            query.split('&').filter_map(|pair| pair.split_once('=')).find(|pair| pair.0 == name)?.1.into()
        }
        None => head.headers.text(place),
    };
    let all = credential_facts(&head.headers, head.query(), &[]).into_iter();
    all.filter_map(|facts| {
        let text = value(&facts.place)?;
        if !is_masked(text) {
            return None;
        }
        let shown = text.rsplit('*').next().filter(|tail| text.contains('*') && tail.len() == 4);
        let last4 = shown.map(str::to_owned);
        Some(CredentialFacts { last4, length: 0, fingerprint: String::new(), defects: Vec::new(), ..facts })
    })
    .collect()
}

/// Whether a tool has put something else in a secret's place.
fn is_masked(value: &str) -> bool {
    const WORDS: [&str; 5] = ["redacted", "masked", "hidden", "removed", "filtered"];
    let value = value.to_ascii_lowercase();
    value.contains("***") || WORDS.iter().any(|word| value.contains(word))
}

/// An answer's body and, of a stream whose events came at times that are told, when its parts did. `plain` gives it
/// where it is no stream; a stream of which no times are told has no marks.
pub(super) fn body(
    head: &ResponseHead,
    bytes: Vec<u8>,
    messages: &Value,
    start: WallTime,
    began: Micros,
    plain: impl FnOnce(Vec<u8>) -> Body,
) -> Body {
    let mut body = Body { bytes, ..Body::default() };
    let lines = digest::events(head, &body);
    if lines.is_empty() {
        return plain(body.bytes);
    }
    let events = lines.iter().filter(|line| line.kind == EventKind::Event);
    let told = messages.as_array().map(Vec::as_slice).unwrap_or_default();
    if events.clone().count() != told.len() {
        return body;
    }
    let times = events.zip(told).map(|(line, message)| {
        let is_same = message.get("data").and_then(Value::as_str) == Some(line.data.as_str());
        let time = message.get("time").and_then(Value::as_f64).filter(|_| is_same)?;
        // Seconds since 1970 have room for microseconds, and for many years more.
        let since = (time * 1e6).round() as i64;
        Some(Micros(u64::try_from(since.checked_sub(start.0)?).ok()?)).filter(|since| *since <= LONGEST)
    });
    let Some(times) = times.collect::<Option<Vec<Micros>>>() else { return body };
    let mut times = times.into_iter();
    let mut ends: Vec<(u64, Micros)> = Vec::new();
    let mut now = began;
    for line in &lines {
        // Of anything but an event, all that is known is that it came no earlier than the event before.
        if line.kind == EventKind::Event {
            now = now.max(times.next().unwrap_or_default());
        }
        ends.push((line.offset.saturating_add(line.length), now));
    }
    ends.push((body.bytes.len() as u64, now));
    let mut at = 0;
    for (end, read) in ends {
        let length = u32::try_from(end.saturating_sub(at)).unwrap_or(u32::MAX);
        at = at.max(end);
        match body.marks.last_mut() {
            Some(last) if last.read == read => last.length = last.length.saturating_add(length),
            _ if length > 0 => body.marks.push(Mark { length, read, taken: None, rest: Rest::default() }),
            _ => {}
        }
    }
    body
}
