//! OpenAI's Responses, streamed and plain.

use std::borrow::Cow;

use super::{Piece, ToolPiece, error, give, usage};
use crate::wire::json::Reader;

/// Reads one event. Its type stands in its data too, and counts where the event's own is missing.
pub(super) fn event(kind: &str, reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    let named = reader.member("type").and_then(|mut kind| kind.filled());
    let kind = named.as_deref().unwrap_or(kind);
    match kind {
        "response.output_text.delta" => give(delta(reader).as_deref(), sink, Piece::Text),
        "response.refusal.delta" => give(delta(reader).as_deref(), sink, Piece::Refusal),
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => {
            give(delta(reader).as_deref(), sink, Piece::Reasoning);
        }
        "response.function_call_arguments.delta"
        | "response.custom_tool_call_input.delta"
        | "response.mcp_call_arguments.delta" => {
            let arguments = delta(reader);
            sink(Piece::Tool(ToolPiece {
                index: output_index(reader),
                arguments: arguments.as_deref(),
                ..ToolPiece::default()
            }));
        }
        "response.output_item.added" => {
            let index = output_index(reader);
            if let Some(mut item) = reader.member("item") {
                call(index, &mut item, sink);
            }
        }
        "response.created" | "response.in_progress" | "response.queued" => {
            if let Some(mut response) = reader.member("response") {
                response.object(|name, value| match name {
                    "id" => give(value.text().as_deref(), sink, Piece::Id),
                    "model" => give(value.text().as_deref(), sink, Piece::Model),
                    _ => {}
                });
            }
        }
        "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
            if let Some(mut response) = reader.member("response") {
                outline(&mut response, sink, true);
            }
            sink(Piece::Terminal(kind));
        }
        "error" | "response.error" => {
            error::body(reader, error::Place::Certain, sink);
            sink(Piece::Terminal(kind));
        }
        // An event of no known type may still be an error.
        _ => error::body(reader, error::Place::Possible, sink),
    }
}

/// Reads a plain answer.
pub(super) fn body(reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    outline(reader, sink, false);
}

/// Reads a response object. At the end of a stream its output repeats what the stream has given.
fn outline(reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>), repeats: bool) {
    let mut status = None;
    let mut reason = None;
    let mut failure = None;
    reader.object(|name, value| match name {
        "id" => give(value.text().as_deref(), sink, Piece::Id),
        "model" => give(value.text().as_deref(), sink, Piece::Model),
        "status" => status = value.filled(),
        "usage" => usage::read(value, sink),
        "incomplete_details" => reason = value.member("reason").and_then(|mut reason| reason.filled()),
        "error" => failure = error::read(value),
        "output" => {
            if repeats {
                sink(Piece::Repeats(true));
            }
            value.array(|index, item| output_item(index as u64, item, sink));
            if repeats {
                sink(Piece::Repeats(false));
            }
        }
        _ => {}
    });
    if let Some(failure) = failure {
        sink(Piece::Error(failure));
    }
    // `queued` and `in_progress` are no end.
    let ended = status.filter(|word| matches!(&**word, "completed" | "incomplete" | "failed" | "cancelled"));
    give(reason.or(ended).as_deref(), sink, Piece::Finish);
}

fn output_item(index: u64, reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    call(index, &mut reader.clone(), sink);
    let kind = reader.member("type").and_then(|mut kind| kind.filled());
    let reasoning = kind.as_deref() == Some("reasoning");
    reader.object(|name, value| match name {
        "content" | "summary" => value.array(|_, part| {
            part.object(|name, text| match name {
                "text" if reasoning => give(text.text().as_deref(), sink, Piece::Reasoning),
                "text" => give(text.text().as_deref(), sink, Piece::Text),
                "refusal" => give(text.text().as_deref(), sink, Piece::Refusal),
                _ => {}
            });
        }),
        _ => {}
    });
}

/// Reads an output item, if it is a call of a tool that the app provides.
fn call(index: u64, reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    let mut kind = None;
    let (mut id, mut own_id, mut tool, mut arguments) = (None, None, None, None);
    reader.object(|name, value| match name {
        "type" => kind = value.filled(),
        "call_id" => id = value.filled(),
        "id" => own_id = value.filled(),
        "name" => tool = value.filled(),
        "arguments" | "input" => arguments = value.filled(),
        _ => {}
    });
    if !matches!(kind.as_deref(), Some("function_call" | "custom_tool_call" | "mcp_call")) {
        return;
    }
    let id: Option<Cow<'_, str>> = id.or(own_id);
    sink(Piece::Tool(ToolPiece {
        index,
        id: id.as_deref(),
        name: tool.as_deref(),
        arguments: arguments.as_deref(),
    }));
}

fn delta<'a>(reader: &Reader<'a>) -> Option<Cow<'a, str>> {
    reader.member("delta")?.text()
}

fn output_index(reader: &Reader<'_>) -> u64 {
    reader.member("output_index").and_then(|mut index| index.count()).unwrap_or_default()
}
