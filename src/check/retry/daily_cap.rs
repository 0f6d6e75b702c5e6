//! A retry on the same used-up day.

use crate::check::attempts::last_attempt;
use crate::check::declare::check;
use crate::check::limits::Limit;
use crate::check::words::span;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Verdict;

check! {
    /// ## What it looks for
    ///
    /// On OpenRouter, the same request sent again after a 429 that names a day's limit: `free-models-per-day` in
    /// its message, or a `limit_source` that ends in `_daily`.
    ///
    /// ## Why it matters
    ///
    /// Such a limit is whole again on the next day, whatever `retry-after` a retry waits for. Source:
    /// <https://openrouter.ai/docs/api_reference/limits>; the field was seen in
    /// <https://github.com/Avarok-Cybersecurity/atlas/pull/543>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 429 Too Many Requests
    ///
    /// {"error":{"code":429,"message":"Rate limit exceeded: free-models-per-day."}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Stop until the reset that the error names, use the paid variant of the model (its id without `:free`), or
    /// add credit to raise the limit.
    pub static CHECK = {
        id: "retry-daily-cap",
        severity: Error,
        summary: "requests sent again though the day is used up",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if !subject.is_gateway("openrouter") || subject.verdict() == Verdict::Complete {
        return;
    }
    let Some(last) = last_attempt(subject.history, subject.own) else { return };
    if last.ended.limit() != Some(Limit::Day) {
        return;
    }
    let resets = match last.ended.none_left {
        Some(Some(resets)) => format!(", which is whole again in {}", span(resets)),
        _ => String::new(),
    };
    let paid = subject.digest.model.as_deref().and_then(|model| model.strip_suffix(":free"));
    found.push(
        Says {
            message: format!("sent again {} after the day's limit was reached", last.pause),
            evidence: format!("{} was answered 429 about the limit of a day{resets}", last.past.named()),
            fix: match paid {
                Some(paid) => format!("stop for today, or ask `{paid}`, the paid variant"),
                None => "stop for today, or add credit to raise the limit".to_owned(),
            },
        },
        last.past.place(),
    );
}
