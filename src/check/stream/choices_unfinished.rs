//! Choices that never ended.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Hop;
use crate::exchange::end::Verdict;

check! {
    /// ## What it looks for
    ///
    /// A stream of several choices (`n`) in which the first has its finish reason and another does not.
    ///
    /// ## Why it matters
    ///
    /// The stream looks complete, and the SDKs raise nothing; the texts of the others stop somewhere. Source:
    /// <https://github.com/openai/openai-openapi>, `n` and `choices[].finish_reason`.
    ///
    /// ## Example
    ///
    /// ```text
    /// choice 0: stop    choice 1: (none)    choice 2: stop
    /// ```
    ///
    /// ## What to do
    ///
    /// Look at the finish reason of every choice, and drop those that have none.
    pub static CHECK = {
        id: "stream-choices-unfinished",
        severity: Warning,
        summary: "answers with choices that never ended",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let (open, all) = (subject.digest.open_choices, subject.digest.choices);
    if open == 0 || subject.verdict() != Verdict::Complete || !super::is_streamed(subject) {
        return;
    }
    // The app that leaves at `[DONE]` has seen all there was; one that leaves before has not.
    if subject.exchange.broken_by() == Some(Hop::App) && subject.stream.done.is_none() {
        return;
    }
    let unfinished = subject.answer.others.iter().filter(|other| other.finish_reason.is_none());
    let named: Vec<String> = unfinished.take(8).map(|other| other.index.to_string()).collect();
    found.push(
        Says::new(
            format!("{open} of {all} choices never ended, though the stream did"),
            format!("no finish reason for choice {}", named.join(", ")),
            "look at the finish reason of every choice, and drop those without one",
        ),
        super::last_event(subject),
    );
}
