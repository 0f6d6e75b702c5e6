//! One request: routing, checks, and the answer with its headers.

use std::future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Either, Full, Limited};
use hyper::body::Incoming;
use serde_json::json;

use super::behavior::{self, Behavior};
use super::completion::Completion;
use super::playback::{Ending, Playback, Script};
use super::request::{self, ChatRequest, Key, Refusal};
use super::{Generation, Shared, hash, script};
use crate::gateway::errors::Detail;

/// Either a body that is there, or one that is played.
pub(super) type Body = Either<Full<Bytes>, Playback>;

/// The requests a minute that the simulator says it allows. It counts them and refuses none.
const RATE_LIMIT: u64 = 60;

/// A body with more bytes than this is refused unread.
const MAX_BODY: usize = 32 * 1024 * 1024;

const EXPOSED: &str = "x-request-id, x-ratelimit-limit, x-ratelimit-remaining, retry-after";

/// What an endpoint is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Models,
    Chat,
}

impl Endpoint {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/v1/models" => Some(Self::Models),
            "/v1/chat/completions" => Some(Self::Chat),
            _ => None,
        }
    }

    const fn allow(self) -> &'static str {
        match self {
            Self::Models => "GET, OPTIONS",
            Self::Chat => "POST, OPTIONS",
        }
    }
}

/// Answers one request.
pub(super) async fn answer(shared: &Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let number = shared.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let seed = shared.options.seed;
    let mut response = match respond(shared, number, request).await {
        Ok(response) => response,
        Err(refusal) => refused(&refusal),
    };
    let id = hash(seed, &number.to_le_bytes());
    let headers = response.headers_mut();
    put(headers, "x-request-id", &format!("req_sim_{id:016x}"));
    put(headers, "x-ratelimit-limit", &RATE_LIMIT.to_string());
    if !headers.contains_key("x-ratelimit-remaining") {
        let remaining = RATE_LIMIT - 1 - (number - 1) % RATE_LIMIT;
        put(headers, "x-ratelimit-remaining", &remaining.to_string());
    }
    put(headers, "access-control-allow-origin", "*");
    put(headers, "access-control-expose-headers", EXPOSED);
    response
}

async fn respond(
    shared: &Arc<Shared>,
    number: u64,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let Some(endpoint) = Endpoint::of(path) else {
        return Err(wrong_url(404, "Invalid URL", &head.method, path));
    };
    match (&head.method, endpoint) {
        (&Method::OPTIONS, _) => return Ok(preflight(endpoint, &head.headers)),
        (&Method::GET, Endpoint::Models) | (&Method::POST, Endpoint::Chat) => {}
        (method, _) => {
            let mut response = refused(&wrong_url(405, "Invalid method for URL", method, path));
            put(response.headers_mut(), "allow", endpoint.allow());
            return Ok(response);
        }
    }
    let authorization = head.headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let key = request::check_key(authorization)?;
    if endpoint == Endpoint::Models {
        return Ok(models(key));
    }
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        // Where the client broke off there is nobody left to read this.
        Err(_too_large) => return Err(Refusal::new("request_too_large", &Detail::default())),
    };
    let chat = request::check_body(&body, key, shared.options.max_input_tokens)?;
    let wish = head.headers.get(behavior::HEADER);
    let wish = wish.map(|wish| String::from_utf8_lossy(wish.as_bytes()).into_owned());
    let behavior = Behavior::of(wish.as_deref(), chat.model.id)
        .map_err(|message| Refusal::invalid(behavior::HEADER, &message))?;
    let body_hash = hash(shared.options.seed, &body);
    check_rate(shared, &behavior, body_hash)?;
    if key == Key::Broke {
        return Err(Refusal::new("insufficient_quota", &Detail::default()));
    }
    let id = hash(shared.options.seed, &number.to_be_bytes());
    let completion = Completion::new(&shared.options, id, &chat, &behavior);
    if chat.stream {
        Ok(streamed(shared, &chat, &completion, &behavior))
    } else {
        Ok(whole(shared, &completion, &behavior).await)
    }
}

