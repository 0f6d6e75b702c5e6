//! A completion as bytes: the events of a stream with their times, or one JSON body, in the asked dialect.

mod blocks;
mod chat;
mod completions;
pub(super) mod listing;
mod messages;
mod responses;
pub(super) mod vectors;

pub(super) use chat::generation_id;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::ask::{Ask, Form};
use super::behavior::Behavior;
use super::completion::Completion;
use super::json::Json;
use super::playback::{Ending, Script};
use super::profile::{Profile, Vendor};
use super::refusal::{self, Skin};
use crate::gateway::errors::{Detail, ErrorCode};

/// What is told, to whom, in whose manner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) profile: &'a Profile,
    pub(super) ask: &'a Ask,
    pub(super) completion: &'a Completion,
    pub(super) request_id: &'a str,
}

/// One event, or comment, of a stream in its wire form.
#[derive(Debug)]
struct Event {
    at: Duration,
    text: String,
    /// It says how the answer ended, and is not part of it.
    closing: bool,
}

/// The stream of a completion, in lifelike time, with what the behavior does to it.
pub(super) fn stream(told: Told<'_>, behavior: &Behavior) -> Script {
    let mut events = events(told);
    let written = events.iter().filter(|event| !event.closing).count();
    let mut ending = Ending::Clean;
    match behavior {
        Behavior::Usual | Behavior::RateLimited { .. } | Behavior::Offset => {}
        Behavior::Cut { after } => {
            events.truncate(written.min(*after));
            ending = Ending::Cut;
        }
        Behavior::Buffered => return in_one_piece(&events),
        Behavior::Stall { after, silence } => {
            let after = written.min(*after);
            if let Some(silence) = silence {
                for event in events.iter_mut().skip(after) {
                    event.at += *silence;
                }
            } else {
                events.truncate(after);
                ending = Ending::Silence;
            }
        }
        Behavior::NoFinish => events.truncate(written),
        Behavior::ErrorInside { after, code } => {
            events.truncate(written.min(*after));
            let at = events.last().map_or(Duration::ZERO, |event| event.at);
            let sequence = events.len() as u64;
            events.push(Event { at, text: told.error_event(code, sequence), closing: true });
        }
    }
    let pieces: VecDeque<_> = events.into_iter().map(|event| (event.at, Bytes::from(event.text))).collect();
    Script { pieces, ending }
}

/// All events at the time of the last, as one piece: what a buffering proxy would pass on.
fn in_one_piece(events: &[Event]) -> Script {
    let end = events.last().map_or(Duration::ZERO, |event| event.at);
    let bytes: Vec<u8> = events.iter().flat_map(|event| event.text.bytes()).collect();
    Script { pieces: VecDeque::from([(end, Bytes::from(bytes))]), ending: Ending::Clean }
}

fn events(told: Told<'_>) -> Vec<Event> {
    let mut events = match told.ask.form {
        Form::Chat => chat::events(told),
        Form::Completions => completions::events(told),
        Form::Responses => responses::events(told),
        Form::Messages => messages::events(told),
    };
    if told.profile.vendor == Vendor::OpenRouter {
        let first = events.first().map_or(Duration::ZERO, |event| event.at);
        let count = 1 + u32::try_from(told.completion.id % 3).unwrap_or(0);
        let comment = |number| Event {
            at: first * number / (count + 1),
            text: ": OPENROUTER PROCESSING\n\n".to_owned(),
            closing: false,
        };
        events.splice(0..0, (1..=count).map(comment));
    }
    events
}

/// The answer as one JSON body.
pub(super) fn whole(told: Told<'_>, behavior: &Behavior) -> String {
    let finished = *behavior != Behavior::NoFinish;
    match told.ask.form {
        Form::Chat => chat::whole(told, finished),
        Form::Completions => completions::whole(told, finished),
        Form::Responses => responses::whole(told, finished),
        Form::Messages => messages::whole(told, finished),
    }
    .into_text()
}

impl Event {
    /// An event that has data alone.
    fn data(at: Duration, data: Json) -> Self {
        Self { at, text: format!("data: {}\n\n", data.into_text()), closing: false }
    }

    /// An event with a name.
    fn named(at: Duration, name: &str, data: Json) -> Self {
        Self { at, text: format!("event: {name}\ndata: {}\n\n", data.into_text()), closing: false }
    }

    /// What ends a stream of chat.
    fn done(at: Duration) -> Self {
        Self { at, text: "data: [DONE]\n\n".to_owned(), closing: true }
    }

    fn closing(self) -> Self {
        Self { closing: true, ..self }
    }
}

impl Told<'_> {
    /// The documented body of an error, as this dialect has it.
    pub(super) fn error_body(&self, code: &ErrorCode) -> String {
        let detail =
            Detail { model: Some(&self.ask.named), request_id: Some(self.request_id), ..Detail::default() };
        match (self.profile.vendor, self.ask.form) {
            (Vendor::OpenRouter, Form::Responses) => {
                refusal::skinned(code, &detail, Skin::Responses).into_text()
            }
            (Vendor::OpenRouter, Form::Messages) => {
                refusal::skinned(code, &detail, Skin::Messages).into_text()
            }
            _ => code.body(&detail),
        }
    }

    fn error_event(&self, code: &ErrorCode, sequence: u64) -> String {
        match self.ask.form {
            Form::Messages => format!("event: error\ndata: {}\n\n", self.error_body(code)),
            Form::Responses => {
                let message = code.message.replace("{model}", &self.ask.named);
                let data = super::json::object! {
                    "type": "error",
                    "code": &code.code,
                    "message": message,
                    "param": code.param.as_ref(),
                    "sequence_number": sequence,
                };
                format!("event: error\ndata: {}\n\n", data.into_text())
            }
            Form::Chat if self.profile.vendor == Vendor::OpenRouter => {
                format!("data: {}\n\n", chat::error_chunk(*self, code).into_text())
            }
            Form::Chat | Form::Completions => format!("data: {}\n\n", self.error_body(code)),
        }
    }
}

/// Random padding, so that the lengths of events say nothing of their text.
fn obfuscation(told: Told<'_>, index: usize) -> Json {
    if told.profile.vendor != Vendor::OpenAi || !told.ask.obfuscation {
        return Json::ABSENT;
    }
    let mut rng = fastrand::Rng::with_seed(told.completion.id.wrapping_add(index as u64));
    let length = rng.usize(4..=16);
    let padding: String = std::iter::repeat_with(|| rng.alphanumeric()).take(length).collect();
    Json::from(&padding)
}
