//! An app that does not read the stream as it comes.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::delay::Taken;

check! {
    /// ## What it looks for
    ///
    /// An answer whose chunks waited for the app: its socket was full, so gatetap could not hand them on when
    /// it had read them.
    ///
    /// ## Why it matters
    ///
    /// The gateway sees a slow reader, and some close the connection of one. What then looks like a slow
    /// gateway, or like a stall, is the app: it works on each event before it reads the next, or it was stopped
    /// (a debugger, a suspended laptop). Source: the WHATWG stream standard on backpressure,
    /// <https://streams.spec.whatwg.org/>.
    ///
    /// ## Example
    ///
    /// ```text
    /// of 900 chunks the slowest waited 12 s for the app; together 31 s
    /// ```
    ///
    /// ## What to do
    ///
    /// Read the stream in a loop of its own and hand the events to whoever works on them.
    pub static CHECK = {
        id: "stream-app-reads-slowly",
        severity: Info,
        summary: "streams that the app took slowly",
        thresholds: [
            ("slowest_ms", 250.0, "a chunk that waited so long counts"),
            ("together_s", 1.0, "all chunks together waited so long"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(Taken { p99, longest, sum, .. }) = subject.exchange.timing.taken else { return };
    let slow = longest.0 as f64 >= found.threshold("slowest_ms") * 1e3
        && sum.0 as f64 >= found.threshold("together_s") * 1e6;
    if !slow || !subject.is_stream() {
        return;
    }
    found.push(
        Says::new(
            format!("the app read the stream slowly: its chunks waited {sum} for it"),
            format!(
                "the slowest chunk waited {longest} between gatetap's read and the app's \
                 socket taking it, 99 of 100 at most {p99}"
            ),
            "read the stream in a loop of its own, and work on the events elsewhere",
        ),
        [],
    );
}
