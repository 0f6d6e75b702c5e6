//! One request: checks in their order, and the answer with its headers.

use std::future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::{Either, Full};

use super::ask::key::{self, Key};
use super::ask::{self, Ask, Rules};
use super::behavior::{self, Behavior};
use super::completion::Completion;
use super::headers::{self, Facts, put};
use super::json::object;
use super::playback::{Ending, Playback, Script};
use super::profile::{Profile, Vendor};
use super::refusal::{Reason, Refusal, Skin};
use super::route::{self, Endpoint};
use super::tell::{self, Told, listing, vectors};
use super::{Generation, Shared, hash};
use crate::gateway::errors::Confidence;

/// Either a body that is there, or one that is played.
pub(super) type Body = Either<Full<Bytes>, Playback>;

/// The request header that asks what of an answer is assumed, and the one that says it.
const ASSUMED: &str = "x-sim-assumed";

/// One request on its way.
struct Call<'a> {
    shared: &'a Arc<Shared>,
    profile: &'a Profile,
    head: &'a Parts,
    endpoint: Option<Endpoint>,
    request_id: String,
    id: u64,
    /// What sorts of answers this is, for what it assumes.
    sorts: Vec<&'static str>,
}

/// Answers one request; `body` is `None` where it is too large to be read.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    number: u64,
    head: &Parts,
    body: Option<Bytes>,
) -> Response<Body> {
    let seed = shared.options.seed;
    let profile = &shared.profile;
    let endpoint = Endpoint::of(profile, head.uri.path());
    let mut call = Call {
        shared,
        profile,
        head,
        endpoint,
        request_id: headers::request_id(hash(seed, &number.to_le_bytes())),
        id: hash(seed, &number.to_be_bytes()),
        sorts: Vec::new(),
    };
    let outcome = call.respond(body).await;
    let is_fine = outcome.is_ok();
    let mut response = outcome.unwrap_or_else(|refusal| call.refused(&refusal));
    let facts = Facts {
        profile,
        number,
        request_id: &call.request_id,
        id: call.id,
        now: shared.options.clock.now().wall,
        is_fine,
        is_limited: call.endpoint.as_ref().is_some_and(|endpoint| endpoint.method() == Method::POST),
        direct_access: headers::asks_direct_access(&head.headers),
    };
    headers::add(response.headers_mut(), &facts);
    if head.headers.contains_key(ASSUMED) {
        let assumed = call.assumed(response.status());
        put(response.headers_mut(), ASSUMED, &assumed);
    }
    response
}

