//! Conversations whose every turn sends more.

use super::{at, members};
use crate::check::declare::check;
use crate::check::over_time::NEAR;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A conversation whose requests have grown ten times in a row, to four times the first one and beyond 50
    /// KB. Said once a session.
    ///
    /// ## Why it matters
    ///
    /// The whole history is sent and billed with every turn; sooner or later the answer is
    /// `request_too_large`. Source: <https://nexorouter.com/en/docs/faq/request-too-large>.
    ///
    /// ## Example
    ///
    /// ```text
    /// #4  18 KB … #15  131 KB
    /// ```
    ///
    /// ## What to do
    ///
    /// Summarise the earlier turns, drop results of tools that are no longer needed, and keep the start
    /// unchanged so that a cache of prompts can help.
    pub static CHECK = {
        id: "body-prompt-growth",
        severity: Warning,
        summary: "conversations whose every turn sends more",
        often: OncePerSession,
        thresholds: [("turns", 10.0, "how many times in a row it has to grow"), ("times", 4.0, "to how many times its first size"), ("least_bytes", 50000.0, "the size in bytes below which nothing is said")],
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    if (own.request_bytes as f64) < found.threshold("least_bytes") || members(subject).is_none() {
        return;
    }
    let turns = found.threshold("turns");
    let (mut last, mut count) = (own, 0_u32);
    for past in subject.before().take(NEAR) {
        let same = past.gateway == own.gateway
            && past.agent == own.agent
            && past.model == own.model
            && past.path == own.path;
        if !same {
            continue;
        }
        let grew = past.request_bytes < last.request_bytes && past.request.messages < last.request.messages;
        if !grew {
            break;
        }
        (last, count) = (past, count + 1);
    }
    let times = own.request_bytes as f64 / (last.request_bytes.max(1) as f64);
    if f64::from(count) < turns || times < found.threshold("times") {
        return;
    }
    found.push(
        Says {
            message: format!("the prompt grew {count} times in a row, to {times:.1} times its size"),
            evidence: format!(
                "{} bytes and {} messages, at first {} and {}",
                own.request_bytes, own.request.messages, last.request_bytes, last.request.messages
            ),
            fix: "summarise earlier turns and drop old results of tools, before the request gets too large"
                .to_owned(),
        },
        [at("/messages"), Place::Exchange(last.id)],
    );
}
