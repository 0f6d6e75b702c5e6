//! Chat Completions.

use std::time::Duration;

use super::{Event, Told, obfuscation};
use crate::gateway::errors::{Detail, ErrorCode};
use crate::sim::completion::{Answer, Content, Finish, Piece, Timed};
use crate::sim::hash;
use crate::sim::json::{Json, array, object};
use crate::sim::profile::Vendor;
use crate::sim::tools::Call;

/// What a million tokens cost, in dollars.
const INPUT_PRICE: f64 = 0.15;
const OUTPUT_PRICE: f64 = 0.6;

pub(super) fn events(told: Told<'_>) -> Vec<Event> {
    let Told { ask, completion, .. } = told;
    let usage_comes = ask.include_usage || told.profile.vendor == Vendor::OpenRouter;
    let pending =
        || Json::only_if(ask.include_usage && told.profile.vendor != Vendor::OpenRouter, Json::null);
    let mut count = 0;
    let mut event = |at: Duration, choices: Json, usage: Json| {
        count += 1;
        Event::data(at, chunk(told, choices, usage, obfuscation(told, count)))
    };
    let mut events = Vec::with_capacity(completion.pieces.len() + 4);
    let first = completion.pieces.first().map_or(Duration::ZERO, |timed| timed.at);
    if let Some(debug) = debug(told) {
        events.push(Event::data(first, debug));
    }
    // The role comes with the first token.
    for (index, answer) in completion.answers.iter().enumerate() {
        let content = match answer.content {
            Content::Text(_) => Json::from(""),
            Content::Calls(_) => Json::null(),
        };
        let refusal = Json::only_if(told.profile.vendor == Vendor::OpenAi, Json::null);
        let delta = object! { "role": "assistant", "content": content, "refusal": refusal };
        events.push(event(first, array![choice(told, index, delta, Json::null(), Json::ABSENT)], pending()));
    }
    for timed in &completion.pieces {
        if let Some(delta) = delta(told, timed) {
            let logprobs = logprobs(told, std::iter::once(timed));
            let choice = choice(told, timed.answer, delta, Json::null(), logprobs);
            events.push(event(timed.at, array![choice], pending()));
        }
    }
    let end = completion.end;
    for (index, answer) in completion.answers.iter().enumerate() {
        let reason = Json::from(finish_reason(&answer.finish));
        let choice = choice(told, index, object! {}, reason, Json::ABSENT);
        events.push(event(end, array![choice], pending()).closing());
    }
    if usage_comes {
        events.push(event(end, array![], usage(told)).closing());
    }
    events.push(Event::done(end));
    events
}

pub(super) fn whole(told: Told<'_>, finished: bool) -> Json {
    let Told { ask, completion, .. } = told;
    let choices = completion.answers.iter().enumerate().map(|(index, answer)| {
        let finish = finished.then(|| finish_reason(&answer.finish));
        let native = finished.then(|| native_reason(told, &answer.finish));
        let pieces = completion.pieces.iter().filter(|timed| timed.answer == index);
        object! {
            "index": index,
            "message": message(told, answer),
            "logprobs": match ask.logprobs {
                Some(_) => logprobs(told, pieces),
                None => Json::only_if(told.profile.vendor != Vendor::NexoRouter, Json::null),
            },
            "finish_reason": finish,
            "native_finish_reason":
                Json::only_if(told.profile.vendor == Vendor::OpenRouter, || Json::from(native)),
        }
    });
    object! {
        "id": id(told),
        "provider": provider(told),
        "object": "chat.completion",
        "created": completion.created,
        "model": &ask.named,
        "choices": Json::array(choices),
        "usage": usage(told),
        "service_tier": openai_only(told, || Json::from("default")),
        "system_fingerprint": fingerprint(told),
    }
}

/// OpenRouter's chunk for an error after generation began.
pub(super) fn error_chunk(told: Told<'_>, code: &ErrorCode) -> Json {
    let detail = Detail { model: Some(&told.ask.named), ..Detail::default() };
    let body: serde_json::Value = serde_json::from_str(&code.body(&detail)).unwrap_or_default();
    let error = body.get("error").cloned().unwrap_or_default();
    let choice = object! { "index": 0_u64, "delta": object! { "content": "" }, "finish_reason": "error" };
    object! {
        "id": id(told),
        "object": "chat.completion.chunk",
        "created": told.completion.created,
        "model": &told.ask.named,
        "provider": provider(told),
        "error": &error,
        "choices": array![choice],
    }
}

