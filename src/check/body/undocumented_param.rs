//! Members that NexoRouter does not document.

use super::{at, members};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// On NexoRouter, members other than `model`, `messages`, `temperature`, `top_p` and `max_tokens`.
    /// Streaming and tools have checks of their own. Said once a session.
    ///
    /// ## Why it matters
    ///
    /// Five are documented. The others are likely passed on, and whether they do something is up to the
    /// model. Source: <https://nexorouter.com/en/docs/api-reference/chat-completions>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"seed":7,"response_format":{"type":"json_object"}}
    /// ```
    ///
    /// ## What to do
    ///
    /// See on the model that you use that the member does what you mean.
    pub static CHECK = {
        id: "body-undocumented-param",
        severity: Info,
        summary: "members that NexoRouter does not document",
        often: OncePerSession,
        run: Request(run),
    }
}

const DOCUMENTED: [&str; 5] = ["model", "messages", "temperature", "top_p", "max_tokens"];

/// Other checks speak of these.
const OTHERS: [&str; 5] = ["stream", "stream_options", "tools", "tool_choice", "parallel_tool_calls"];

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(members) = members(subject) else { return };
    if !subject.is_gateway("nexorouter") || subject.dialect() != Dialect::Chat {
        return;
    }
    let is_other = |name: &&str| !DOCUMENTED.contains(name) && !OTHERS.contains(name);
    let names: Vec<&str> = members.keys().map(String::as_str).filter(is_other).take(8).collect();
    if names.is_empty() {
        return;
    }
    found.push(
        Says {
            message: "the body has members that NexoRouter does not document".to_owned(),
            evidence: names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            fix: "see on this model that they do what you mean; documented are `model`, `messages`, `temperature`, `top_p` and `max_tokens`".to_owned(),
        },
        names.iter().map(|name| at(format!("/{}", escaped(name)))),
    );
}

/// A name as a JSON pointer has it.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
