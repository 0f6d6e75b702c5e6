//! A retry against the gateway's word.

use crate::check::attempts::last_attempt;
use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Verdict;

check! {
    /// ## What it looks for
    ///
    /// On OpenRouter, the same request sent again within a minute after an error with `availability.retryable:
    /// false`.
    ///
    /// ## Why it matters
    ///
    /// The flag says that no provider can serve this request as it stands. The error often lists `fallback_models`
    /// that can. Source: <https://openrouter.ai/docs/api_reference/errors-and-debugging>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 404 Not Found
    ///
    /// {"error":{"availability":{"code":"no_endpoints","retryable":false}}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Ask one of `availability.fallback_models`, or loosen what `constraint` and `excluded_by` name.
    pub static CHECK = {
        id: "retry-not-retryable-flag",
        severity: Warning,
        summary: "requests sent again though the gateway said that it does not help",
        thresholds: [
            ("within_s", 60.0, "how long after the answer it counts as a retry, in seconds"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if !subject.is_gateway("openrouter") || subject.verdict() == Verdict::Complete {
        return;
    }
    let Some(last) = last_attempt(subject.history, subject.own) else { return };
    if last.ended.retryable != Some(false) || last.pause > found.time("within_s") {
        return;
    }
    found.push(
        Says {
            message: format!("sent again {} after an answer with `retryable: false`", last.pause),
            evidence: format!(
                "{} was answered {} with `availability.retryable: false`",
                last.past.named(),
                last.outcome()
            ),
            fix: "ask a model of `availability.fallback_models`, or change what `excluded_by` names"
                .to_owned(),
        },
        last.past.place(),
    );
}
