//! Apps that switch between API shapes.

use crate::check::declare::check;
use crate::check::over_time::NEAR;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::{Place, Severity};
use crate::gateway::profile::Profile;
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// An app, known by its `User-Agent` and key, that asks the same model by another endpoint than before in
    /// this session: `/chat/completions` and `/responses`, say. A warning where the gateway does not document
    /// the new one, else an info. Said once a session.
    ///
    /// ## Why it matters
    ///
    /// Tools switch the shape by themselves, on an update or for one feature; it is a listed cause of broken
    /// streaming, because the two speak other events. Source: <https://nexorouter.com/en/docs/faq/streaming>.
    ///
    /// ## Example
    ///
    /// ```text
    /// #3  POST /v1/chat/completions   gpt-4o-mini
    /// #4  POST /v1/responses          gpt-4o-mini
    /// ```
    ///
    /// ## What to do
    ///
    /// Pin the API mode in the tool's settings.
    pub static CHECK = {
        id: "url-endpoint-shape-switched",
        severity: Warning,
        summary: "apps that switch between API shapes",
        often: OncePerSession,
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    if !is_shape(own.dialect) || own.agent.is_none() || own.model.is_none() {
        return;
    }
    let other = subject.before().take(NEAR).find(|past| {
        is_shape(past.dialect)
            && past.dialect != own.dialect
            && past.agent == own.agent
            && past.model == own.model
            && past.gateway == own.gateway
            && past.fingerprint == own.fingerprint
    });
    let Some(other) = other else { return };
    let documented = |profile: &Profile| profile.dialects.iter().any(|one| one == own.dialect.as_str());
    let severity = match subject.profile() {
        Some(profile) if !documented(profile) => Severity::Warning,
        _ => Severity::Info,
    };
    found.push_as(
        severity,
        Says {
            message: format!("the app asks the same model by `{}` and by `{}`", other.path, own.path),
            evidence: format!(
                "`{}`, model `{}`",
                own.agent.as_deref().unwrap_or_default(),
                own.model.as_deref().unwrap_or_default()
            ),
            fix: match severity {
                Severity::Warning => {
                    format!("pin the tool's API mode to `{}`, which the gateway documents", other.path)
                }
                _ => "pin the tool's API mode to one of the two, if the switch was not meant".to_owned(),
            },
        },
        [Place::Target, Place::Exchange(other.id)],
    );
}

const fn is_shape(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Chat | Dialect::Responses | Dialect::Messages)
}
