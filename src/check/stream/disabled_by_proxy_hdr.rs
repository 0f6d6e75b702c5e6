//! Headers that let hops buffer or compress a stream.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// `X-Accel-Buffering: yes` on an event stream; or, from a server of one's own behind a CDN or a proxy, a
    /// stream whose `Cache-Control` lacks `no-transform`.
    ///
    /// ## Why it matters
    ///
    /// The first switches nginx's buffering on for this answer. Without the second a hop may compress the
    /// stream, and compression needs a window. Source:
    /// <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering>.
    ///
    /// ## Example
    ///
    /// ```text
    /// Content-Type: text/event-stream
    /// X-Accel-Buffering: yes
    /// ```
    ///
    /// ## What to do
    ///
    /// Send `X-Accel-Buffering: no` and `Cache-Control: no-cache, no-transform`.
    pub static CHECK = {
        id: "stream-disabled-by-proxy-hdr",
        severity: Info,
        summary: "headers that let hops hold a stream back",
        often: OncePerSession,
        run: Stream(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    const HOPS: [&str; 5] = ["cf-ray", "x-amz-cf-id", "via", "x-cache", "x-vercel-id"];
    let Some(head) = subject.head().filter(|_| super::is_event_stream(subject)) else { return };
    let text = |name: &str| head.headers.text(name).map(str::trim);
    if let Some(value) = text("x-accel-buffering").filter(|value| value.eq_ignore_ascii_case("yes")) {
        found.push(
            Says::new(
                "the answer asks nginx to buffer the stream",
                format!("`x-accel-buffering: {value}`"),
                "send `X-Accel-Buffering: no`",
            ),
            [Place::response_header("x-accel-buffering")],
        );
        return;
    }
    // Nobody changes the headers of a vendor.
    let own = subject.profile().is_none();
    let control = text("cache-control").unwrap_or_default();
    let Some(hop) = HOPS.into_iter().find(|name| text(name).is_some()) else { return };
    if own && super::is_good(subject) && !control.to_ascii_lowercase().contains("no-transform") {
        found.push(
            Says::new(
                "a hop stands between, and nothing forbids it to compress the stream",
                format!("`{hop}` is there; `cache-control: {control}` has no `no-transform`"),
                "send `Cache-Control: no-cache, no-transform`",
            ),
            [Place::response_header("cache-control"), Place::response_header(hop)],
        );
    }
}
