//! Anthropic's Messages.

use super::blocks::{Block, Kind, blocks};
use super::{Event, Told};
use crate::sim::completion::{Content, Finish};
use crate::sim::json::{Json, array, object};
use crate::sim::profile::Vendor;
use crate::sim::tools::Call;

pub(super) fn events(told: Told<'_>) -> Vec<Event> {
    let completion = told.completion;
    let blocks = blocks(completion);
    let first = blocks.first().map_or(completion.end, |block| block.at);
    let start = object! { "type": "message_start", "message": message(told, array![], None, 1) };
    let mut events = vec![Event::named(first, "message_start", start)];
    for (index, block) in blocks.iter().enumerate() {
        let start = object! {
            "type": "content_block_start",
            "index": index,
            "content_block": begun(told, block),
        };
        events.push(Event::named(block.at, "content_block_start", start));
        if index == 0 {
            events.push(Event::named(block.at, "ping", object! { "type": "ping" }));
        }
        if matches!(block.kind, Kind::Call(_)) {
            // Arguments begin with an empty part.
            events.push(delta(index, block.at, block.kind, ""));
        }
        events.extend(block.parts.iter().map(|(at, part)| delta(index, *at, block.kind, part)));
        if block.kind == Kind::Reasoning {
            let signature = object! { "type": "signature_delta", "signature": signature(told) };
            let data = object! { "type": "content_block_delta", "index": index, "delta": signature };
            events.push(Event::named(block.end(), "content_block_delta", data));
        }
        let stop = object! { "type": "content_block_stop", "index": index };
        events.push(Event::named(block.end(), "content_block_stop", stop));
    }
    let finish = completion.answers.first().map(|answer| &answer.finish);
    let delta = object! {
        "type": "message_delta",
        "delta": object! {
            "stop_reason": finish.map(stop_reason),
            "stop_sequence": finish.and_then(stop_sequence),
        },
        // What was counted so far, not what has been added.
        "usage": usage(told, completion.output_tokens),
    };
    events.push(Event::named(completion.end, "message_delta", delta).closing());
    let stop = object! { "type": "message_stop" };
    events.push(Event::named(completion.end, "message_stop", stop).closing());
    events
}

pub(super) fn whole(told: Told<'_>, finished: bool) -> Json {
    let answer = told.completion.answers.first();
    let mut content = Vec::new();
    if let Some(answer) = answer {
        if !answer.reasoning.is_empty() {
            content.push(object! {
                "type": "thinking",
                "thinking": &answer.reasoning,
                "signature": signature(told),
            });
        }
        match &answer.content {
            Content::Text(text) if text.is_empty() => {}
            Content::Text(text) => content.push(object! { "type": "text", "text": text.as_str() }),
            Content::Calls(calls) => content.extend(calls.iter().map(|call| {
                let input: serde_json::Value = serde_json::from_str(&call.arguments).unwrap_or_default();
                let input = if input.is_object() { input } else { serde_json::json!({}) };
                tool_use(call, Json::from(&input))
            })),
        }
    }
    let finish = answer.map(|answer| &answer.finish).filter(|_| finished);
    message(told, Json::array(content), finish, told.completion.output_tokens)
}

fn message(told: Told<'_>, content: Json, finish: Option<&Finish>, output_tokens: u64) -> Json {
    let id = match told.profile.vendor {
        Vendor::OpenRouter => super::chat::id(told),
        _ => format!("msg_sim{:016x}", told.completion.id),
    };
    object! {
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": &told.ask.named,
        "content": content,
        "stop_reason": finish.map(stop_reason),
        "stop_sequence": finish.and_then(stop_sequence),
        "usage": usage(told, output_tokens),
    }
}

fn usage(told: Told<'_>, output_tokens: u64) -> Json {
    object! {
        "input_tokens": told.completion.input_tokens,
        "cache_creation_input_tokens": 0_u64,
        "cache_read_input_tokens": 0_u64,
        "output_tokens": output_tokens,
        "service_tier": "standard",
    }
}

/// A block as it is when it begins.
fn begun(told: Told<'_>, block: &Block<'_>) -> Json {
    match block.kind {
        Kind::Reasoning => object! { "type": "thinking", "thinking": "", "signature": "" },
        Kind::Text => object! { "type": "text", "text": "" },
        Kind::Call(index) => {
            let call = told.completion.call(0, index);
            call.map_or_else(Json::null, |call| tool_use(call, object! {}))
        }
    }
}

fn delta(index: usize, at: std::time::Duration, kind: Kind, part: &str) -> Event {
    let delta = match kind {
        Kind::Reasoning => object! { "type": "thinking_delta", "thinking": part },
        Kind::Text => object! { "type": "text_delta", "text": part },
        Kind::Call(_) => object! { "type": "input_json_delta", "partial_json": part },
    };
    let data = object! { "type": "content_block_delta", "index": index, "delta": delta };
    Event::named(at, "content_block_delta", data)
}

fn tool_use(call: &Call, input: Json) -> Json {
    object! {
        "type": "tool_use",
        "id": format!("toolu_sim_{:016x}", call.id),
        "name": &call.name,
        "input": input,
    }
}

/// What makes a block of thinking known again; nobody checks it here.
fn signature(told: Told<'_>) -> String {
    format!("sim-signature-{:016x}", told.completion.id)
}

/// Why it ended, in Anthropic's words.
pub(super) const fn stop_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::Sequence(_) => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::Calls => "tool_use",
    }
}

fn stop_sequence(finish: &Finish) -> Option<&str> {
    match finish {
        Finish::Sequence(stop) => Some(stop),
        _ => None,
    }
}
