//! What was asked and answered, as the turns of a conversation: of chat completions, messages and
//! responses alike. What is not understood is left to the tab of the body.

use super::state::Turn;
use crate::digest::Answer;
use serde_json::Value;

/// How long a turn is kept, in bytes. The request's tab has all of it.
const LONGEST: usize = 64 * 1024;

/// How many turns of a request are kept: the last.
const MOST: usize = 400;

/// The turns of a request and of its answer.
pub(super) fn turns(request: &[u8], answer: &Answer) -> Vec<Turn> {
    let mut turns = Vec::new();
    if let Ok(request) = serde_json::from_slice::<Value>(request) {
        for name in ["system", "instructions"] {
            content(&mut turns, "system", request.get(name));
        }
        for name in ["messages", "input", "prompt"] {
            match request.get(name) {
                Some(Value::Array(messages)) => messages.iter().for_each(|one| message(&mut turns, one)),
                other => content(&mut turns, "user", other),
            }
        }
    }
    let over = turns.len().saturating_sub(MOST);
    turns.drain(..over);
    answered(&mut turns, "assistant", answer);
    turns
}

fn answered(turns: &mut Vec<Turn>, who: &str, answer: &Answer) {
    let mut say = |what: Option<String>, text: &str| {
        if !text.is_empty() {
            turns.push(Turn { is_answer: true, ..turn(who, what, text) });
        }
    };
    say(Some("reasoning".to_owned()), &answer.reasoning);
    say(None, &answer.text);
    say(Some("refusal".to_owned()), &answer.refusal);
    for call in &answer.tool_calls {
        let arguments = if call.arguments.is_empty() { "(no arguments)" } else { &call.arguments };
        say(Some(format!("calls {}", call.name)), arguments);
    }
    if !answer.listed.is_empty() {
        say(Some("lists".to_owned()), &answer.listed.join("\n"));
    }
    for other in &answer.others {
        answered(turns, &format!("{who}, choice {}", other.index), &other.answer);
    }
}

/// A message of any dialect.
fn message(turns: &mut Vec<Turn>, message: &Value) {
    let text = |name: &str| message.get(name).and_then(Value::as_str);
    let who = text("role").unwrap_or("user");
    match (message, text("type")) {
        (Value::String(said), _) => turns.push(turn("user", None, said)),
        (_, Some("function_call")) => {
            let name = text("name").unwrap_or_default();
            turns.push(turn(
                "assistant",
                Some(format!("calls {name}")),
                text("arguments").unwrap_or_default(),
            ));
        }
        (_, Some("function_call_output")) => content(turns, "tool", message.get("output")),
        _ => content(turns, who, message.get("content")),
    }
    for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
        let function = call.get("function").unwrap_or(call);
        let of = |name: &str| function.get(name).and_then(Value::as_str).unwrap_or_default();
        turns.push(turn(who, Some(format!("calls {}", of("name"))), of("arguments")));
    }
}

/// The content of a message: a text, or parts of several kinds.
fn content(turns: &mut Vec<Turn>, who: &str, content: Option<&Value>) {
    match content {
        Some(Value::String(text)) => turns.push(turn(who, None, text)),
        Some(Value::Array(parts)) => parts.iter().for_each(|one| part(turns, who, one)),
        _ => {}
    }
}

fn part(turns: &mut Vec<Turn>, who: &str, part: &Value) {
    let text = |name: &str| part.get(name).and_then(Value::as_str);
    match text("type") {
        Some("text" | "input_text" | "output_text" | "summary_text") => {
            turns.push(turn(who, None, text("text").unwrap_or_default()));
        }
        Some("thinking") => {
            let thought = text("thinking").unwrap_or_default();
            turns.push(turn(who, Some("reasoning".to_owned()), thought));
        }
        Some("tool_use") => {
            let input = part.get("input").map(Value::to_string).unwrap_or_default();
            turns.push(turn(who, Some(format!("calls {}", text("name").unwrap_or_default())), &input));
        }
        Some("tool_result") => content_of_result(turns, part),
        Some(kind) => turns.push(turn(who, Some(kind.to_owned()), "(see the request)")),
        None => {
            if let Some(said) = part.as_str() {
                turns.push(turn(who, None, said));
            }
        }
    }
}

fn content_of_result(turns: &mut Vec<Turn>, part: &Value) {
    let before = turns.len();
    content(turns, "tool", part.get("content"));
    for turn in turns.iter_mut().skip(before) {
        turn.what.get_or_insert_with(|| "result".to_owned());
    }
}

fn turn(who: &str, what: Option<String>, text: &str) -> Turn {
    let kept = crate::exchange::text::boundary_before(text, LONGEST);
    let mut shown = text.get(..kept).unwrap_or_default().to_owned();
    if kept < text.len() {
        shown.push_str("\n(the rest is in the request)");
    }
    Turn { who: who.to_owned(), what, text: shown, is_answer: false }
}
