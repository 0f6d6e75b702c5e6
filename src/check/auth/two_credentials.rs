//! Requests with two different credentials.

use super::{named, place_of, shown, with_defect};
use crate::check::declare::check;
use crate::check::{Context, Found, RequestSubject, Says};
use crate::exchange::credential::{CredentialFacts, Defect};

check! {
    /// ## What it looks for
    ///
    /// Two credentials of one request that differ: `Authorization` and `x-api-key`, say. An empty one does
    /// not count.
    ///
    /// ## Why it matters
    ///
    /// Which one is taken is the gateway's choice, so the call may run on the wrong account. Clients for
    /// Claude send both where two variables are set; OpenRouter asks for an empty `ANTHROPIC_API_KEY` for
    /// that reason. Source: <https://github.com/OpenRouterTeam/docs>
    /// (`cookbook/coding-agents/claude-code-integration.mdx`).
    ///
    /// ## Example
    ///
    /// ```text
    /// Authorization: Bearer sk-or-v1-…ab12
    /// x-api-key: sk-ant-…cd34
    /// ```
    ///
    /// ## What to do
    ///
    /// Unset one of the two variables: mostly `ANTHROPIC_API_KEY` beside `ANTHROPIC_AUTH_TOKEN`.
    pub static CHECK = {
        id: "auth-two-credentials",
        severity: Warning,
        summary: "requests with two different credentials",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let differing: Vec<_> =
        with_defect(subject, &[Defect::Differs]).map(|(credential, _)| credential).collect();
    let [first, others @ ..] = differing.as_slice() else { return };
    let Some(other) = others.iter().find(|one| one.fingerprint != first.fingerprint) else { return };
    found.push(
        Says {
            message: format!("{} and {} carry different credentials", named(first), named(other)),
            evidence: format!("{}; {}", shown(first), shown(other)),
            fix: format!(
                "send one of them only; unset the variable behind {}",
                unneeded(subject, first, other)
            ),
        },
        [place_of(first), place_of(other)],
    );
}

/// The one of the two that the gateway does not ask for.
fn unneeded(context: &Context<'_>, first: &CredentialFacts, other: &CredentialFacts) -> String {
    let wanted = context.profile().map_or("authorization", |profile| profile.auth.header());
    named(if first.place == wanted { other } else { first })
}