fn chunk(told: Told<'_>, choices: Json, usage: Json, obfuscation: Json) -> Json {
    object! {
        "id": id(told),
        "provider": provider(told),
        "object": "chat.completion.chunk",
        "created": told.completion.created,
        "model": &told.ask.named,
        "service_tier": openai_only(told, || Json::from("default")),
        "system_fingerprint": fingerprint(told),
        "choices": choices,
        "usage": usage,
        "obfuscation": obfuscation,
    }
}

fn choice(told: Told<'_>, index: usize, delta: Json, reason: Json, logprobs: Json) -> Json {
    let vendor = told.profile.vendor;
    let native = match (vendor, told.completion.answers.get(index)) {
        (Vendor::OpenRouter, Some(answer)) if reason != Json::null() => {
            Json::from(native_reason(told, &answer.finish))
        }
        (Vendor::OpenRouter, _) => Json::null(),
        _ => Json::ABSENT,
    };
    let logprobs = if logprobs == Json::ABSENT { openai_only(told, Json::null) } else { logprobs };
    object! {
        "index": index,
        "delta": delta,
        "logprobs": logprobs,
        "finish_reason": reason,
        "native_finish_reason": native,
    }
}

/// What a piece adds; `None` where this gateway does not show it.
fn delta(told: Told<'_>, timed: &Timed) -> Option<Json> {
    let call = match &timed.piece {
        Piece::Text(text) => return Some(object! { "content": text.as_str() }),
        Piece::Reasoning(text) => return reasoning(told, text).map(|fields| Json::object(&fields)),
        Piece::Arguments { index, part } => {
            object! { "index": *index, "function": object! { "arguments": part.as_str() } }
        }
        Piece::Call { index } => match told.completion.call(timed.answer, *index) {
            Some(call) => full_call(call, Some(*index), ""),
            // The limit left no room for its arguments.
            None => return None,
        },
    };
    Some(object! { "tool_calls": array![call] })
}

fn full_call(call: &Call, index: Option<usize>, arguments: &str) -> Json {
    object! {
        "index": index.map_or(Json::ABSENT, Json::from),
        "id": call_id(call),
        "type": "function",
        "function": object! { "name": &call.name, "arguments": arguments },
    }
}

/// A call's id, as OpenAI's APIs have it.
pub(super) fn call_id(call: &Call) -> String {
    format!("call_sim_{:016x}", call.id)
}

/// The fields of reasoning; none at OpenAI, which only counts it.
fn reasoning(told: Told<'_>, text: &str) -> Option<Vec<(&'static str, Json)>> {
    match told.profile.vendor {
        Vendor::OpenAi => None,
        Vendor::OpenRouter => {
            let detail =
                object! { "type": "reasoning.text", "text": text, "format": "unknown", "index": 0_u64 };
            Some(vec![
                ("content", Json::from("")),
                ("reasoning", Json::from(text)),
                ("reasoning_details", array![detail]),
            ])
        }
        Vendor::NexoRouter | Vendor::Anthropic => Some(vec![("reasoning_content", Json::from(text))]),
    }
}

fn message(told: Told<'_>, answer: &Answer) -> Json {
    let content = match &answer.content {
        Content::Text(text) => Json::from(text),
        Content::Calls(_) => Json::null(),
    };
    let mut fields = vec![("role", Json::from("assistant"))];
    if !answer.reasoning.is_empty()
        && let Some(shown) = reasoning(told, &answer.reasoning)
    {
        fields.extend(shown.into_iter().filter(|(name, _)| *name != "content"));
    }
    fields.push(("content", content));
    if told.profile.vendor == Vendor::OpenAi {
        fields.extend([("refusal", Json::null()), ("annotations", array![])]);
    }
    let calls = answer.content.calls();
    if !calls.is_empty() {
        let calls = calls.iter().map(|call| full_call(call, None, &call.arguments));
        fields.push(("tool_calls", Json::array(calls)));
    }
    Json::object(&fields)
}

