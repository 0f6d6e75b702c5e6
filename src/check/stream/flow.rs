//! Who buffers: how the pieces of an answer came, and what that says about the hops before gatetap.

use crate::check::Subject;
use crate::digest::StreamFacts;
use crate::exchange::finding::Place;
use crate::exchange::text::counted;
use crate::exchange::time::Micros;

/// Bytes that came so much before the first piece of the answer were not held back: 500 ms.
const TRICKLE: u64 = 500_000;

/// The answer's first piece came so late that keep-alives before it were sent on their own: 1 s.
const WAITED: u64 = 1_000_000;

/// More tokens a second than a model writes.
const TOO_FAST: f64 = 2000.0;

/// Headers that intermediaries leave. Those of Cloudflare are not among them: the gateways' own have them.
const HOP_HEADERS: [&str; 10] = [
    "via",
    "x-cache",
    "age",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-served-by",
    "x-amz-cf-id",
    "x-amzn-requestid",
    "x-amzn-trace-id",
    "x-amz-apigw-id",
];

/// How the pieces of a streamed answer came.
#[derive(Debug)]
pub(super) struct Flow {
    /// From the sending of the request to the end.
    pub(super) total: Micros,
    /// The first piece of the answer, since the request was sent.
    pub(super) first: Micros,
    /// The last one.
    pub(super) last: Micros,
    /// Events with a piece of the answer.
    pub(super) pieces: u64,
}

/// One thing that speaks for a hop that holds bytes back.
#[derive(Debug)]
struct Signal {
    weight: u32,
    says: String,
}

/// What speaks for a hop that holds bytes back.
#[derive(Debug, Default)]
pub(super) struct Held {
    signals: Vec<Signal>,
    /// It is seen in the bytes or their times, and not in headers alone.
    pub(super) shows: bool,
    /// It leaves no other explanation.
    pub(super) is_proof: bool,
    /// Where it is seen.
    pub(super) places: Vec<Place>,
    /// The hops that the headers name, as `name: value`.
    pub(super) suspects: Vec<String>,
}

impl Flow {
    /// How the answer came; `None` if no event had a piece of it.
    pub(super) fn of(subject: &Subject<'_>) -> Option<Self> {
        let sent = subject.sent();
        let first = subject.digest.first_token?;
        let last = subject.stream.last_content?;
        Some(Self {
            total: subject.took().since(sent),
            first: first.since(sent),
            last: last.since(sent),
            pieces: subject.stream.content_events,
        })
    }

    /// The time over which the answer spread.
    pub(super) fn span(&self) -> Micros {
        self.last.since(self.first)
    }

    /// The share of the whole time over which the answer spread.
    pub(super) fn burst_ratio(&self) -> f64 {
        if self.total.0 == 0 { 1.0 } else { self.span().0 as f64 / self.total.0 as f64 }
    }

    /// What speaks for a hop before gatetap that holds bytes back.
    pub(super) fn held(&self, subject: &Subject<'_>) -> Held {
        let mut held = Held::default();
        let StreamFacts { reads, slab_reads, reads_inside_event, comments_with_content, .. } =
            *subject.stream;
        let digest = subject.digest;
        let share = |part: u64, of: u64| part as f64 / of.max(1) as f64;

        let ratio = self.burst_ratio();
        let burst = match ratio {
            ..0.05 => 3,
            ..0.15 => 1,
            _ => 0,
        };
        held.add(burst, || {
            let percent = ratio * 100.0;
            format!("the answer spread over {} of {}, {percent:.1} %", self.span(), self.total)
        });
        let in_one = share(digest.pace.most_in_a_read, digest.events);
        held.add(if in_one >= 0.8 { 2 } else { 0 }, || {
            format!("{} of {} came in one read", digest.pace.most_in_a_read, counted(digest.events, "event"))
        });
        let reasoned = digest.usage.reasoning.unwrap_or_default();
        let tokens = digest.usage.output.map_or(self.pieces, |output| output.saturating_sub(reasoned));
        let rate = tokens as f64 / (self.span().0.max(1_000) as f64 / 1e6);
        held.add(if rate > TOO_FAST { 2 } else { 0 }, || {
            format!(
                "{tokens} tokens within {} are faster than a model writes",
                self.span().max(Micros(1_000))
            )
        });
        held.shows = burst > 0 && (in_one >= 0.8 || rate > TOO_FAST);

        if comments_with_content >= 2 && self.first.0 >= WAITED {
            held.add(4, || format!("{comments_with_content} keep-alives came together with the first piece"));
            (held.shows, held.is_proof) = (true, true);
        }
        if slab_reads >= 3 && share(slab_reads, reads) >= 0.6 && reads_inside_event > 0 {
            held.add(2, || {
                format!("{slab_reads} of {reads} reads had the size of a buffer (4, 8 or 16 KiB)")
            });
            held.shows = true;
        }
        held.look_at_head(subject);
        // What came on its own before the answer shows that nobody held bytes back; the model was silent.
        let trickled = subject.stream.first_read.zip(digest.first_token);
        if trickled.is_some_and(|(read, token)| token.since(read).0 >= TRICKLE) {
            held.shows = held.is_proof;
        }
        held
    }
}

impl Held {
    fn add(&mut self, weight: u32, says: impl FnOnce() -> String) {
        if weight > 0 {
            self.signals.push(Signal { weight, says: says() });
        }
    }

    /// What the head of the answer says of hops.
    fn look_at_head(&mut self, subject: &Subject<'_>) {
        let Some(head) = subject.head() else { return };
        let headers = &head.headers;
        if let Some(length) = headers.text("content-length") {
            self.add(4, || format!("`content-length: {length}` was known before the first byte"));
            self.places.push(Place::response_header("content-length"));
            (self.shows, self.is_proof) = (true, true);
        }
        if let Some(coding) = super::coding(head) {
            self.add(2, || format!("`content-encoding: {coding}`"));
            self.places.push(Place::response_header("content-encoding"));
        }
        let is_http1 = head.version.starts_with("HTTP/1");
        let framed =
            headers.first("transfer-encoding").is_some() || headers.first("content-length").is_some();
        if head.version == "HTTP/1.0" || (is_http1 && !framed) {
            self.add(1, || "the body ends with the connection, as in HTTP/1.0".to_owned());
        }
        let mut named = Vec::new();
        for name in HOP_HEADERS {
            let Some(value) = headers.text(name) else { continue };
            // Anthropic's own front adds it.
            if name == "via" && subject.is_gateway("anthropic") && value == "1.1 google" {
                continue;
            }
            named.push((name, value));
        }
        if let Some(server) = headers.text("server").filter(|server| server.starts_with("nginx")) {
            named.push(("server", server));
        }
        for (name, value) in &named {
            let value: String = value.chars().take(80).collect();
            self.suspects.push(format!("`{name}: {value}`"));
            self.places.push(Place::response_header(name));
        }
        if !named.is_empty() {
            self.add(1, || format!("a hop left {}", listed(&named)));
        }
    }

    /// The sum of the weights.
    pub(super) fn score(&self) -> u32 {
        self.signals.iter().map(|signal| signal.weight).sum()
    }

    /// Every signal with its weight.
    pub(super) fn evidence(&self) -> String {
        let signals: Vec<String> =
            self.signals.iter().map(|signal| format!("{} ({})", signal.says, signal.weight)).collect();
        format!("score {}: {}", self.score(), signals.join("; "))
    }
}

/// The names of headers, as a list.
fn listed(named: &[(&str, &str)]) -> String {
    let names: Vec<String> = named.iter().map(|(name, _)| format!("`{name}`")).collect();
    names.join(", ")
}
