//! A retry against a header.

use crate::check::attempts::last_attempt;
use crate::check::declare::check;
use crate::check::{Found, Says, Subject};

check! {
    /// ## What it looks for
    ///
    /// The same request sent again within half a minute after an answer with the header `x-should-retry: false`.
    ///
    /// ## Why it matters
    ///
    /// The official OpenAI and Anthropic SDKs obey the header; the AI SDK and most loops of an app's own do not
    /// look at it. Source: <https://github.com/openai/openai-python>, `_base_client.py`.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 503 Service Unavailable
    /// x-should-retry: false
    /// ```
    ///
    /// ## What to do
    ///
    /// Turn the client's retries off (AI SDK: `maxRetries: 0`) and look at the header in the app.
    pub static CHECK = {
        id: "retry-ignored-x-should-retry",
        severity: Info,
        summary: "requests sent again against `x-should-retry: false`",
        often: OncePerSession,
        thresholds: [
            ("within_s", 30.0, "how long after the answer it counts as a retry, in seconds"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(last) = last_attempt(subject.history, subject.own) else { return };
    if last.ended.should_retry != Some(false) || last.pause > found.time("within_s") {
        return;
    }
    let client = subject.sdk().map_or_else(|| "the client".to_owned(), |sdk| sdk.to_string());
    found.push(
        Says {
            message: format!("{client} sent it again {} after `x-should-retry: false`", last.pause),
            evidence: format!(
                "{} was answered {} with `x-should-retry: false`",
                last.past.named(),
                last.outcome()
            ),
            fix: "set `maxRetries: 0`, and retry in the app where the header does not forbid it".to_owned(),
        },
        last.past.place(),
    );
}
