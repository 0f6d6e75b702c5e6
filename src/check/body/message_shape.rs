//! Messages that no gateway understands.

use super::{at, members, shown};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::wire::dialect::Dialect;
use serde_json::Value;

check! {
    /// ## What it looks for
    ///
    /// A message of a chat that is no object, has no role or an unknown one, has content of a wrong kind, or
    /// has none where it needs some. Roles are judged only at gateways whose documentation is known.
    ///
    /// ## Why it matters
    ///
    /// The answer is 400, at OpenRouter `invalid_prompt`. Sources: <https://github.com/OpenRouterTeam/docs>
    /// (`api_reference/errors-and-debugging.mdx`), <https://github.com/openai/openai-openapi>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"messages":[{"role":"User","content":"Hi"}]}      roles are in lower case
    /// ```
    ///
    /// ## What to do
    ///
    /// Mend the message that the finding points at. `null` content comes from a tool call that was stored
    /// without its `tool_calls`.
    pub static CHECK = {
        id: "body-message-shape",
        severity: Error,
        summary: "messages that no gateway understands",
        run: Request(run),
    }
}

/// The roles of a chat, OpenAI's older ones among them.
const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    if !matches!(subject.dialect(), Dialect::Chat | Dialect::Messages) {
        return;
    }
    let messages = members(subject).and_then(|members| members.get("messages")?.as_array());
    let wrong = messages.into_iter().flatten().enumerate().find_map(|(index, message)| {
        let (member, what) = wrong_with(message, subject.profile().is_some())?;
        Some((index, member, what))
    });
    let Some((index, member, what)) = wrong else { return };
    found.push(
        Says {
            message: format!("message {index} {what}"),
            evidence: format!("`messages[{index}]`, counted from 0, of {}", messages.map_or(0, Vec::len)),
            fix: match member {
                "/role" => format!(
                    "give `messages[{index}]` one of the roles {}",
                    ROLES.map(|role| format!("`{role}`")).join(", ")
                ),
                "/content" => {
                    format!("give `messages[{index}]` a text as its content, or leave the message out")
                }
                _ => format!("make `messages[{index}]` an object with `role` and `content`"),
            },
        },
        [at(format!("/messages/{index}{member}"))],
    );
}

/// The member that is wrong, and what is wrong with it.
fn wrong_with(message: &Value, knows_roles: bool) -> Option<(&'static str, String)> {
    let Some(message) = message.as_object() else {
        return Some(("", format!("is {} and not an object", shown(message))));
    };
    let role = match message.get("role") {
        None => return Some(("", "has no role".to_owned())),
        Some(Value::String(role)) => role.as_str(),
        Some(other) => return Some(("/role", format!("has {} for a role", shown(other)))),
    };
    if knows_roles && !ROLES.contains(&role) {
        return Some((
            "/role",
            format!("has the unknown role `{}`", role.chars().take(40).collect::<String>()),
        ));
    }
    match message.get("content") {
        Some(Value::String(_)) => None,
        Some(Value::Array(_)) if role == "function" => {
            Some(("/content", "is a function's, and its content is an array".to_owned()))
        }
        Some(Value::Array(parts)) => {
            let part = parts.iter().position(|part| !part.is_object() && !part.is_string())?;
            Some(("/content", format!("has a part {part} that is no object")))
        }
        // What stands beside it may be the content: tool calls, a refusal, audio, reasoning.
        None | Some(Value::Null) if role == "assistant" => {
            let is_bare =
                message.iter().all(|(name, value)| value.is_null() || name == "role" || name == "name");
            is_bare.then(|| {
                ("/content", "is the assistant's, without content and without tool calls".to_owned())
            })
        }
        None | Some(Value::Null) if matches!(role, "system" | "developer" | "user" | "tool") => {
            Some(("/content", format!("is of `{role}` and has no content")))
        }
        None | Some(Value::Null) => None,
        Some(Value::Object(_)) => {
            Some(("/content", "has an object for its content; parts stand in an array".to_owned()))
        }
        Some(other) => Some(("/content", format!("has {} for its content", shown(other)))),
    }
}
