//! Streams that fell silent.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Verdict;
use crate::exchange::finding::Place;
use crate::exchange::finding::Severity;
use crate::exchange::time::Micros;

check! {
    /// ## What it looks for
    ///
    /// Fifteen seconds or more without a byte inside a stream (an error from sixty on). Silence inside a
    /// `tool_use` block of the Messages API does not count, since its input may come in one piece; nor does the
    /// time in which gatetap waited for the app.
    ///
    /// ## Why it matters
    ///
    /// nginx and AWS's load balancers drop a connection that is silent for 60 s, undici after 300 s. A user
    /// sees an answer that hangs. Source:
    /// <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout>.
    ///
    /// ## Example
    ///
    /// ```text
    /// +4.2 s   data: {"choices":[{"delta":{"content":"and"}}]}
    /// +41.9 s  data: {"choices":[{"delta":{"content":" then"}}]}
    /// ```
    ///
    /// ## What to do
    ///
    /// Have the gateway send keep-alive comments, raise the idle timeouts of the hops in between, and give the
    /// app a watchdog of its own that asks again.
    pub static CHECK = {
        id: "stream-stall",
        severity: Warning,
        summary: "streams that fell silent",
        thresholds: [
            ("warn_s", 15.0, "a silence that is worth a warning"),
            ("error_s", 60.0, "a silence at which hops give up"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if !subject.is_stream() || !super::is_good(subject) {
        return;
    }
    let inside = subject.stream.longest_silence;
    // A stream that broke may have been silent until it did.
    let broke = matches!(subject.verdict(), Verdict::CutByGateway | Verdict::CutByApp | Verdict::Incomplete);
    let last = subject.stream.last_read.filter(|_| broke).map(|read| subject.took().since(read));
    let after_all = last.map(|silence| subject.stream.silence_now(silence));
    let Some(longest) = inside.into_iter().chain(after_all).max_by_key(|silence| silence.length) else {
        return;
    };
    let silence = longest.length;
    let seconds = silence.0 as f64 / 1e6;
    let app = subject.exchange.timing.taken.map(|taken| taken.longest).unwrap_or_default();
    if seconds < found.threshold("warn_s") || app.0.saturating_mul(2) >= silence.0 {
        return;
    }
    let severe = seconds >= found.threshold("error_s");
    let severity = if severe { Severity::Error } else { Severity::Warning };
    let which = match longest.events {
        0 => "before its first event".to_owned(),
        event => format!("after event {event} of {}", subject.digest.events),
    };
    let usual = subject.stream.reads.checked_sub(1).filter(|gaps| *gaps > 1).map(|gaps| {
        let (first, last) = (subject.stream.first_read, subject.stream.last_read);
        let rest = last
            .unwrap_or_default()
            .since(first.unwrap_or_default())
            .since(inside.map(|silence| silence.length).unwrap_or_default());
        format!("; the other reads were {} apart", Micros(rest.0 / (gaps - 1).max(1)))
    });
    let places = longest.lines.checked_sub(1).filter(|_| subject.digest.events > 0).map(Place::Event);
    found.push_as(
        severity,
        Says::new(
            format!("the stream was silent for {silence}"),
            format!("no byte for {silence} {which}{}", usual.unwrap_or_default()),
            "have the gateway send keep-alives, and give the app a watchdog that asks again",
        ),
        places,
    );
}
