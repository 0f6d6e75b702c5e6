//! Compressed event streams.

use super::flow::Flow;
use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// An event stream with a `Content-Encoding`, unless its pieces came evenly all the same.
    ///
    /// ## Why it matters
    ///
    /// A compressor collects a window before it gives anything out, unless it is flushed after every event.
    /// Middleware that compresses everything does not flush. Source:
    /// <https://github.com/expressjs/compression#server-sent-events>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 200 OK
    /// Content-Type: text/event-stream
    /// Content-Encoding: gzip
    /// ```
    ///
    /// ## What to do
    ///
    /// Leave `text/event-stream` out of the compression, or send `Cache-Control: no-transform`; in Express call
    /// `res.flush()` after each event. A client can send `Accept-Encoding: identity`.
    pub static CHECK = {
        id: "stream-compressed",
        severity: Warning,
        summary: "compressed event streams that do not flow",
        thresholds: [
            ("spread_percent", 30.0, "a stream that spread over so much of the time flows all the same"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(head) = subject.head() else { return };
    let Some(coding) = super::coding(head) else { return };
    if !super::is_event_stream(subject) || !super::is_good(subject) {
        return;
    }
    let flow = Flow::of(subject);
    let spread = flow.as_ref().map_or(0.0, |flow| flow.burst_ratio() * 100.0);
    let few = flow.as_ref().is_some_and(|flow| flow.pieces < 3);
    if spread >= found.threshold("spread_percent") || few {
        return;
    }
    let came = flow.map_or_else(
        || "no piece of an answer could be read".to_owned(),
        |flow| format!("{} pieces in {}, the first after {}", flow.pieces, flow.span(), flow.first),
    );
    let asked = subject.headers().text("accept-encoding").unwrap_or("nothing");
    found.push(
        Says::new(
            format!("the event stream is compressed with {coding}, which holds events back"),
            format!("`content-encoding: {coding}`; {came}; the app accepts {asked}"),
            "exclude `text/event-stream` from compression, or send `Accept-Encoding: identity`",
        ),
        [Place::response_header("content-encoding")],
    );
}
