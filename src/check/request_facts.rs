//! What later stages know of a request, after its body has been let go.

use super::leak;
use memchr::memmem::Finder;
use serde_json::Value;
use std::sync::LazyLock;

/// How the lines around a private key end, whatever its kind (RFC 7468).
static PEM: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(" PRIVATE KEY-----"));

/// What is kept of a request's body. Nothing here is text that somebody wrote.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestFacts {
    /// `stream`, where it is a truth value.
    pub stream: Option<bool>,
    /// `stream_options.include_usage`.
    pub include_usage: bool,
    /// The names of the tools it offers.
    pub tools: Vec<String>,
    /// `max_tokens`, `max_completion_tokens` or `max_output_tokens`.
    pub max_tokens: Option<u64>,
    /// `n`.
    pub choices: Option<u64>,
    /// How many messages, or items of `input`, it has.
    pub messages: u64,
    /// `debug.echo_upstream_body` (OpenRouter).
    pub debug_echo: bool,
    /// The names of the tools whose input is free text.
    pub free_text_tools: Vec<String>,
    /// How many bytes the text of its last answer has that the app sends back, and a hash of it.
    pub last_answer: Option<(u64, u64)>,
    /// What the last turn brings holds a private key in PEM form.
    pub private_key: bool,
    /// How many bytes of text its last message has, and a hash of it.
    pub last_message: Option<(u64, u64)>,
}

impl RequestFacts {
    /// What there is to know of a body.
    pub fn of(body: &Value) -> Self {
        let count = |name: &str| body.get(name).and_then(Value::as_u64);
        let pointed = |pointer: &str| body.pointer(pointer).and_then(Value::as_bool).unwrap_or_default();
        let messages = ["messages", "input"].iter().find_map(|name| body.get(*name)?.as_array());
        Self {
            stream: body.get("stream").and_then(Value::as_bool),
            include_usage: pointed("/stream_options/include_usage"),
            tools: body.get("tools").and_then(Value::as_array).map(|tools| names(tools)).unwrap_or_default(),
            max_tokens: ["max_completion_tokens", "max_tokens", "max_output_tokens"]
                .into_iter()
                .find_map(count),
            choices: count("n"),
            messages: messages.map_or(0, Vec::len) as u64,
            debug_echo: pointed("/debug/echo_upstream_body"),
            free_text_tools: body
                .get("tools")
                .and_then(Value::as_array)
                .map(|tools| free_text(tools))
                .unwrap_or_default(),
            last_answer: messages.and_then(|messages| last_answer(messages)),
            private_key: has_private_key(body),
            last_message: messages.and_then(|messages| messages.last()).map(hash),
        }
    }
}

/// Whether a text of the last turn holds the first or last line of a private key.
fn has_private_key(body: &Value) -> bool {
    leak::new_texts(body).into_iter().any(|(_, text)| PEM.find(text.as_bytes()).is_some())
}

/// Chat Completions has a tool's name in `function`, the others beside its type.
fn names(tools: &[Value]) -> Vec<String> {
    let name = |tool: &Value| {
        let inner = tool.pointer("/function/name").or_else(|| tool.pointer("/custom/name"));
        let name = inner.or_else(|| tool.get("name"))?;
        name.as_str().map(str::to_owned)
    };
    tools.iter().filter_map(name).collect()
}

/// The tools of type `custom`, which take any text.
fn free_text(tools: &[Value]) -> Vec<String> {
    let is_custom = |tool: &&Value| tool.get("type").and_then(Value::as_str) == Some("custom");
    let name = |tool: &Value| {
        let name = tool.pointer("/custom/name").or_else(|| tool.get("name"))?;
        name.as_str().map(str::to_owned)
    };
    tools.iter().filter(is_custom).filter_map(name).collect()
}

/// The text of the last message that the model is said to have written.
fn last_answer(messages: &[Value]) -> Option<(u64, u64)> {
    let is_answer = |message: &&Value| message.get("role").and_then(Value::as_str) == Some("assistant");
    match messages.iter().rev().find(is_answer)?.get("content")? {
        Value::String(text) => text_mark(text),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
            text_mark(&texts.collect::<String>())
        }
        _ => None,
    }
}

/// The length of a text and a hash of it, by which it is known again in this process; `None` of an empty one.
pub(super) fn text_mark(text: &str) -> Option<(u64, u64)> {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let text = text.trim();
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    (!text.is_empty()).then(|| (text.len() as u64, hasher.finish()))
}

/// The length of a value's text and a hash of it, which holds in this process only.
fn hash(value: &Value) -> (u64, u64) {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let text = value.to_string();
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    (text.len() as u64, hasher.finish())
}
