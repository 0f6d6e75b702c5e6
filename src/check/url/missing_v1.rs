//! Paths without the gateway's base path.

use super::{base_path, endpoint, is_at_home, right_base, sent_path};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A known endpoint that is asked outside of the gateway's base path: `/chat/completions` instead of
    /// `/v1/chat/completions`, and on OpenRouter anything outside of `/api/v1`.
    ///
    /// ## Why it matters
    ///
    /// Nothing answers there but a 404, or an HTML page that SDKs take for an empty answer. Sources:
    /// <https://nexorouter.com/en/docs/api-reference>, <https://github.com/OpenRouterTeam/docs>
    /// (`openapi/openapi.yaml`).
    ///
    /// ## Example
    ///
    /// ```text
    /// POST /chat/completions HTTP/1.1      base URL http://localhost:7117, without /v1
    /// ```
    ///
    /// ## What to do
    ///
    /// Set the base URL to the one that ends in `/v1` (of OpenRouter: `/api/v1`). Anthropic's SDKs want it
    /// without: they add `/v1` themselves.
    pub static CHECK = {
        id: "url-missing-v1",
        severity: Error,
        summary: "paths without the gateway's base path",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let (Some(profile), path) = (subject.profile(), sent_path(subject)) else { return };
    let base = base_path(subject);
    let is_inside = path.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
    let Some(endpoint) = endpoint(path).filter(|_| !is_inside) else { return };
    // Where a gateway that answers like another has its base path, only a mapped request tells.
    let before = path.trim_end_matches('/').strip_suffix(endpoint).unwrap_or_default();
    if !is_at_home(subject) && before.ends_with("/v1") {
        return;
    }
    let right = right_base(subject);
    let right = if endpoint.starts_with("/messages") && subject.headers().first("anthropic-version").is_some()
    {
        format!("`{}`, to which Anthropic's SDKs add `/v1`", right.strip_suffix("/v1").unwrap_or(&right))
    } else {
        format!("`{right}`")
    };
    found.push(
        Says {
            message: format!("`{path}` lies outside of `{base}`, where {} answers", profile.title),
            evidence: format!(
                "`{} {}`, sent to {}",
                subject.exchange.request.method,
                subject.path(),
                subject.exchange.url
            ),
            fix: format!("set the client's base URL to {right}"),
        },
        [Place::Target],
    );
}
