//! Anthropic's Messages API.

use serde_json::Value;

use super::{Ask, Choice, Format, check_count, check_number, content_text, field, texts, tokens_of};
use crate::sim::refusal::Refusal;

pub(super) fn messages(body: &Value) -> Result<Ask, Refusal> {
    let mut ask = Ask::of(body)?;
    ask.max_tokens = check_count(body, "max_tokens")?;
    if ask.max_tokens.is_none() {
        return Err(required("max_tokens"));
    }
    let messages = body.get("messages").and_then(Value::as_array).ok_or_else(|| required("messages"))?;
    if messages.is_empty() {
        return Err(Refusal::invalid("messages", "messages: at least one message is required"));
    }
    let mut all = vec![content_text(body.get("system"))];
    for (index, message) in messages.iter().enumerate() {
        let role = field(message, "role");
        if !matches!(role, "user" | "assistant" | "system") {
            let text = format!("messages.{index}.role: Input should be 'user' or 'assistant'");
            return Err(Refusal::invalid("messages", &text));
        }
        if !matches!(message.get("content"), Some(Value::String(_) | Value::Array(_))) {
            return Err(required(&format!("messages.{index}.content")));
        }
        let text = content_text(message.get("content"));
        let result = tool_result(message);
        if role == "user" && !text.is_empty() {
            ask.question.clone_from(&text);
        }
        all.extend([text, result.clone().unwrap_or_default()]);
        ask.tool_result = result;
    }
    ask.prompt_tokens = tokens_of(all);
    ask.conversation = Value::from(messages.as_slice()).to_string();
    check_number(body, "temperature", 1.0)?;
    check_number(body, "top_p", 1.0)?;
    ask.stops = texts(body.get("stop_sequences"));
    take_tools(&mut ask, body)?;
    take_thinking(&mut ask, body)?;
    let format = body.pointer("/output_config/format").or_else(|| body.get("output_format"));
    if let Some(schema) = format.and_then(|format| format.get("schema")) {
        ask.format = Format::Schema(schema.clone());
    }
    Ok(ask)
}

fn required(field: &str) -> Refusal {
    Refusal::invalid(field, &format!("{field}: Field required"))
}

/// What the last tool said, where the message brings results of tools.
fn tool_result(message: &Value) -> Option<String> {
    let parts = message.get("content")?.as_array()?;
    let result = parts.iter().rev().find(|part| field(part, "type") == "tool_result")?;
    Some(content_text(result.get("content")))
}

fn take_tools(ask: &mut Ask, body: &Value) -> Result<(), Refusal> {
    match body.get("tools") {
        None | Some(Value::Null) => {}
        Some(Value::Array(tools)) => {
            if let Some(index) = tools.iter().position(|tool| field(tool, "name").is_empty()) {
                return Err(required(&format!("tools.{index}.name")));
            }
            // The gateway's own tools have no schema and are its own to call.
            let own: Vec<Value> =
                tools.iter().filter(|tool| tool.get("input_schema").is_some()).cloned().collect();
            ask.take_tools(&own, "/name", "/input_schema");
        }
        Some(_) => return Err(Refusal::invalid("tools", "tools: Input should be a valid list")),
    }
    let choice = body.get("tool_choice");
    ask.choice = match choice.map(|choice| field(choice, "type")) {
        Some("tool") => {
            Choice::Named(choice.map(|choice| field(choice, "name")).unwrap_or_default().to_owned())
        }
        Some(word) => Choice::of_word(word),
        None => Choice::Auto,
    };
    ask.parallel =
        choice.and_then(|choice| choice.get("disable_parallel_tool_use")) != Some(&Value::Bool(true));
    ask.check_choice()
}

fn take_thinking(ask: &mut Ask, body: &Value) -> Result<(), Refusal> {
    let Some(thinking) = body.get("thinking").filter(|thinking| thinking.is_object()) else {
        return Ok(());
    };
    match field(thinking, "type") {
        "disabled" => {}
        "adaptive" => ask.reasoning = true,
        "enabled" => {
            let budget = check_count(thinking, "budget_tokens")?;
            let budget = budget.ok_or_else(|| required("thinking.enabled.budget_tokens"))?;
            if ask.max_tokens.is_some_and(|most| most <= budget) {
                let message = "max_tokens must be greater than thinking.budget_tokens";
                return Err(Refusal::invalid("max_tokens", message));
            }
            ask.reasoning = true;
        }
        _ => {
            let message = "thinking.type: Input should be 'enabled', 'disabled' or 'adaptive'";
            return Err(Refusal::invalid("thinking", message));
        }
    }
    Ok(())
}
