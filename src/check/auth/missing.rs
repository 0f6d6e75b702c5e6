//! Calls without a credential.

use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A call of an API that carries no credential: no `Authorization`, `x-api-key`, `api-key` or
    /// `x-goog-api-key` header, and none in the query.
    ///
    /// ## Why it matters
    ///
    /// Every documented gateway answers 401 before a model is asked.
    /// Source: <https://nexorouter.com/en/docs/troubleshooting>.
    ///
    /// ## Example
    ///
    /// ```text
    /// POST /v1/chat/completions HTTP/1.1
    /// Content-Type: application/json
    /// ```
    ///
    /// ## What to do
    ///
    /// Send `Authorization: Bearer KEY`. If the code does, the variable that holds the key is not set in *this*
    /// process: a shell, an editor, a container and a service each have an environment of their own.
    pub static CHECK = {
        id: "auth-missing",
        severity: Error,
        summary: "calls without a credential",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let preflight = subject.exchange.request.method == "OPTIONS";
    if !subject.is_api_call() || preflight || !subject.credentials().is_empty() {
        return;
    }
    let (header, variable) = match subject.profile() {
        Some(profile) => (profile.auth.value("KEY"), profile.key_variable.as_str()),
        None => ("Bearer KEY".to_owned(), "the variable that holds the key"),
    };
    let name = subject.profile().map_or("authorization", |profile| profile.auth.header());
    found.push(
        Says {
            message: format!(
                "`{} {}` carries no credential",
                subject.exchange.request.method,
                subject.path()
            ),
            evidence: format!("{} header lines, none of them a credential", subject.headers().0.len()),
            fix: format!(
                "send `{name}: {header}`, and see that `{variable}` is set in the app's own process"
            ),
        },
        [Place::Target],
    );
}
