//! Members that OpenAI has deprecated.

use super::{at, given, members};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// On OpenAI, in a chat: `functions`, `function_call`, `max_tokens` and `user`. Said once a session.
    ///
    /// ## Why it matters
    ///
    /// They are marked deprecated; newer models refuse some of them, `max_tokens` first. Source:
    /// <https://github.com/openai/openai-openapi>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"max_tokens":100}
    /// ```
    ///
    /// ## What to do
    ///
    /// Use `tools`, `tool_choice`, `max_completion_tokens`, and `safety_identifier` or `prompt_cache_key`
    /// instead.
    pub static CHECK = {
        id: "body-deprecated-param",
        severity: Info,
        summary: "members that OpenAI has deprecated",
        often: OncePerSession,
        run: Request(run),
    }
}

const DEPRECATED: [(&str, &str); 4] = [
    ("functions", "tools"),
    ("function_call", "tool_choice"),
    ("max_tokens", "max_completion_tokens"),
    ("user", "safety_identifier"),
];

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(members) = members(subject) else { return };
    if !subject.is_gateway("openai") || subject.dialect() != Dialect::Chat {
        return;
    }
    let there: Vec<_> = DEPRECATED.into_iter().filter(|(name, _)| given(members, name).is_some()).collect();
    if there.is_empty() {
        return;
    }
    let list = |of: fn(&(&str, &str)) -> String| there.iter().map(of).collect::<Vec<_>>().join(", ");
    found.push(
        Says {
            message: format!("OpenAI has deprecated {}", list(|(name, _)| format!("`{name}`"))),
            evidence: list(|(name, _)| format!("`/{name}`")),
            fix: format!("write {}", list(|(name, new)| format!("`{new}` for `{name}`"))),
        },
        there.iter().map(|(name, _)| at(format!("/{name}"))),
    );
}
