//! A capture, played on HTTP/2 as heads and frames. On HTTP/1 it is played byte for byte ([`crate::play::raw`]).

use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Response, StatusCode};
use tokio::time::Instant;

use crate::play::{End, chunks, gateway_head, wait_until};
use crate::sim::Options;
use crate::sim::playback::{Ending, Script};
use crate::wire::script::Capture;

/// Plays a capture; `None` where there is no answer, so that the stream is to be reset.
pub(in crate::sim) async fn over_http2(
    capture: &Capture,
    options: &Options,
) -> Option<(Response<()>, Script)> {
    let start = Instant::now();
    let end = End::of(capture);
    let Some(head) = gateway_head(capture) else {
        if end == End::Open {
            std::future::pending::<()>().await;
        }
        wait_until(start, capture, capture.exchange.timing.end.unwrap_or_default(), options.speed).await;
        return None;
    };
    let head_at = capture.exchange.timing.head.unwrap_or_default();
    wait_until(start, capture, head_at, options.speed).await;
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(head.status).unwrap_or(StatusCode::BAD_GATEWAY);
    // What belongs to a connection has no place in HTTP/2.
    let hops = ["connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"];
    for (name, value) in &head.headers {
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
