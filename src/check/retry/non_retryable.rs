//! Attempts that can only fail again.

use crate::check::attempts::last_attempt;
use crate::check::declare::check;
use crate::check::{Found, Says, Subject};

check! {
    /// ## What it looks for
    ///
    /// The same request, with the same credential, sent again within seconds after 400, 401, 402, 403, 404, 405 or
    /// 422, and refused the same way. Answers that say themselves that asking again helps do not count.
    ///
    /// ## Why it matters
    ///
    /// These statuses speak of the request, the key or the balance; none of that has changed. Each attempt costs
    /// time and counts against the rate limit. Source: <https://nexorouter.com/en/docs/troubleshooting>.
    ///
    /// ## Example
    ///
    /// ```text
    /// 12:00:00  401 invalid_api_key
    /// 12:00:01  401 invalid_api_key
    /// ```
    ///
    /// ## What to do
    ///
    /// Retry only 408, 409, 429 and 5xx; report everything else to whoever called.
    pub static CHECK = {
        id: "retry-non-retryable",
        severity: Warning,
        summary: "requests sent again though they cannot succeed",
        thresholds: [
            ("within_s", 10.0, "a person may try again after so many seconds"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(last) = last_attempt(subject.history, subject.own) else { return };
    let Some(status @ (400..=405 | 422)) = last.ended.status else { return };
    let helps = last.ended.should_retry == Some(true) || last.ended.retry_after.is_some();
    // Where the answer says by itself whether it helps, that is another check's.
    let says = last.ended.should_retry.is_some() || last.ended.retryable.is_some();
    if helps || says || last.pause > found.time("within_s") || subject.status() != status {
        return;
    }
    found.push(
        Says {
            message: format!("sent again {} after {}, unchanged: it can only fail again", last.pause, last.outcome()),
            evidence: format!(
                "{} was answered {}; the body and the credential of this one are the same, and so is its answer",
                last.past.named(),
                last.outcome()
            ),
            fix: format!("do not retry {status}; retry 408, 409, 429 and 5xx only"),
        },
        last.past.place(),
    );
}
