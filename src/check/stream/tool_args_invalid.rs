//! Tool arguments that are no JSON.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::digest::ArgumentsState;
use crate::exchange::end::Verdict;
use crate::exchange::text::counted;

check! {
    /// ## What it looks for
    ///
    /// An answer that came to its end, with a tool call whose arguments, all pieces joined, are no JSON
    /// document.
    ///
    /// ## Why it matters
    ///
    /// The app's `json.loads` fails after the model has ended and been paid. Mostly the limit of tokens cut the
    /// arguments; else a hop lost a piece, or the model wrote them wrong. Tools whose input is free text are
    /// left out. Source: <https://github.com/openai/openai-openapi>, which warns that the model does not always
    /// give valid JSON.
    ///
    /// ## Example
    ///
    /// ```text
    /// "arguments": "{\"city\": \"Par"      finish_reason: length
    /// ```
    ///
    /// ## What to do
    ///
    /// After `length` or `max_tokens`: raise the limit. Otherwise ask again, or ask for strict arguments where
    /// the gateway has them.
    pub static CHECK = {
        id: "stream-tool-args-invalid",
        severity: Error,
        summary: "tool calls whose arguments are no JSON",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if subject.verdict() != Verdict::Complete {
        return;
    }
    let reason = subject.digest.finish_reason.as_deref().unwrap_or("none");
    let limited = matches!(reason, "length" | "max_tokens" | "max_output_tokens" | "incomplete");
    for (index, call) in subject.answer.tool_calls.iter().enumerate() {
        if subject.request.free_text_tools.contains(&call.name) {
            continue;
        }
        let wrong = match call.state() {
            ArgumentsState::Empty | ArgumentsState::Valid => continue,
            ArgumentsState::Unfinished => "they stop in the middle of a value".to_owned(),
            ArgumentsState::Broken { at, why } => format!("from byte {at} on: {why}"),
        };
        let fix = match (limited, subject.request.max_tokens) {
            (true, Some(limit)) => format!("raise the limit of {}, and ask again", counted(limit, "token")),
            (true, None) => "raise the limit of tokens, and ask again".to_owned(),
            _ => "ask again; if it stays, look for a hop that drops events, or ask another model".to_owned(),
        };
        found.push(
            Says::new(
                format!("the arguments of the tool call `{}` are no JSON", call.name),
                format!(
                    "call {index}: {}, {wrong}; finish reason `{reason}`",
                    counted(call.arguments.len(), "byte")
                ),
                fix,
            ),
            super::last_event(subject),
        );
    }
}
