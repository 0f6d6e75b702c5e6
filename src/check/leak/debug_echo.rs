//! Calls that ask for an echo of the prompt.

use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// `debug.echo_upstream_body` set to true, on OpenRouter.
    ///
    /// ## Why it matters
    ///
    /// The stream then begins with the whole request as the provider got it. That is not meant for
    /// production: it shows system prompts to whoever sees the stream. Source:
    /// <https://github.com/OpenRouterTeam/docs> (`api_reference/errors-and-debugging.mdx`).
    ///
    /// ## Example
    ///
    /// ```text
    /// {"debug":{"echo_upstream_body":true}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Take `debug` out before the app goes out.
    pub static CHECK = {
        id: "leak-debug-echo",
        severity: Warning,
        summary: "calls that ask for an echo of the prompt",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    if !subject.is_gateway("openrouter") || !subject.facts.debug_echo {
        return;
    }
    found.push(
        Says {
            message: "the stream will repeat the whole request".to_owned(),
            evidence: "`debug.echo_upstream_body` is true".to_owned(),
            fix: "leave `debug` out in production".to_owned(),
        },
        [Place::Json(Side::Request, "/debug/echo_upstream_body".to_owned())],
    );
}
