//! A recorded answer, played on a socket byte for byte, past the HTTP library.

use std::io;
use std::time::Duration;

use http::{Method, StatusCode};
use tokio::time::{Instant, sleep_until};

use super::{Socket, scaled};
use crate::exchange::end::{BodyEnd, Hop};
use crate::exchange::head::ResponseHead;
use crate::exchange::time::Micros;
use crate::wire::script::Capture;

/// What becomes of a body whose head names no framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unframed {
    /// The head gets `Transfer-Encoding: chunked`, so that an end and a cut can be told apart.
    InChunks,
    /// It stays as it is: the body ends with the connection. A head without its bytes is one of HTTP/2, and is
    /// framed in chunks all the same.
    UntilClose,
}

/// How a played answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By the rules of its framing.
    Whole,
    /// The connection is closed before that.
    Closed,
    /// The connection is reset.
    Reset,
    /// Never: the client is the one to leave.
    Open,
}

/// How the bytes of a body are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Chunked,
    /// As they are: a length is announced.
    Plain,
    /// As they are: closing is the end.
    UntilClose,
    /// There is no body.
    None,
}

/// What of an HTTP/1 chunk a piece of a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    /// It begins a chunk of this size.
    opens: Option<u64>,
    /// The size is written in capitals.
    capitals: bool,
    /// It is the last of its chunk.
    closes: bool,
}

/// Plays the answer of a capture on the socket; when this returns, the connection is to be closed.
///
/// # Errors
/// Where the client is gone.
pub async fn raw(
    socket: &Socket,
    capture: &Capture,
    method: &Method,
    speed: f64,
    unframed: Unframed,
) -> io::Result<()> {
    let start = Instant::now();
    let wait = |at: Micros| wait_until(start, capture, at, speed);
    let mut framing = Framing::None;
    for interim in &capture.exchange.interim {
        wait(interim.at).await;
        socket.write_all(&interim.raw).await?;
    }
    if let Some(head) = gateway_head(capture) {
        let bytes;
        (framing, bytes) = head_bytes(head, method, unframed);
        wait(capture.exchange.timing.head.unwrap_or_default()).await;
        socket.write_all(&bytes).await?;
        let parts = chunk_parts(capture);
        for ((at, bytes), part) in chunks(capture).zip(parts) {
            wait(at).await;
            match framing {
                Framing::Chunked => socket.write_all(&part.framed(&bytes)).await?,
                Framing::Plain | Framing::UntilClose => socket.write_all(&bytes).await?,
                Framing::None => {}
            }
        }
    }
    let end = End::of(capture);
    if end == End::Open {
        std::future::pending::<()>().await;
    }
    wait(capture.exchange.timing.end.unwrap_or_default()).await;
    match end {
        End::Whole if framing == Framing::Chunked => {
            let trailers = capture.exchange.response_trailers.to_block();
            socket.write_all(&[b"0\r\n", trailers.as_slice(), b"\r\n"].concat()).await
        }
        End::Reset => socket.reset_when_dropped(),
        // Where closing is the end, only a reset tells that it came too early.
        End::Closed if framing == Framing::UntilClose => socket.reset_when_dropped(),
        _ => Ok(()),
    }
}

/// Waits until it is time for what was seen `at`, counted from when the request was sent.
pub async fn wait_until(start: Instant, capture: &Capture, at: Micros, speed: f64) {
    let after = at.since(capture.exchange.timing.sent.unwrap_or_default());
    let after = scaled(Duration::from_micros(after.0), speed);
    if !after.is_zero() {
        sleep_until(start + after).await;
    }
}

/// The head that the gateway sent, if it did.
pub fn gateway_head(capture: &Capture) -> Option<&ResponseHead> {
    capture.exchange.response.as_ref().filter(|_| capture.exchange.own_answer.is_none())
}

