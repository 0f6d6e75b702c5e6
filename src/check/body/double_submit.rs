//! Calls that are sent twice at once.

use super::members;
use crate::check::Past;
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// The same body with the same key, twice within two seconds, while the first is still under way and
    /// neither says that it is a retry. More than four at once are a load test, or samples drawn in parallel, and
    /// are left alone.
    ///
    /// ## Why it matters
    ///
    /// Both are answered and both are billed. It is a double click, an effect that runs twice, or two
    /// listeners on one event. Source: <https://nexorouter.com/en/docs/troubleshooting>, which counts each as
    /// a new request.
    ///
    /// ## Example
    ///
    /// ```text
    /// #7  12:00:00.000  POST /v1/chat/completions   1204 bytes
    /// #8  12:00:00.180  POST /v1/chat/completions   the same 1204 bytes
    /// ```
    ///
    /// ## What to do
    ///
    /// Disable the button while a call is under way, and make the effect cancel its call. React's strict mode
    /// runs effects twice on purpose, in development only.
    pub static CHECK = {
        id: "body-double-submit",
        severity: Warning,
        summary: "calls that are sent twice at once",
        thresholds: [("within_s", 2.0, "the seconds between the two")],
        run: Request(run),
    }
}

/// Nobody clicks so often: more of the same at once is a load test, or samples drawn in parallel.
const MOST_AT_ONCE: usize = 4;

/// So many earlier ones of the same request are looked at.
const MOST_LOOKED_AT: usize = 16;

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    let within = (found.threshold("within_s") * 1e6) as i64;
    if members(subject).is_none() || own.retry_count.is_some_and(|count| count > 0) {
        return;
    }
    let near = |past: &&Past| own.started_at.0.saturating_sub(past.started_at.0) <= within;
    let is_under_way =
        |past: &&Past| past.retry_count.unwrap_or(0) == 0 && past.ended_by(own.started_at).is_none();
    let mut others = subject.attempts().take_while(near).take(MOST_LOOKED_AT).filter(is_under_way);
    let Some(first) = others.next() else { return };
    if others.nth(MOST_AT_ONCE - 2).is_some() {
        return;
    }
    let later = own.started_at.0.saturating_sub(first.started_at.0) / 1000;
    found.push(
        Says {
            message: "the same call is sent again while the first is under way".to_owned(),
            evidence: format!(
                "the same {} bytes {later} ms later; neither is marked as a retry",
                own.request_bytes
            ),
            fix: "send it once: disable the button, or let the effect cancel its first call".to_owned(),
        },
        [Place::Exchange(first.id)],
    );
}
