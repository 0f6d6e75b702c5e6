//! `stream` that is no truth value.

use super::{at, given, members, shown};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};

check! {
    /// ## What it looks for
    ///
    /// A `stream` that is a text or a number: `"true"`, `1`.
    ///
    /// ## Why it matters
    ///
    /// Some gateways refuse it, others ignore it and answer in one piece, from which SDKs make an empty
    /// stream without an error. Source: <https://github.com/openai/openai-openapi>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"stream":"true"}
    /// ```
    ///
    /// ## What to do
    ///
    /// Send `true` without quotes. It mostly comes from a form, a query or a variable of the environment.
    pub static CHECK = {
        id: "body-stream-not-bool",
        severity: Error,
        summary: "`stream` that is no truth value",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(value) = members(subject).and_then(|members| given(members, "stream")) else { return };
    if value.is_boolean() {
        return;
    }
    let is_false = matches!(value.as_str(), Some("false" | "0" | "")) || value.as_f64() == Some(0.0);
    found.push(
        Says {
            message: format!("`stream` is {} and not a truth value", shown(value)),
            evidence: format!("`\"stream\": {}`", shown(value)),
            fix: format!("send `\"stream\": {}`", !is_false),
        },
        [at("/stream")],
    );
}
