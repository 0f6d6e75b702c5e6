//! Agents whose answers have no limit.

use super::{at, members, tools};
use crate::check::declare::check;
use crate::check::over_time::NEAR;
use crate::check::{Found, RequestSubject, Says};
use crate::check::{Past, RequestFacts};

check! {
    /// ## What it looks for
    ///
    /// A call with tools and without a limit of the answer's length, when the app has made several such calls
    /// in this session. Said once a session.
    ///
    /// ## Why it matters
    ///
    /// A loop that goes astray writes until the model's own limit, again and again; some gateways also ask
    /// for credit enough for the longest answer before they begin. Source:
    /// <https://nexorouter.com/en/docs/faq/max-tokens>.
    ///
    /// ## Example
    ///
    /// ```text
    /// #5  POST /v1/chat/completions   3 tools, no max_tokens
    /// ```
    ///
    /// ## What to do
    ///
    /// Set `max_tokens` (of OpenAI's newer models `max_completion_tokens`) to what a turn may need, and bound
    /// the turns too.
    pub static CHECK = {
        id: "body-max-tokens-unbounded",
        severity: Info,
        summary: "agents whose answers have no limit",
        often: OncePerSession,
        thresholds: [("at_least", 5.0, "how many calls with tools make a loop")],
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    let is_unbounded = |request: &RequestFacts| request.max_tokens.is_none() && !request.tools.is_empty();
    if members(subject).is_none() || !is_unbounded(subject.facts) {
        return;
    }
    let same = |past: &&Past| {
        past.gateway == own.gateway && past.agent == own.agent && past.fingerprint == own.fingerprint
    };
    let least = found.threshold("at_least");
    let earlier = subject.before().take(NEAR).filter(same).filter(|past| is_unbounded(&past.request)).count();
    if ((earlier + 1) as f64) < least {
        return;
    }
    found.push(
        Says {
            message: format!("{} calls with tools, and none limits its answer", earlier + 1),
            evidence: format!("no `max_tokens`; tools: {}", tools(subject.facts)),
            fix: "set `max_tokens` to what one turn may need, such as 4096".to_owned(),
        },
        [at("/tools")],
    );
}
