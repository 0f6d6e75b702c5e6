//! The Responses API.

use serde_json::Value;

use super::{Ask, Choice, Format, check_count, check_number, content_text, field, tokens_of};
use crate::sim::profile::{Profile, Vendor};
use crate::sim::refusal::Refusal;

pub(super) fn responses(profile: &Profile, body: &Value) -> Result<Ask, Refusal> {
    let mut ask = Ask::of(body)?;
    match body.get("input") {
        Some(Value::String(text)) => {
            ask.question.clone_from(text);
            ask.prompt_tokens = tokens_of([text.clone()]);
        }
        Some(Value::Array(items)) if !items.is_empty() => take_items(&mut ask, items)?,
        _ => return Err(Refusal::invalid("input", "input must be a string or a non-empty array.")),
    }
    ask.prompt_tokens += tokens_of([field(body, "instructions").to_owned()]);
    ask.conversation = body.get("input").map(Value::to_string).unwrap_or_default();
    check_number(body, "temperature", 2.0)?;
    check_number(body, "top_p", 1.0)?;
    ask.max_tokens = check_count(body, "max_output_tokens")?;
    if profile.vendor == Vendor::OpenRouter {
        check_stateless(body)?;
    }
    take_tools(&mut ask, body)?;
    ask.format = match body.pointer("/text/format").map(|format| field(format, "type")) {
        Some("json_schema") => {
            Format::Schema(body.pointer("/text/format/schema").cloned().unwrap_or_default())
        }
        Some("json_object") => Format::Json,
        _ => Format::Text,
    };
    let effort = body.pointer("/reasoning/effort").and_then(Value::as_str);
    ask.reasoning = body.get("reasoning").is_some_and(Value::is_object) && effort != Some("none");
    Ok(ask)
}

/// OpenRouter keeps no answers, so that none can be asked for.
fn check_stateless(body: &Value) -> Result<(), Refusal> {
    if body.get("store") == Some(&Value::Bool(true)) {
        return Err(Refusal::invalid("store", "store must be false: answers are not kept."));
    }
    match body.get("previous_response_id") {
        None | Some(Value::Null) => Ok(()),
        Some(_) => {
            Err(Refusal::invalid("previous_response_id", "previous_response_id: answers are not kept."))
        }
    }
}

fn take_items(ask: &mut Ask, items: &[Value]) -> Result<(), Refusal> {
    let mut texts = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let kind = field(item, "type");
        let role = field(item, "role");
        let is_message = kind == "message" || (kind.is_empty() && !role.is_empty());
        if !is_message && kind.is_empty() {
            return Err(Refusal::invalid("input", &format!("input[{index}] has neither a type nor a role.")));
        }
        let text = if is_message {
            content_text(item.get("content"))
        } else {
            match item.get("output").or_else(|| item.get("arguments")) {
                Some(Value::String(text)) => text.clone(),
                other => content_text(other),
            }
        };
        if is_message && role == "user" {
            ask.question.clone_from(&text);
        }
        let from_tool = matches!(kind, "function_call_output" | "custom_tool_call_output");
        ask.tool_result = from_tool.then(|| text.clone());
        texts.push(text);
    }
    ask.prompt_tokens = tokens_of(texts);
    Ok(())
}

fn take_tools(ask: &mut Ask, body: &Value) -> Result<(), Refusal> {
    match body.get("tools") {
        None | Some(Value::Null) => {}
        Some(Value::Array(tools)) => {
            let functions: Vec<Value> =
                tools.iter().filter(|tool| field(tool, "type") == "function").cloned().collect();
            if functions.iter().any(|tool| field(tool, "name").is_empty()) {
                return Err(Refusal::invalid("tools", "a function in tools has no name."));
            }
            ask.take_tools(&functions, "/name", "/parameters");
        }
        Some(_) => return Err(Refusal::invalid("tools", "tools must be an array.")),
    }
    ask.choice = match body.get("tool_choice") {
        Some(Value::String(word)) => Choice::of_word(word),
        Some(choice) if field(choice, "type") == "function" => {
            Choice::Named(field(choice, "name").to_owned())
        }
        _ => Choice::Auto,
    };
    ask.check_choice()
}
