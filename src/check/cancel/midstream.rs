//! An app that has read enough.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Verdict;
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// The app closed a stream before a finish reason or the dialect's terminal event; closing after that is what
    /// SDKs do and no cancellation. It speaks once a session.
    ///
    /// ## Why it matters
    ///
    /// What was generated until then is billed, on some gateways all that would have come. Source:
    /// <https://openrouter.ai/docs/api_reference/streaming>.
    ///
    /// ## Example
    ///
    /// ```text
    /// data: {"choices":[{"delta":{"content":"The answer"}}]}
    ///
    /// closed by the app
    /// ```
    ///
    /// ## What to do
    ///
    /// Nothing, if a person stopped it. Otherwise look for what aborts: an effect that runs twice, a timeout, a
    /// `break` out of the loop.
    pub static CHECK = {
        id: "cancel-midstream",
        severity: Info,
        summary: "streams that the app left before their end",
        often: OncePerSession,
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if subject.verdict() != Verdict::CutByApp || !subject.is_stream() {
        return;
    }
    let events = subject.digest.events;
    let at = subject.took();
    found.push(
        Says {
            message: format!("the app left the stream after {at}, before its end"),
            evidence: subject.judgement.evidence.clone(),
            fix: "nothing, if it is meant; else look for an abort: a timeout, an effect that runs twice, \
                  a `break` out of the loop"
                .to_owned(),
        },
        usize::try_from(events.saturating_add(subject.digest.comments))
            .ok()
            .and_then(|lines| lines.checked_sub(1))
            .map(Place::Event),
    );
}
