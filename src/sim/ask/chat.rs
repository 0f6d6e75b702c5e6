//! Chat Completions, and the older Completions.

use serde_json::Value;

use super::{Ask, Choice, Format, check_count, check_number, content_text, field, texts, tokens_of};
use crate::sim::profile::{Profile, Vendor};
use crate::sim::refusal::Refusal;

/// The most answers that one request may want.
const MOST_ANSWERS: u64 = 8;

pub(super) fn chat(profile: &Profile, body: &Value) -> Result<Ask, Refusal> {
    let messages = check_messages(body)?;
    let mut ask = general(body)?;
    let max_completion_tokens = check_count(body, "max_completion_tokens")?;
    ask.max_tokens = max_completion_tokens.or(ask.max_tokens);
    if !ask.stream && profile.vendor == Vendor::OpenAi && is_there(body, "stream_options") {
        let message = "stream_options may be there only where stream is true.";
        return Err(Refusal::invalid("stream_options", message));
    }
    take_tools(&mut ask, body)?;
    let is_by = |message: &&Value, role: &str| field(message, "role") == role;
    let text = |message: &Value| content_text(message.get("content"));
    ask.question = messages.iter().rev().find(|message| is_by(message, "user")).map(text).unwrap_or_default();
    ask.tool_result = messages.last().filter(|message| is_by(message, "tool")).map(text);
    ask.prompt_tokens = tokens_of(messages.iter().map(text));
    ask.conversation = Value::from(messages).to_string();
    ask.format = format(body);
    ask.reasoning = reasons(profile, body);
    ask.logprobs = (body.get("logprobs") == Some(&Value::Bool(true)))
        .then(|| body.get("top_logprobs").and_then(Value::as_u64).unwrap_or(0));
    Ok(ask)
}

pub(super) fn completions(body: &Value) -> Result<Ask, Refusal> {
    let prompts = match body.get("prompt") {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(prompts)) if !prompts.is_empty() => prompts
            .iter()
            .map(|prompt| prompt.as_str().map_or_else(|| prompt.to_string(), str::to_owned))
            .collect(),
        _ => return Err(Refusal::invalid("prompt", "prompt must be a string or a non-empty array.")),
    };
    let mut ask = general(body)?;
    ask.question = prompts.last().cloned().unwrap_or_default();
    ask.conversation = prompts.join("\n");
    ask.prompt_tokens = tokens_of(prompts);
    ask.logprobs = body.get("logprobs").and_then(Value::as_u64);
    Ok(ask)
}

/// What both have.
fn general(body: &Value) -> Result<Ask, Refusal> {
    check_number(body, "temperature", 2.0)?;
    check_number(body, "top_p", 1.0)?;
    let max_tokens = check_count(body, "max_tokens")?;
    let count = check_count(body, "n")?.unwrap_or(1).min(MOST_ANSWERS);
    Ok(Ask {
        max_tokens,
        count: usize::try_from(count).unwrap_or(1),
        stops: texts(body.get("stop")),
        ..Ask::of(body)?
    })
}

fn check_messages(body: &Value) -> Result<&[Value], Refusal> {
    let invalid = |message: &str| Refusal::invalid("messages", message);
    let messages = body
        .get("messages")
        .and_then(Value::as_array)
        .filter(|messages| !messages.is_empty())
        .ok_or_else(|| invalid("messages must be a non-empty array."))?;
    for (index, message) in messages.iter().enumerate() {
        let role = field(message, "role");
        if !matches!(role, "system" | "developer" | "user" | "assistant" | "tool" | "function") {
            return Err(invalid(&format!("messages[{index}].role is missing or unknown.")));
        }
        let may_be_empty = role == "assistant" && message.get("tool_calls").is_some();
        match message.get("content") {
            Some(Value::String(_) | Value::Array(_)) => {}
            None | Some(Value::Null) if may_be_empty => {}
            _ => {
                let text = format!("messages[{index}].content must be a string or an array of parts.");
                return Err(invalid(&text));
            }
        }
    }
    Ok(messages)
}

fn take_tools(ask: &mut Ask, body: &Value) -> Result<(), Refusal> {
    let named = |tool: &Value| tool.pointer("/function/name").is_some_and(Value::is_string);
    match body.get("tools") {
        None | Some(Value::Null) => {}
        Some(Value::Array(tools)) if tools.iter().all(named) => {
            ask.take_tools(tools, "/function/name", "/function/parameters");
        }
        Some(_) => {
            return Err(Refusal::invalid("tools", "tools must be an array of functions with names."));
        }
    }
    ask.choice = match body.get("tool_choice") {
        Some(Value::String(word)) => Choice::of_word(word),
        Some(choice) => match choice.pointer("/function/name").and_then(Value::as_str) {
            Some(name) => Choice::Named(name.to_owned()),
            None => Choice::Auto,
        },
        None => Choice::Auto,
    };
    ask.check_choice()
}

fn format(body: &Value) -> Format {
    let format = body.get("response_format");
    match format.map(|format| field(format, "type")) {
        Some("json_schema") => {
            let schema = format.and_then(|format| format.pointer("/json_schema/schema"));
            Format::Schema(schema.cloned().unwrap_or_default())
        }
        Some("json_object") => Format::Json,
        _ => Format::Text,
    }
}

/// Whether the model is asked to think. OpenAI's own chat never shows that it does.
fn reasons(profile: &Profile, body: &Value) -> bool {
    let effort = field(body, "reasoning_effort");
    let by_effort = !matches!(effort, "" | "none");
    match profile.vendor {
        Vendor::OpenAi => by_effort,
        Vendor::OpenRouter => {
            let wish = body.get("reasoning").filter(|wish| wish.is_object());
            let off = wish.is_some_and(|wish| {
                wish.get("enabled") == Some(&Value::Bool(false)) || field(wish, "effort") == "none"
            });
            by_effort || (wish.is_some() && !off) || body.get("include_reasoning") == Some(&Value::Bool(true))
        }
        Vendor::NexoRouter | Vendor::Anthropic => {
            by_effort || body.pointer("/thinking/type").and_then(Value::as_str) == Some("enabled")
        }
    }
}

fn is_there(body: &Value, name: &str) -> bool {
    body.get(name).is_some_and(|value| !value.is_null())
}
