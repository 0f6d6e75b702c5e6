//! A client that does not wait.

use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// On NexoRouter, a client that says its own timeout (`x-stainless-read-timeout` or `x-stainless-timeout`) and
    /// asks for a whole answer with less than a minute, or for a stream with less than twenty seconds.
    /// It speaks once a session.
    ///
    /// ## Why it matters
    ///
    /// NexoRouter recommends 60 s for ordinary chat and up to 180 s for slow reasoning models. The client closes,
    /// retries, and each attempt is a new, billed request. Source:
    /// <https://nexorouter.com/en/docs/troubleshooting>.
    ///
    /// ## Example
    ///
    /// ```text
    /// x-stainless-read-timeout: 5
    /// ```
    ///
    /// ## What to do
    ///
    /// Set the client's timeout to 60 s or more, 180 s for reasoning models, or stream: then it counts between two
    /// pieces only.
    pub static CHECK = {
        id: "timeout-too-short",
        severity: Warning,
        summary: "client timeouts that are shorter than answers take",
        often: OncePerSession,
        thresholds: [
            ("plain_s", 60.0, "the shortest timeout for a whole answer, in seconds"),
            ("stream_s", 20.0, "the shortest timeout for a stream, in seconds"),
        ],
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(timeout) = subject.digest.client.timeout_s else { return };
    if !subject.is_gateway("nexorouter") || !subject.dialect().generates() {
        return;
    }
    let streams = subject.facts.stream == Some(true);
    let least = found.threshold(if streams { "stream_s" } else { "plain_s" });
    if timeout >= least {
        return;
    }
    let named = ["x-stainless-read-timeout", "x-stainless-timeout"];
    let header = named.into_iter().find(|name| subject.headers().first(name).is_some());
    let what = if streams { "a stream" } else { "a whole answer" };
    found.push(
        Says {
            message: format!("the client waits {timeout} s for {what}"),
            evidence: format!("`{}: {timeout}`", header.unwrap_or("x-stainless-timeout")),
            fix: "set the client's timeout to 60 s, for reasoning models to 180 s".to_owned(),
        },
        header.map(|name| Place::Header(Side::Request, name.to_owned())),
    );
}
