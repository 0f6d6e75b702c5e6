//! Model ids in the style of another gateway.

use super::models::{asked, listed};
use super::{at, members};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};

check! {
    /// ## What it looks for
    ///
    /// On OpenRouter an id without its author (`gpt-4o` for `openai/gpt-4o`); on NexoRouter an id in
    /// OpenRouter's or Google's style (`openai/gpt-4o`, `…:free`, `models/…`). Quiet where the gateway has
    /// listed its models: then that list is looked at.
    ///
    /// ## Why it matters
    ///
    /// Aliases of one vendor are no ids of another. Sources:
    /// <https://nexorouter.com/en/docs/faq/model-version-aliases>, <https://github.com/OpenRouterTeam/docs>
    /// (`openapi/openapi.yaml`).
    ///
    /// ## Example
    ///
    /// ```text
    /// {"model":"gpt-4o"}      to OpenRouter
    /// ```
    ///
    /// ## What to do
    ///
    /// Copy the id from the gateway's own `GET /v1/models`.
    pub static CHECK = {
        id: "body-model-alias-style",
        severity: Warning,
        summary: "model ids in the style of another gateway",
        run: Request(run),
    }
}

/// The authors that OpenRouter writes before its ids, and NexoRouter does not.
const AUTHORS: [&str; 8] =
    ["openai/", "anthropic/", "google/", "meta-llama/", "mistralai/", "x-ai/", "deepseek/", "openrouter/"];

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(members) = members(subject).filter(|_| listed(subject).is_none()) else { return };
    for (pointer, model) in asked(members) {
        let what = if subject.is_gateway("openrouter") {
            let has_author = model.contains('/') || model.starts_with('@');
            (!has_author && !model.is_empty())
                .then(|| format!("has no author; OpenRouter's ids are like `openai/{model}`"))
        } else if subject.is_gateway("nexorouter") {
            let is_routers =
                AUTHORS.iter().any(|author| model.starts_with(author)) || model.ends_with(":free");
            match (is_routers, model.starts_with("models/")) {
                (true, _) => Some("is written as OpenRouter's ids are".to_owned()),
                (_, true) => Some("is written as Google's ids are".to_owned()),
                _ => None,
            }
        } else {
            None
        };
        let Some(what) = what else { continue };
        found.push(
            Says {
                message: format!("the id `{model}` {what}"),
                evidence: format!(
                    "`\"model\": \"{model}\"`, sent to {}",
                    subject.profile().map_or("the gateway", |profile| &profile.title)
                ),
                fix: "copy the id from this gateway's `GET /v1/models`".to_owned(),
            },
            [at(pointer)],
        );
    }
}
