//! Answers that say nothing.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::digest::Answer;
use crate::exchange::end::Verdict;
use crate::exchange::text::counted;
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// A complete answer with neither text nor a refusal nor a tool call, which ended as if all were well; also
    /// a good status without a byte of body.
    ///
    /// ## Why it matters
    ///
    /// It happens while a model is started, where the context is full, and where a gateway drops a part that it
    /// does not know. The app shows an empty message. Source:
    /// <https://openrouter.ai/docs/api_reference/errors-and-debugging>, on no content.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"choices":[{"message":{"content":""},"finish_reason":"stop"}]}
    /// ```
    ///
    /// ## What to do
    ///
    /// Ask again once; then another provider or model.
    pub static CHECK = {
        id: "resp-empty",
        severity: Warning,
        summary: "answers that say nothing",
        thresholds: [
            ("most_tokens", 2.0, "more tokens than this were something that is not shown here, such as sound"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let (digest, answer) = (subject.digest, subject.answer);
    let bodiless = subject.exchange.response_bytes == 0 && digest.dialect.generates();
    if bodiless && subject.verdict() == Verdict::Incomplete && super::is_good(subject) {
        found.push(
            Says::new(
                format!("status {} came without a byte of body", subject.status()),
                subject.judgement.evidence.clone(),
                "ask again; if it stays, look for the hop that drops the body",
            ),
            [],
        );
        return;
    }
    let reason = digest.finish_reason.as_deref().unwrap_or_default();
    let usual = matches!(reason, "stop" | "end_turn" | "completed" | "tool_calls" | "tool_use");
    let said = |answer: &Answer| {
        !answer.text.is_empty() || !answer.refusal.is_empty() || !answer.tool_calls.is_empty()
    };
    let silent = !said(answer) && !answer.others.iter().any(|other| said(&other.answer));
    let reasoned = digest.usage.reasoning.unwrap_or_default();
    let tokens = digest.usage.output.map(|output| output.saturating_sub(reasoned));
    // Items that are not text, such as an image or a search, cost tokens and are not put together here.
    let other_items = match tokens {
        Some(tokens) => tokens as f64 > found.threshold("most_tokens") && answer.reasoning.is_empty(),
        None => subject.dialect() == Dialect::Responses,
    };
    // So OpenRouter tells that a provider is only warming up.
    let nothing_begun = reason.is_empty() && tokens == Some(0) && digest.dialect.generates();
    if !(usual || nothing_begun) || !silent || other_items || subject.verdict() != Verdict::Complete {
        return;
    }
    let output = digest.usage.output.map_or_else(|| "no usage".to_owned(), |output| counted(output, "token"));
    let how = if usual { format!("finish reason `{reason}`") } else { "no finish reason".to_owned() };
    let thought = match answer.reasoning.chars().count() {
        0 => String::new(),
        chars => format!("; {} of reasoning", counted(chars, "character")),
    };
    found.push(
        Says::new(
            "the answer is empty: no text, no refusal, no tool call",
            format!("{how}, {output}{thought}"),
            "ask again once; if it stays empty, ask another model or provider",
        ),
        [],
    );
}
