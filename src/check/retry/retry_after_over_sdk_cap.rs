//! A wait that the SDK will not keep.

use super::sdk_cap::{Beyond, sdk_cap, sleeps};
use crate::check::declare::check;
use crate::check::words::span;
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A `retry-after` that is longer than the client, by its name and version, waits for; or so long that a client
    /// without such a cap sleeps for minutes inside one call.
    ///
    /// ## Why it matters
    ///
    /// What an SDK does with a long `retry-after` differs with its version: openai for Python before 2.52 and for
    /// Node from 7 on, and the AI SDK, ignore more than 60 s and ask again at once; openai for Python from 2.52 on
    /// gives up above 120 s; the Anthropic SDKs sleep. Source: <https://github.com/openai/openai-python>,
    /// `_base_client.py`, and the same place in the others.
    ///
    /// ## Example
    ///
    /// ```text
    /// User-Agent: OpenAI/Python 3.52.0
    ///
    /// HTTP/1.1 429 Too Many Requests
    /// retry-after: 300
    /// ```
    ///
    /// ## What to do
    ///
    /// Set the SDK's retries to 0 where limits are long, catch the 429, and schedule the call anew after the time
    /// it names.
    pub static CHECK = {
        id: "retry-retry-after-over-sdk-cap",
        severity: Warning,
        summary: "answers whose `retry-after` the SDK does not heed",
        thresholds: [
            ("sleeps_s", 120.0, "how long an SDK without a cap may sleep, in seconds"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if !matches!(subject.status(), 408 | 409 | 429 | 500..) {
        return;
    }
    let rate = subject.rate();
    let (Some(wanted), Some(sdk)) = (rate.retry_after, subject.sdk()) else { return };
    if rate.should_retry == Some(false) {
        return;
    }
    let does = match sdk_cap(&sdk) {
        Some((cap, _)) if wanted <= cap => return,
        Some((cap, Beyond::Ignores)) => {
            format!("ignores more than {} and asks again within seconds", span(cap))
        }
        Some((cap, Beyond::GivesUp)) => format!("does not ask again above {}", span(cap)),
        None if sleeps(&sdk) && wanted > found.time("sleeps_s") => {
            "sleeps as long inside the call".to_owned()
        }
        None => return,
    };
    let wanted = span(wanted);
    found.push(
        Says {
            message: format!("`retry-after` is {wanted}; {sdk} {does}"),
            evidence: format!("status {} with `retry-after` of {wanted}, asked by {sdk}", subject.status()),
            fix: format!(
                "set its retries to 0 (`max_retries=0`, `maxRetries: 0`), catch the {} and call again after {wanted}",
                subject.status()
            ),
        },
        [Place::Header(Side::Response, "retry-after".to_owned())],
    );
}
