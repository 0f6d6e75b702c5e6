//! Answers that are begun and dropped.

use crate::check::attempts::since;
use crate::check::declare::check;
use crate::check::words::span;
use crate::check::{Found, Past, Says, Subject};
use crate::exchange::end::Verdict;
use crate::exchange::time::Micros;

check! {
    /// ## What it looks for
    ///
    /// More than a fifth of the last fifty streams of a client were closed by the app within two seconds of their
    /// first token. It speaks once a session, and not before ten streams.
    ///
    /// ## Why it matters
    ///
    /// Nobody reads that fast: an effect runs twice, or every key press starts a new answer. What was begun is
    /// billed. Source: <https://nexorouter.com/en/docs/troubleshooting>, which counts each as a request.
    ///
    /// ## Example
    ///
    /// ```text
    /// 20 streams, 8 of them closed within 2 s of the first token
    /// ```
    ///
    /// ## What to do
    ///
    /// Start the request when typing has paused (debounce), and once only: not in an effect that runs at every
    /// render.
    pub static CHECK = {
        id: "cancel-frequent",
        severity: Warning,
        summary: "sessions in which many streams are cancelled at once",
        often: OncePerSession,
        thresholds: [
            ("share", 0.2, "which share of the streams is many"),
            ("at_least", 10.0, "how many streams there have to be"),
            ("soon_s", 2.0, "how soon after the first token, in seconds"),
        ],
        run: End(run),
    }
}

/// So many streams are looked at.
const LAST: usize = 50;

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    let soon = found.time("soon_s");
    let Some(now) = own.ended.as_ref().filter(|_| is_dropped(own, soon)).map(|ended| ended.at) else {
        return;
    };
    let streams: Vec<&Past> = subject
        .before()
        .filter(|past| past.streaming && past.agent == own.agent && past.gateway == own.gateway)
        .filter(|past| past.ended_by(now).is_some_and(|ended| ended.status == Some(200)))
        .take(LAST - 1)
        .collect();
    let dropped: Vec<&&Past> = streams.iter().filter(|past| is_dropped(past, soon)).collect();
    let (all, count) = (streams.len() + 1, dropped.len() + 1);
    let share = count as f64 / all as f64;
    if all < found.count("at_least") || share <= found.threshold("share") {
        return;
    }
    let soon = span(soon);
    found.push(
        Says {
            message: format!(
                "{count} of the last {all} streams were cancelled within {soon} of their first token"
            ),
            evidence: format!("{:.0} % of this client's streams", share * 100.0),
            fix: "start a request when typing has paused, and once only: not in an effect that runs again"
                .to_owned(),
        },
        dropped.iter().take(8).filter_map(|past| past.place()),
    );
}

/// Whether the app closed it so soon after its first token.
fn is_dropped(past: &Past, soon: Micros) -> bool {
    past.streaming
        && past.ended.as_ref().is_some_and(|ended| {
            let read = ended.first_token.map(|first| since(ended.at, past.started_at.plus(first)));
            ended.verdict == Verdict::CutByApp && read.is_some_and(|read| read < soon)
        })
}