impl Call<'_> {
    async fn respond(&mut self, body: Option<Bytes>) -> Result<Response<Body>, Refusal> {
        let (head, profile) = (self.head, self.profile);
        let path = head.uri.path();
        let Some(endpoint) = self.endpoint.clone() else {
            self.sorts.push("path");
            return Err(route::wrong_path(profile, &head.method, path));
        };
        if head.method == Method::OPTIONS {
            return Ok(preflight(&endpoint, &head.headers));
        }
        if head.method != endpoint.method() {
            let mut response = self.refused(&route::wrong_method(profile, &head.method, path));
            put(response.headers_mut(), "allow", endpoint.allow());
            return Ok(response);
        }
        let key = self.key(&endpoint)?;
        let read = |body: Option<Bytes>| body.ok_or_else(|| Refusal::new(Reason::Bytes));
        let max_input_tokens = self.shared.options.max_input_tokens;
        let rules = Rules { profile, key, max_input_tokens };
        match endpoint {
            Endpoint::Models => {
                self.sorts.push("models");
                Ok(plain(StatusCode::OK, listing::models(profile, key)))
            }
            Endpoint::Model(id) => {
                let model = profile.model(&id, key).ok_or_else(|| Refusal::model(&id))?;
                Ok(plain(StatusCode::OK, listing::model(profile, model)))
            }
            Endpoint::Key => Ok(plain(StatusCode::OK, listing::key(key))),
            Endpoint::CountTokens => {
                let tokens = ask::count_tokens(rules, &read(body)?)?;
                Ok(plain(StatusCode::OK, object! { "input_tokens": tokens }.into_text()))
            }
            Endpoint::Embeddings => self.embeddings(rules, &read(body)?).await,
            Endpoint::Text(form) => {
                let body = read(body)?;
                let ask = ask::check(rules, form, &body)?;
                self.text(key, &ask, &body).await
            }
        }
    }

    fn key(&mut self, endpoint: &Endpoint) -> Result<Key, Refusal> {
        let headers = &self.head.headers;
        let is_public = self.profile.vendor == Vendor::OpenRouter && *endpoint == Endpoint::Models;
        if is_public && !headers.contains_key("authorization") {
            return Ok(Key::Good);
        }
        let key = key::check(self.profile, headers, endpoint.skin() == Skin::Messages);
        if key.is_err() {
            self.sorts.push("key");
        }
        let key = key?;
        if self.profile.vendor == Vendor::Anthropic && !headers.contains_key("anthropic-version") {
            return Err(Refusal::invalid("anthropic-version", "anthropic-version: header is required"));
        }
        Ok(key)
    }

    async fn embeddings(&mut self, rules: Rules<'_>, body: &Bytes) -> Result<Response<Body>, Refusal> {
        let answer = vectors::embeddings(rules, self.shared.options.seed, body)?;
        if rules.key == Key::Broke {
            return Err(Refusal::new(Reason::Quota));
        }
        self.sorts.push("embeddings");
        let mut generation = Generation::new(self.shared);
        self.wait(Duration::from_millis(60 + self.id % 120)).await;
        generation.finish();
        Ok(plain(StatusCode::OK, answer))
    }

    async fn text(&mut self, key: Key, ask: &Ask, body: &Bytes) -> Result<Response<Body>, Refusal> {
        let options = &self.shared.options;
        let wish = self.head.headers.get(behavior::HEADER);
        let wish = wish.map(|wish| String::from_utf8_lossy(wish.as_bytes()).into_owned());
        let behavior = Behavior::of(self.profile, wish.as_deref(), &ask.model.id)
            .map_err(|message| Refusal::invalid(behavior::HEADER, &message))?;
        match behavior {
            Behavior::RateLimited { times, retry_after }
                if self.shared.attempt(hash(options.seed, body)) <= times =>
            {
                return Err(Refusal { retry_after: Some(retry_after), ..Refusal::new(Reason::Rate) });
            }
            _ => {}
        }
        if key == Key::Broke {
            return Err(Refusal::new(Reason::Quota));
        }
        let completion = Completion::new(options, self.id, ask, &behavior);
        let told = Told { profile: self.profile, ask, completion: &completion, request_id: &self.request_id };
        if ask.stream {
            self.sorts.push("stream");
            Ok(streamed(self.shared, tell::stream(told, &behavior)))
        } else {
            self.sorts.push("plain");
            Ok(self.whole(told, &behavior).await)
        }
    }

    /// Waits as long as the model would write, then answers in one piece.
    async fn whole(&self, told: Told<'_>, behavior: &Behavior) -> Response<Body> {
        let mut generation = Generation::new(self.shared);
        let mut wait = told.completion.end;
        match behavior {
            Behavior::Stall { silence: Some(silence), .. } => wait += *silence,
            Behavior::Stall { silence: None, .. } => future::pending().await,
            _ => {}
        }
        self.wait(wait).await;
        generation.finish();
        let body = match behavior {
            Behavior::ErrorInside { code, .. } => told.error_body(code),
            _ => tell::whole(told, behavior),
        };
        if matches!(behavior, Behavior::Cut { .. }) {
            let mut half = Bytes::from(body);
            half.truncate(half.len() / 2);
            let script = Script { pieces: [(Duration::ZERO, half)].into(), ending: Ending::Cut };
            let mut response = played(self.shared, script);
            put(response.headers_mut(), "content-type", "application/json");
            return response;
        }
        plain(StatusCode::OK, body)
    }

    async fn wait(&self, lifelike: Duration) {
        let wait = self.shared.options.scaled(lifelike);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    fn refused(&self, refusal: &Refusal) -> Response<Body> {
        let status = StatusCode::from_u16(refusal.status(self.profile));
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(page) = refusal.page {
            let mut response = plain(status, page.to_owned());
            put(response.headers_mut(), "content-type", "text/html; charset=utf-8");
            return response;
        }
        let skin = self.endpoint.as_ref().map_or(Skin::Chat, Endpoint::skin);
        let mut response = plain(status, refusal.body_text(self.profile, skin, &self.request_id));
        let headers = response.headers_mut();
        let error = refusal.error(self.profile);
        let now = self.shared.options.clock.now().wall;
        for (name, value) in error.iter().flat_map(|error| error.headers_at(now, refusal.retry_after)) {
            put(headers, &name, &value);
        }
        if let Some(seconds) = refusal.retry_after {
            put(headers, "retry-after", &seconds.to_string());
        }
        response
    }

    /// The names of what this answer assumes.
    fn assumed(&self, status: StatusCode) -> String {
        let mut sorts = self.sorts.clone();
        if !status.is_success() {
            sorts.push("error");
        }
        let mut names: Vec<String> = self.profile.assumed(&sorts).map(str::to_owned).collect();
        let errors = crate::gateway::errors::with_status(&self.profile.name, status.as_u16());
        names.extend(
            errors
                .filter(|error| error.status_confidence() == Confidence::Assumed)
                .take(1)
                .map(|error| format!("{}.{}.status", error.gateway, error.code)),
        );
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    }
}

fn streamed(shared: &Arc<Shared>, script: Script) -> Response<Body> {
    let mut response = played(shared, script);
    let headers = response.headers_mut();
    put(headers, "content-type", "text/event-stream; charset=utf-8");
    put(headers, "cache-control", "no-cache, no-transform");
    put(headers, "x-accel-buffering", "no");
    response
}

/// An answer whose body is played at the simulator's speed.
fn played(shared: &Arc<Shared>, script: Script) -> Response<Body> {
    let playback = Playback::new(script.at_speed(&shared.options), Generation::new(shared));
    Response::new(Either::Right(playback))
}

fn preflight(endpoint: &Endpoint, request: &HeaderMap) -> Response<Body> {
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

fn plain(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::from(body)));
    *response.status_mut() = status;
    put(response.headers_mut(), "content-type", "application/json");
    response
}
