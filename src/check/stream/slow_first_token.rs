//! Streams whose first token came late.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Severity;

check! {
    /// ## What it looks for
    ///
    /// Ten seconds or more from the sending of the request to the first piece of the answer (a warning from
    /// thirty on).
    ///
    /// ## Why it matters
    ///
    /// Large models, and those that reason in silence, may need 60 to 120 s. Clients with a short timeout give
    /// up before, and pay for an answer that nobody reads. Source:
    /// <https://nexorouter.com/en/docs/troubleshooting>.
    ///
    /// ## Example
    ///
    /// ```text
    /// first piece after 34.1 s, of 36.0 s in all
    /// ```
    ///
    /// ## What to do
    ///
    /// Give the client a timeout of 60 s or more, or ask a faster model; show people that something is being
    /// done.
    pub static CHECK = {
        id: "stream-slow-first-token",
        severity: Info,
        summary: "streams whose first token came late",
        thresholds: [
            ("info_s", 10.0, "a wait that is worth knowing"),
            ("warn_s", 30.0, "a wait at which clients give up"),
        ],
        run: Stream(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(first) = subject.digest.first_token else { return };
    let wait = first.since(subject.sent());
    let seconds = wait.0 as f64 / 1e6;
    if !subject.is_stream() || seconds < found.threshold("info_s") {
        return;
    }
    let severity = if seconds >= found.threshold("warn_s") { Severity::Warning } else { Severity::Info };
    let head = subject.exchange.timing.head.unwrap_or_default().since(subject.sent());
    let comments = match subject.digest.comments {
        0 => String::new(),
        comments => format!(", {comments} keep-alives"),
    };
    let model = subject.digest.model.as_deref().unwrap_or("the model");
    found.push_as(
        severity,
        Says::new(
            format!("the first token came after {wait}"),
            format!(
                "the head came after {head}, the first piece of the answer after {wait}{comments}; `{model}`"
            ),
            "give the client a timeout of 60 s or more, or ask a faster model",
        ),
        [],
    );
}
