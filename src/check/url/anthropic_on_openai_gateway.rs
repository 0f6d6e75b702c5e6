//! Anthropic calls of a gateway that has no Messages API.

use super::exact_endpoint;
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// `POST /v1/messages`, or an `anthropic-version` header, sent to a gateway that documents no Messages
    /// API.
    ///
    /// ## Why it matters
    ///
    /// The client speaks another protocol than the gateway: even where something answers, it is not promised.
    /// Source: <https://nexorouter.com/en/docs/api-capabilities/openai-compatible>.
    ///
    /// ## Example
    ///
    /// ```text
    /// POST /v1/messages HTTP/1.1
    /// anthropic-version: 2023-06-01
    /// ```
    ///
    /// ## What to do
    ///
    /// Choose the OpenAI-compatible provider in the tool's settings, or use a gateway that has the Messages
    /// API.
    pub static CHECK = {
        id: "url-anthropic-on-openai-gateway",
        severity: Error,
        summary: "Anthropic calls of a gateway that has no Messages API",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(profile) = subject.profile() else { return };
    let has_messages = profile.dialects.iter().any(|dialect| dialect == Dialect::Messages.as_str());
    if has_messages {
        return;
    }
    let endpoint = exact_endpoint(subject);
    let by_path = endpoint.is_some_and(|endpoint| endpoint.starts_with("/messages"));
    let version = subject.headers().text("anthropic-version").filter(|_| endpoint != Some("/models"));
    let place = match (by_path, version) {
        (true, _) => Place::Target,
        (false, Some(_)) => Place::Header(Side::Request, "anthropic-version".to_owned()),
        (false, None) => return,
    };
    let version = version.map(|version| format!(", `anthropic-version: {version}`")).unwrap_or_default();
    found.push(
        Says {
            message: format!(
                "the client speaks Anthropic's Messages API, which {} does not document",
                profile.title
            ),
            evidence: format!("`{} {}`{version}", subject.exchange.request.method, subject.path()),
            fix: "set the tool to an OpenAI-compatible provider, which asks `/v1/chat/completions`"
                .to_owned(),
        },
        [place],
    );
}
