//! What went over a connection after `101 Switching Protocols`, both directions in the order of time.

use super::Shown;
use crate::exchange::body::{Body, Side};
use crate::exchange::text::{counted, printable};
use crate::exchange::time::Micros;
use crate::gateway::mask::mask_string;
use crate::wire::websocket::{Frame, Kind, frames};

/// So many of them are shown.
const SHOWN: usize = 200;

/// So much of one is shown.
const PREVIEW: usize = 80;

/// Whether the connection went on with another protocol.
pub(super) fn is_switched(shown: &Shown) -> bool {
    shown.whole.exchange.response.as_ref().is_some_and(|head| head.status == 101)
}

/// One line a WebSocket frame, or a chunk where another protocol was spoken.
pub(super) fn lines(shown: &Shown) -> Vec<String> {
    if !is_switched(shown) {
        return Vec::new();
    }
    let head = shown.whole.exchange.response.as_ref();
    let upgrade = head.and_then(|head| head.headers.text("upgrade")).unwrap_or_default();
    let one_side = |side| {
        let (_, body) = shown.side(side);
        // A gap hides where the next frame begins.
        if upgrade.eq_ignore_ascii_case("websocket") && body.cut.is_none() {
            of_frames(side, body)
        } else {
            of_chunks(side, body)
        }
    };
    let mut moments = [one_side(Side::Request), one_side(Side::Response)].concat();
    moments.sort_by_key(|(at, ..)| *at);
    let left = moments.len().saturating_sub(SHOWN);
    let mut lines: Vec<String> = moments
        .iter()
        .take(SHOWN)
        .map(|(at, side, what)| {
            let arrow = if *side == Side::Request { "app →" } else { "app ←" };
            format!("{:>9}  {arrow}  {what}", at.to_string())
        })
        .collect();
    if left > 0 {
        lines.push(format!("(and {left} more)"));
    }
    lines
}

/// When something was read, in which direction, and what.
type Moment = (Micros, Side, String);

fn of_chunks(side: Side, body: &Body) -> Vec<Moment> {
    let chunk = |bytes: &[u8], length: u32| match preview(bytes) {
        Some(text) => format!("{}: {text}", counted(u64::from(length), "byte")),
        None => counted(u64::from(length), "byte"),
    };
    body.chunks().map(|(bytes, mark)| (mark.read, side, chunk(bytes, mark.length))).collect()
}

fn of_frames(side: Side, body: &Body) -> Vec<Moment> {
    let moment = |frame: Frame| {
        // It is there when its last byte is.
        let chunk = body.chunk_at(frame.place.end.saturating_sub(1));
        let read = chunk.and_then(|chunk| body.marks.get(chunk)).map(|mark| mark.read);
        (read.unwrap_or_default(), side, describe(&frame))
    };
    frames(&body.bytes).into_iter().map(moment).collect()
}

fn describe(frame: &Frame) -> String {
    let mut text = format!("{}, {}", frame.kind.as_str(), counted(frame.length, "byte"));
    if frame.extended {
        text.push_str(", compressed or otherwise extended");
    }
    if !frame.last {
        text.push_str(", goes on");
    }
    if !frame.is_whole() {
        text.push_str(", cut off");
    }
    let shown = match (frame.kind, frame.payload.as_slice()) {
        (Kind::Close, [high, low, reason @ ..]) => {
            let code = u16::from_be_bytes([*high, *low]);
            Some(format!("{code} {}", preview(reason).unwrap_or_default()).trim_end().to_owned())
        }
        (_, payload) if !frame.extended => preview(payload),
        _ => None,
    };
    if let Some(shown) = shown.filter(|shown| !shown.is_empty()) {
        text.push_str(": ");
        text.push_str(&shown);
    }
    text
}

/// The start of these bytes, if they are text, without keys: the mask of a frame hides them from whoever
/// looked for keys when it was recorded.
fn preview(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let masked = mask_string(text.to_owned());
    let start: String = masked.chars().take(PREVIEW).collect();
    let more = if start.len() < masked.len() { "…" } else { "" };
    Some(format!("{}{more}", printable(&start)))
}
