//! Streams whose end repeats another answer.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::text::counted;

check! {
    /// ## What it looks for
    ///
    /// A stream of the Responses API whose last event repeats the answer in other words than the events before
    /// it had given it.
    ///
    /// ## Why it matters
    ///
    /// Events were lost on the way. An app that shows the deltas has another text than one that reads the end.
    /// Source: <https://github.com/openai/openai-openapi>, `response.completed`.
    ///
    /// ## Example
    ///
    /// ```text
    /// deltas:              "Hello."
    /// response.completed:  "Hello there."
    /// ```
    ///
    /// ## What to do
    ///
    /// Keep what `response.completed` says, and look for the hop that loses events.
    pub static CHECK = {
        id: "stream-end-disagrees",
        severity: Error,
        summary: "streams whose end repeats another answer than their events gave",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if !subject.answer.disagrees || subject.digest.events == 0 {
        return;
    }
    found.push(
        Says::new(
            "the end of the stream repeats another answer than its events gave: some were lost",
            format!(
                "{} with {} of text; the last event has another text or other arguments",
                counted(subject.stream.content_events, "piece"),
                counted(subject.answer.text.chars().count(), "character")
            ),
            "keep what the last event says, and look for the hop that loses events",
        ),
        super::last_event(subject),
    );
}
