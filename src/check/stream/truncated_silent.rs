//! Streams that end too early and cleanly.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Verdict;
use crate::exchange::text::counted;

check! {
    /// ## What it looks for
    ///
    /// A stream whose body ended by the rules of HTTP, and which has neither a finish reason nor the terminal
    /// event of its API (`message_stop`, `response.completed`); also a plain answer that ended in the middle of
    /// its JSON document.
    ///
    /// ## Why it matters
    ///
    /// The answer is not whole, and the OpenAI and Anthropic SDKs raise nothing: the app takes part of an
    /// answer for all of it. AI SDK raises. `[DONE]` alone proves nothing: gateways send it after a broken
    /// answer too. Source: <https://platform.claude.com/docs/en/build-with-claude/streaming>.
    ///
    /// ## Example
    ///
    /// ```text
    /// data: {"choices":[{"delta":{"content":"The first half"},"finish_reason":null}]}
    ///
    /// (end of the body)
    /// ```
    ///
    /// ## What to do
    ///
    /// Treat a stream without a finish reason as failed and ask again. If it happens often, look at the hop in
    /// front of the model: timeouts and restarts end streams like this.
    pub static CHECK = {
        id: "stream-truncated-silent",
        severity: Error,
        summary: "streams that end too early, and cleanly",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if subject.verdict() != Verdict::Incomplete {
        return;
    }
    if !super::is_streamed(subject) {
        // Half a JSON document; without a byte there is no document at all.
        if subject.digest.leftover > 0 {
            found.push(
                Says::new(
                    "the answer ended cleanly in the middle of its JSON document",
                    subject.judgement.evidence.clone(),
                    "ask again; if it stays, look for the hop that shortens answers",
                ),
                [],
            );
        }
        return;
    }
    let chars = subject.answer.text.chars().count();
    let events = subject.digest.events;
    let places = super::last_event(subject);
    found.push(
        Says::new(
            format!("the stream ended cleanly before the answer did; {}", super::at_clean_cut(subject)),
            format!(
                "{}; {}, {} of text",
                subject.judgement.evidence,
                counted(events, "event"),
                counted(chars, "character")
            ),
            "treat an answer without a finish reason as failed, and ask again",
        ),
        places,
    );
}
