//! Event streams of a known length.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Place;
use crate::wire::media;

check! {
    /// ## What it looks for
    ///
    /// An event stream with a `Content-Length` header.
    ///
    /// ## Why it matters
    ///
    /// Whoever sent the head knew how long the body would be: the answer was complete before its first byte
    /// left. It was held back as a whole, or it is no real stream. Source:
    /// <https://nginx.org/en/docs/http/ngx_http_proxy_module.html>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 200 OK
    /// Content-Type: text/event-stream
    /// Content-Length: 48213
    /// ```
    ///
    /// ## What to do
    ///
    /// Find the hop that reads the answer to its end before it passes it on (`await response.text()` in a
    /// gateway of one's own, a scanner, a function with buffered responses) and let it copy the stream.
    pub static CHECK = {
        id: "stream-has-content-length",
        severity: Warning,
        summary: "event streams whose length was known before they were sent",
        run: Stream(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(head) = subject.head() else { return };
    let Some(length) = head.headers.text("content-length") else { return };
    let declared = media::is_event_stream(&head.headers);
    // An error, or an answer from a cache, is known before it is sent, and rightly so.
    if !declared
        || !super::is_good(subject)
        || length.trim() == "0"
        || super::is_from_cache(subject).is_some()
    {
        return;
    }
    found.push(
        Says::new(
            "the event stream has a length, so it was complete before its first byte left",
            format!("`content-length: {length}` with `content-type: text/event-stream`"),
            "have the hop that answers pass the stream on as it comes, chunked",
        ),
        [Place::response_header("content-length")],
    );
}
