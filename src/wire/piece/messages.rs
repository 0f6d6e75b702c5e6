//! Anthropic's Messages, streamed and plain.

use super::{Piece, ToolPiece, error, give, usage};
use crate::wire::json::{Reader, Shape};

/// Reads one event. Its type stands in its data too, and counts where the event's own is missing.
pub(super) fn event(kind: &str, reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    let named = reader.member("type").and_then(|mut kind| kind.filled());
    let kind = named.as_deref().unwrap_or(kind);
    match kind {
        "message_start" => {
            if let Some(mut message) = reader.member("message") {
                body(&mut message, sink);
            }
        }
        "content_block_start" => {
            let index = index(reader);
            if let Some(mut block) = reader.member("content_block") {
                content(index, &mut block, sink, false);
            }
        }
        "content_block_delta" => {
            let index = index(reader);
            if let Some(mut delta) = reader.member("delta") {
                content(index, &mut delta, sink, false);
            }
        }
        "message_delta" => reader.object(|name, value| match name {
            "delta" => {
                if let Some(mut reason) = value.member("stop_reason") {
                    give(reason.text().as_deref(), sink, Piece::Finish);
                }
            }
            "usage" => usage::read(value, sink),
            _ => {}
        }),
        "message_stop" => sink(Piece::Terminal("message_stop")),
        "error" => {
            error::body(reader, error::Place::Certain, sink);
            sink(Piece::Terminal("error"));
        }
        "ping" | "content_block_stop" => {}
        // An event of no known type may still be an error.
        _ => error::body(reader, error::Place::Possible, sink),
    }
}

/// Reads a plain answer, or the message that a stream starts with.
pub(super) fn body(reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    reader.object(|name, value| match name {
        "id" => give(value.text().as_deref(), sink, Piece::Id),
        "model" => give(value.text().as_deref(), sink, Piece::Model),
        "stop_reason" => give(value.text().as_deref(), sink, Piece::Finish),
        "usage" => usage::read(value, sink),
        "content" => value.array(|index, block| content(index as u64, block, sink, true)),
        "error" => {
            if let Some(found) = error::read(value) {
                sink(Piece::Error(found));
            }
        }
        _ => {}
    });
}

/// Reads a content block or a delta of one. A block that starts in a stream has an empty `input`, which is
/// not the start of the arguments.
fn content(index: u64, reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>), whole: bool) {
    let mut tool = false;
    let (mut id, mut called, mut arguments) = (None, None, None);
    reader.object(|name, value| match name {
        "type" => tool = matches!(value.text().as_deref(), Some("tool_use" | "input_json_delta")),
        "text" => give(value.text().as_deref(), sink, Piece::Text),
        "thinking" => give(value.text().as_deref(), sink, Piece::Reasoning),
        "id" => id = value.filled(),
        "name" => called = value.filled(),
        "partial_json" => arguments = value.text(),
        "input" if whole && value.shape() == Shape::Object => {
            arguments = Some(String::from_utf8_lossy(value.raw()));
        }
        _ => {}
    });
    if tool {
        sink(Piece::Tool(ToolPiece {
            index,
            id: id.as_deref(),
            name: called.as_deref(),
            arguments: arguments.as_deref(),
        }));
    }
}

fn index(reader: &Reader<'_>) -> u64 {
    reader.member("index").and_then(|mut index| index.count()).unwrap_or_default()
}
