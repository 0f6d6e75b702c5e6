//! Attempts without a pause between them.

use crate::check::attempts::{Attempt, MOST, failed_attempts};
use crate::check::declare::check;
use crate::check::words::span;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Verdict;
use crate::exchange::time::Micros;

check! {
    /// ## What it looks for
    ///
    /// Several attempts at the same request, each failed, with next to no time between an answer and the next
    /// attempt. Pauses that the answer itself asked for do not count.
    ///
    /// ## Why it matters
    ///
    /// The official SDKs wait 0.4 s at the least, and longer each time. A loop without a pause repeats the same
    /// refusal until the window resets, and gateways ask not to retry immediately. Source:
    /// <https://nexorouter.com/en/docs/api-capabilities/rate-limits>.
    ///
    /// ## Example
    ///
    /// ```text
    /// 12:00:00.000  429
    /// 12:00:00.020  429
    /// 12:00:00.041  429
    /// ```
    ///
    /// ## What to do
    ///
    /// Wait between attempts: half a second, then twice as long each time, with jitter and an upper bound, and stop
    /// after a few.
    pub static CHECK = {
        id: "retry-tight-loop",
        severity: Error,
        summary: "requests sent again without a pause",
        thresholds: [
            ("pause_s", 0.35, "the shortest pause that is one, in seconds"),
            ("attempts", 3.0, "from how many attempts on it is a loop"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let chain = failed_attempts(subject.history, subject.own);
    let least = found.time("pause_s");
    let hasty: Vec<&Attempt<'_>> = chain.iter().take_while(|attempt| is_hasty(attempt, least)).collect();
    let (Some(last), attempts) = (hasty.first(), hasty.len() + 1) else { return };
    if attempts < found.count("attempts") {
        return;
    }
    let pauses: Vec<String> = hasty.iter().take(8).rev().map(|attempt| attempt.pause.to_string()).collect();
    let which = if hasty.len() < MOST { attempts.to_string() } else { format!("{attempts} or later") };
    found.push(
        Says {
            message: format!("attempt {which} at the same request, {} after the one before", last.pause),
            evidence: format!(
                "the last pauses: {}; the attempt before ended {}",
                pauses.join(", "),
                last.outcome()
            ),
            fix: match last.ended.retry_after {
                Some(wanted) => {
                    format!("wait {}, as `retry-after` says, before the next attempt", span(wanted))
                }
                None => {
                    "wait 0.5 s before the next attempt, twice as long each time up to 8 s, with jitter; \
                         stop after three"
                        .to_owned()
                }
            },
        },
        hasty.iter().take(8).filter_map(|attempt| attempt.past.place()),
    );
}

/// Whether the next attempt came at once, without being told to. An app that closed is another matter.
fn is_hasty(attempt: &Attempt<'_>, least: Micros) -> bool {
    attempt.pause < least
        && attempt.ended.verdict != Verdict::CutByApp
        && attempt.ended.retry_after.is_none_or(|wanted| wanted > attempt.pause)
}
