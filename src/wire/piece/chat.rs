//! Chat Completions and the older Completions, streamed and plain; also what is common to all: a model, a
//! usage object, an error.

use super::{Piece, ToolPiece, error, give, usage};
use crate::wire::json::{Reader, Shape};

/// Reads a `chat.completion`, a `chat.completion.chunk`, a `text_completion`, or a list.
pub(super) fn object(reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    reader.object(|name, value| match name {
        "id" => give(value.text().as_deref(), sink, Piece::Id),
        "model" => give(value.text().as_deref(), sink, Piece::Model),
        "provider" => give(value.text().as_deref(), sink, Piece::Provider),
        "choices" => value.array(|position, item| {
            let index = item.member("index").and_then(|mut index| index.count());
            match index.unwrap_or(position as u64) {
                0 => choice(item, sink),
                other => {
                    sink(Piece::Choice(other));
                    choice(item, sink);
                    sink(Piece::Choice(0));
                }
            }
        }),
        "data" => value.array(|_, item| listed(item, sink)),
        "usage" => usage::read(value, sink),
        "error" => {
            if let Some(found) = error::read(value) {
                sink(Piece::Error(found));
            }
        }
        _ => {}
    });
}

fn choice(reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    reader.object(|name, value| match name {
        "delta" | "message" => message(value, sink),
        "text" => give(value.text().as_deref(), sink, Piece::Text),
        "finish_reason" => give(value.text().as_deref(), sink, Piece::Finish),
        "native_finish_reason" => give(value.text().as_deref(), sink, Piece::NativeFinish),
        // OpenRouter puts an error of the provider here, at status 200.
        "error" => {
            if let Some(found) = error::read(value) {
                sink(Piece::Error(found));
            }
        }
        _ => {}
    });
}

/// Reads what a list of models or of embeddings holds.
fn listed(reader: &Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    let Some(mut embedding) = reader.member("embedding") else {
        give(reader.member("id").and_then(|mut id| id.text()).as_deref(), sink, Piece::Listed);
        return;
    };
    let made_of = if embedding.shape() == Shape::Array {
        let mut numbers = 0;
        embedding.array(|index, _| numbers = index + 1);
        format!("{numbers} numbers")
    } else {
        let length = embedding.text().map_or(0, |text| text.len());
        format!("{length} characters of Base64")
    };
    sink(Piece::Listed(&made_of));
}

fn message(reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    let mut reasoned = false;
    reader.object(|name, value| match name {
        "content" if value.shape() == Shape::Array => value.array(|_, part| {
            if let Some(mut text) = part.member("text") {
                give(text.text().as_deref(), sink, Piece::Text);
            }
        }),
        "content" => give(value.text().as_deref(), sink, Piece::Text),
        // Two names for one thing; a gateway that sends both says it twice.
        "reasoning" | "reasoning_content" if !reasoned => {
            let text = value.text();
            reasoned = text.as_deref().is_some_and(|text| !text.is_empty());
            give(text.as_deref(), sink, Piece::Reasoning);
        }
        "refusal" => give(value.text().as_deref(), sink, Piece::Refusal),
        "tool_calls" => value.array(|position, call| tool_call(position as u64, call, sink)),
        "function_call" => function(0, None, value, sink),
        _ => {}
    });
}

fn tool_call(position: u64, reader: &Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    let index = reader.member("index").and_then(|mut index| index.count());
    let index = index.unwrap_or(position);
    let id = reader.member("id").and_then(|mut id| id.filled());
    // The newer kind of tool takes free text, under another name.
    let inner = reader.member("function").or_else(|| reader.member("custom"));
    if let Some(mut inner) = inner {
        function(index, id.as_deref(), &mut inner, sink);
    }
}

fn function(index: u64, id: Option<&str>, reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    let mut called = None;
    let mut arguments = None;
    reader.object(|member, value| match member {
        "name" => called = value.filled(),
        "arguments" | "input" => {
            arguments = match value.shape() {
                Shape::Text => value.text(),
                // Some gateways give the arguments as an object.
                Shape::Object => Some(String::from_utf8_lossy(value.raw())),
                _ => None,
            };
        }
        _ => {}
    });
    sink(Piece::Tool(ToolPiece { index, id, name: called.as_deref(), arguments: arguments.as_deref() }));
}
