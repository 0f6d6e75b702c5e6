//! Retries that come in step.

use crate::check::declare::check;
use crate::check::words::span;
use crate::check::{Found, Past, Says, Subject};
use crate::exchange::time::Micros;

check! {
    /// ## What it looks for
    ///
    /// Calls that failed together and are sent again after the same time, to within two in a hundred: their retries
    /// arrive together again. The client does not count its attempts, so it is none of the SDKs that are known to
    /// add jitter.
    ///
    /// ## Why it matters
    ///
    /// A limit that ten calls ran into is run into by ten retries. A random part in each pause spreads them. The AI
    /// SDK waits exactly 2 s and 4 s. Source: <https://github.com/vercel/ai>, `retry-with-exponential-backoff.ts`.
    ///
    /// ## Example
    ///
    /// ```text
    /// call A  503, again after 2.00 s
    /// call B  503, again after 2.00 s
    /// call C  503, again after 2.00 s
    /// ```
    ///
    /// ## What to do
    ///
    /// Multiply each pause by a random factor, for example between 0.75 and 1.25.
    pub static CHECK = {
        id: "retry-no-jitter",
        severity: Info,
        summary: "retries of several calls at the same moment",
        often: OncePerSession,
        thresholds: [
            ("pause_s", 0.35, "shorter pauses are no backoff, in seconds"),
            ("at_least", 3.0, "how many retries in step are told"),
        ],
        run: End(run),
    }
}

/// Calls whose retries began this shortly before are looked at.
const TOGETHER: Micros = Micros(10_000_000);

/// So many of them are looked at.
const MOST: usize = 200;

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    let (Some(waited), Some(now)) = (own.waited, own.ended.as_ref().map(|ended| ended.at)) else { return };
    if own.retry_count.is_some() || waited < found.time("pause_s") {
        return;
    }
    let about =
        |other: Micros, share: f64| (other.0 as f64 - waited.0 as f64).abs() <= waited.0 as f64 * share;
    let beside: Vec<(&Past, Micros)> = subject
        .history
        .within(own, TOGETHER)
        .take(MOST)
        .filter(|past| past.gateway == own.gateway && past.ended_by(now).is_some())
        .filter_map(|past| Some((past, past.waited?)))
        .filter(|(_, waited)| about(*waited, 0.5))
        .collect();
    let in_step = beside.iter().all(|(_, waited)| about(*waited, 0.02));
    let other_calls = beside.iter().any(|(past, _)| past.body != own.body);
    let calls = beside.len() + 1;
    if !in_step || !other_calls || calls < found.count("at_least") {
        return;
    }
    found.push(
        Says {
            message: format!(
                "{calls} calls were sent again after the same {waited}: the retries come in step"
            ),
            evidence: format!(
                "{} retries within {} before this one, all after {waited} to within 2 %",
                beside.len(),
                span(TOGETHER)
            ),
            fix: "multiply each pause by a random factor, for example 0.75 to 1.25".to_owned(),
        },
        beside.iter().take(8).filter_map(|(past, _)| past.place()),
    );
}
