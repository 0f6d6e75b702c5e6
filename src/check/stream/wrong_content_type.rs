//! Event streams under another media type.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Place;
use crate::exchange::text::counted;
use crate::wire::dialect::Dialect;
use crate::wire::media;

check! {
    /// ## What it looks for
    ///
    /// An answer that reads as an event stream, though its `Content-Type` is another than `text/event-stream`.
    ///
    /// ## Why it matters
    ///
    /// Browsers' `EventSource` refuses it, hops that buffer anything but event streams hold it back, and some
    /// clients read it as one text. The official SDKs do not look at the type. Source:
    /// <https://html.spec.whatwg.org/multipage/server-sent-events.html>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 200 OK
    /// Content-Type: text/plain
    ///
    /// data: {"choices":[…]}
    /// ```
    ///
    /// ## What to do
    ///
    /// Find the hop that rewrites or omits the type, and have it send `Content-Type: text/event-stream`.
    pub static CHECK = {
        id: "stream-wrong-content-type",
        severity: Warning,
        summary: "event streams under another media type",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(head) = subject.head() else { return };
    if subject.digest.events == 0
        || media::is_event_stream(&head.headers)
        || super::is_lines(subject)
        || subject.dialect() == Dialect::Ollama
    {
        return;
    }
    let kind =
        head.headers.text("content-type").map_or_else(|| "none".to_owned(), |kind| format!("`{kind}`"));
    found.push(
        Says::new(
            "the answer is an event stream and does not say so",
            format!("{}; the content type is {kind}", counted(subject.digest.events, "event")),
            "have the hop that sets it send `Content-Type: text/event-stream`",
        ),
        [Place::response_header("content-type")],
    );
}
