//! Keys in `x-api-key` where `Authorization` is asked for.

use super::{for_gateway, place_of, shown, tail};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::gateway::profile::Auth;
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// A call of an OpenAI-compatible endpoint with its key in `x-api-key` or `api-key` only, to a gateway
    /// that documents `Authorization: Bearer`.
    ///
    /// ## Why it matters
    ///
    /// Bearer is the only documented scheme there; another header may be read today and not tomorrow.
    /// Sources: <https://nexorouter.com/en/docs/api-reference>, <https://github.com/OpenRouterTeam/docs>
    /// (`api_reference/authentication.mdx`).
    ///
    /// ## Example
    ///
    /// ```text
    /// POST /v1/chat/completions HTTP/1.1
    /// x-api-key: …ab12
    /// ```
    ///
    /// ## What to do
    ///
    /// Send `Authorization: Bearer KEY`. `x-api-key` is Anthropic's and `api-key` Azure's: choose the
    /// client's OpenAI-compatible provider.
    pub static CHECK = {
        id: "auth-x-api-key-on-openai-path",
        severity: Warning,
        summary: "keys in `x-api-key` where `Authorization` is asked for",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(profile) = subject.profile().filter(|profile| profile.auth == Auth::Bearer) else { return };
    let is_openais = matches!(
        subject.dialect(),
        Dialect::Chat | Dialect::Completions | Dialect::Responses | Dialect::Embeddings
    );
    if !is_openais || for_gateway(subject).any(|credential| credential.place == "authorization") {
        return;
    }
    let other = for_gateway(subject).find(|one| matches!(one.place.as_str(), "x-api-key" | "api-key"));
    if let Some(credential) = other {
        found.push(
            Says {
                message: format!("the key stands in `{}` and not in `Authorization`", credential.place),
                evidence: format!("{}; there is no `Authorization`", shown(credential)),
                fix: format!(
                    "send `Authorization: Bearer {}`: {} documents no other way",
                    tail(credential),
                    profile.title
                ),
            },
            [place_of(credential)],
        );
    }
}
