//! Streams over HTTP/1.0.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// An event stream that the gateway's side answers with HTTP/1.0.
    ///
    /// ## Why it matters
    ///
    /// HTTP/1.0 has no chunks: the body ends when the connection does, so a stream that was cut looks like one
    /// that ended. The OpenAI and Anthropic SDKs notice nothing. nginx asked its upstreams in HTTP/1.0 before
    /// 1.29.7. Source: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.0 200 OK
    /// Content-Type: text/event-stream
    /// ```
    ///
    /// ## What to do
    ///
    /// nginx: `proxy_http_version 1.1;` and `proxy_set_header Connection "";`. A server of one's own: answer in
    /// HTTP/1.1 with `Transfer-Encoding: chunked`.
    pub static CHECK = {
        id: "stream-http10",
        severity: Warning,
        summary: "streams over HTTP/1.0",
        run: Stream(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(head) = subject.head().filter(|head| head.version == "HTTP/1.0") else { return };
    if !super::is_event_stream(subject) {
        return;
    }
    let server = head.headers.text("server").map(|server| format!("; `server: {server}`"));
    found.push(
        Says::new(
            "the stream comes over HTTP/1.0, where a cut cannot be told from an end",
            format!("the answer begins with `HTTP/1.0 {}`{}", head.status, server.unwrap_or_default()),
            "have the hop answer in HTTP/1.1 (nginx: `proxy_http_version 1.1;`)",
        ),
        head.headers.first("server").map(|_| Place::response_header("server")),
    );
}
