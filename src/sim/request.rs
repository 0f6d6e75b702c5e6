//! Reading a completion request: what the gateway would check before it asks any provider.

use serde_json::Value;

use super::{MODELS, Model, SCOPED_MODEL, estimated_tokens};
use crate::gateway::errors::{self, Detail, ErrorCode};

/// A request that passed every check.
#[derive(Debug)]
pub(super) struct ChatRequest {
    pub(super) model: Model,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    pub(super) max_tokens: Option<u64>,
    pub(super) prompt_tokens: u64,
    /// The text of the last message by the user.
    pub(super) question: String,
    /// The text of the last message, if a tool wrote it.
    pub(super) tool_result: Option<String>,
    /// The request as JSON, for what is rarely asked of it.
    pub(super) body: Value,
}

/// A documented error, with what this request has to do with it.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: Option<&'static ErrorCode>,
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) retry_after: Option<u64>,
}

/// A key that the simulator knows to be special.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Good,
    Broke,
    Scoped,
}

impl Refusal {
    /// The documented error of that code.
    pub(super) fn new(code: &str, detail: &Detail<'_>) -> Self {
        let error = errors::lookup("nexorouter", code);
        Self {
            error,
            status: error.map_or(500, |error| error.status),
            body: error.map(|error| error.body(detail)).unwrap_or_default(),
            retry_after: None,
        }
    }

    pub(super) fn invalid(param: &str, message: &str) -> Self {
        let detail = Detail { message: Some(message), param: Some(param), ..Detail::default() };
        Self::new("invalid_request", &detail)
    }

    fn key(message: &str) -> Self {
        let detail = Detail { message: Some(message), ..Detail::default() };
        Self::new("invalid_api_key", &detail)
    }

    fn model(id: &str) -> Self {
        let detail = Detail { model: Some(id), ..Detail::default() };
        Self::new("model_not_found", &detail)
    }
}

