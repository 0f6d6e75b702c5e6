//! Events whose data is not JSON.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::digest::SdkName;
use crate::exchange::text::counted;

check! {
    /// ## What it looks for
    ///
    /// An event of a model's answer whose data is neither JSON nor `[DONE]`.
    ///
    /// ## Why it matters
    ///
    /// OpenAI's SDKs raise a bare `JSONDecodeError` or `SyntaxError` in the middle of the answer; Anthropic's
    /// do so where the event has a name that they know. Nobody tries again. Source:
    /// <https://github.com/openai/openai-python/blob/main/src/openai/_streaming.py>.
    ///
    /// ## Example
    ///
    /// ```text
    /// data: {"choices":[{"delta":{"content":"unfinished
    /// ```
    ///
    /// ## What to do
    ///
    /// Find the hop that wrote it: an error page put into the stream, two events joined into one, a line end
    /// inside a text.
    pub static CHECK = {
        id: "stream-bad-json",
        severity: Error,
        summary: "events whose data is not JSON",
        run: Stream(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(bad) = subject.stream.bad_json.filter(|_| subject.dialect().generates()) else { return };
    if super::is_lines(subject) {
        return;
    }
    let error = match subject.sdk().map(|sdk| sdk.name) {
        Some(SdkName::OpenAiPython) => "openai for Python raises `json.JSONDecodeError` there",
        Some(SdkName::OpenAiNode) => "openai for Node raises `SyntaxError` there",
        Some(SdkName::AiSdk) => "AI SDK gives an error part there",
        _ => "SDKs raise a parser's error there",
    };
    found.push(
        Says::new(
            format!("an event's data is not JSON; {error}"),
            format!(
                "line {} of the stream: {} from byte {} on",
                bad.index,
                counted(bad.span.length, "byte"),
                bad.span.offset
            ),
            "find the hop that wrote or cut this event; `show ID --events` has its text",
        ),
        [super::event(bad)],
    );
}
