//! Streams that left on time: what holds them back is behind the app's socket.

use super::flow::Flow;
use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::digest::SdkName;
use crate::exchange::time::Micros;

check! {
    /// ## What it looks for
    ///
    /// A stream that came evenly, and of which the app's socket took every chunk as it came. It is said once a
    /// session, so that the question "who buffers?" has an answer also where nobody before the app does.
    ///
    /// ## Why it matters
    ///
    /// If a user saw one block, it was put together in the app: by an HTTP client that reads to the end first
    /// (axios without `responseType: 'stream'`, `requests.post` without `stream=True`, curl without `-N`), or
    /// by the app's own server, framework or proxy. None of that shows on the wire. Source:
    /// <https://github.com/vercel/ai/blob/main/content/docs/09-troubleshooting/06-streaming-not-working-when-deployed.mdx>.
    ///
    /// ## Example
    ///
    /// ```text
    /// 42 pieces left here between +0.6 s and +8.1 s; half of them were taken within 0.1 ms
    /// ```
    ///
    /// ## What to do
    ///
    /// The simulator settles it: `gatetap --upstream sim`, and ask the model `sim-offset`. It sends twenty
    /// pieces, 250 ms apart, each with the time of its sending as text: `t+0.25`, `t+0.50`, … If they appear
    /// one by one, the app streams; if they appear together, it is the app, or what stands behind it, that
    /// holds them back, for they left here a quarter of a second apart.
    pub static CHECK = {
        id: "stream-buffered-after-proxy",
        severity: Info,
        summary: "streams that flowed up to gatetap: what shows them all at once stands after it",
        often: OncePerSession,
        thresholds: [
            ("at_least_events", 8.0, "so many pieces of the answer are needed to tell"),
            ("at_least_s", 1.5, "an answer that took less is not looked at"),
            ("spread_percent", 30.0, "the answer spread over so much of the time at least"),
            ("taken_ms", 5.0, "half of the chunks were taken within this time"),
            ("longest_ms", 250.0, "no chunk took longer"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some((flow, taken)) = Flow::of(subject).zip(subject.exchange.timing.taken) else { return };
    let ms = |time: Micros| time.0 as f64 / 1e3;
    let flows = super::is_good(subject)
        && flow.pieces as f64 >= found.threshold("at_least_events")
        && flow.total.0 as f64 >= found.threshold("at_least_s") * 1e6
        && flow.burst_ratio() * 100.0 >= found.threshold("spread_percent");
    let on_time =
        ms(taken.median) <= found.threshold("taken_ms") && ms(taken.longest) <= found.threshold("longest_ms");
    if !flows || !on_time {
        return;
    }
    let hints = hints(subject);
    let evidence = format!(
        "{} pieces between +{} and +{}, {:.0} % of the time; the app's socket took half of the chunks within \
         {}, 99 of 100 within {}, the slowest in {}{}",
        flow.pieces,
        flow.first,
        flow.last,
        flow.burst_ratio() * 100.0,
        taken.median,
        taken.p99,
        taken.longest,
        if hints.is_empty() { String::new() } else { format!("; {}", hints.join("; ")) }
    );
    found.push(
        Says::new(
            "the stream flowed and left here on time; if it appeared at once, look behind the app's socket",
            evidence,
            fix(subject),
        ),
        [],
    );
}

/// What else speaks for the app's side; none of it is proof.
fn hints(subject: &Subject<'_>) -> Vec<String> {
    let headers = subject.headers();
    let mut hints = Vec::new();
    for name in ["via", "x-forwarded-for", "forwarded"] {
        if headers.first(name).is_some() {
            hints.push(format!("`{name}` in the request: a hop stands between the app and gatetap"));
        }
    }
    if subject.exchange.request.version == "HTTP/1.0" {
        hints.push("the app speaks HTTP/1.0".to_owned());
    }
    hints
}

fn fix(subject: &Subject<'_>) -> &'static str {
    match subject.sdk().map(|sdk| sdk.name) {
        Some(SdkName::Axios) => "axios: set `responseType: 'stream'`, or use its fetch adapter",
        Some(SdkName::Requests) => "requests: pass `stream=True` and read `iter_lines()`",
        Some(SdkName::Httpx) => "httpx: use `client.stream(…)`, not `client.post(…)`",
        Some(SdkName::Curl) => "curl: add `-N`",
        _ => {
            "look at the app's own server and what is before it; the simulator's model `sim-offset` is the test"
        }
    }
}
