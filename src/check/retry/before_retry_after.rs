//! A request that is sent again before its time.

use super::sdk_cap::sdk_cap;
use crate::check::attempts::last_attempt;
use crate::check::declare::check;
use crate::check::words::span;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Verdict;
use crate::exchange::finding::Severity;

check! {
    /// ## What it looks for
    ///
    /// The same request, with the same credential, sent again earlier after a refusal than its `retry-after` (or
    /// `retry-after-ms`) allows, by more than the slack. Where the early attempt is answered all the same, it is a
    /// warning only.
    ///
    /// ## Why it matters
    ///
    /// A gateway rejects such an attempt before it asks any provider: nothing is gained, and some gateways count it
    /// against the next window. Source: <https://nexorouter.com/en/docs/troubleshooting>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 429 Too Many Requests
    /// retry-after: 17
    ///
    /// … and the same request 2 s later
    /// ```
    ///
    /// ## What to do
    ///
    /// Read `retry-after` and sleep for at least as long. SDKs do so only up to a cap of their own, 60 or 120
    /// seconds; above it set `max_retries=0` and wait in the app.
    pub static CHECK = {
        id: "retry-before-retry-after",
        severity: Error,
        summary: "requests sent again before `retry-after` was over",
        thresholds: [
            ("slack_s", 0.25, "how much too early is overlooked, in seconds"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(last) = last_attempt(subject.history, subject.own) else { return };
    let Some(wanted) = last.ended.retry_after else { return };
    if wanted.since(last.pause) <= found.time("slack_s") {
        return;
    }
    let asked = span(wanted);
    let sdk = subject.sdk();
    let cap = sdk.as_ref().and_then(sdk_cap).filter(|(cap, _)| wanted > *cap);
    let severity = if subject.verdict() == Verdict::Complete { Severity::Warning } else { Severity::Error };
    found.push_as(
        severity,
        Says {
            message: format!("sent again after {}, though `retry-after` said {asked}", last.pause),
            evidence: format!(
                "{} was answered {} with `retry-after` of {asked}; this one began {} later and ended `{}`",
                last.past.named(),
                last.outcome(),
                last.pause,
                subject.verdict()
            ),
            fix: match (sdk, cap) {
                (Some(sdk), Some((cap, _))) => format!(
                    "{sdk} heeds a `retry-after` of up to {}: set its retries to 0 and wait {asked} in the app",
                    span(cap)
                ),
                _ => format!("wait at least {asked} after this answer before sending it again"),
            },
        },
        last.past.place(),
    );
}
