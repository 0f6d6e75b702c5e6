//! Too many at a time.

use crate::check::declare::check;
use crate::check::limits::Limit;
use crate::check::{Ended, Found, Past, Says, Subject};

check! {
    /// ## What it looks for
    ///
    /// A 429 for a request at whose start many others with the same credential were in flight.
    ///
    /// ## Why it matters
    ///
    /// Requests that start together are counted together: a limit of sixty a minute is used up in a second. Fewer
    /// at a time, with a queue, give the same work without refusals. Source:
    /// <https://nexorouter.com/en/docs/faq/rate-limits>.
    ///
    /// ## Example
    ///
    /// ```text
    /// 19 requests open, the 20th: 429
    /// ```
    ///
    /// ## What to do
    ///
    /// Put a semaphore around the calls, per key, and let the rest wait.
    pub static CHECK = {
        id: "rate-concurrency",
        severity: Warning,
        summary: "refusals while many requests were in flight",
        thresholds: [
            ("in_flight", 8.0, "how many at a time are many"),
            ("longest_s", 600.0, "an exchange that began earlier is not looked at, in seconds"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    if own.ended.as_ref().and_then(Ended::limit) != Some(Limit::Pace) {
        return;
    }
    let open: Vec<&Past> = subject
        .history
        .within(own, found.time("longest_s"))
        .filter(|past| past.gateway == own.gateway && past.fingerprint == own.fingerprint)
        .filter(|past| past.request_bytes > 0 && past.ended_by(own.started_at).is_none())
        .collect();
    let in_flight = open.len() + 1;
    let most = found.threshold("in_flight");
    if (in_flight as f64) < most {
        return;
    }
    found.push(
        Says {
            message: format!("429 with {in_flight} requests in flight at the same time"),
            evidence: format!("{} others with the same credential were open when it began", open.len()),
            fix: format!(
                "let fewer than {most} run at a time, half of that to begin with, and queue the rest"
            ),
        },
        open.iter().take(8).filter_map(|past| past.place()),
    );
}
