//! Tool calls: when to make one, of which tool, and with which arguments.

use fastrand::Rng;
use serde_json::Value;

use super::request::ChatRequest;
use super::schema;

/// One call of a tool.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    /// JSON text that fits the tool's parameters, unless `max_tokens` cuts it.
    pub(super) arguments: String,
}

/// The calls that answer the request; none where it is answered with text.
///
/// A tool is called where `tool_choice` demands it, or where the user's words touch its name. After a
/// tool's result only a demand brings another call.
pub(super) fn calls(rng: &mut Rng, request: &ChatRequest) -> Vec<Call> {
    let tools = request.body.get("tools").and_then(Value::as_array);
    let tools = tools.map(Vec::as_slice).unwrap_or_default();
    let choice = request.body.get("tool_choice");
    let named = choice.and_then(|choice| choice.pointer("/function/name"));
    let fitting = || tools.iter().filter(|tool| is_touched(tool, &request.question));
    let chosen: Vec<&Value> = match (choice.and_then(Value::as_str), named) {
        (_, Some(name)) => {
            tools.iter().filter(|tool| tool.pointer("/function/name") == Some(name)).take(1).collect()
        }
        (Some("none"), None) => Vec::new(),
        (Some("required" | "any"), None) => fitting().chain(tools).take(1).collect(),
        _ if request.tool_result.is_some() => Vec::new(),
        _ => {
            let parallel = request.body.get("parallel_tool_calls") != Some(&Value::Bool(false));
            fitting().take(if parallel { 2 } else { 1 }).collect()
        }
    };
    chosen.into_iter().map(|tool| call(rng, tool, &request.question)).collect()
}

fn call(rng: &mut Rng, tool: &Value, question: &str) -> Call {
    let nothing = serde_json::json!({"type": "object"});
    let parameters = tool.pointer("/function/parameters").unwrap_or(&nothing);
    let name = tool.pointer("/function/name").and_then(Value::as_str).unwrap_or_default();
    Call {
        id: format!("call_sim_{:016x}", rng.u64(..)),
        name: name.to_owned(),
        arguments: schema::value(rng, parameters, question).to_string(),
    }
}

/// Whether the question has a word of the tool's name in it, verbs such as `get` aside.
fn is_touched(tool: &Value, question: &str) -> bool {
    let name = tool.pointer("/function/name").and_then(Value::as_str).unwrap_or_default();
    let question = question.to_lowercase();
    words_of(name)
        .into_iter()
        .filter(|word| {
            word.len() >= 4 && !matches!(word.as_str(), "make" | "fetch" | "tool" | "with" | "from")
        })
        .any(|word| question.contains(&word))
}

/// The words of `get_weather`, `getWeather` or `get-weather`, in lower case.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words
}
