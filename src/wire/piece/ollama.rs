//! Ollama's own API, streamed line by line and plain.
//!
//! `/api/chat` has a `message`, `/api/generate` a `response`; the last document says `done` with a reason
//! and the counts. An error stands alone: `{"error": "text"}`, also in the middle of a stream.

use super::{Meter, Piece, ToolPiece, error, give};
use crate::wire::json::{Reader, Shape};

/// Reads one document.
pub(super) fn object(reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    reader.object(|name, value| match name {
        "model" => give(value.text().as_deref(), sink, Piece::Model),
        "response" => give(value.text().as_deref(), sink, Piece::Text),
        "thinking" => give(value.text().as_deref(), sink, Piece::Reasoning),
        "message" => message(value, sink),
        "done_reason" => give(value.text().as_deref(), sink, Piece::Finish),
        "done" if value.truth() == Some(true) => sink(Piece::Terminal("done")),
        "prompt_eval_count" => count(value, Meter::Input, sink),
        "eval_count" => count(value, Meter::Output, sink),
        "error" => {
            if let Some(found) = error::read(value) {
                sink(Piece::Error(found));
            }
        }
        _ => {}
    });
}

fn message(reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    reader.object(|name, value| match name {
        "content" => give(value.text().as_deref(), sink, Piece::Text),
        "thinking" => give(value.text().as_deref(), sink, Piece::Reasoning),
        "tool_calls" => value.array(|position, call| tool_call(position as u64, call, sink)),
        _ => {}
    });
}

/// A call comes whole, with its arguments as an object.
fn tool_call(position: u64, reader: &Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    let Some(function) = reader.member("function") else {
        return;
    };
    let index = function.member("index").and_then(|mut index| index.count());
    let id = reader.member("id").and_then(|mut id| id.filled());
    let name = function.member("name").and_then(|mut name| name.filled());
    let arguments = function
        .member("arguments")
        .filter(|arguments| arguments.clone().shape() == Shape::Object)
        .map(|mut arguments| String::from_utf8_lossy(arguments.raw()).into_owned());
    sink(Piece::Tool(ToolPiece {
        index: index.unwrap_or(position),
        id: id.as_deref(),
        name: name.as_deref(),
        arguments: arguments.as_deref(),
    }));
}

fn count(reader: &mut Reader<'_>, meter: Meter, sink: &mut dyn FnMut(Piece<'_>)) {
    if let Some(count) = reader.count() {
        sink(Piece::Tokens(meter, count));
    }
}
