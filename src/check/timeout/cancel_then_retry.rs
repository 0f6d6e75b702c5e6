//! A timeout that only repeats itself.

use crate::check::attempts::{last_attempt, since};
use crate::check::declare::check;
use crate::check::words::span;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Verdict;

check! {
    /// ## What it looks for
    ///
    /// The app closed a request before its answer was there, and sent the same again within half a minute; and it
    /// was a timeout, not a person: the client calls it an attempt, or it closed when its own timeout was over, or
    /// it had waited seconds without a sign of an answer.
    ///
    /// ## Why it matters
    ///
    /// Each attempt is a new request for the gateway; the one before may still run, and be billed. Source:
    /// <https://nexorouter.com/en/docs/troubleshooting>.
    ///
    /// ## Example
    ///
    /// ```text
    /// 10.0 s  closed by the app
    /// 10.5 s  the same request, x-stainless-retry-count: 1
    /// ```
    ///
    /// ## What to do
    ///
    /// Give the call more time instead of more attempts: raise the client's timeout, or stream.
    pub static CHECK = {
        id: "timeout-cancel-then-retry",
        severity: Warning,
        summary: "requests that time out in the client and are sent again",
        thresholds: [
            ("within_s", 30.0, "how long after the close it counts as a retry, in seconds"),
            ("waited_s", 5.0, "how long a silent wait is at least, in seconds"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(last) = last_attempt(subject.history, subject.own) else { return };
    if last.ended.verdict != Verdict::CutByApp || last.pause > found.time("within_s") {
        return;
    }
    let lasted = since(last.ended.at, last.past.started_at);
    let timeout = subject.digest.client.timeout_s;
    let counted = subject.own.retry_count.is_some_and(|count| count > 0);
    let timed_out = timeout.is_some_and(|timeout| (lasted.0 as f64 / 1e6 - timeout).abs() < 1.0);
    let silent = last.ended.first_token.is_none() && last.ended.head.is_none();
    let waited = silent && lasted >= found.time("waited_s") && last.pause < lasted;
    let sign = if timed_out {
        "when the client's own timeout was over"
    } else if counted {
        "and the client calls this its next attempt"
    } else if waited {
        "without a sign of an answer"
    } else {
        return;
    };
    found.push(
        Says {
            message: format!("sent again {} after the client gave up waiting", last.pause),
            evidence: format!("the app closed {} after {}, {sign}", last.past.named(), span(lasted)),
            fix: match timeout {
                Some(timeout) => {
                    format!("raise the client's timeout from {timeout} s instead of retrying, or stream")
                }
                None => format!(
                    "raise the client's timeout above {} instead of retrying, or stream",
                    span(lasted)
                ),
            },
        },
        last.past.place(),
    );
}
