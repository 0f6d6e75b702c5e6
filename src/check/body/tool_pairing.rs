//! Tool calls and tool results that do not belong together.

use super::{at, given, members};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::wire::dialect::Dialect;
use serde_json::Value;
use std::collections::BTreeSet;

check! {
    /// ## What it looks for
    ///
    /// A tool's result whose call does not stand before it, or tool calls that a later turn leaves
    /// unanswered; in Chat Completions, Messages and Responses.
    ///
    /// ## Why it matters
    ///
    /// Providers refuse such a history with 400. It comes from trimming it in the middle of a tool's turn, or
    /// from storing only a part. Sources: <https://github.com/openai/openai-openapi>,
    /// <https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"role":"tool","tool_call_id":"call_2","content":"…"}      no call_2 before it
    /// ```
    ///
    /// ## What to do
    ///
    /// Keep a call and its results together: drop both or neither. A tool that failed needs a result too.
    pub static CHECK = {
        id: "body-tool-pairing",
        severity: Error,
        summary: "tool calls and tool results that do not belong together",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(members) = members(subject) else { return };
    let list = |name: &str| members.get(name).and_then(Value::as_array).map(Vec::as_slice);
    let broken = match subject.dialect() {
        Dialect::Chat => list("messages").and_then(chat),
        Dialect::Messages => list("messages").and_then(messages),
        // What was said before may lie with the gateway.
        Dialect::Responses
            if given(members, "previous_response_id").is_none()
                && given(members, "conversation").is_none() =>
        {
            list("input").and_then(responses)
        }
        _ => None,
    };
    let Some(Broken { pointer, id, kind }) = broken else { return };
    let id: String = id.chars().take(64).collect();
    let (message, fix) = match kind {
        Kind::NoCall => (
            format!("the result of `{id}` has no call before it"),
            format!("put the call `{id}` before its result, or drop the result"),
        ),
        Kind::NoResult => (
            format!("the tool call `{id}` is never answered"),
            format!("put a result for `{id}` right after its call, or drop the call"),
        ),
    };
    found.push(Says { message, evidence: format!("`{pointer}`"), fix }, [at(pointer)]);
}

/// What does not belong to anything.
struct Broken<'a> {
    pointer: String,
    id: &'a str,
    kind: Kind,
}

enum Kind {
    NoCall,
    NoResult,
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn chat(messages: &[Value]) -> Option<Broken<'_>> {
    // The calls of the last turn that have no result yet, with where they stand.
    let mut open: Vec<(&str, String)> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let role = text(message, "role");
        if role == "tool" {
            let id = text(message, "tool_call_id");
            match open.iter().position(|(call, _)| *call == id) {
                Some(at) => drop(open.swap_remove(at)),
                None => {
                    return Some(Broken {
                        pointer: format!("/messages/{index}/tool_call_id"),
                        id,
                        kind: Kind::NoCall,
                    });
                }
            }
        } else if matches!(role, "user" | "assistant") {
            if let Some((id, pointer)) = open.drain(..).next() {
                return Some(Broken { pointer, id, kind: Kind::NoResult });
            }
            let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten().enumerate();
            open.extend(
                calls.map(|(at, call)| (text(call, "id"), format!("/messages/{index}/tool_calls/{at}"))),
            );
        }
    }
    None
}

fn messages(messages: &[Value]) -> Option<Broken<'_>> {
    let mut open: Vec<(&str, String)> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let blocks = message.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (at, block) in blocks.iter().enumerate().filter(|(_, block)| text(block, "type") == "tool_result")
        {
            let id = text(block, "tool_use_id");
            match open.iter().position(|(call, _)| *call == id) {
                Some(at) => drop(open.swap_remove(at)),
                None => {
                    return Some(Broken {
                        pointer: format!("/messages/{index}/content/{at}/tool_use_id"),
                        id,
                        kind: Kind::NoCall,
                    });
                }
            }
        }
        if let Some((id, pointer)) = open.drain(..).next() {
            return Some(Broken { pointer, id, kind: Kind::NoResult });
        }
        let calls = blocks.iter().enumerate().filter(|(_, block)| text(block, "type") == "tool_use");
        open.extend(calls.map(|(at, call)| (text(call, "id"), format!("/messages/{index}/content/{at}"))));
    }
    None
}

fn responses(items: &[Value]) -> Option<Broken<'_>> {
    let mut calls: BTreeSet<&str> = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let (kind, id) = (text(item, "type"), text(item, "call_id"));
        if kind == "function_call" {
            calls.insert(id);
        } else if kind == "function_call_output" && !calls.contains(id) {
            return Some(Broken { pointer: format!("/input/{index}/call_id"), id, kind: Kind::NoCall });
        } else if kind == "item_reference" {
            // The call may be the one that is referred to.
            return None;
        }
    }
    None
}
