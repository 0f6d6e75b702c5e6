//! Chat streams without `[DONE]`.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::BodyEnd;
use crate::exchange::end::Verdict;
use crate::exchange::text::counted;
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// A Chat Completions stream that has its finish reason, came to the end of its body, and never said `data:
    /// [DONE]`.
    ///
    /// ## Why it matters
    ///
    /// The official SDKs do not mind. Parsers that were written by hand wait for `[DONE]`, and hang or report
    /// an error. Source: <https://github.com/openai/openai-openapi>, where the stream is said to end with it.
    ///
    /// ## Example
    ///
    /// ```text
    /// data: {"choices":[{"delta":{},"finish_reason":"stop"}]}
    ///
    /// (end of the body)
    /// ```
    ///
    /// ## What to do
    ///
    /// Accept the end of the body as the end of the stream. A gateway of one's own: send `data: [DONE]` last.
    pub static CHECK = {
        id: "stream-no-done",
        severity: Warning,
        summary: "chat streams that end without `[DONE]`",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let of_openai = matches!(subject.dialect(), Dialect::Chat | Dialect::Completions);
    let ended = subject.exchange.response_end == Some(BodyEnd::Whole);
    let complete = subject.verdict() == Verdict::Complete;
    if !of_openai || !ended || !complete || subject.digest.events == 0 || subject.stream.done.is_some() {
        return;
    }
    // `data: [DONE]` without its empty line is another finding.
    if super::is_lines(subject) || subject.digest.leftover > 0 {
        return;
    }
    let reason = subject.digest.finish_reason.as_deref().unwrap_or_default();
    found.push(
        Says::new(
            "the stream ends without `[DONE]`; parsers written by hand wait for it",
            format!(
                "finish reason `{reason}`; {}, none of them `[DONE]`",
                counted(subject.digest.events, "event")
            ),
            "take the end of the body for the end of the stream",
        ),
        super::last_event(subject),
    );
}
