//! Streams asked of a gateway that does not document them.

use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// The first call of a session to NexoRouter with `"stream": true`.
    ///
    /// ## Why it matters
    ///
    /// NexoRouter does not list streaming among its verified public features, so whether it works depends on
    /// the model behind it. Source: <https://nexorouter.com/en/docs/faq/streaming>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"model":"deepseek-v4-flash","messages":[],"stream":true}
    /// ```
    ///
    /// ## What to do
    ///
    /// If a stream misbehaves, send the same request with `"stream": false` first. If that fails too, streaming
    /// is not the cause.
    pub static CHECK = {
        id: "stream-unverified-gateway",
        severity: Info,
        summary: "streams asked of a gateway that does not document them",
        often: OncePerSession,
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    // The simulator streams as documented elsewhere, so this says nothing about it.
    if subject.exchange.gateway != "nexorouter" || subject.facts.stream != Some(true) {
        return;
    }
    found.push(
        Says::new(
            "streaming is not among the documented features of NexoRouter",
            "the body has `\"stream\": true`",
            "if the stream misbehaves, prove the request with `\"stream\": false` first",
        ),
        [Place::Json(Side::Request, "/stream".to_owned())],
    );
}
