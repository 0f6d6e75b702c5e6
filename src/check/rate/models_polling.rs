//! One list, many times.

use crate::check::declare::check;
use crate::check::{Found, Past, Says, Subject};
use crate::exchange::time::Micros;
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// `GET …/models` more than six times within a minute.
    ///
    /// ## Why it matters
    ///
    /// The list changes rarely; each call counts against the rate limit and delays what waits for it. Source:
    /// <https://nexorouter.com/en/docs/api-capabilities/models-api>.
    ///
    /// ## Example
    ///
    /// ```text
    /// GET /v1/models   seven times in 40 s
    /// ```
    ///
    /// ## What to do
    ///
    /// Ask once at the start and keep the list for some minutes. A health check needs no list.
    pub static CHECK = {
        id: "rate-models-polling",
        severity: Info,
        summary: "lists of models that are asked for again and again",
        often: OncePerSession,
        thresholds: [
            ("a_minute", 6.0, "how often a minute it may be asked for"),
        ],
        run: End(run),
    }
}

const MINUTE: Micros = Micros(60_000_000);

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    let asks = |past: &&Past| past.dialect == Dialect::Models && past.gateway == own.gateway;
    if !asks(&own) {
        return;
    }
    let most = found.threshold("a_minute");
    let before: Vec<&Past> = subject.history.within(own, MINUTE).filter(asks).collect();
    let count = before.len() + 1;
    if count as f64 <= most {
        return;
    }
    found.push(
        Says {
            message: format!("the list of models was asked for {count} times within a minute"),
            evidence: format!("{} earlier `GET {}` in the last 60 s", before.len(), subject.path()),
            fix: "ask once and keep the list for some minutes".to_owned(),
        },
        before.iter().take(8).filter_map(|past| past.place()),
    );
}
