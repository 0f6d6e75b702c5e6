//! Members that have no effect any more.

use super::{at, members};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};

check! {
    /// ## What it looks for
    ///
    /// On OpenRouter: `usage.include` and `stream_options.include_usage`. Said once a session.
    ///
    /// ## Why it matters
    ///
    /// Usage is always part of the answer there; both are deprecated and do nothing. Source:
    /// <https://github.com/OpenRouterTeam/docs> (`cookbook/administration/usage-accounting.mdx`).
    ///
    /// ## Example
    ///
    /// ```text
    /// {"usage":{"include":true}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Leave it out. It does no harm either.
    pub static CHECK = {
        id: "body-noop-param",
        severity: Info,
        summary: "members that have no effect any more",
        often: OncePerSession,
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    if !subject.is_gateway("openrouter") || members(subject).is_none() {
        return;
    }
    let there = |pointer: &&str| subject.json.is_some_and(|json| json.pointer(pointer).is_some());
    let Some(pointer) = ["/usage/include", "/stream_options/include_usage"].into_iter().find(there) else {
        return;
    };
    let name = pointer.trim_start_matches('/').replace('/', ".");
    found.push(
        Says {
            message: format!("`{name}` has no effect on OpenRouter"),
            evidence: format!("`{name}` is there; usage comes with every answer"),
            fix: format!("leave `{name}` out"),
        },
        [at(pointer)],
    );
}
