//! Calls without a model.

use super::{at, given, members, shown};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Severity;
use crate::wire::dialect::Dialect;
use serde_json::Value;

check! {
    /// ## What it looks for
    ///
    /// A call of a model that names none: `model` is missing, empty, or no text. On OpenRouter an info,
    /// because the account's default model is taken there.
    ///
    /// ## Why it matters
    ///
    /// `model` is required. Sources: <https://nexorouter.com/en/docs/api-reference/chat-completions>,
    /// <https://github.com/OpenRouterTeam/docs> (`api_reference/overview.mdx`).
    ///
    /// ## Example
    ///
    /// ```text
    /// {"messages":[{"role":"user","content":"Hi"}]}
    /// ```
    ///
    /// ## What to do
    ///
    /// Set `model` to an id from `GET /v1/models`. A variable that is not set often becomes an empty text.
    pub static CHECK = {
        id: "body-model-missing",
        severity: Error,
        summary: "calls without a model",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(members) = members(subject) else { return };
    let is_text = |value: &Value| value.as_str().is_some_and(|model| !model.trim().is_empty());
    let has_list = members.get("models").and_then(Value::as_array).is_some_and(|models| !models.is_empty());
    // A stored prompt of OpenAI's brings its model along.
    let is_stored = subject.dialect() == Dialect::Responses && given(members, "prompt").is_some();
    let model = given(members, "model");
    if model.is_some_and(is_text) || is_stored || (has_list && subject.is_gateway("openrouter")) {
        return;
    }
    let severity = match model {
        None if subject.is_gateway("openrouter") => Severity::Info,
        _ => Severity::Error,
    };
    found.push_as(
        severity,
        Says {
            message: match severity {
                Severity::Info => "no model is named: the account's default one is taken".to_owned(),
                _ => "no model is named".to_owned(),
            },
            evidence: model.map_or_else(
                || "there is no `model`".to_owned(),
                |model| format!("`model` is {}", shown(model)),
            ),
            fix: "set `model` to an id from `GET /v1/models`".to_owned(),
        },
        [at("/model")],
    );
}
