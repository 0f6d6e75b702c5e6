//! Calls with a method that the endpoint does not take.

use super::exact_endpoint;
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;
use crate::exchange::text::counted;

check! {
    /// ## What it looks for
    ///
    /// A `GET` of an endpoint that wants a `POST`, or a `POST` of `/models`. OpenAI's own list of stored
    /// chats is left alone.
    ///
    /// ## Why it matters
    ///
    /// The answer is 404 or 405. It comes from opening the URL in a browser, from a redirect that was
    /// followed, and from `curl` without `-d`. Source: <https://nexorouter.com/en/docs/api-reference>.
    ///
    /// ## Example
    ///
    /// ```text
    /// GET /v1/chat/completions HTTP/1.1
    /// ```
    ///
    /// ## What to do
    ///
    /// Send a `POST` with a JSON body; `/v1/models` is a `GET`.
    pub static CHECK = {
        id: "url-wrong-method",
        severity: Error,
        summary: "calls with a method that the endpoint does not take",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(endpoint) = exact_endpoint(subject) else { return };
    let method = subject.exchange.request.method.as_str();
    let right = if endpoint == "/models" { "GET" } else { "POST" };
    let stored = subject.is_gateway("openai") && endpoint == "/chat/completions" && method == "GET";
    if method == right || matches!(method, "OPTIONS" | "HEAD") || stored {
        return;
    }
    found.push(
        Says {
            message: format!("`{}` is asked with `{method}` and takes `{right}`", subject.path()),
            evidence: format!(
                "`{method} {}`, {} of body",
                subject.path(),
                counted(subject.body.len(), "byte")
            ),
            fix: format!("send `{right} {}`", subject.path()),
        },
        [Place::Target],
    );
}
