//! The control API, `/_gatetap/…`: never forwarded, closed to web pages.
//!
//! An endpoint is a line in [`ENDPOINTS`] and an arm in [`serve`].
//!
//! Invariant: nothing is answered before [`admit`] has let the request in.

mod admit;
mod exchanges;
mod faults;
mod query;

use super::Shared;
use super::own_answer::json;
use super::route::Route;
use crate::export::json::rfc3339;
use bytes::Bytes;
use http::header::ALLOW;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::json;
use std::sync::Arc;

/// No request to the control API has a longer body.
pub(super) const LONGEST_BODY: usize = 1 << 20;

/// What is served: a path, and its methods.
const ENDPOINTS: [(&str, &str); 3] = [
    ("/_gatetap/status", "GET"),
    ("/_gatetap/exchanges", "GET"),
    ("/_gatetap/faults", "GET, PUT, POST, DELETE"),
];

/// Why a request is not served.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    reason: String,
}

/// Whether a path belongs to the control API.
pub(super) fn is_control(path: &str) -> bool {
    path.strip_prefix("/_gatetap").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a control request, whose body is there as a whole.
pub(super) async fn answer(shared: &Arc<Shared>, request: &Request<Bytes>) -> Response<Bytes> {
    let served = match admit::admit(shared, request) {
        Ok(()) => serve(shared, request).await,
        Err(refusal) => Err(refusal),
    };
    served.unwrap_or_else(|refusal| refusal.answer(request.uri().path()))
}

/// Answers a request whose body was too long, or broke off.
pub(super) fn not_whole() -> Response<Bytes> {
    Refusal::new(StatusCode::BAD_REQUEST, "the request is not whole, or its body is too long").answer("")
}

async fn serve(shared: &Arc<Shared>, request: &Request<Bytes>) -> Result<Response<Bytes>, Refusal> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/_gatetap/status") => Ok(json(StatusCode::OK, &status(shared), None)),
        (&Method::GET, "/_gatetap/exchanges") => {
            exchanges::list(shared, request.uri().query().unwrap_or_default()).await
        }
        (_, "/_gatetap/faults") => faults::answer(shared, request),
        (_, path) => Err(not_served(path)),
    }
}

fn not_served(path: &str) -> Refusal {
    if let Some((_, methods)) = ENDPOINTS.iter().find(|(known, _)| *known == path) {
        return Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("only {methods} is served here"));
    }
    let known: Vec<String> = ENDPOINTS.iter().map(|(path, methods)| format!("{methods} {path}")).collect();
    let reason = format!("there is no such control endpoint; there is {}", known.join(", "));
    Refusal::new(StatusCode::NOT_FOUND, reason)
}

fn status(shared: &Shared) -> serde_json::Value {
    let gateway = |name: &str, route: &Route| json!({ "name": name, "url": route.gateway.base_url() });
    let upstream = shared.routes.upstream();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "listen": shared.addresses.iter().map(|address| format!("http://{address}")).collect::<Vec<_>>(),
        "faults": faults::list(shared),
        "upstream": gateway(&upstream.name, upstream),
        "routes": shared.routes.named().map(|(name, route)| gateway(name, route)).collect::<Vec<_>>(),
        "recording": recording(shared),
    })
}

/// How the recording is doing; `trouble` says it in a sentence.
fn recording(shared: &Shared) -> serde_json::Value {
    let health = shared.recorder.health();
    json!({
        "path": shared.recorder.recording().display().to_string(),
        "trouble": health.trouble(),
        "degraded": health.degraded.map(|degraded| json!({
            "since": rfc3339(degraded.since), "reason": degraded.reason,
        })),
        "removed": health.removed.map(|removed| json!({
            "since": rfc3339(removed.since), "exchanges": removed.exchanges,
        })),
        "lost_bytes": health.lost_bytes,
    })
}

impl Refusal {
    fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }

    fn answer(&self, path: &str) -> Response<Bytes> {
        let message = format!("gatetap: {}", self.reason);
        let body = json!({ "error": { "message": message, "type": "gatetap_error" } });
        let mut response = json(self.status, &body, None);
        let methods = ENDPOINTS.iter().find(|(known, _)| *known == path).map(|(_, methods)| *methods);
        if let (StatusCode::METHOD_NOT_ALLOWED, Some(methods)) = (self.status, methods) {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
        }
        response
    }
}
