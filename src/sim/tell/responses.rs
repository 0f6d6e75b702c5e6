//! The Responses API: named events with sequence numbers, or one object.

use std::time::Duration;

use super::blocks::{Block, Kind, blocks};
use super::chat::call_id;
use super::{Event, Told, obfuscation};
use crate::sim::completion::Finish;
use crate::sim::json::{Json, array, object};
use crate::sim::tools::Call;

/// The events of one stream, numbered as they come.
struct Numbered<'a> {
    told: Told<'a>,
    events: Vec<Event>,
}

pub(super) fn events(told: Told<'_>) -> Vec<Event> {
    let completion = told.completion;
    let mut all = Numbered { told, events: Vec::new() };
    let started = response(told, "in_progress", array![]);
    // The model has not begun yet when these come.
    for name in ["response.created", "response.in_progress"] {
        all.add(Duration::ZERO, name, vec![("response", started.clone())]);
    }
    let blocks = shown(told);
    for (index, block) in blocks.iter().enumerate() {
        all.item(index, block);
    }
    let output = Json::array(blocks.iter().map(|block| item(told, block, ended(told, block))));
    let (name, status) = if is_incomplete(told) {
        ("response.incomplete", "incomplete")
    } else {
        ("response.completed", "completed")
    };
    all.add(completion.end, name, vec![("response", response(told, status, output))]);
    let last = all.events.pop().map(Event::closing);
    all.events.extend(last);
    all.events
}

pub(super) fn whole(told: Told<'_>, finished: bool) -> Json {
    let blocks = shown(told);
    let output = Json::array(blocks.iter().map(|block| item(told, block, ended(told, block))));
    let status = match (finished, is_incomplete(told)) {
        (false, _) => "in_progress",
        (true, true) => "incomplete",
        (true, false) => "completed",
    };
    response(told, status, output)
}

impl Numbered<'_> {
    fn add(&mut self, at: Duration, name: &str, fields: Vec<(&str, Json)>) {
        let number = self.events.len();
        let mut all = vec![("type", Json::from(name)), ("sequence_number", Json::from(number))];
        all.extend(fields);
        self.events.push(Event::named(at, name, Json::object(&all)));
    }

    /// One item of the output, from its beginning to its end.
    fn item(&mut self, index: usize, block: &Block<'_>) {
        let told = self.told;
        let index_field = || ("output_index", Json::from(index));
        let begun = Block { kind: block.kind, at: block.at, parts: Vec::new() };
        let added = item(told, &begun, "in_progress");
        self.add(block.at, "response.output_item.added", vec![index_field(), ("item", added)]);
        match block.kind {
            Kind::Text => self.text(index, block),
            Kind::Reasoning => self.summary(index, block),
            Kind::Call(number) => self.arguments(index, block, number),
        }
        let done = item(told, block, ended(told, block));
        self.add(block.end(), "response.output_item.done", vec![index_field(), ("item", done)]);
    }

    fn text(&mut self, index: usize, block: &Block<'_>) {
        let told = self.told;
        let id = item_id(told, block.kind);
        let place = || {
            vec![
                ("item_id", Json::from(&id)),
                ("output_index", Json::from(index)),
                ("content_index", Json::from(0_u64)),
            ]
        };
        let with = |more: Vec<(&'static str, Json)>| place().into_iter().chain(more).collect();
        self.add(block.at, "response.content_part.added", with(vec![("part", text_part(""))]));
        for (at, part) in &block.parts {
            let number = self.events.len();
            let delta = vec![
                ("delta", Json::from(*part)),
                ("logprobs", array![]),
                ("obfuscation", obfuscation(told, number)),
            ];
            self.add(*at, "response.output_text.delta", with(delta));
        }
        let text = block.text();
        let done = vec![("text", Json::from(&text)), ("logprobs", array![])];
        self.add(block.end(), "response.output_text.done", with(done));
        self.add(block.end(), "response.content_part.done", with(vec![("part", text_part(&text))]));
    }

    fn summary(&mut self, index: usize, block: &Block<'_>) {
        let told = self.told;
        if !has_summary(told) {
            return;
        }
        let id = item_id(told, block.kind);
        let with = |more: Vec<(&'static str, Json)>| {
            let place = vec![
                ("item_id", Json::from(&id)),
                ("output_index", Json::from(index)),
                ("summary_index", Json::from(0_u64)),
            ];
            place.into_iter().chain(more).collect()
        };
        self.add(block.at, "response.reasoning_summary_part.added", with(vec![("part", summary_part(""))]));
        for (at, part) in &block.parts {
            let number = self.events.len();
            let delta = vec![("delta", Json::from(*part)), ("obfuscation", obfuscation(told, number))];
            self.add(*at, "response.reasoning_summary_text.delta", with(delta));
        }
        let text = block.text();
        let end = block.end();
        self.add(end, "response.reasoning_summary_text.done", with(vec![("text", Json::from(&text))]));
        self.add(end, "response.reasoning_summary_part.done", with(vec![("part", summary_part(&text))]));
    }

    fn arguments(&mut self, index: usize, block: &Block<'_>, number: usize) {
        let told = self.told;
        let id = item_id(told, block.kind);
        let place = || vec![("item_id", Json::from(&id)), ("output_index", Json::from(index))];
        for (at, part) in &block.parts {
            let mut fields = place();
            fields.push(("delta", Json::from(*part)));
            fields.push(("obfuscation", obfuscation(told, self.events.len())));
            self.add(*at, "response.function_call_arguments.delta", fields);
        }
        let mut fields = place();
        let name = told.completion.call(0, number).map(|call| &call.name);
        fields.push(("name", Json::from(name)));
        fields.push(("arguments", Json::from(block.text())));
        self.add(block.end(), "response.function_call_arguments.done", fields);
    }
}

