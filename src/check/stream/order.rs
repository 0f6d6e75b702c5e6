//! Events out of order.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};

check! {
    /// ## What it looks for
    ///
    /// Messages: an event that cannot follow the one before it (a delta of a block that is not open, two
    /// `message_start`). Responses: a `sequence_number` that is missing or comes twice.
    ///
    /// ## Why it matters
    ///
    /// Events were lost or doubled on the way: the text that the app puts together is not the one that the
    /// model wrote, or the SDK fails on a block that it does not know. Source:
    /// <https://platform.claude.com/docs/en/build-with-claude/streaming>.
    ///
    /// ## Example
    ///
    /// ```text
    /// data: {"type":"response.output_text.delta","sequence_number":6,…}
    /// data: {"type":"response.output_text.delta","sequence_number":9,…}
    /// ```
    ///
    /// ## What to do
    ///
    /// Ask again, and report the request id to whoever runs the hop: gateways that translate between APIs lose
    /// events like this.
    pub static CHECK = {
        id: "stream-order",
        severity: Error,
        summary: "streams whose events are out of order",
        run: Stream(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some((place, what)) = &subject.stream.disorder else { return };
    let id = subject.digest.request_id.as_deref();
    let fix = id.map_or_else(
        || "ask again; report it to whoever runs the hop that translates or copies the stream".to_owned(),
        |id| format!("ask again; report it with the request id `{id}`"),
    );
    found.push(
        Says::new(
            "an event cannot follow the one before it: some were lost or doubled on the way",
            format!("line {} of the stream: {what}", place.index),
            fix,
        ),
        [super::event(*place)],
    );
}
