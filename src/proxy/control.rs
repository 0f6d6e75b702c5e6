//! The control API, `/_gatetap/…`: never forwarded, closed to web pages.

use super::own_answer::json;
use super::route::Route;
use super::{Shared, control_faults};
use bytes::Bytes;
use http::header::{HOST, HeaderName, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use serde_json::json;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a path belongs to the control API.
pub(super) fn is_control(path: &str) -> bool {
    path.strip_prefix("/_gatetap").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a control request.
pub(super) fn answer(shared: &Shared, request: &Request<Bytes>) -> Response<Bytes> {
    if let Err(reason) = admit(shared, request.uri(), request.headers()) {
        return refuse(StatusCode::FORBIDDEN, reason);
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/_gatetap/status") => json(StatusCode::OK, &status(shared), None),
        (_, "/_gatetap/status") => refuse(StatusCode::METHOD_NOT_ALLOWED, "only GET is served here"),
        (_, "/_gatetap/faults") => control_faults::answer(shared, request),
        _ => refuse(
            StatusCode::NOT_FOUND,
            "there is no such control endpoint; there are /_gatetap/status and /_gatetap/faults",
        ),
    }
}

fn status(shared: &Shared) -> serde_json::Value {
    let gateway = |name: &str, route: &Route| json!({ "name": name, "url": route.gateway.base_url() });
    let upstream = shared.routes.upstream();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "listen": shared.addresses.iter().map(|address| format!("http://{address}")).collect::<Vec<_>>(),
        "faults": control_faults::list(shared),
        "upstream": gateway(&upstream.name, upstream),
        "routes": shared.routes.named().map(|(name, route)| gateway(name, route)).collect::<Vec<_>>(),
    })
}

/// Whether a request may speak to the control API: not from a web page, not under a foreign name (DNS
/// rebinding), not as a proxied request.
fn admit(shared: &Shared, uri: &Uri, headers: &HeaderMap) -> Result<(), &'static str> {
    if uri.authority().is_some() && uri.scheme().is_some() && headers.get(HOST).is_some() {
        return Err("the control API is not reached through the proxy itself");
    }
    if headers.contains_key(ORIGIN) || headers.get(FETCH_SITE).is_some_and(|site| site == "cross-site") {
        return Err("the control API is closed to web pages");
    }
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| uri.authority().map(Authority::as_str));
    let own = |host: &str| {
        shared.addresses.iter().any(|address| {
            host == address.to_string()
                || (address.ip().is_loopback()
                    && host.eq_ignore_ascii_case(&format!("localhost:{}", address.port())))
        })
    };
    if host.is_some_and(own) { Ok(()) } else { Err("the Host header does not name this listener") }
}

/// A refusal in the shape of an error.
pub(super) fn refuse(status: StatusCode, reason: &str) -> Response<Bytes> {
    json(
        status,
        &json!({ "error": { "message": format!("gatetap: {reason}"), "type": "gatetap_error" } }),
        None,
    )
}
