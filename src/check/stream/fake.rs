//! Answers in one block, dressed up as streams.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Verdict;

check! {
    /// ## What it looks for
    ///
    /// A stream of at most 2 pieces that hold at least 50 tokens.
    ///
    /// ## Why it matters
    ///
    /// Some providers, and some gateways in front of them, ask without a stream, wait for the whole answer and
    /// send it as one event. No setting of the app or of a proxy changes that. Source:
    /// <https://github.com/router-for-me/CLIProxyAPI/issues/460>.
    ///
    /// ## Example
    ///
    /// ```text
    /// data: {"choices":[{"delta":{"content":"(all 400 tokens)"}}]}
    ///
    /// data: [DONE]
    /// ```
    ///
    /// ## What to do
    ///
    /// Choose another model or provider for what people watch being written.
    pub static CHECK = {
        id: "stream-fake",
        severity: Info,
        summary: "answers in one block, dressed up as streams",
        often: OncePerSession,
        thresholds: [
            ("most_events", 2.0, "so few events with a piece of the answer"),
            ("tokens", 50.0, "and so many tokens of answer"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let usage = subject.digest.usage;
    let reasoned = usage.reasoning.unwrap_or_default();
    let tokens = usage.output.unwrap_or_default().saturating_sub(reasoned);
    let pieces = subject.stream.content_events;
    // The arguments of a tool often come in one piece.
    let text = !subject.answer.text.is_empty();
    let few = pieces > 0 && pieces as f64 <= found.threshold("most_events");
    let ended = subject.verdict() == Verdict::Complete && super::is_from_cache(subject).is_none();
    if !text || !few || !ended || (tokens as f64) < found.threshold("tokens") {
        return;
    }
    let model = subject.digest.model.as_deref().unwrap_or("this model");
    let block = if pieces == 1 { "one piece".to_owned() } else { format!("{pieces} pieces") };
    found.push(
        Says::new(
            format!("the answer was streamed in {block}: the provider does not really stream"),
            format!("{tokens} tokens in {block}; `{model}`"),
            "choose another model or provider where people watch the answer being written",
        ),
        [],
    );
}
