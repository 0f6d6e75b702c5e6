//! Completions, the older API.

use super::chat::usage;
use super::{Event, Told};
use crate::sim::completion::{Finish, Piece};
use crate::sim::json::{Json, array, object};
use crate::sim::profile::Vendor;

pub(super) fn events(told: Told<'_>) -> Vec<Event> {
    let completion = told.completion;
    let usage_comes = told.ask.include_usage || told.profile.vendor == Vendor::OpenRouter;
    let pending = || Json::only_if(told.ask.include_usage, Json::null);
    let mut events = Vec::new();
    for timed in &completion.pieces {
        if let Piece::Text(text) = &timed.piece {
            let choice = choice(timed.answer, text, Json::null());
            events.push(Event::data(timed.at, body(told, array![choice], pending())));
        }
    }
    for (index, answer) in completion.answers.iter().enumerate() {
        let choice = choice(index, "", Json::from(reason(&answer.finish)));
        events.push(Event::data(completion.end, body(told, array![choice], pending())).closing());
    }
    if usage_comes {
        events.push(Event::data(completion.end, body(told, array![], usage(told))).closing());
    }
    events.push(Event::done(completion.end));
    events
}

pub(super) fn whole(told: Told<'_>, finished: bool) -> Json {
    let choices = told.completion.answers.iter().enumerate().map(|(index, answer)| {
        let reason = finished.then(|| reason(&answer.finish));
        choice(index, answer.content.text(), Json::from(reason))
    });
    body(told, Json::array(choices), usage(told))
}

fn body(told: Told<'_>, choices: Json, usage: Json) -> Json {
    let id = match told.profile.vendor {
        Vendor::OpenRouter => super::chat::id(told),
        _ => format!("cmpl-sim{:016x}", told.completion.id),
    };
    object! {
        "id": id,
        "object": "text_completion",
        "created": told.completion.created,
        "model": &told.ask.named,
        "choices": choices,
        "usage": usage,
    }
}

fn choice(index: usize, text: &str, reason: Json) -> Json {
    object! { "text": text, "index": index, "logprobs": Json::null(), "finish_reason": reason }
}

const fn reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Length => "length",
        _ => "stop",
    }
}