impl End {
    /// How the answer of a capture ends.
    pub fn of(capture: &Capture) -> Self {
        let exchange = &capture.exchange;
        match &exchange.response_end {
            Some(BodyEnd::Whole) if exchange.own_answer.is_some() => Self::Closed,
            Some(BodyEnd::Whole) => Self::Whole,
            Some(BodyEnd::Broken { by: Hop::App, .. }) | None => Self::Open,
            Some(end) if end.is_reset() => Self::Reset,
            Some(BodyEnd::Broken { .. }) => Self::Closed,
        }
    }
}

/// The head as it goes out, and what framing it announces.
fn head_bytes(head: &ResponseHead, method: &Method, unframed: Unframed) -> (Framing, Vec<u8>) {
    let mut bytes = if let Some(raw) = &head.raw {
        raw.to_vec()
    } else {
        let reason = StatusCode::from_u16(head.status).ok().and_then(|status| status.canonical_reason());
        let start = format!("HTTP/1.1 {} {}\r\n", head.status, reason.unwrap_or_default());
        [start.as_bytes(), &head.headers.to_block(), b"\r\n"].concat()
    };
    let bodiless = *method == Method::HEAD || matches!(head.status, 100..=199 | 204 | 304);
    let framing = if bodiless {
        Framing::None
    } else if head.headers.first("transfer-encoding").is_some() {
        Framing::Chunked
    } else if head.headers.first("content-length").is_some() {
        Framing::Plain
    } else if unframed == Unframed::UntilClose && head.raw.is_some() {
        Framing::UntilClose
    } else {
        bytes.truncate(bytes.len().saturating_sub(2));
        bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
        Framing::Chunked
    };
    (framing, bytes)
}

/// The chunks of the answer's body, each with its time. Blanks stand for what is not kept.
pub fn chunks(capture: &Capture) -> impl Iterator<Item = (Micros, Vec<u8>)> {
    let body = &capture.response;
    let gap = body.cut.map(|cut| cut.at);
    let mut start = 0_u64;
    body.chunks()
        .map(move |(kept, mark)| {
            let mut chunk = kept.to_vec();
            if let Some(gap) = gap {
                let at = usize::try_from(gap.saturating_sub(start)).unwrap_or(usize::MAX).min(chunk.len());
                let missing = (mark.length as usize).saturating_sub(chunk.len());
                chunk.splice(at..at, std::iter::repeat_n(b' ', missing));
            }
            start += u64::from(mark.length);
            (mark.read, chunk)
        })
        .filter(|(_, chunk)| !chunk.is_empty())
}

/// For each of the [`chunks`] of a body, its part in an HTTP/1 chunk: these are the recorded ones.
fn chunk_parts(capture: &Capture) -> Vec<Part> {
    let ends = capture.exchange.response_end == Some(BodyEnd::Whole);
    let marks = capture.response.marks.iter().filter(|mark| mark.length > 0);
    let mut parts: Vec<Part> = Vec::new();
    // From the last to the first, so that a chunk's size is known where it begins.
    let mut after: Option<u64> = None;
    for mark in marks.rev() {
        let rest = match after {
            _ if mark.rest.bytes == 0 => 0,
            Some(after) => after,
            None if ends => 0,
            None => u64::from(mark.rest.bytes),
        };
        if let Some(later) = parts.last_mut().filter(|_| mark.rest.bytes > 0) {
            later.opens = None;
        }
        let size = u64::from(mark.length) + rest;
        parts.push(Part { opens: Some(size), capitals: mark.rest.capitals, closes: rest == 0 });
        after = Some(size);
    }
    parts.reverse();
    parts
}

impl Part {
    fn framed(self, bytes: &[u8]) -> Vec<u8> {
        let written = |size| if self.capitals { format!("{size:X}\r\n") } else { format!("{size:x}\r\n") };
        let size = self.opens.map(written).unwrap_or_default();
        let end: &[u8] = if self.closes { b"\r\n" } else { b"" };
        [size.as_bytes(), bytes, end].concat()
    }
}
