//! Keys that may list models but not call them.

use super::{for_gateway, place_of, tail};
use crate::check::declare::check;
use crate::check::over_time::{NEAR, ended_at};
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Place;
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// A call that is refused with 401, or with 403 and an error code, or with `model_not_found` for a model
    /// that is listed, by a gateway that has listed its models for the same key.
    ///
    /// ## Why it matters
    ///
    /// The key and the base URL are right, then: the key is disabled for calls, or its scope leaves the model
    /// out. That halves the search. Source: <https://nexorouter.com/en/docs/status-incidents>.
    ///
    /// ## Example
    ///
    /// ```text
    /// #1  GET  /v1/models             200  …ab12
    /// #2  POST /v1/chat/completions   404 model_not_found  …ab12
    /// ```
    ///
    /// ## What to do
    ///
    /// Look at the key's state and at its model scope in the gateway's dashboard; leave the base URL alone.
    pub static CHECK = {
        id: "auth-models-ok-chat-401",
        severity: Warning,
        summary: "keys that may list models but not call them",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    let code = subject.digest.error_code.as_deref();
    let is_listed = || {
        let listed = subject.context.history.models(&subject.context.exchange.gateway).unwrap_or_default();
        own.model.as_ref().is_some_and(|model| listed.contains(model))
    };
    let refused = match subject.status() {
        401 => true,
        403 => code.is_some(),
        404 => code == Some("model_not_found") && is_listed(),
        _ => false,
    };
    // A key that is written badly is another matter.
    let is_well_written = subject.credentials().iter().all(|one| one.defects.is_empty());
    if !refused || !is_well_written || !subject.dialect().generates() || own.fingerprint.is_none() {
        return;
    }
    let now = ended_at(subject);
    let listed = subject.before().take(NEAR).find(|past| {
        past.dialect == Dialect::Models
            && past.gateway == own.gateway
            && past.fingerprint == own.fingerprint
            && past.ended_by(now).is_some_and(|ended| ended.status == Some(200))
    });
    let (Some(listed), Some(credential)) = (listed, for_gateway(subject).next()) else { return };
    found.push(
        Says {
            message: format!("the key {} may list models, but this call is refused", tail(credential)),
            evidence: format!(
                "`GET {}` answered 200 for the same key; this one {}{}",
                listed.path,
                subject.status(),
                code.map(|code| format!(" `{code}`")).unwrap_or_default()
            ),
            fix: match &own.model {
                Some(model) => {
                    format!("see in the dashboard that the key is enabled and that its scope has `{model}`")
                }
                None => "see in the dashboard that the key is enabled and what its scope has".to_owned(),
            },
        },
        [place_of(credential), Place::Exchange(listed.id)],
    );
}
