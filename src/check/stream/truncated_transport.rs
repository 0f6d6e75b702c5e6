//! Answers that the gateway's side broke off.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Verdict;

check! {
    /// ## What it looks for
    ///
    /// An answer that the gateway, or a hop before it, broke off: a reset, a close before the last chunk, fewer
    /// bytes than `Content-Length` said.
    ///
    /// ## Why it matters
    ///
    /// The answer is not whole. Most SDKs raise a connection error, without a status and, once a stream has
    /// begun, without trying again. Node's take the close for the end where the head said `Connection: close`.
    /// Source: <https://openrouter.ai/docs/api_reference/streaming>.
    ///
    /// ## Example
    ///
    /// ```text
    /// +12.4 s  (closed before the last chunk, at byte 8120)
    /// ```
    ///
    /// ## What to do
    ///
    /// Ask again. If the time is always the same, it is the timeout of a hop: 60 s is nginx and AWS ALB, 100 s
    /// Cloudflare, 300 s undici or Vercel.
    pub static CHECK = {
        id: "stream-truncated-transport",
        severity: Error,
        summary: "answers that the gateway's side broke off",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if subject.verdict() != Verdict::CutByGateway || subject.head().is_none() {
        return;
    }
    let what = if subject.is_stream() { "stream" } else { "answer" };
    let silence = subject.stream.last_read.map(|read| subject.took().since(read));
    let silent = match silence {
        Some(silence) if silence.0 >= 5_000_000 => format!("; the last byte had come {silence} before"),
        _ => String::new(),
    };
    let fix = match silence.map(|silence| silence.0 / 1_000_000) {
        Some(58..=62) => {
            "60 s of silence: raise nginx's `proxy_read_timeout` or the load balancer's idle timeout"
        }
        Some(98..=102) => "100 s of silence is Cloudflare's limit: have the gateway send keep-alives",
        Some(298..=302) => {
            "300 s of silence is the limit of undici and others: have the gateway send keep-alives"
        }
        _ => "ask again; if it comes back at the same time, look for that timeout on the hops in between",
    };
    let places = super::last_event(subject);
    found.push(
        Says::new(
            format!("the gateway's side broke the {what} off after {}", subject.took()),
            format!("{}{silent}", subject.judgement.evidence),
            fix,
        ),
        places,
    );
}
