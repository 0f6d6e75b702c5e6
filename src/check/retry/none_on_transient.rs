//! A failure that nobody tried again.

use crate::check::attempts::since;
use crate::check::declare::check;
use crate::check::limits::Limit;
use crate::check::words::span;
use crate::check::{Found, Past, Says, Subject};
use crate::digest::SdkName;
use crate::exchange::time::Micros;

check! {
    /// ## What it looks for
    ///
    /// A client without retries of its own (fetch, requests, httpx, axios) got 429, 503, 504 or 529 and did not
    /// send the request again, though it went on with other requests.
    ///
    /// ## Why it matters
    ///
    /// These answers pass: a few bounded attempts, after `retry-after` where there is one, hide them from the user.
    /// Source: <https://nexorouter.com/en/docs/api-capabilities/rate-limits>.
    ///
    /// ## Example
    ///
    /// ```text
    /// User-Agent: python-requests/2.32.3
    ///
    /// HTTP/1.1 503 Service Unavailable
    /// ```
    ///
    /// ## What to do
    ///
    /// Retry 408, 409, 429 and 5xx two or three times with backoff and jitter, after `retry-after` where it is
    /// given; or use the vendor's SDK, which does.
    pub static CHECK = {
        id: "retry-none-on-transient",
        severity: Info,
        summary: "clients that do not retry what passes",
        often: OncePerSession,
        thresholds: [
            ("after_s", 30.0, "after how long without another attempt it counts as left, in seconds"),
        ],
        run: End(run),
    }
}

/// So many earlier exchanges are looked at.
const MOST: usize = 256;

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    let raw = matches!(
        subject.sdk().map(|sdk| sdk.name),
        Some(SdkName::NodeFetch | SdkName::Requests | SdkName::Httpx | SdkName::Axios)
    );
    if !raw || own.request_bytes == 0 {
        return;
    }
    let patience = found.time("after_s");
    let recent: Vec<&Past> =
        subject.history.within(own, Micros(patience.0.saturating_mul(4))).take(MOST).collect();
    let left = recent.iter().enumerate().find_map(|(at, past)| {
        let ended = past.ended_by(own.started_at)?;
        let transient = matches!(ended.status, Some(503 | 504 | 529)) || ended.limit() == Some(Limit::Pace);
        let due = Micros(patience.0.saturating_add(ended.retry_after.unwrap_or_default().0));
        let later = recent.get(..at).unwrap_or_default();
        let again = own.repeats(past) || later.iter().any(|later| later.repeats(past));
        let alike = past.agent == own.agent && past.gateway == own.gateway && past.request_bytes > 0;
        let is_left = transient && ended.should_retry != Some(false) && ended.own_error.is_none();
        (alike && is_left && !again && since(own.started_at, ended.answered_at) >= due)
            .then_some((*past, ended))
    });
    let Some((past, ended)) = left else { return };
    let status = ended.status.unwrap_or_default();
    found.push(
        Says {
            message: format!("{} was answered {status} and never sent again", past.named()),
            evidence: format!(
                "{} after it this client was on to another request; `{}` has no retries of its own",
                since(own.started_at, ended.answered_at),
                subject.agent().unwrap_or_default()
            ),
            fix: match ended.retry_after {
                Some(wanted) => format!("send it again after {}, two or three times at most", span(wanted)),
                None => "send it again after 0.5 s, 1 s and 2 s, with jitter".to_owned(),
            },
        },
        past.place(),
    );
}
