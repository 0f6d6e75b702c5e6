//! JSON bodies that are not announced as JSON.

use super::is_call;
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;
use crate::exchange::text::counted;
use crate::wire::media;

check! {
    /// ## What it looks for
    ///
    /// A call of a model without `Content-Type: application/json`.
    ///
    /// ## Why it matters
    ///
    /// It is the documented header; strict gateways answer 400 or 415, or read the body as a form. `curl -d`
    /// sends `application/x-www-form-urlencoded` unless it is told otherwise. Source:
    /// <https://nexorouter.com/en/docs/api-reference/chat-completions>.
    ///
    /// ## Example
    ///
    /// ```text
    /// POST /v1/chat/completions HTTP/1.1
    /// Content-Type: application/x-www-form-urlencoded
    ///
    /// {"model":…}
    /// ```
    ///
    /// ## What to do
    ///
    /// Send `Content-Type: application/json`; with curl `-H 'Content-Type: application/json'`, or `--json`
    /// instead of `-d`.
    pub static CHECK = {
        id: "body-content-type",
        severity: Warning,
        summary: "JSON bodies that are not announced as JSON",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    if !is_call(subject) || subject.body.is_empty() || media::is_json(subject.headers()) {
        return;
    }
    let kind = subject.headers().text("content-type");
    let size = counted(subject.body.len(), "byte");
    found.push(
        Says {
            message: "the body is not announced as JSON".to_owned(),
            evidence: match kind {
                Some(kind) => format!("`Content-Type: {kind}`, and a body of {size}"),
                None => format!("no `Content-Type`, and a body of {size}"),
            },
            fix: "send `Content-Type: application/json`".to_owned(),
        },
        [Place::Header(Side::Request, "content-type".to_owned())],
    );
}
