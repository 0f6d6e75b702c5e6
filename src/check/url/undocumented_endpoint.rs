//! Calls of endpoints that the gateway does not promise.

use super::{base_path, sent_path};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A call under `/v1` of NexoRouter other than `GET /v1/models` and `POST /v1/chat/completions`.
    ///
    /// ## Why it matters
    ///
    /// These two are the documented endpoints. Others may pass through, but are explicitly no promise: they
    /// may change or vanish. Source: <https://nexorouter.com/en/docs/api-reference>.
    ///
    /// ## Example
    ///
    /// ```text
    /// POST /v1/responses HTTP/1.1
    /// ```
    ///
    /// ## What to do
    ///
    /// Use `/v1/chat/completions`. In most tools that is one setting: API mode, wire format, or
    /// `useResponses: false`.
    pub static CHECK = {
        id: "url-undocumented-endpoint",
        severity: Warning,
        summary: "calls of endpoints that the gateway does not promise",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    if !subject.is_gateway("nexorouter") || subject.exchange.request.method == "OPTIONS" {
        return;
    }
    let path = sent_path(subject).trim_end_matches('/');
    let base = base_path(subject);
    let Some(rest) = path.strip_prefix(base).and_then(|rest| rest.strip_prefix('/')) else { return };
    let is_documented = rest == "chat/completions" || rest == "models" || rest.starts_with("models/");
    // Others speak of Anthropic's endpoint and of paths that are plainly wrong.
    let is_plainly_wrong =
        rest.starts_with("v1/") || rest.contains("chat/completions") || rest.contains("//");
    if is_documented || is_plainly_wrong || rest.starts_with("messages") {
        return;
    }
    found.push(
        Says {
            message: format!("`{base}/{rest}` is not documented by NexoRouter"),
            evidence: format!(
                "`{} {}`; documented are `/v1/models` and `/v1/chat/completions`",
                subject.exchange.request.method,
                subject.path()
            ),
            fix: "use `POST /v1/chat/completions`; in the tool, choose the Chat Completions mode".to_owned(),
        },
        [Place::Target],
    );
}
