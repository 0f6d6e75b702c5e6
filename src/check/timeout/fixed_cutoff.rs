//! A limit that shows by its length.

use crate::check::attempts::since;
use crate::check::declare::check;
use crate::check::words::span;
use crate::check::{Found, Past, Says, Subject};
use crate::exchange::end::Verdict;

check! {
    /// ## What it looks for
    ///
    /// Three or more requests that the app side closed after the same time, to within 0.3 s.
    ///
    /// ## Why it matters
    ///
    /// People do not cancel to the tenth of a second: a limit does, in the client, its framework, or a hop between
    /// the app and gatetap. Its length often names it. Sources:
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html>,
    /// <https://nginx.org/en/docs/http/ngx_http_proxy_module.html>, <https://github.com/nodejs/undici>.
    ///
    /// ## Example
    ///
    /// ```text
    /// closed after 29.01 s
    /// closed after 29.00 s
    /// closed after 29.02 s
    /// ```
    ///
    /// ## What to do
    ///
    /// Find the limit of that length and raise it above the longest answer; or stream, so that bytes flow before it
    /// is over.
    pub static CHECK = {
        id: "timeout-fixed-cutoff",
        severity: Warning,
        summary: "requests that the app closes after the same time, again and again",
        thresholds: [
            ("slack_s", 0.3, "how much the times may differ, in seconds"),
            ("times", 3.0, "from how many times on it is a limit"),
            ("at_least_s", 4.5, "shorter times are not looked at, in seconds"),
        ],
        run: End(run),
    }
}

/// Limits that are known by their length, in seconds.
const KNOWN: [(u64, &str); 6] = [
    (10, "the default of many apps and serverless functions"),
    (29, "AWS API Gateway's limit"),
    (30, "the default of many HTTP clients and platforms"),
    (60, "the default of nginx and of AWS load balancers"),
    (100, "Cloudflare's limit"),
    (300, "the default of undici (Node's fetch) and of Vercel's functions"),
];

/// So many earlier exchanges are looked at.
const MOST: usize = 500;

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    let Some(now) = own.ended.as_ref().filter(|ended| ended.verdict == Verdict::CutByApp) else { return };
    let lasted = since(now.at, own.started_at);
    let slack = found.time("slack_s");
    if lasted < found.time("at_least_s") {
        return;
    }
    let alike = |past: &&Past| {
        past.agent == own.agent
            && past.ended_by(now.at).is_some_and(|ended| {
                let other = since(ended.at, past.started_at);
                ended.verdict == Verdict::CutByApp && other.since(lasted).max(lasted.since(other)) <= slack
            })
    };
    let others: Vec<&Past> = subject.before().take(MOST).filter(alike).collect();
    let times = others.len() + 1;
    if times < found.count("times") {
        return;
    }
    let seconds = lasted.0.saturating_add(500_000) / 1_000_000;
    let timeout = subject.digest.client.timeout_s;
    let fix = if timeout.is_some_and(|timeout| (timeout - lasted.0 as f64 / 1e6).abs() < 1.0) {
        format!("it is the SDK's own timeout: raise `timeout` above {seconds} s, or stream")
    } else if let Some((_, name)) = KNOWN.iter().find(|(length, _)| *length == seconds) {
        format!("{seconds} s is {name}: raise it, or stream so that bytes flow before")
    } else {
        format!("find what has a limit of {seconds} s on the app's side and raise it, or stream")
    };
    let (lasted, slack) = (span(lasted), span(slack));
    found.push(
        Says {
            message: format!("closed by the app after {lasted}, as {} others were", others.len()),
            evidence: format!("{times} requests closed by the app after {lasted}, to within {slack}"),
            fix,
        },
        others.iter().take(8).filter_map(|past| past.place()),
    );
}
