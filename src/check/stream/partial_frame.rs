//! Events that never ended.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Verdict;
use crate::exchange::finding::Severity;
use crate::exchange::text::counted;

check! {
    /// ## What it looks for
    ///
    /// Bytes after the last empty line of a stream that has ended: the start of an event that never did.
    ///
    /// ## Why it matters
    ///
    /// The standard drops them, and so do all SDKs, without a word: what stood in that event is lost. After the
    /// finish reason it does no harm (then only an info); OpenAI's Python SDK, too, does without the last empty
    /// line then. Source:
    /// <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>.
    ///
    /// ## Example
    ///
    /// ```text
    /// data: {"choices":[{"delta":{"content":"wor
    /// ```
    ///
    /// ## What to do
    ///
    /// Treat the answer as cut and ask again. A server of one's own: end every event, the last one too, with an
    /// empty line.
    pub static CHECK = {
        id: "stream-partial-frame",
        severity: Error,
        summary: "streams that stop inside an event",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let left = subject.digest.leftover;
    let app_left = matches!(subject.verdict(), Verdict::CutByApp | Verdict::Open | Verdict::Lost);
    if left == 0
        || app_left
        || subject.digest.events == 0
        || !super::is_streamed(subject)
        || super::is_lines(subject)
    {
        return;
    }
    let harmless = subject.verdict() == Verdict::Complete;
    let (severity, message, fix) = if harmless {
        (
            Severity::Info,
            "the last lines of the stream have no empty line after them, so they are no event",
            "end the last event, too, with an empty line",
        )
    } else {
        (
            Severity::Error,
            "the stream stops inside an event, which every SDK drops without a word",
            "treat the answer as cut, and ask again",
        )
    };
    let left = counted(left, "byte");
    let evidence = format!("{left} after the last empty line; {}", subject.judgement.evidence);
    found.push_as(severity, Says::new(message, evidence, fix), super::last_event(subject));
}
