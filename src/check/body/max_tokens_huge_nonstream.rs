//! Long answers that are asked for in one piece.

use super::{at, members};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};

check! {
    /// ## What it looks for
    ///
    /// A limit of more than 21 333 tokens for an answer that is not streamed.
    ///
    /// ## Why it matters
    ///
    /// Such an answer takes minutes in which nothing passes: proxies and networks drop idle connections, and
    /// the whole answer is lost and billed. Anthropic's SDKs refuse to send it. Sources:
    /// <https://platform.claude.com/docs/en/api/errors>,
    /// <https://github.com/anthropics/anthropic-sdk-python>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"max_tokens":64000}
    /// ```
    ///
    /// ## What to do
    ///
    /// Send `"stream": true`, or lower the limit.
    pub static CHECK = {
        id: "body-max-tokens-huge-nonstream",
        severity: Warning,
        summary: "long answers that are asked for in one piece",
        thresholds: [("above_tokens", 21333.0, "more tokens than this are too many for one piece")],
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(tokens) = subject.facts.max_tokens.filter(|_| members(subject).is_some()) else { return };
    if subject.digest.streaming || (tokens as f64) <= found.threshold("above_tokens") {
        return;
    }
    let name = ["max_completion_tokens", "max_tokens", "max_output_tokens"];
    let name = name.into_iter().find(|name| subject.json.is_some_and(|json| json.get(name).is_some()));
    found.push(
        Says {
            message: format!("up to {tokens} tokens are asked for in one piece"),
            evidence: format!("`{}` is {tokens}, and `stream` is not true", name.unwrap_or("max_tokens")),
            fix: "send `\"stream\": true`, or a lower limit".to_owned(),
        },
        [at(format!("/{}", name.unwrap_or("max_tokens")))],
    );
}
