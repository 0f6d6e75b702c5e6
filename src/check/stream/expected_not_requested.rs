//! A client that waits for a stream it did not ask for.

use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;
use crate::wire::dialect::Dialect;
use crate::wire::media;
use serde_json::Value;

check! {
    /// ## What it looks for
    ///
    /// A call whose `Accept` header wants `text/event-stream` and nothing else, and whose body does not have
    /// `"stream": true`.
    ///
    /// ## Why it matters
    ///
    /// The `Accept` header decides nothing: gateways stream when the body says so. The client gets one JSON
    /// document at the end and, expecting events, may read none. Source:
    /// <https://nexorouter.com/en/docs/api-reference>.
    ///
    /// ## Example
    ///
    /// ```text
    /// POST /v1/chat/completions HTTP/1.1
    /// Accept: text/event-stream
    ///
    /// {"model":"acme/small","messages":[]}
    /// ```
    ///
    /// ## What to do
    ///
    /// Put `"stream": true`, a JSON truth value, into the body.
    pub static CHECK = {
        id: "stream-expected-not-requested",
        severity: Warning,
        summary: "clients that wait for a stream they did not ask for",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let accepts = subject.headers().text("accept").unwrap_or_default();
    let Some(body) = subject.json.and_then(Value::as_object) else { return };
    let generates = subject.dialect().generates() && subject.dialect() != Dialect::Ollama;
    let asked = body.get("stream").and_then(Value::as_bool) == Some(true);
    if !generates || asked || accepts.contains(',') || !media::is(accepts, media::EVENT_STREAM) {
        return;
    }
    let has = match body.get("stream") {
        None => "no `stream`".to_owned(),
        Some(value) => format!("`\"stream\": {value}`").chars().take(60).collect(),
    };
    found.push(
        Says::new(
            "the client accepts only an event stream, and the body does not ask for one",
            format!("`Accept: {accepts}`; the body has {has}"),
            "send `\"stream\": true` in the body",
        ),
        [Place::request_header("accept"), Place::Json(Side::Request, "/stream".to_owned())],
    );
}