/// The blocks of the output; an answer without a word is still a message.
fn shown(told: Told<'_>) -> Vec<Block<'_>> {
    let mut blocks = blocks(told.completion);
    if blocks.is_empty() {
        blocks.push(Block { kind: Kind::Text, at: told.completion.end, parts: Vec::new() });
    }
    blocks
}

/// An item of the output with what its block holds.
fn item(told: Told<'_>, block: &Block<'_>, status: &str) -> Json {
    let id = item_id(told, block.kind);
    let text = block.text();
    match block.kind {
        Kind::Reasoning => {
            let there = has_summary(told) && !text.is_empty();
            let summary = if there { array![summary_part(&text)] } else { array![] };
            object! { "id": id, "type": "reasoning", "summary": summary }
        }
        Kind::Text => {
            let is_new = status == "in_progress";
            let content = if is_new { array![] } else { array![text_part(&text)] };
            object! {
                "id": id,
                "type": "message",
                "status": status,
                "content": content,
                "role": "assistant",
            }
        }
        Kind::Call(number) => {
            let call: Option<&Call> = told.completion.call(0, number);
            object! {
                "id": id,
                "type": "function_call",
                "status": status,
                "arguments": text,
                "call_id": call.map(call_id).unwrap_or_default(),
                "name": call.map(|call| call.name.clone()).unwrap_or_default(),
            }
        }
    }
}

fn item_id(told: Told<'_>, kind: Kind) -> String {
    let id = told.completion.id;
    match kind {
        Kind::Reasoning => format!("rs_sim{id:016x}"),
        Kind::Text => format!("msg_sim{id:016x}"),
        Kind::Call(number) => format!("fc_sim{:016x}", id.wrapping_add(number as u64)),
    }
}

fn text_part(text: &str) -> Json {
    object! { "type": "output_text", "annotations": array![], "logprobs": array![], "text": text }
}

fn summary_part(text: &str) -> Json {
    object! { "type": "summary_text", "text": text }
}

fn has_summary(told: Told<'_>) -> bool {
    let wish = told.ask.body.pointer("/reasoning/summary");
    wish.is_some_and(|wish| !wish.is_null())
}

fn is_incomplete(told: Told<'_>) -> bool {
    told.completion.answers.first().is_some_and(|answer| answer.finish == Finish::Length)
}

/// How an item ends: the last one of a cut answer is incomplete.
fn ended(told: Told<'_>, block: &Block<'_>) -> &'static str {
    let is_last = block.end() == told.completion.end;
    if is_last && is_incomplete(told) { "incomplete" } else { "completed" }
}

/// The response object, with what the request set.
fn response(told: Told<'_>, status: &str, output: Json) -> Json {
    let Told { ask, completion, .. } = told;
    let given = |name: &str, usual: fn() -> Json| match ask.body.get(name) {
        None | Some(serde_json::Value::Null) => usual(),
        Some(value) => Json::from(value),
    };
    let is_over = status != "in_progress";
    let reason = (status == "incomplete").then(|| object! { "reason": "max_output_tokens" });
    let or_null = |value: Option<Json>| value.unwrap_or_else(Json::null);
    let at = |pointer: &str| or_null(ask.body.pointer(pointer).map(Json::from));
    object! {
        "id": format!("resp_sim{:016x}", completion.id),
        "object": "response",
        "created_at": completion.created,
        "status": status,
        "background": false,
        "error": Json::null(),
        "incomplete_details": or_null(reason),
        "instructions": given("instructions", Json::null),
        "max_output_tokens": given("max_output_tokens", Json::null),
        "max_tool_calls": Json::null(),
        "model": &ask.named,
        "output": output,
        "parallel_tool_calls": ask.parallel,
        "previous_response_id": given("previous_response_id", Json::null),
        "reasoning": object! { "effort": at("/reasoning/effort"), "summary": at("/reasoning/summary") },
        "service_tier": "default",
        "store": given("store", || Json::from(true)),
        "temperature": given("temperature", || Json::from(1.0)),
        "text": given("text", || object! { "format": object! { "type": "text" } }),
        "tool_choice": given("tool_choice", || Json::from("auto")),
        "tools": given("tools", || array![]),
        "top_logprobs": 0_u64,
        "top_p": given("top_p", || Json::from(1.0)),
        "truncation": given("truncation", || Json::from("disabled")),
        "usage": if is_over { usage(told) } else { Json::null() },
        "user": given("user", Json::null),
        "metadata": given("metadata", || object! {}),
    }
}

fn usage(told: Told<'_>) -> Json {
    let completion = told.completion;
    object! {
        "input_tokens": completion.input_tokens,
        "input_tokens_details": object! { "cached_tokens": 0_u64 },
        "output_tokens": completion.output_tokens,
        "output_tokens_details": object! { "reasoning_tokens": completion.reasoning_tokens },
        "total_tokens": completion.input_tokens + completion.output_tokens,
    }
}
