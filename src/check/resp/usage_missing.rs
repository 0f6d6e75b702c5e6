//! Answers without usage.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::end::Verdict;
use crate::exchange::finding::Place;
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// A complete answer of a model that reports no tokens.
    ///
    /// ## Why it matters
    ///
    /// Nobody can say what it cost. OpenAI's chat streams, and those of many gateways, report usage only when
    /// asked to. Source: <https://github.com/openai/openai-openapi>, `stream_options.include_usage`.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"stream": true}     (and no chunk with `usage`)
    /// ```
    ///
    /// ## What to do
    ///
    /// For chat streams send `"stream_options": {"include_usage": true}`, and skip the chunk without choices
    /// that then comes last.
    pub static CHECK = {
        id: "resp-usage-missing",
        severity: Info,
        summary: "answers that do not say how many tokens they cost",
        often: OncePerSession,
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let usage = subject.digest.usage;
    let reported = usage.input.is_some() || usage.output.is_some() || usage.total.is_some();
    let left = subject.exchange.broken_by().is_some();
    if reported || left || subject.verdict() != Verdict::Complete || !subject.dialect().generates() {
        return;
    }
    // An answer that could not be read has not been found without usage.
    if subject.digest.finish_reason.is_none() {
        return;
    }
    let chat = matches!(subject.dialect(), Dialect::Chat | Dialect::Completions) && subject.is_stream();
    let (evidence, fix) = match (chat, subject.request.include_usage) {
        (true, false) => {
            ("the request does not ask for it", "send `\"stream_options\": {\"include_usage\": true}`")
        }
        (true, true) => (
            "the request asks for it with `stream_options.include_usage`",
            "the gateway does not support it; count the tokens, or read its usage logs",
        ),
        (false, _) => ("the answer has no `usage`", "see whether a hop in between strips it"),
    };
    found.push(
        Says::new("the answer does not say how many tokens it cost", evidence, fix),
        chat.then(|| Place::Json(Side::Request, "/stream_options".to_owned())),
    );
}