/// The probabilities of tokens of text, where they are asked for.
fn logprobs<'a>(told: Told<'_>, pieces: impl Iterator<Item = &'a Timed>) -> Json {
    let Some(most) = told.ask.logprobs else {
        return Json::ABSENT;
    };
    let tokens = pieces.filter_map(|timed| match &timed.piece {
        Piece::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let tokens = tokens.map(|text| {
        let drawn = hash(told.completion.id, text.as_bytes()) % 1000;
        let one = |text: &str, logprob: f64, top: Json| {
            object! {
                "token": text,
                "logprob": logprob,
                "bytes": Json::of(text.as_bytes()),
                "top_logprobs": top,
            }
        };
        let logprob = -(drawn as f64) / 1000.0;
        let others = ["…", "-", " the", ".", " a"];
        let top = (0..most).zip(std::iter::once(text).chain(others));
        let top = top.map(|(rank, text)| one(text, logprob - rank as f64, Json::ABSENT));
        one(text, logprob, Json::array(top))
    });
    object! { "content": Json::array(tokens), "refusal": Json::null() }
}

/// The usage, with what each gateway adds.
pub(super) fn usage(told: Told<'_>) -> Json {
    let Told { completion, .. } = told;
    let (input, output) = (completion.input_tokens, completion.output_tokens);
    // To the nearest billionth.
    let cost = ((input as f64 * INPUT_PRICE + output as f64 * OUTPUT_PRICE) * 1e3).round() / 1e9;
    let vendor = told.profile.vendor;
    let router = |value: fn() -> Json| Json::only_if(vendor == Vendor::OpenRouter, value);
    let detailed = vendor != Vendor::NexoRouter;
    object! {
        "prompt_tokens": input,
        "completion_tokens": output,
        "total_tokens": input + output,
        "cost": Json::only_if(vendor == Vendor::OpenRouter, || Json::from(cost)),
        "is_byok": router(|| Json::from(false)),
        "prompt_tokens_details": Json::only_if(detailed, || object! {
            "cached_tokens": 0_u64,
            "audio_tokens": 0_u64,
        }),
        "cost_details": router(|| object! { "upstream_inference_cost": Json::null() }),
        "completion_tokens_details": Json::only_if(detailed || completion.reasoning_tokens > 0, || object! {
            "reasoning_tokens": completion.reasoning_tokens,
            "audio_tokens": Json::only_if(detailed, || Json::from(0_u64)),
        }),
    }
}

/// The chunk that shows what was sent to the provider, where it is asked for.
fn debug(told: Told<'_>) -> Option<Json> {
    let asked = told.ask.body.pointer("/debug/echo_upstream_body") == Some(&true.into());
    (asked && told.profile.vendor == Vendor::OpenRouter).then(|| {
        object! {
            "id": id(told),
            "provider": provider(told),
            "object": "chat.completion.chunk",
            "created": told.completion.created,
            "model": &told.ask.named,
            "choices": array![],
            "debug": object! { "echo_upstream_body": &told.ask.body },
        }
    })
}

const fn finish_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Sequence(_) => "stop",
        Finish::Length => "length",
        Finish::Calls => "tool_calls",
    }
}

/// The reason in the provider's own words.
fn native_reason(told: Told<'_>, finish: &Finish) -> &'static str {
    if told.ask.model.provider() == "Anthropic" {
        super::messages::stop_reason(finish)
    } else {
        finish_reason(finish)
    }
}

/// The completion's id.
pub(super) fn id(told: Told<'_>) -> String {
    let Told { completion, .. } = told;
    match told.profile.vendor {
        Vendor::OpenRouter => generation_id(completion.created, completion.id),
        _ => format!("chatcmpl-sim{:016x}", completion.id),
    }
}

/// OpenRouter's id of a generation, which its header repeats.
pub(in crate::sim) fn generation_id(created: i64, id: u64) -> String {
    format!("gen-{created}-sim{id:016x}")
}

fn provider(told: Told<'_>) -> Json {
    Json::only_if(told.profile.vendor == Vendor::OpenRouter, || Json::from(told.ask.model.provider()))
}

fn fingerprint(told: Told<'_>) -> Json {
    openai_only(told, || {
        let text = format!("fp_sim{:08x}", hash(0, told.ask.model.id.as_bytes()) as u32);
        Json::from(&text)
    })
}

fn openai_only(told: Told<'_>, value: impl FnOnce() -> Json) -> Json {
    Json::only_if(told.profile.vendor == Vendor::OpenAi, value)
}
