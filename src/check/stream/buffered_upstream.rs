//! Streams that were held back before gatetap.

use super::flow::Flow;
use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Severity;

check! {
    /// ## What it looks for
    ///
    /// A streamed answer whose pieces came at once at its end, or in slabs, though they were written over time.
    /// Every signal has a weight; with 4 the stream was held back, with 2 it possibly was (then only an info).
    ///
    /// * the answer spread over less than 5 % (3) or 15 % (1) of the time
    /// * four of five events in one read (2)
    /// * more than 2000 tokens a second (2)
    /// * two keep-alive comments or pings together with the first piece (4): who sent them, sent them apart
    /// * most reads of 4, 8 or 16 KiB that end inside events (2)
    /// * `Content-Length` (4), `Content-Encoding` (2), HTTP/1.0 or a body that ends with the connection (1)
    /// * headers of intermediaries: `Via`, `X-Cache`, `Age`, `X-Forwarded-*`, `X-Amz*`, `Server: nginx` (1)
    ///
    /// Headers alone say nothing, nor does a model that was silent for long and then quick. An answer from a
    /// cache is exempt.
    ///
    /// ## Why it matters
    ///
    /// The app waits for the whole answer as if it had not asked for a stream. nginx buffers unless it is told
    /// not to, AWS API Gateway does, and so do proxies that inspect bodies. Source:
    /// <https://nginx.org/en/docs/http/ngx_http_proxy_module.html>.
    ///
    /// ## Example
    ///
    /// ```text
    /// +8.00 s  HTTP/1.1 200 OK, Via: 1.1 proxy.example
    /// +8.00 s  : OPENROUTER PROCESSING   (twice)
    /// +8.00 s  data: …                   (forty times)
    /// ```
    ///
    /// ## What to do
    ///
    /// Look at the hop that the evidence names. nginx: `proxy_buffering off;` or the response header
    /// `X-Accel-Buffering: no`. AWS API Gateway: response transfer mode `STREAM`. A proxy that inspects: let
    /// the gateway's host pass.
    pub static CHECK = {
        id: "stream-buffered-upstream",
        severity: Warning,
        summary: "streams held back before they reached gatetap",
        thresholds: [
            ("possibly", 2.0, "the score from which buffering is possible"),
            ("buffered", 4.0, "the score from which it is certain enough"),
            ("at_least_events", 8.0, "so many pieces of the answer are needed to tell"),
            ("at_least_s", 1.5, "an answer that took less is not looked at"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(flow) = Flow::of(subject) else { return };
    if !super::is_good(subject) || super::is_from_cache(subject).is_some() {
        return;
    }
    let held = flow.held(subject);
    let enough = flow.pieces as f64 >= found.threshold("at_least_events") || held.is_proof;
    if !held.shows || !enough || (flow.total.0 as f64) < found.threshold("at_least_s") * 1e6 {
        return;
    }
    let score = f64::from(held.score());
    let certain = score >= found.threshold("buffered");
    if !certain && score < found.threshold("possibly") {
        return;
    }
    let word = if certain { "was" } else { "was possibly" };
    let within = if flow.span().0 < 1_000 { "at once".to_owned() } else { format!("within {}", flow.span()) };
    let message = format!(
        "the stream {word} held back before it reached gatetap: {} pieces {within}, the first after {}",
        flow.pieces, flow.first
    );
    let says = Says::new(message, held.evidence(), fix(subject, &held.suspects));
    let severity = if certain { Severity::Warning } else { Severity::Info };
    found.push_as(severity, says, held.places);
}

fn fix(subject: &Subject<'_>, suspects: &[String]) -> String {
    let named = suspects.join(", ");
    let has = |what: &str| suspects.iter().any(|suspect| suspect.starts_with(what));
    let coded = subject.head().is_some_and(|head| super::coding(head).is_some());
    if has("`server") {
        format!("on the nginx that {named} names: `proxy_buffering off;`, or send `X-Accel-Buffering: no`")
    } else if has("`x-amzn") || has("`x-amz-apigw") {
        format!("{named}: set the response transfer mode of the AWS API Gateway to `STREAM`")
    } else if !suspects.is_empty() {
        format!("turn buffering off for this route on the hop that {named} names")
    } else if coded {
        "have the hop that compresses leave `text/event-stream` alone (`Cache-Control: no-transform`)"
            .to_owned()
    } else {
        "no header names the hop: ask the same without the company's proxy, VPN or scanner, then the gateway"
            .to_owned()
    }
}
