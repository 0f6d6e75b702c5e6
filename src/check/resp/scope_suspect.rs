//! A key that may not see a model.

use crate::check::declare::check;
use crate::check::{Found, Past, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;
use crate::exchange::text::counted;
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// NexoRouter's `model_not_found` for a model that its own list, asked in the same session, had.
    ///
    /// ## Why it matters
    ///
    /// The id is right. Then the key's scope leaves the model out, or the list was asked with another key.
    /// Source: <https://nexorouter.com/en/docs/api-capabilities/models-api>.
    ///
    /// ## Example
    ///
    /// ```text
    /// GET /v1/models             … "acme/large" …
    /// POST /v1/chat/completions  404 model_not_found: acme/large
    /// ```
    ///
    /// ## What to do
    ///
    /// Widen the key's scope in the dashboard, or ask with the key that the list was asked with.
    pub static CHECK = {
        id: "resp-scope-suspect",
        severity: Warning,
        summary: "models that are listed and not found: the key's scope",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let missing = subject.digest.error_code.as_deref() == Some("model_not_found");
    if !subject.is_gateway("nexorouter") || !missing {
        return;
    }
    let Some(model) = subject.digest.model.as_deref() else { return };
    let Some(listed) = subject.history.models(&subject.exchange.gateway) else { return };
    if !listed.iter().any(|listed| listed == model) {
        return;
    }
    let is_list = |past: &&Past| past.dialect == Dialect::Models && past.gateway == subject.exchange.gateway;
    let list = subject.before().find(is_list);
    let other_key = list.is_some_and(|list| list.fingerprint != subject.own.fingerprint);
    let (fix, key) = if other_key {
        ("ask with the key that the list was asked with, or widen this key's scope", "another key")
    } else {
        ("widen the key's scope in the dashboard", "the same key")
    };
    found.push(
        Says::new(
            format!("`{model}` is in the gateway's list, and this key may not use it"),
            format!(
                "`model_not_found`, though the list of {}, asked with {key}, has it",
                counted(listed.len(), "model")
            ),
            fix,
        ),
        list.map(|list| Place::Exchange(list.id))
            .into_iter()
            .chain([Place::Json(Side::Request, "/model".to_owned())]),
    );
}