/// Checks an `Authorization` value: one scheme, one space, one key.
pub(super) fn check_key(authorization: Option<&[u8]>) -> Result<Key, Refusal> {
    let Some(value) = authorization else {
        return Err(Refusal::key("There is no Authorization header. Send 'Authorization: Bearer <key>'."));
    };
    let malformed = || Refusal::key("The Authorization header is not 'Bearer <key>' with exactly one space.");
    let (scheme, key) =
        std::str::from_utf8(value).ok().and_then(|value| value.split_once(' ')).ok_or_else(malformed)?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`');
    if !scheme.eq_ignore_ascii_case("bearer") || key.is_empty() || !key.bytes().all(is_plain) {
        return Err(malformed());
    }
    match key {
        key if key.starts_with("sk-sim-disabled") => Err(Refusal::key("This API key is disabled.")),
        key if key.starts_with("sk-sim-expired") => Err(Refusal::key("This API key has expired.")),
        key if key.starts_with("sk-sim-broke") => Ok(Key::Broke),
        key if key.starts_with("sk-sim-scope") => Ok(Key::Scoped),
        _ => Ok(Key::Good),
    }
}

/// Checks a completion's body, in the order of the module's documentation, up to its size.
pub(super) fn check_body(bytes: &[u8], key: Key, max_input_tokens: u64) -> Result<ChatRequest, Refusal> {
    let without_param = |message: &str| {
        Refusal::new("invalid_request", &Detail { message: Some(message), ..Detail::default() })
    };
    let body: Value = serde_json::from_slice(bytes)
        .map_err(|error| without_param(&format!("The body is not valid JSON: {error}.")))?;
    if !body.is_object() {
        return Err(without_param("The body must be a JSON object."));
    }
    let model = check_model(&body, key)?;
    let messages = check_messages(&body)?;
    check_number(&body, "temperature", 2.0)?;
    check_number(&body, "top_p", 1.0)?;
    let max_tokens = check_count(&body, "max_tokens")?;
    let max_completion_tokens = check_count(&body, "max_completion_tokens")?;
    let stream = match body.get("stream") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(stream)) => *stream,
        Some(_) => return Err(Refusal::invalid("stream", "stream must be true or false.")),
    };
    check_tools(&body)?;
    let prompt_bytes: usize = messages.iter().map(|message| content_text(message).len()).sum();
    let prompt_tokens = estimated_tokens(prompt_bytes as u64);
    if prompt_tokens > max_input_tokens {
        return Err(Refusal::new("request_too_large", &Detail::default()));
    }
    let role_is = |message: &Value, role: &str| message.get("role").and_then(Value::as_str) == Some(role);
    let question = messages.iter().rev().find(|message| role_is(message, "user"));
    let tool_result = messages.last().filter(|message| role_is(message, "tool"));
    Ok(ChatRequest {
        model,
        stream,
        include_usage: body
            .pointer("/stream_options/include_usage")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        max_tokens: max_completion_tokens.or(max_tokens),
        prompt_tokens,
        question: question.map(content_text).unwrap_or_default(),
        tool_result: tool_result.map(content_text),
        body,
    })
}

fn check_model(body: &Value, key: Key) -> Result<Model, Refusal> {
    let id = match body.get("model") {
        Some(Value::String(id)) if !id.is_empty() => id,
        Some(Value::String(_) | Value::Null) | None => {
            return Err(Refusal::invalid("model", "model is required."));
        }
        Some(_) => return Err(Refusal::invalid("model", "model must be a string.")),
    };
    models_for(key).find(|model| model.id == id).ok_or_else(|| Refusal::model(id))
}

/// The models that exist for a key.
pub(super) fn models_for(key: Key) -> impl Iterator<Item = Model> {
    MODELS.iter().copied().filter(move |model| key != Key::Scoped || model.id == SCOPED_MODEL)
}

fn check_messages(body: &Value) -> Result<&[Value], Refusal> {
    let invalid = |message: &str| Refusal::invalid("messages", message);
    let messages = body
        .get("messages")
        .and_then(Value::as_array)
        .filter(|messages| !messages.is_empty())
        .ok_or_else(|| invalid("messages must be a non-empty array."))?;
    for (index, message) in messages.iter().enumerate() {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
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

/// Checks that a number is at least zero and at most `most`.
fn check_number(body: &Value, field: &str, most: f64) -> Result<(), Refusal> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(()),
        Some(value) if value.as_f64().is_some_and(|number| (0.0..=most).contains(&number)) => Ok(()),
        Some(_) => Err(Refusal::invalid(field, &format!("{field} must be a number from 0 to {most}."))),
    }
}

fn check_count(body: &Value, field: &str) -> Result<Option<u64>, Refusal> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(count) if count > 0 => Ok(Some(count)),
            _ => Err(Refusal::invalid(field, &format!("{field} must be a positive integer."))),
        },
    }
}

fn check_tools(body: &Value) -> Result<(), Refusal> {
    let Some(tools) = body.get("tools").filter(|tools| !tools.is_null()) else {
        return Ok(());
    };
    let named = |tool: &Value| tool.pointer("/function/name").is_some_and(Value::is_string);
    match tools.as_array() {
        Some(tools) if tools.iter().all(named) => {}
        _ => {
            return Err(Refusal::invalid("tools", "tools must be an array of functions with names."));
        }
    }
    let wanted = body.pointer("/tool_choice/function/name").filter(|name| name.is_string());
    let exists = |name: &Value| {
        let tools = tools.as_array().map(Vec::as_slice).unwrap_or_default();
        tools.iter().any(|tool| tool.pointer("/function/name") == Some(name))
    };
    match wanted {
        Some(name) if !exists(name) => {
            Err(Refusal::invalid("tool_choice", "tool_choice names a function that tools does not hold."))
        }
        _ => Ok(()),
    }
}

/// The text of a message, whose content is a string or a row of parts.
fn content_text(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts
            .iter()
            .filter_map(|part| part.get("text").and_then(Value::as_str))
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    }
}