fn check_rate(shared: &Shared, behavior: &Behavior, body_hash: u64) -> Result<(), Refusal> {
    match behavior {
        Behavior::RateLimited { times, retry_after } if shared.attempt(body_hash) <= *times => Err(Refusal {
            retry_after: Some(*retry_after),
            ..Refusal::new("rate_limit_exceeded", &Detail::default())
        }),
        _ => Ok(()),
    }
}

fn streamed(
    shared: &Arc<Shared>,
    chat: &ChatRequest,
    completion: &Completion,
    behavior: &Behavior,
) -> Response<Body> {
    let script = script::stream(completion, chat.include_usage, behavior);
    let mut response = played(shared, script);
    let headers = response.headers_mut();
    put(headers, "content-type", "text/event-stream; charset=utf-8");
    put(headers, "cache-control", "no-cache, no-transform");
    put(headers, "x-accel-buffering", "no");
    response
}

/// Waits as long as the model would write, then answers in one piece.
async fn whole(shared: &Arc<Shared>, completion: &Completion, behavior: &Behavior) -> Response<Body> {
    let mut generation = Generation::new(shared);
    let mut wait = completion.end;
    match behavior {
        Behavior::Stall { silence: Some(silence), .. } => wait += *silence,
        Behavior::Stall { silence: None, .. } => future::pending().await,
        _ => {}
    }
    let wait = shared.options.scaled(wait);
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    generation.finish();
    let body = match behavior {
        Behavior::ErrorInside { code, .. } => {
            code.body(&Detail { model: Some(completion.model), ..Detail::default() })
        }
        _ => script::whole(completion, behavior),
    };
    if matches!(behavior, Behavior::Cut { .. }) {
        let mut half = Bytes::from(body);
        half.truncate(half.len() / 2);
        let script = Script { pieces: [(Duration::ZERO, half)].into(), ending: Ending::Cut };
        let mut response = played(shared, script);
        put(response.headers_mut(), "content-type", "application/json");
        return response;
    }
    plain(StatusCode::OK, body)
}

/// An answer whose body is played at the simulator's speed.
fn played(shared: &Arc<Shared>, mut script: Script) -> Response<Body> {
    for (at, _) in &mut script.pieces {
        *at = shared.options.scaled(*at);
    }
    let playback = Playback::new(script, Generation::new(shared));
    Response::new(Either::Right(playback))
}

fn models(key: Key) -> Response<Body> {
    let data: Vec<_> = request::models_for(key)
        .map(|model| json!({"id": model.id, "object": "model", "created": 1_760_000_000, "owned_by": "sim"}))
        .collect();
    plain(StatusCode::OK, json!({"object": "list", "data": data}).to_string())
}

fn preflight(endpoint: Endpoint, request: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::default()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    put(headers, "access-control-allow-methods", endpoint.allow());
    let wanted = request.get("access-control-request-headers").cloned();
    let wanted = wanted.unwrap_or_else(|| HeaderValue::from_static("authorization, content-type"));
    headers.insert("access-control-allow-headers", wanted);
    put(headers, "access-control-max-age", "600");
    response
}

/// The answer to a wrong path or method, which has no documented code.
fn wrong_url(status: u16, what: &str, method: &Method, path: &str) -> Refusal {
    let error = json!({
        "message": format!("{what} ({method} {path})"),
        "type": "invalid_request_error",
        "param": null,
        "code": null,
    });
    Refusal { error: None, status, body: json!({"error": error}).to_string(), retry_after: None }
}

fn refused(refusal: &Refusal) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = plain(status, refusal.body.clone());
    let headers = response.headers_mut();
    for (name, value) in refusal.error.iter().flat_map(|error| &error.headers) {
        put(headers, name, value);
    }
    if let Some(seconds) = refusal.retry_after {
        put(headers, "retry-after", &seconds.to_string());
    }
    response
}

fn plain(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::from(body)));
    *response.status_mut() = status;
    put(response.headers_mut(), "content-type", "application/json");
    response
}

/// Sets a header; names and values are this module's own or the error table's.
fn put(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        headers.insert(name, value);
    }
}
