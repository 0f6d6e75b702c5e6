//! gatetap's own answers on an HTTP/1 connection.

use super::exchange::After;
use super::link::{Link, Socket};
use super::message::Request;
use super::record::Record;
use crate::exchange::Timing;
use crate::exchange::body::{Rest, Side};
use crate::exchange::end::{BodyEnd, Hop};
use crate::proxy::app_connection::Connection;
use crate::proxy::control::LONGEST_BODY;
use crate::proxy::own_answer::{Failure, rendered};
use crate::record::{Answered, Asked};
use crate::wire::http1::BodyReader;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Version};
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

/// How long the rest of a request that is answered already is read, so that it is in the recording and the
/// connection can go on.
const REST: Duration = Duration::from_secs(2);

/// Refuses a head that is no request, and writes that down.
pub(super) async fn refuse<A: Socket>(
    connection: &Connection,
    app: &mut Link<A>,
    raw: &Bytes,
    failure: &Failure,
) -> After {
    let line = raw.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let mut words = line.split(|&byte| byte == b' ');
    let method = words.next().and_then(|word| Method::from_bytes(word).ok());
    let target = String::from_utf8_lossy(words.next().unwrap_or_default()).into_owned();
    let track = connection.shared.recorder.begin(Asked {
        peer: connection.peer,
        gateway: "".into(),
        url: String::new(),
        method: method.unwrap_or_default(),
        target,
        version: Version::HTTP_11,
        headers: HeaderMap::new(),
        raw: Some(raw.clone()),
        sent: None,
        set: Arc::default(),
        fault: None,
        replay_of: None,
    });
    let mut record = Record::new(track, &connection.shared);
    record.ended(Side::Request, BodyEnd::broken(Hop::Gatetap, "the request was not passed on"));
    send(app, &mut record, failure, false, b"GET", false).await;
    After::Close
}

/// Answers a request in the gateway's place; takes in what of it is still to come.
pub(super) async fn answer<A: Socket>(
    app: &mut Link<A>,
    record: &mut Record,
    failure: &Failure,
    request: &Request,
    body: &mut BodyReader,
) -> After {
    let anthropic = request.path().split('?').next().is_some_and(|path| path.ends_with("/messages"));
    let keep = request.keep && !failure.token.closes();
    if !send(app, record, failure, anthropic, &request.method, keep).await {
        return After::Drop;
    }
    match tokio::time::timeout(REST, rest(app, record, body)).await {
        Ok(true) if keep => After::Keep,
        _ => After::Close,
    }
}

/// Reads the rest of a request's body; says whether it became whole.
async fn rest<A: Socket>(app: &mut Link<A>, record: &mut Record, body: &mut BodyReader) -> bool {
    loop {
        let mut pieces = Vec::new();
        let Ok(taken) = body.read(&app.unused, |piece, rest| pieces.push((piece, rest))) else {
            return false;
        };
        let bytes = app.unused.split_to(taken).freeze();
        for (piece, rest) in pieces {
            record.chunk(Side::Request, &bytes.slice(piece), rest);
        }
        if body.is_whole() {
            record.whole(Side::Request, body.trailers());
            return true;
        }
        poll_fn(|cx| record.poll_room(cx)).await;
        if !matches!(app.fill().await, Ok(1..)) {
            record.ended(Side::Request, BodyEnd::closed_early(Hop::App));
            return false;
        }
    }
}

/// A request with its body, for gatetap itself; `None` if it is too long, or breaks off.
pub(super) async fn whole_request<A: Socket>(
    app: &mut Link<A>,
    request: &Request,
) -> Option<http::Request<Bytes>> {
    let mut reader = BodyReader::request(request.framing);
    let mut body = BytesMut::new();
    loop {
        let unused = app.unused.split();
        let taken =
            reader.read(&unused, |piece, _| body.extend_from_slice(unused.get(piece).unwrap_or_default()));
        app.unused.extend_from_slice(unused.get(taken.ok()?..).unwrap_or_default());
        if reader.is_whole() {
            break;
        }
        let read = tokio::time::timeout(REST, app.fill()).await.ok()?;
        if body.len() > LONGEST_BODY || !matches!(read, Ok(1..)) {
            return None;
        }
    }
    let mut whole = http::Request::builder().method(request.method.as_slice()).uri(request.target.as_slice());
    for field in request.head.fields() {
        whole = whole.header(field.name, field.unfolded());
    }
    whole.body(body.freeze()).ok()
}

/// Writes an own answer down and to the app; says whether the app took it.
async fn send<A: Socket>(
    app: &mut Link<A>,
    record: &mut Record,
    failure: &Failure,
    anthropic: bool,
    method: &[u8],
    keep: bool,
) -> bool {
    let response = failure.answer(anthropic);
    record.track.answered(Answered {
        status: response.status(),
        version: response.version(),
        headers: response.headers().clone(),
        raw: None,
        own: Some(failure.own()),
        timing: Timing { head: Some(record.track.now()), ..Timing::default() },
    });
    if method != b"HEAD" {
        record.chunk(Side::Response, response.body(), Rest::default());
    }
    let sent = app.send(rendered(&response, method, keep)).await.is_ok();
    if sent {
        record.taken(Side::Response, u32::from(method != b"HEAD"));
        record.ended(Side::Response, BodyEnd::Whole);
    }
    sent
}
