//! Errors inside a stream that began well.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::text::counted;
use crate::gateway::errors;

check! {
    /// ## What it looks for
    ///
    /// An error in a stream of status 200: an `error` member of a chunk, an event `error`, `response.failed`,
    /// or a finish reason `error`.
    ///
    /// ## Why it matters
    ///
    /// The status stays 200, so nothing that looks at it sees a failure, and the retries of SDKs do not help.
    /// OpenAI's SDKs raise `APIError` without a status; an app that reads the events itself has to look.
    /// Source: <https://openrouter.ai/docs/api_reference/streaming>.
    ///
    /// ## Example
    ///
    /// ```text
    /// data: {"error":{"code":502,"message":"Provider disconnected"},"choices":[{"finish_reason":"error"}]}
    /// ```
    ///
    /// ## What to do
    ///
    /// Look into every chunk for `error` before its `choices`, and ask again where the code says that it helps.
    pub static CHECK = {
        id: "stream-inband-error",
        severity: Error,
        summary: "errors inside streams that began with status 200",
        run: Stream(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let digest = subject.digest;
    let failed =
        matches!(digest.terminal_event.as_deref(), Some("error" | "response.error" | "response.failed"))
            || matches!(digest.finish_reason.as_deref(), Some("error" | "failed"));
    if !super::is_good(subject) || digest.events == 0 || !(failed || subject.stream.error.is_some()) {
        return;
    }
    let code = match (&digest.error_code, &digest.error_kind) {
        (Some(code), Some(kind)) if code != kind => format!("`{code}` ({kind})"),
        (Some(code), _) | (None, Some(code)) => format!("`{code}`"),
        (None, None) => "without a code".to_owned(),
    };
    let text = digest.error_message.as_deref().unwrap_or_default();
    let text: String = text.chars().take(200).collect();
    let codes = [digest.error_code.as_deref(), digest.error_kind.as_deref()];
    let known = codes.into_iter().flatten().find_map(|code| errors::lookup(subject.gateway, code));
    let chars = subject.answer.text.chars().count();
    found.push(
        Says::new(
            format!("the stream of status {} holds an error {code}", subject.status()),
            format!(
                "after {} and {}: {text}",
                counted(subject.stream.content_events, "piece"),
                counted(chars, "character")
            ),
            known.map_or("look for `error` in every chunk; drop the partial answer or ask again", |error| {
                error.fix.as_str()
            }),
        ),
        subject.stream.error.map(super::event),
    );
}
