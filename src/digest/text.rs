//! What was asked and what was answered, as text to search in.

use super::Answer;
use crate::exchange::text::{boundary_after, boundary_before};
use crate::gateway::mask::mask_string;
use crate::wire::json::{Reader, Shape};

/// How much of a text is kept: its start and its end. Of a long conversation that is the instructions and
/// the latest turns; what lies between was the end of an earlier exchange.
const START: usize = 32 * 1024;
const END: usize = 96 * 1024;

/// Values may lie inside one another so deep; what is deeper is no prompt.
const DEEPEST: usize = 24;

/// The text of an exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// What was asked: instructions, messages, results of tools.
    pub prompt: String,
    /// What was answered: reasoning, text, refusal, calls of tools, the message of an error.
    pub answer: String,
}

/// The text of a request body, of any dialect. A body that breaks off gives what stands before.
pub(super) fn prompt(body: &[u8]) -> String {
    let mut text = String::new();
    Reader::new(body).object(|name, value| {
        if matches!(name, "messages" | "input" | "prompt" | "system" | "instructions") {
            message(value, &mut text, 0);
        }
    });
    shorten(text)
}

/// The text of an answer.
pub(super) fn answer(answer: &Answer, error: Option<&str>) -> String {
    let mut text = String::new();
    let calls = answer.tool_calls.iter().flat_map(|call| [call.name.as_str(), call.arguments.as_str()]);
    let others = answer.others.iter().map(|other| other.answer.text.as_str());
    for part in [answer.reasoning.as_str(), &answer.text, &answer.refusal]
        .into_iter()
        .chain(others)
        .chain(calls)
        .chain(error)
    {
        push(&mut text, part);
    }
    shorten(text)
}

/// A message, a row of them, or a part of one. Ids, types, links and encoded data are no text.
fn message(value: &mut Reader<'_>, text: &mut String, depth: usize) {
    match value.shape() {
        Shape::Text => push(text, &value.text().unwrap_or_default()),
        Shape::Array if depth < DEEPEST => value.array(|_, one| message(one, text, depth + 1)),
        Shape::Object if depth < DEEPEST => value.object(|name, member| match name {
            "content" | "text" | "parts" | "thinking" | "summary" | "refusal" | "tool_calls" | "function" => {
                message(member, text, depth + 1);
            }
            // What a tool was given or gave back has any shape.
            "input" | "output" | "arguments" => anything(member, text, depth + 1),
            _ => {}
        }),
        _ => {}
    }
}

/// Every text in a value.
fn anything(value: &mut Reader<'_>, text: &mut String, depth: usize) {
    match value.shape() {
        Shape::Text => push(text, &value.text().unwrap_or_default()),
        Shape::Array if depth < DEEPEST => value.array(|_, one| anything(one, text, depth + 1)),
        Shape::Object if depth < DEEPEST => value.object(|_, one| anything(one, text, depth + 1)),
        _ => {}
    }
}

fn push(text: &mut String, part: &str) {
    if !text.is_empty() && !part.is_empty() {
        text.push('\n');
    }
    text.push_str(part);
}

/// Start and end of a text that is too long, without what looks like a key: one that came in several pieces
/// is whole here.
fn shorten(mut text: String) -> String {
    if text.len() > START + END {
        let start = boundary_before(&text, START);
        let end = boundary_after(&text, text.len() - END);
        text.replace_range(start..end, "\n");
    }
    mask_string(text)
}
