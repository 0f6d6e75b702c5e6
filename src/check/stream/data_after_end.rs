//! Events after the end.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::text::counted;

check! {
    /// ## What it looks for
    ///
    /// An event after `[DONE]`, `message_stop` or the last event of the Responses API.
    ///
    /// ## Why it matters
    ///
    /// SDKs have stopped reading there: what stands in it, usage for instance, is not seen. Source:
    /// <https://github.com/openai/openai-python/blob/main/src/openai/_streaming.py>.
    ///
    /// ## Example
    ///
    /// ```text
    /// data: [DONE]
    ///
    /// data: {"choices":[],"usage":{"total_tokens":120}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Nothing in the app. A gateway of one's own: send it before the end.
    pub static CHECK = {
        id: "stream-data-after-end",
        severity: Info,
        summary: "events after the end of a stream",
        often: OncePerSession,
        run: Stream(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(place) = subject.stream.after_end else { return };
    if !subject.dialect().generates() {
        return;
    }
    found.push(
        Says::new(
            "an event comes after the end of the stream, where SDKs no longer read",
            format!("line {} of the stream, {}", place.index, counted(place.span.length, "byte")),
            "have the gateway send it before the end; the app need not do anything",
        ),
        [super::event(place)],
    );
}
