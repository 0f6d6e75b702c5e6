//! The same answer, bought twice.

use crate::check::declare::check;
use crate::check::words::span;
use crate::check::{Found, Past, Says, Subject};
use crate::exchange::end::Verdict;
use crate::exchange::finding::Severity;

check! {
    /// ## What it looks for
    ///
    /// A request that is an attempt after the first, by the client's own count, though an earlier attempt had been
    /// answered whole: both are billed. The same request answered several times within a minute, without such a
    /// count, is an info: it may be meant.
    ///
    /// ## Why it matters
    ///
    /// Gateways bill what was generated, not what was used. Source:
    /// <https://nexorouter.com/en/docs/faq/billing-concepts>.
    ///
    /// ## Example
    ///
    /// ```text
    /// x-stainless-retry-count: 0   200, 812 tokens
    /// x-stainless-retry-count: 1   200, 790 tokens
    /// ```
    ///
    /// ## What to do
    ///
    /// Keep the first answer: raise the client's timeout, retry only what failed, and cache answers to the same
    /// question.
    pub static CHECK = {
        id: "retry-burst-cost",
        severity: Warning,
        summary: "requests that were paid for more than once",
        thresholds: [
            ("within_s", 60.0, "how far apart the answers may be, in seconds"),
            ("times", 3.0, "how many answers are told where the client does not call them attempts"),
        ],
        run: End(run),
    }
}

/// So many earlier answers are looked at.
const MOST: usize = 64;

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    let Some(ended) = own.ended.as_ref().filter(|ended| ended.verdict == Verdict::Complete) else { return };
    let Some(tokens) = ended.usage.total.filter(|tokens| *tokens > 0) else { return };
    let from = own.started_at.0.saturating_sub_unsigned(found.time("within_s").0);
    let is_counted = own.retry_count.is_some_and(|count| count > 0);
    // Without a count, one answer too many is enough to know.
    let most_paid = if is_counted { MOST } else { found.count("times") };
    let paid: Vec<(&Past, u64)> = subject
        .attempts()
        .take(MOST)
        .take_while(|past| past.started_at.0 >= from)
        .filter_map(|past| {
            let ended = past.ended_by(ended.at).filter(|ended| ended.verdict == Verdict::Complete)?;
            Some((past, ended.usage.total.filter(|tokens| *tokens > 0)?))
        })
        .take(most_paid)
        .collect();
    let repeated = is_counted && !paid.is_empty();
    if !repeated && paid.len() + 1 != found.count("times") {
        return;
    }
    let sum = paid.iter().map(|(_, tokens)| *tokens).fold(tokens, u64::saturating_add);
    let times = paid.len() + 1;
    let (severity, fix) = if repeated {
        (Severity::Warning, "use the first answer: a longer client timeout, and retries of failures only")
    } else {
        (Severity::Info, "if that is not meant, send it once and keep the answer")
    };
    found.push_as(
        severity,
        Says {
            message: format!("the same request was answered {times} times: {sum} tokens"),
            evidence: format!(
                "{} before this one, within {}, with the same body and credential",
                paid.iter()
                    .map(|(past, tokens)| format!("{} ({tokens} tokens)", past.named()))
                    .collect::<Vec<_>>()
                    .join(", "),
                span(found.time("within_s"))
            ),
            fix: fix.to_owned(),
        },
        paid.iter().take(8).filter_map(|(past, _)| past.place()),
    );
}
