//! Refusals that have become usual.

use crate::check::declare::check;
use crate::check::limits::Limit;
use crate::check::{Found, Says, Subject};

check! {
    /// ## What it looks for
    ///
    /// More than one in twenty of the last hundred requests to a gateway were answered 429, leaving aside those
    /// about credit. It speaks once a session, and not before twenty requests.
    ///
    /// ## Why it matters
    ///
    /// A 429 now and then is normal, many are a sign that the app runs faster than its limit all the time, so that
    /// every retry meets the next refusal. Source: <https://nexorouter.com/en/docs/api-capabilities/rate-limits>.
    ///
    /// ## Example
    ///
    /// ```text
    /// 100 requests, 14 of them 429
    /// ```
    ///
    /// ## What to do
    ///
    /// Send less: fewer at a time, larger batches, cached answers; or have the limit raised.
    pub static CHECK = {
        id: "rate-frequent-429",
        severity: Warning,
        summary: "sessions in which many requests are refused for their pace",
        often: OncePerSession,
        thresholds: [
            ("share", 0.05, "which share of the requests is many"),
            ("at_least", 20.0, "how many requests there have to be"),
        ],
        run: End(run),
    }
}

/// So many requests are looked at.
const LAST: usize = 100;

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    let Some(now) = own.ended.as_ref().filter(|ended| ended.limit() == Some(Limit::Pace)) else { return };
    let (mut all, mut refused) = (1_usize, vec![own]);
    for past in subject.before().filter(|past| past.gateway == own.gateway && past.request_bytes > 0) {
        let Some(ended) = past.ended_by(now.at) else { continue };
        all += 1;
        if ended.limit() == Some(Limit::Pace) {
            refused.push(past);
        }
        if all == LAST {
            break;
        }
    }
    let share = refused.len() as f64 / all as f64;
    if all < found.count("at_least") || share <= found.threshold("share") {
        return;
    }
    found.push(
        Says {
            message: format!("{} of the last {all} requests were answered 429", refused.len()),
            evidence: format!("{:.0} % of the requests to `{}`", share * 100.0, own.gateway),
            fix: "send fewer at a time, cache answers, or have the limit raised".to_owned(),
        },
        refused.iter().skip(1).take(8).filter_map(|past| past.place()),
    );
}
