//! A refusal that was announced.

use crate::check::attempts::since;
use crate::check::declare::check;
use crate::check::limits::Limit;
use crate::check::words::span;
use crate::check::{Ended, Found, Says, Subject};

check! {
    /// ## What it looks for
    ///
    /// A 429 for a request that began after an earlier answer, with the same credential, had said that nothing is
    /// left of the window (`x-ratelimit-remaining: 0`), and before that window was over. Where no reset is given,
    /// the window is taken to be a minute.
    ///
    /// ## Why it matters
    ///
    /// The refusal could be seen coming: an app that queues until the reset does not run into it. Source:
    /// <https://nexorouter.com/en/docs/api-capabilities/rate-limits>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 200 OK
    /// x-ratelimit-limit: 60
    /// x-ratelimit-remaining: 0
    ///
    /// … and 3 s later 429
    /// ```
    ///
    /// ## What to do
    ///
    /// Hold requests back once `x-ratelimit-remaining` is 0, until its reset or `retry-after`; or spread them over
    /// the minute beforehand.
    pub static CHECK = {
        id: "rate-remaining-zero-ignored",
        severity: Warning,
        summary: "requests sent although none were left",
        thresholds: [
            ("window_s", 60.0, "how long a window is whose reset is not given, in seconds"),
            ("longest_s", 300.0, "how far back is looked, in seconds"),
        ],
        run: End(run),
    }
}

/// So many earlier exchanges are looked at.
const MOST: usize = 256;

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    if own.ended.as_ref().and_then(Ended::limit) != Some(Limit::Pace) {
        return;
    }
    let unknown = found.time("window_s");
    let warned = subject.history.within(own, found.time("longest_s")).take(MOST).find_map(|past| {
        let ended = past.ended_by(own.started_at).filter(|ended| ended.status == Some(200))?;
        let window = ended.none_left?.unwrap_or(unknown);
        let alike = past.gateway == own.gateway && past.fingerprint == own.fingerprint;
        let later = since(own.started_at, past.started_at.plus(ended.head.unwrap_or_default()));
        (alike && later < window).then_some((past, window, later))
    });
    let Some((past, window, later)) = warned else { return };
    let window = span(window);
    found.push(
        Says {
            message: format!("refused {later} after an answer had said that nothing is left for {window}"),
            evidence: format!(
                "{} said that none remain; this one began {later} later and got 429",
                past.named()
            ),
            fix: format!("after such an answer hold requests back for {window}, or spread them beforehand"),
        },
        past.place(),
    );
}
