//! Keys in answers.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::{Place, Severity, Span};

check! {
    /// ## What it looks for
    ///
    /// A secret that gatetap hid in the body of an answer: the key that the request was sent with, or, in the
    /// body of an error, something of a key's shape. In a model's own words a key's shape is a warning:
    /// models make keys up for examples.
    ///
    /// ## Why it matters
    ///
    /// Errors that repeat a request, or a provider's raw error, carry the key into the app's logs. Source:
    /// <https://github.com/OpenRouterTeam/docs> (`api_reference/errors-and-debugging.mdx`).
    ///
    /// ## Example
    ///
    /// ```text
    /// {"error":{"message":"Invalid key sk-…"}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Replace the key if it is yours. See that the app does not show raw errors to its users, and does not
    /// log them.
    pub static CHECK = {
        id: "leak-key-in-response",
        severity: Error,
        summary: "keys in answers",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let hidden = subject.context.exchange.response_hidden;
    let Some(offset) = hidden.first.filter(|_| hidden.count > 0 && subject.is_api_call()) else { return };
    let is_error = subject.status() >= 400 || subject.digest.error_code.is_some();
    let (severity, what) = match (hidden.own, is_error) {
        (0, false) => (Severity::Warning, "the answer has what looks like a key"),
        (0, true) => (Severity::Error, "the error has what looks like a key"),
        (_, false) => (Severity::Error, "the answer repeats the request's own key"),
        (_, true) => (Severity::Error, "the error repeats the request's own key"),
    };
    found.push_as(
        severity,
        Says {
            message: what.to_owned(),
            evidence: format!(
                "{} in {} bytes of body, the first at byte {offset}; hidden in the recording",
                hidden.count, subject.context.exchange.response_bytes
            ),
            fix: match severity {
                Severity::Warning => {
                    "see whether it is real; if it is, replace it and find out how the model came by it"
                        .to_owned()
                }
                _ => "replace the key, and keep the app from logging or showing this body".to_owned(),
            },
        },
        [Place::Bytes(Side::Response, Span { offset, length: 1 })],
    );
}
