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
    if own.is_empty() && (route.unbroken || !shared.armed.is_any()) {
        return Ok(None);
    }
    // An app that waits for the gateway's word before it sends a body has none to look at.
    let waits = request.head.has_token("expect", "100-continue");
    let limit = if waits { 0 } else { LOOKED_AT };
    let (Looked::Whole(read) | Looked::TooLong(read) | Looked::Broken(read)) =
        ahead(app, body.clone(), limit).await;
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

/// What was read ahead of a body, without taking it.
#[derive(Debug)]
pub(super) enum Looked {
    /// All of it.
    Whole(Vec<u8>),
    /// As much as is looked at; there is more.
    TooLong(Vec<u8>),
    /// All that came before it broke off, or turned out to be none.
    Broken(Vec<u8>),
}

/// Reads as much as `limit` of a body, without taking it.
pub(super) async fn ahead<A: Socket>(app: &mut Link<A>, mut reader: BodyReader, limit: usize) -> Looked {
    let mut data = Vec::new();
    let mut seen = 0;
    loop {
        let fresh = app.unused.get(seen..).unwrap_or_default();
        let read =
            reader.read(fresh, |piece, _| data.extend_from_slice(fresh.get(piece).unwrap_or_default()));
        // What is no body is refused where it is sent on.
        let Ok(taken) = read else { return Looked::Broken(data) };
        seen += taken;
        if reader.is_whole() && data.len() <= limit {
            return Looked::Whole(data);
        }
        if data.len() >= limit {
            data.truncate(limit);
            return Looked::TooLong(data);
        }
        if !matches!(app.fill().await, Ok(1..)) {
            return Looked::Broken(data);
        }
    }
}
