//! The other kind of 429.

use crate::check::declare::check;
use crate::check::words::span;
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;
use crate::exchange::text::counted;

check! {
    /// ## What it looks for
    ///
    /// A 429 with the code `token_rate_limit_exceeded`, on NexoRouter.
    ///
    /// ## Why it matters
    ///
    /// This window counts the estimated tokens of the input: fewer requests with the same prompts do not help,
    /// shorter prompts do. Source: <https://nexorouter.com/en/docs/api-capabilities/rate-limits>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 429 Too Many Requests
    ///
    /// {"error":{"code":"token_rate_limit_exceeded"}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Shorten the prompts: fewer old messages, shorter tool results and documents. Wait for `retry-after` before
    /// the next attempt.
    pub static CHECK = {
        id: "rate-token-not-request",
        severity: Info,
        summary: "refusals for the size of prompts, not for the number of requests",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let code = subject.digest.error_code.as_deref();
    if !subject.is_gateway("nexorouter") || code != Some("token_rate_limit_exceeded") {
        return;
    }
    let wait = match subject.rate().retry_after {
        Some(wanted) => format!("wait {}, and ", span(wanted)),
        None => String::new(),
    };
    found.push(
        Says {
            message: "refused for the tokens of the last minute, not for the number of requests".to_owned(),
            evidence: format!(
                "429 `token_rate_limit_exceeded`; this request has {} in {}",
                counted(subject.request.messages, "message"),
                counted(subject.own.request_bytes, "byte")
            ),
            fix: format!("{wait}shorten the prompt: fewer old messages, shorter tool results"),
        },
        [Place::Json(Side::Response, "/error/code".to_owned())],
    );
}
