//! Answers that the limit of tokens cut.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::end::Verdict;
use crate::exchange::finding::Place;
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// An answer whose finish reason says that the limit of tokens was reached: `length`, `max_tokens`,
    /// `max_output_tokens`.
    ///
    /// ## Why it matters
    ///
    /// It stops in the middle of a sentence or of a JSON document. With models that reason, the reasoning may
    /// have used the limit up before a word was written. Source:
    /// <https://nexorouter.com/en/docs/faq/max-tokens>.
    ///
    /// ## Example
    ///
    /// ```text
    /// "finish_reason": "length", "completion_tokens": 256
    /// ```
    ///
    /// ## What to do
    ///
    /// Raise `max_tokens` moderately, or ask for less; with models that reason leave room for that.
    pub static CHECK = {
        id: "resp-truncated-length",
        severity: Warning,
        summary: "answers that the limit of tokens cut",
        thresholds: [
            ("deliberate", 1.0, "a limit of so few tokens is meant, as in a probe"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(reason) = subject.digest.finish_reason.as_deref() else { return };
    let words = ["length", "max_tokens", "max_output_tokens", "incomplete"];
    let filtered = subject.digest.native_finish_reason.as_deref() == Some("content_filter");
    if !words.contains(&reason) || filtered || subject.verdict() != Verdict::Complete {
        return;
    }
    let asked = subject.request.max_tokens;
    if asked.is_some_and(|asked| asked as f64 <= found.threshold("deliberate")) {
        return;
    }
    let usage = subject.digest.usage;
    let output = usage.output.map_or_else(|| "an unknown number of".to_owned(), |output| output.to_string());
    let reasoned = match usage.reasoning {
        Some(reasoned) if reasoned > 0 => format!(", {reasoned} of them reasoning"),
        _ => String::new(),
    };
    let limit = asked.map_or_else(|| "none in the request".to_owned(), |asked| asked.to_string());
    let fix = match asked {
        Some(asked) => {
            format!("raise the limit from {asked} to {}, or ask for less", asked.saturating_mul(2))
        }
        None => "set `max_tokens` to what the answer needs; the gateway's own default was reached".to_owned(),
    };
    let place = asked.map(|_| match subject.dialect() {
        Dialect::Responses => "/max_output_tokens",
        _ => "/max_tokens",
    });
    found.push(
        Says::new(
            "the answer stops where the limit of tokens was reached",
            format!("finish reason `{reason}` after {output} tokens{reasoned}; the limit: {limit}"),
            fix,
        ),
        place.map(|pointer| Place::Json(Side::Request, pointer.to_owned())),
    );
}
