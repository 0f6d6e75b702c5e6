//! A default that nobody chose.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};

check! {
    /// ## What it looks for
    ///
    /// A client that says a timeout of 600 s, the SDKs' default, and waited long for the first sign of an answer.
    /// It speaks once a session.
    ///
    /// ## Why it matters
    ///
    /// Whoever waits at a screen does not wait ten minutes; and with two retries a hung call lasts half an hour.
    /// Source: <https://github.com/openai/openai-python>, `_constants.py`.
    ///
    /// ## Example
    ///
    /// ```text
    /// x-stainless-read-timeout: 600
    ///
    /// … first token after 48 s
    /// ```
    ///
    /// ## What to do
    ///
    /// Give the client a timeout that fits its user, for example 60 s, 180 s for reasoning models, and stream so
    /// that the first words come early.
    pub static CHECK = {
        id: "timeout-default-600",
        severity: Info,
        summary: "long waits under the default timeout of ten minutes",
        often: OncePerSession,
        thresholds: [
            ("waited_s", 30.0, "from which wait on it is told, in seconds"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if subject.digest.client.timeout_s != Some(600.0) {
        return;
    }
    let Some(ended) = &subject.own.ended else { return };
    let waited = ended.first_token.or(ended.head).unwrap_or_else(|| subject.took());
    if waited < found.time("waited_s") {
        return;
    }
    found.push(
        Says {
            message: format!("waited {waited} for an answer under the SDK's default timeout of 600 s"),
            evidence: format!("the client says 600 s; the first sign of the answer came after {waited}"),
            fix: "set a timeout that fits whoever waits (60 s; 180 s for reasoning models), and stream"
                .to_owned(),
        },
        [],
    );
}
