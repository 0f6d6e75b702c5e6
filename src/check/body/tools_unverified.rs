//! Tools on a gateway that does not promise them.

use super::{at, members, tools};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};

check! {
    /// ## What it looks for
    ///
    /// A call with `tools` to NexoRouter. Said once a session.
    ///
    /// ## Why it matters
    ///
    /// Whether tools work depends on the model and the client there: a model that chats well may still fail
    /// in an agent's loop. Source: <https://nexorouter.com/en/docs/api-capabilities/tool-calling>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"tools":[{"type":"function",…}]}
    /// ```
    ///
    /// ## What to do
    ///
    /// Try one harmless tool on this very model before you rely on it.
    pub static CHECK = {
        id: "body-tools-unverified",
        severity: Info,
        summary: "tools on a gateway that does not promise them",
        often: OncePerSession,
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    if !subject.is_gateway("nexorouter") || members(subject).is_none() || subject.facts.tools.is_empty() {
        return;
    }
    let model = subject.digest.model.as_deref().unwrap_or("the model");
    found.push(
        Says {
            message: format!("tools are offered to `{model}`, which NexoRouter does not promise to support"),
            evidence: format!("tools: {}", tools(subject.facts)),
            fix: format!("let `{model}` call one harmless, read-only tool before you rely on it"),
        },
        [at("/tools")],
    );
}
