//! Answers that are no JSON.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::BodyEnd;
use crate::exchange::finding::Place;
use crate::exchange::text::counted;
use crate::wire::dialect::Dialect;
use crate::wire::media;

check! {
    /// ## What it looks for
    ///
    /// A call of a model, without a stream, that was answered with a good status and a web page or another text
    /// that is no JSON.
    ///
    /// ## Why it matters
    ///
    /// The OpenAI SDKs return a string where the app expects an object; it fails at the first attribute. Mostly
    /// the base URL points at a web site, or a portal (a hotel's, a company's) stands between. Source:
    /// <https://nexorouter.com/en/docs/troubleshooting>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 200 OK
    /// Content-Type: text/html
    ///
    /// <!doctype html>…
    /// ```
    ///
    /// ## What to do
    ///
    /// Check the base URL: it ends in the gateway's API path, as in `https://api.nexorouter.com/v1`.
    pub static CHECK = {
        id: "resp-not-json",
        severity: Error,
        summary: "answers of status 200 that are no JSON",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(head) = subject.head().filter(|_| super::is_good(subject)) else { return };
    let plain = subject.plain.trim_ascii();
    let speaks =
        subject.dialect().generates() || matches!(subject.dialect(), Dialect::Embeddings | Dialect::Models);
    let streamed = subject.request.stream == Some(true) || subject.digest.events > 0;
    if !speaks || streamed || plain.is_empty() || media::is_event_stream(&head.headers) {
        return;
    }
    // What is cut is no JSON either, and another finding.
    let whole = subject.exchange.response_end == Some(BodyEnd::Whole);
    if !whole || media::looks(plain) != Some(media::Looks::Other) {
        return;
    }
    let kind = head.headers.text("content-type").map_or("none", media::essence);
    let start: String = String::from_utf8_lossy(plain).chars().take(60).collect();
    found.push(
        Says::new(
            format!("status {} came with something that is no JSON; SDKs hand it on as a text", head.status),
            format!("`content-type: {kind}`, {}, they begin with `{start}`", counted(plain.len(), "byte")),
            "check the base URL, and what stands between gatetap and the gateway",
        ),
        [Place::response_header("content-type"), Place::Target],
    );
}
