//! Who may speak to the control API.

use super::Refusal;
use crate::proxy::Shared;
use crate::proxy::foreign::FETCH_SITE;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use ring::digest::{SHA256, digest};
use std::net::SocketAddr;

/// Lets a request in: not from a web page, not under a foreign name (DNS rebinding), not as a proxied
/// request, with the token where a listener can be reached from beyond this machine, and writing JSON only.
pub(super) fn admit<B>(shared: &Shared, request: &Request<B>) -> Result<(), Refusal> {
    let forbidden = |reason: &str| Err(Refusal::new(StatusCode::FORBIDDEN, reason));
    let (uri, headers) = (request.uri(), request.headers());
    if uri.authority().is_some() && uri.scheme().is_some() && headers.contains_key(HOST) {
        return forbidden("the control API is not reached through the proxy itself");
    }
    if headers.contains_key(ORIGIN) || headers.get(FETCH_SITE).is_some_and(|site| site == "cross-site") {
        return forbidden("the control API is closed to web pages");
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| uri.authority().map(Authority::as_str));
    if !host.is_some_and(|host| shared.addresses.iter().any(|address| is_named(*address, host))) {
        return forbidden("the Host header does not name this listener");
    }
    if shared.control_token.as_ref().is_some_and(|token| !has_token(headers, token)) {
        let reason = "a listener can be reached from beyond this machine, so the control API wants \
                      `Authorization: Bearer TOKEN` with the token that gatetap printed when it started";
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, reason));
    }
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::DELETE);
    if writes && !headers.get(CONTENT_TYPE).is_some_and(is_json) {
        let reason = "the control API takes JSON only: say `Content-Type: application/json`";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
    }
    Ok(())
}

/// Whether `host` is the listener at `address`. A listener on every address has many, of which only the
/// names could be somebody else's.
fn is_named(address: SocketAddr, host: &str) -> bool {
    if host.eq_ignore_ascii_case(&format!("localhost:{}", address.port())) {
        return address.ip().is_loopback() || address.ip().is_unspecified();
    }
    host.parse().is_ok_and(|named: SocketAddr| {
        named == address || address.ip().is_unspecified() && named.port() == address.port()
    })
}

fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let said = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    // How long it takes to compare hashes says nothing of what they were made from.
    let hash = |bytes: &[u8]| digest(&SHA256, bytes);
    said.is_some_and(|said| hash(said).as_ref() == hash(token.as_bytes()).as_ref())
}

fn is_json(value: &HeaderValue) -> bool {
    let media_type = value.as_bytes().split(|&byte| byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(b"application/json")
}
