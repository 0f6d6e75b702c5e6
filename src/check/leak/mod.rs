//! Leaks: keys and personal data in places where they do not belong.

pub(super) mod account_id;
pub(super) mod browser_origin;
pub(super) mod card_or_pii;
pub(super) mod debug_echo;
pub(super) mod internal_referer;
pub(super) mod key_in_prompt;
pub(super) mod key_in_response;
pub(super) mod key_in_url;
pub(super) mod shared_key;
pub(super) mod unexpected_host;

use serde_json::Value;

/// The texts that a body's last turn brings: what stands after the model's last answer. Earlier turns were
/// looked at when they were new. Each with its pointer.
pub(super) fn new_texts(json: &Value) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    for name in ["messages", "input", "prompt"] {
        match json.get(name) {
            Some(Value::String(text)) => found.push((format!("/{name}"), text.as_str())),
            Some(Value::Array(items)) => {
                let is_answer = |item: &Value| item.get("role").and_then(Value::as_str) == Some("assistant");
                let from = items.iter().rposition(is_answer).map_or(0, |at| at + 1);
                for (index, item) in items.iter().enumerate().skip(from) {
                    texts_of(item, &format!("/{name}/{index}"), &mut found);
                }
            }
            _ => {}
        }
    }
    found
}

/// The text of one message or item: its content, and the parts of that.
fn texts_of<'a>(item: &'a Value, pointer: &str, found: &mut Vec<(String, &'a str)>) {
    if let Some(text) = item.as_str() {
        found.push((pointer.to_owned(), text));
    }
    for name in ["content", "output", "text"] {
        match item.get(name) {
            Some(Value::String(text)) => found.push((format!("{pointer}/{name}"), text)),
            Some(Value::Array(parts)) => {
                for (index, part) in parts.iter().enumerate() {
                    if let Some(text) = part.get("text").and_then(Value::as_str) {
                        found.push((format!("{pointer}/{name}/{index}/text"), text));
                    }
                }
            }
            _ => {}
        }
    }
}
