//! What decides about a fault: the request's own header, its head, and its body; which is read ahead.

use super::link::{Link, Socket};
use super::message::Request;
use crate::exchange::head::Headers;
use crate::fault::HEADER;
use crate::gateway::credential::carried_secrets;
use crate::proxy::app_connection::Connection;
use crate::proxy::inject::{self, Asking, Injection, Key, LOOKED_AT};
use crate::proxy::own_answer::Failure;
use crate::proxy::route::Route;
use crate::wire::http1::BodyReader;

/// Decides which fault a request meets; `None` if it meets none. Where one could be meant, the body is
/// read first: it is what tells one request from another.
///
/// # Errors
/// What is wrong with the request's own header.
pub(super) async fn draw<A: Socket>(
    connection: &Connection,
    app: &mut Link<A>,
    request: &Request,
    route: &Route,
    target: &str,
    body: &BodyReader,
) -> Result<Option<Injection>, Failure> {
    let shared = &connection.shared;
    let own = inject::own_rules(request.head.all(HEADER).map(|field| field.value))?;
    if own.is_empty() && !shared.armed.is_any() {
        return Ok(None);
    }
    let (read, _) = look_at(app, request, body.clone()).await;
    let headers = Headers::from_raw_head(request.head.raw());
    let asking = Asking {
        method: &String::from_utf8_lossy(&request.method),
        target,
        body: &read,
        key: Key::of(&carried_secrets(&headers, target)),
        own: &own,
    };
    Ok(Injection::draw(shared, route, &asking))
}

/// Reads a body without taking it; `None` if it is longer than what is looked at, or breaks off.
pub(super) async fn whole_body<A: Socket>(
    app: &mut Link<A>,
    request: &Request,
    body: &BodyReader,
) -> Option<Vec<u8>> {
    let (read, is_whole) = look_at(app, request, body.clone()).await;
    is_whole.then_some(read)
}

/// Reads as much of a body as is looked at, without taking it; and says whether that is all of it.
async fn look_at<A: Socket>(app: &mut Link<A>, request: &Request, mut reader: BodyReader) -> (Vec<u8>, bool) {
    let mut data = Vec::new();
    if request.head.has_token("expect", "100-continue") {
        // The app waits for the gateway's word before it sends a body.
        return (data, reader.is_whole());
    }
    let mut seen = 0;
    loop {
        let fresh = app.unused.get(seen..).unwrap_or_default();
        let read =
            reader.read(fresh, |piece, _| data.extend_from_slice(fresh.get(piece).unwrap_or_default()));
        // What is no body is refused where it is sent on.
        let Ok(taken) = read else { return (data, false) };
        seen += taken;
        if reader.is_whole() || data.len() >= LOOKED_AT || !matches!(app.fill().await, Ok(1..)) {
            let is_whole = reader.is_whole() && data.len() <= LOOKED_AT;
            data.truncate(LOOKED_AT);
            return (data, is_whole);
        }
    }
}
