//! Chats without messages.

use super::{at, given, members, shown};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::wire::dialect::Dialect;
use serde_json::Value;

check! {
    /// ## What it looks for
    ///
    /// A chat whose `messages` are missing, empty, or no array.
    ///
    /// ## Why it matters
    ///
    /// The gateway rejects it before any model is asked: `invalid_request`. Source:
    /// <https://nexorouter.com/en/docs/api-manual>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"model":"deepseek-v4-flash","messages":[]}
    /// ```
    ///
    /// ## What to do
    ///
    /// Send at least one message. Empty ones come from a history that was trimmed too far, or was not loaded
    /// yet.
    pub static CHECK = {
        id: "body-messages-empty",
        severity: Error,
        summary: "chats without messages",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(members) = members(subject) else { return };
    if !matches!(subject.dialect(), Dialect::Chat | Dialect::Messages) {
        return;
    }
    let messages = given(members, "messages");
    if messages.and_then(Value::as_array).is_some_and(|messages| !messages.is_empty()) {
        return;
    }
    // OpenRouter takes a prompt instead.
    if messages.is_none() && subject.is_gateway("openrouter") && given(members, "prompt").is_some() {
        return;
    }
    found.push(
        Says {
            message: match messages {
                Some(Value::Array(_)) | None => "the chat has no messages".to_owned(),
                Some(_) => "`messages` is no list of messages".to_owned(),
            },
            evidence: match messages {
                Some(messages) => format!("`messages` is {}", shown(messages)),
                None => "there are no `messages`".to_owned(),
            },
            fix: "send at least one message: `{\"role\":\"user\",\"content\":\"…\"}`".to_owned(),
        },
        [at("/messages")],
    );
}
