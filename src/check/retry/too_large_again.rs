//! A request that is too large, once more.

use crate::check::attempts::last_attempt;
use crate::check::declare::check;
use crate::check::{Found, Past, Says, Subject};

check! {
    /// ## What it looks for
    ///
    /// After a 413: the same request again, or within a minute another one for the same model that is no smaller
    /// and is refused with 413 too.
    ///
    /// ## Why it matters
    ///
    /// A request that is too large stays too large: it is measured against a budget for one request, not against a
    /// minute's. Source: <https://nexorouter.com/en/docs/faq/request-too-large>.
    ///
    /// ## Example
    ///
    /// ```text
    /// 413 request_too_large   81 204 bytes
    /// 413 request_too_large   81 204 bytes
    /// ```
    ///
    /// ## What to do
    ///
    /// Shorten the input: drop or summarise old messages, send fewer documents, cut tool results. `max_tokens` does
    /// not make a prompt fit.
    pub static CHECK = {
        id: "retry-too-large-again",
        severity: Error,
        summary: "requests sent again though they are too large",
        thresholds: [
            ("within_s", 60.0, "how long after a 413 another request is compared with it, in seconds"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if subject.status() != 413 {
        return;
    }
    let own = subject.own;
    let is_before = |past: &&Past| {
        past.path == own.path
            && past.gateway == own.gateway
            && past.model == own.model
            && past.fingerprint == own.fingerprint
            && past.request_bytes <= own.request_bytes
            && past.ended_by(own.started_at).is_some_and(|ended| ended.status == Some(413))
    };
    let larger = || subject.history.within(own, found.time("within_s")).find(is_before);
    let last = last_attempt(subject.history, own).map(|attempt| attempt.past).filter(is_before);
    let Some(last) = last.or_else(larger) else { return };
    let size = if own.repeats(last) {
        format!("the same {} bytes", own.request_bytes)
    } else {
        format!("{} bytes, after {}", own.request_bytes, last.request_bytes)
    };
    found.push(
        Says {
            message: format!("sent again though it is too large: {size}"),
            evidence: format!("{} was answered 413 with {} bytes", last.named(), last.request_bytes),
            fix: format!(
                "send a good deal less than {} bytes: fewer or shorter messages; waiting changes nothing",
                last.request_bytes
            ),
        },
        last.place(),
    );
}
