//! A capture, played: on HTTP/1 byte for byte past the HTTP library, on HTTP/2 as heads and frames.
//!
//! Head lines and chunks go out as they stand, at their times after the request. A head that names no framing
//! gets `Transfer-Encoding: chunked`, so that an end and a cut can be told apart; bytes that the capture does
//! not hold are blanks. An exchange that the app left, or that never ended, stays open until the client
//! leaves; gatetap's own answer in a capture stands for a gateway that closed without a word.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use tokio::time::{Instant, sleep_until};

use crate::exchange::end::{BodyEnd, Hop};
use crate::exchange::head::ResponseHead;
use crate::exchange::time::Micros;
use crate::sim::Options;
use crate::sim::playback::{Ending, Script};
use crate::sim::socket::Socket;
use crate::wire::script::Capture;

/// How the bytes of a body are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Chunked,
    /// As they are: a length is announced.
    Plain,
    /// There is no body.
    None,
}

/// How a played answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    Closed,
    Reset,
    /// Never: the client is the one to leave.
    Open,
}

/// Plays a capture on the socket; when this returns, the connection is to be closed.
///
/// # Errors
/// Where the client is gone.
pub(in crate::sim) async fn raw(
    socket: &Socket,
    capture: &Capture,
    method: &Method,
    options: &Options,
) -> io::Result<()> {
    let start = Instant::now();
    let wait = |at: Micros| wait_until(start, capture, at, options);
    let mut framing = Framing::None;
    if let Some(head) = gateway_head(capture) {
        let bytes;
        (framing, bytes) = head_bytes(head, method);
        wait(capture.exchange.timing.head.unwrap_or_default()).await;
        socket.write_all(&bytes).await?;
        for (at, chunk) in chunks(capture) {
            wait(at).await;
            if framing != Framing::None {
                socket.write_all(&framed(framing, &chunk)).await?;
            }
        }
    }
    let end = end_of(capture);
    if end == End::Open {
        std::future::pending::<()>().await;
    }
    wait(capture.exchange.timing.end.unwrap_or_default()).await;
    match end {
        End::Whole if framing == Framing::Chunked => socket.write_all(b"0\r\n\r\n").await,
        End::Reset => socket.reset_when_dropped(),
        _ => Ok(()),
    }
}

/// The same for HTTP/2; `None` where there is no answer, so that the stream is to be reset.
pub(in crate::sim) async fn over_http2(
    capture: &Capture,
    options: &Options,
) -> Option<(Response<()>, Script)> {
    let start = Instant::now();
    let end = end_of(capture);
    let Some(head) = gateway_head(capture) else {
        if end == End::Open {
            std::future::pending::<()>().await;
        }
        wait_until(start, capture, capture.exchange.timing.end.unwrap_or_default(), options).await;
        return None;
    };
    let head_at = capture.exchange.timing.head.unwrap_or_default();
    wait_until(start, capture, head_at, options).await;
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(head.status).unwrap_or(StatusCode::BAD_GATEWAY);
    // What belongs to a connection has no place in HTTP/2.
    let hops = ["connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"];
    for (name, value) in &head.headers.0 {
        let is_hop = hops.iter().any(|hop| name.eq_ignore_ascii_case(hop));
        if let (false, Ok(name), Ok(value)) =
            (is_hop, HeaderName::try_from(name.as_str()), HeaderValue::from_bytes(value))
        {
            response.headers_mut().append(name, value);
        }
    }
    let pieces = chunks(capture)
        .map(|(at, chunk)| (Duration::from_micros(at.since(head_at).0), Bytes::from(chunk)))
        .collect();
    let ending = match end {
        End::Whole => Ending::Clean,
        End::Closed | End::Reset => Ending::Cut,
        End::Open => Ending::Silence,
    };
    Some((response, Script { pieces, ending }))
}

async fn wait_until(start: Instant, capture: &Capture, at: Micros, options: &Options) {
    let after = at.since(capture.exchange.timing.sent.unwrap_or_default());
    let after = options.scaled(Duration::from_micros(after.0));
    if !after.is_zero() {
        sleep_until(start + after).await;
    }
}

/// The head that the gateway sent, if it did.
fn gateway_head(capture: &Capture) -> Option<&ResponseHead> {
    capture.exchange.response.as_ref().filter(|_| capture.exchange.own_answer.is_none())
}

fn end_of(capture: &Capture) -> End {
    let exchange = &capture.exchange;
    match &exchange.response_end {
        Some(BodyEnd::Whole) if exchange.own_answer.is_some() => End::Closed,
        Some(BodyEnd::Whole) => End::Whole,
        Some(BodyEnd::Broken { by: Hop::App, .. }) | None => End::Open,
        Some(BodyEnd::Broken { detail, .. }) if detail.contains("reset") => End::Reset,
        Some(BodyEnd::Broken { .. }) => End::Closed,
    }
}

/// The head as it goes out, and what framing it announces.
fn head_bytes(head: &ResponseHead, method: &Method) -> (Framing, Vec<u8>) {
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
    } else {
        bytes.truncate(bytes.len().saturating_sub(2));
        bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
        Framing::Chunked
    };
    (framing, bytes)
}

/// The chunks of the answer's body, each with its time.
fn chunks(capture: &Capture) -> impl Iterator<Item = (Micros, Vec<u8>)> {
    let body = &capture.response;
    let passed: u64 = body.marks.iter().map(|mark| u64::from(mark.length)).sum();
    let mut whole = body.bytes.clone();
    if let Some(cut) = body.cut {
        let at = usize::try_from(cut.at).unwrap_or(usize::MAX).min(whole.len());
        let missing = usize::try_from(passed).unwrap_or(usize::MAX).saturating_sub(whole.len());
        whole.splice(at..at, std::iter::repeat_n(b' ', missing));
    }
    let mut rest = std::collections::VecDeque::from(whole);
    body.marks
        .iter()
        .map(move |mark| {
            let length = usize::try_from(mark.length).unwrap_or(usize::MAX).min(rest.len());
            (mark.read, rest.drain(..length).collect::<Vec<u8>>())
        })
        .filter(|(_, chunk)| !chunk.is_empty())
}

fn framed(framing: Framing, chunk: &[u8]) -> Vec<u8> {
    if framing == Framing::Chunked {
        let size = format!("{:x}\r\n", chunk.len());
        [size.as_bytes(), chunk, b"\r\n"].concat()
    } else {
        chunk.to_vec()
    }
}
