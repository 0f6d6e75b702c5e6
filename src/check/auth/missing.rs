//! Calls without a credential.

use super::{for_gateway, named};
use crate::check::declare::check;
use crate::check::hosts::{self, Reach};
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::credential::Defect;
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A call of an API that carries no credential: no `Authorization`, `x-api-key`, `api-key` or
    /// `x-goog-api-key` header, and none in the query. A header with nothing behind its scheme is none.
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
    // A server on this machine or network may take calls without a key.
    let is_open = subject.profile().is_none()
        && hosts::reach(hosts::host(hosts::authority(&subject.exchange.url))) != Reach::Public;
    let preflight = subject.exchange.request.method == "OPTIONS";
    if is_open || !subject.is_api_call() || preflight || for_gateway(subject).next().is_some() {
        return;
    }
    let (header, variable) = match subject.profile() {
        Some(profile) => (profile.auth.value("KEY"), format!("`{}`", profile.key_variable)),
        None => ("Bearer KEY".to_owned(), "the variable that holds the key".to_owned()),
    };
    let name = subject.profile().map_or("authorization", |profile| profile.auth.header());
    found.push(
        Says {
            message: format!(
                "`{} {}` carries no credential",
                subject.exchange.request.method,
                subject.path()
            ),
            evidence: match subject.credentials().iter().find(|one| one.defects.contains(&Defect::Empty)) {
                Some(empty) => format!("{} is there, but no key is in it", named(empty)),
                None => format!("{} header lines, none of them a credential", subject.headers().len()),
            },
            fix: format!("send `{name}: {header}`, and see that {variable} is set in the app's own process"),
        },
        [Place::Target],
    );
}
