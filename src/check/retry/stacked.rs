//! A loop around a loop.

use crate::check::attempts::{Attempt, failed_attempts};
use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::time::Micros;

check! {
    /// ## What it looks for
    ///
    /// A client that counts its attempts begins to count anew right after its last one failed (0, 1, 2, then 0, 1):
    /// a loop of the app, or of a framework, around the SDK's own. Of a client that does not count: more attempts
    /// than one layer makes, or pauses that grow, fall back and grow again.
    ///
    /// ## Why it matters
    ///
    /// Layers multiply: three attempts times three are nine requests, nine times the wait, and up to nine bills for
    /// one call. Source: <https://nexorouter.com/en/docs/faq/key-usage-investigation>.
    ///
    /// ## Example
    ///
    /// ```text
    /// x-stainless-retry-count: 0, 1, 2, 0, 1
    /// ```
    ///
    /// ## What to do
    ///
    /// Let one layer retry: `max_retries=0` in the SDK where the framework retries, or no `.with_retry()` around
    /// the SDK.
    pub static CHECK = {
        id: "retry-stacked",
        severity: Warning,
        summary: "retries on top of retries",
        thresholds: [
            ("attempts", 8.0, "how many attempts one layer may make"),
        ],
        run: End(run),
    }
}

/// A person who starts a script again takes longer.
const AT_ONCE: Micros = Micros(5_000_000);

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let chain = failed_attempts(subject.history, subject.own);
    let attempts = chain.len() + 1;
    let most = found.count("attempts").max(1);
    let sign = match subject.own.retry_count {
        // The round after the first is told once, when it goes on.
        Some(1) => counts(&chain),
        None => falls_back(&chain),
        Some(_) => None,
    };
    let many = subject.own.retry_count.is_none() && attempts == most.saturating_add(1);
    let (message, sign, fix) = match sign {
        Some(sign) => (
            format!("attempt {attempts} at the same request: a loop retries around another"),
            sign,
            "retry in one place: `max_retries=0` in the SDK, or no retries around it",
        ),
        None if many => (
            format!("attempt {attempts} at the same request"),
            format!("SDKs make three; a layer of retries makes {most} at the very most"),
            "stop after three attempts; if two layers retry, leave it to one of them",
        ),
        None => return,
    };
    found.push(
        Says {
            message,
            evidence: format!(
                "{sign}; the attempt before ended {}",
                chain.first().map(Attempt::outcome).unwrap_or_default()
            ),
            fix: fix.to_owned(),
        },
        chain.iter().take(8).filter_map(|attempt| attempt.past.place()),
    );
}

/// The client's counts, if they began anew at once after going on.
fn counts(chain: &[Attempt<'_>]) -> Option<String> {
    let [first, before, ..] = chain else { return None };
    let anew = first.past.retry_count == Some(0) && before.past.retry_count.is_some_and(|count| count > 0);
    if !anew || before.pause > AT_ONCE {
        return None;
    }
    let counts = chain.iter().rev().filter_map(|attempt| attempt.past.retry_count);
    let counts: Vec<String> = counts.chain([1]).map(|count| count.to_string()).collect();
    Some(format!("the client counts its attempts {}", counts.join(", ")))
}

/// The pauses, if the last grew after one that was less than half of the one before it: 2 s, 4 s, 1 s, 2 s.
/// Pauses that an answer asked for say nothing.
fn falls_back(chain: &[Attempt<'_>]) -> Option<String> {
    let [last, fell, grown, first, ..] = chain else { return None };
    let told = [last, fell, grown, first].iter().any(|attempt| attempt.ended.retry_after.is_some());
    let grows = |earlier: &Attempt<'_>, later: &Attempt<'_>| later.pause.0 * 2 >= earlier.pause.0 * 3;
    let stacked = grows(first, grown) && fell.pause.0 * 2 < grown.pause.0 && grows(fell, last);
    (stacked && !told && grown.pause >= Micros(500_000)).then(|| {
        format!("the pauses were {}, {}, then {} and {}", first.pause, grown.pause, fell.pause, last.pause)
    })
}
