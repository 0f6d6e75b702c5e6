//! A long silence on one connection.

use crate::check::declare::check;
use crate::check::words::span;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Verdict;

check! {
    /// ## What it looks for
    ///
    /// An answer that was not streamed and took longer than a minute.
    ///
    /// ## Why it matters
    ///
    /// A connection on which nothing flows is dropped: by load balancers after 60 s, by Cloudflare after about 100
    /// s, by NAT and VPNs at times of their own; and then all of the answer is lost. Sources:
    /// <https://platform.claude.com/docs/en/api/errors>,
    /// <https://community.openai.com/t/error-code-524-message-gateway-timeout-param-none-type-cf-gateway-timeout/219369>.
    ///
    /// ## Example
    ///
    /// ```text
    /// POST /v1/chat/completions, no `stream`   200 after 84 s
    /// ```
    ///
    /// ## What to do
    ///
    /// Stream long answers; the SDKs put the pieces together (`stream=True`, `.stream()`).
    pub static CHECK = {
        id: "timeout-long-nonstream",
        severity: Warning,
        summary: "whole answers that take longer than a minute",
        thresholds: [
            ("longest_s", 60.0, "how long an answer may take, in seconds"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let answered = subject.status() == 200 && subject.verdict() != Verdict::Open;
    let took = subject.exchange.timing.head.unwrap_or_default();
    if !subject.dialect().generates()
        || !answered
        || subject.digest.streaming
        || took <= found.time("longest_s")
    {
        return;
    }
    let took = span(took);
    found.push(
        Says {
            message: format!("an answer that is not streamed took {took}"),
            evidence: format!("not a byte of the answer came for {took}"),
            fix: "send `\"stream\": true`: hops drop silent connections after 60 to 100 s".to_owned(),
        },
        [],
    );
}
