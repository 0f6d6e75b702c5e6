//! Broken answers that go back as if they were whole.

use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::body::Side;
use crate::exchange::end::Verdict;
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A request whose last answer of the model is, word for word, that of an earlier stream which broke: by an
    /// error inside it, by an early end, by a cut.
    ///
    /// ## Why it matters
    ///
    /// The app took the part for the whole: the conversation goes on from half an answer, and nobody was told.
    /// Source: <https://openrouter.ai/docs/api_reference/streaming>, on `finish_reason: "error"`.
    ///
    /// ## Example
    ///
    /// ```text
    /// #4  "The capital of"  error-inside
    /// #5  messages: […, {"role":"assistant","content":"The capital of"}, {"role":"user",…}]
    /// ```
    ///
    /// ## What to do
    ///
    /// Look at the finish reason before an answer is kept: `error`, or none, means that it is not whole.
    pub static CHECK = {
        id: "stream-error-but-client-continued",
        severity: Warning,
        summary: "broken answers that the app sends back as if they were whole",
        run: Request(run),
    }
}

/// A conversation goes on where it was; what is older than so many exchanges is another one.
const LOOK_BACK: usize = 100;

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(last) = subject.facts.last_answer else { return };
    let now = subject.exchange.started_at;
    let broke = |verdict: Verdict| {
        matches!(verdict, Verdict::ErrorInside | Verdict::Incomplete | Verdict::CutByGateway)
    };
    let same = subject.before().take(LOOK_BACK).filter(|past| past.gateway == subject.exchange.gateway);
    let said = same.filter_map(|past| Some((past, past.ended_by(now)?)));
    // The same words may have been said whole since.
    let Some((past, ended)) = said.into_iter().find(|(_, ended)| ended.answer == Some(last)) else { return };
    if !broke(ended.verdict) {
        return;
    }
    let index = subject.facts.messages.saturating_sub(2);
    found.push(
        Says::new(
            "an answer that broke is sent back as if the model had ended it",
            format!(
                "the {} bytes that exchange {} said before it ended as {}",
                last.0, past.id, ended.verdict
            ),
            "keep an answer only with a finish reason that is not `error`; else ask again",
        ),
        [Place::Exchange(past.id), Place::Json(Side::Request, format!("/messages/{index}"))],
    );
}
