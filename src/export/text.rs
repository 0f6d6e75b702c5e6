//! What several formats make of an exchange.

use super::Exported;
use crate::exchange::Exchange;
use crate::exchange::body::Side;
use crate::exchange::time::Micros;
use crate::gateway::mask::mask_text;
use crate::wire::websocket::{Kind, frames};

/// A WebSocket frame with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// Who sent it.
    pub(super) side: Side,
    /// When its last byte was read.
    pub(super) at: Micros,
    /// Its number in the protocol.
    pub(super) opcode: u8,
    /// What it holds, keys hidden.
    pub(super) payload: Vec<u8>,
}

/// Whether the connection went on as a WebSocket.
pub(super) fn is_websocket(exchange: &Exchange) -> bool {
    exchange.response.as_ref().is_some_and(|head| {
        let upgrade = head.headers.text("upgrade").unwrap_or_default();
        head.status == 101 && upgrade.eq_ignore_ascii_case("websocket")
    })
}

/// The frames of both sides, in the order of time; nothing of a side of which bytes are missing.
pub(super) fn messages(one: &Exported) -> Vec<Message> {
    let mut all = Vec::new();
    for side in [Side::Request, Side::Response] {
        let body = one.body(side);
        // A gap hides where the next frame begins.
        if body.cut.is_some() {
            continue;
        }
        all.extend(frames(&body.bytes).into_iter().map(|frame| {
            let chunk = body.chunk_at(frame.place.end.saturating_sub(1));
            let read = chunk.and_then(|chunk| body.marks.get(chunk)).map(|mark| mark.read);
            // The mask of a frame hides its keys from whoever looked for them when it was recorded.
            let payload = if frame.extended { frame.payload } else { mask_text(&frame.payload) };
            Message { side, at: read.unwrap_or_default(), opcode: opcode(frame.kind), payload }
        }));
    }
    all.sort_by_key(|message| message.at);
    all
}

/// The number of RFC 6455 §5.2.
const fn opcode(kind: Kind) -> u8 {
    match kind {
        Kind::Continuation => 0,
        Kind::Text => 1,
        Kind::Binary => 2,
        Kind::Close => 8,
        Kind::Ping => 9,
        Kind::Pong => 10,
        Kind::Other(other) => other,
    }
}
