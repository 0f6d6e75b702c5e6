//! Models that the gateway does not list.

use super::models::{asked, bare, listed, nearest};
use super::{at, members};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};

check! {
    /// ## What it looks for
    ///
    /// A model that is not among the ids that the gateway listed when it was last asked in this session.
    /// Looked at only for NexoRouter and OpenRouter, which say that their list is the truth.
    ///
    /// ## Why it matters
    ///
    /// The answer is `model_not_found`. Source: <https://nexorouter.com/en/docs/troubleshooting>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"model":"deepseek-v4-flsh"}      listed: deepseek-v4-flash, gpt-4o-mini
    /// ```
    ///
    /// ## What to do
    ///
    /// Copy the id from `GET /v1/models`. If it should be there, see which models the key's scope has.
    pub static CHECK = {
        id: "body-model-not-in-catalogue",
        severity: Error,
        summary: "models that the gateway does not list",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    if !subject.is_gateway("nexorouter") && !subject.is_gateway("openrouter") {
        return;
    }
    let (Some(members), Some(listed)) = (members(subject), listed(subject)) else { return };
    for (pointer, model) in asked(members) {
        // Presets, and the router's own models.
        let is_routed = model.starts_with('@') || model.starts_with("openrouter/");
        let known =
            |id: &String| id.eq_ignore_ascii_case(model) || id.eq_ignore_ascii_case(bare(subject, model));
        if model.trim().is_empty() || is_routed || listed.iter().any(known) {
            continue;
        }
        let near = nearest(model, listed);
        found.push(
            Says {
                message: format!("the gateway does not list `{model}`"),
                evidence: format!("it is not among the {} ids of its last `GET /v1/models`", listed.len()),
                fix: match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "take an id from `GET /v1/models`, or widen the key's scope".to_owned(),
                },
            },
            [at(pointer)],
        );
    }
}
