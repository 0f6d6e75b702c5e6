//! What the checks cost: on an exchange of 2 KB and 50 events, alone and at the end of a busy session.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use gatetap::check::{Engine, Pattern, Settings, Watch, Watched};
use gatetap::exchange::end::BodyEnd;
use gatetap::exchange::head::{Headers, RequestHead, ResponseHead};
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::exchange::{Exchange, Timing};

/// Events of an answer.
const EVENTS: u64 = 50;

/// Exchanges of a busy session: as many as a history remembers.
const BUSY: u64 = 2_000;

const EVENT: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"acme/small\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n";
const LAST: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
const REFUSAL: &str = r#"{"error":{"message":"Too many requests","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}"#;

/// What the n-th request is, and how it is answered.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Another question each time, answered by a stream.
    Streams,
    /// The same question each time, refused.
    Refused,
}

fn headers(lines: &[(&str, &'static str)]) -> Headers {
    lines.iter().copied().collect()
}

fn body(n: u64) -> String {
    let text = format!("question {n} ").repeat(2_048 / 14);
    format!(
        r#"{{"model":"acme/small","messages":[{{"role":"user","content":"{text}"}}],"stream":true,"max_tokens":500}}"#
    )
}

fn exchange(n: u64, kind: Kind) -> Exchange {
    let version = || "HTTP/1.1".to_owned();
    let (status, lines, end) = match kind {
        Kind::Streams => (200, headers(&[("content-type", "text/event-stream")]), Micros(1_200_000)),
        Kind::Refused => {
            (429, headers(&[("content-type", "application/json"), ("retry-after", "1")]), Micros(40_000))
        }
    };
    let asked = headers(&[
        ("host", "localhost:7117"),
        ("authorization", "Bearer sk-fake-0000000000000000000000ab12"),
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("user-agent", "node"),
        ("x-forwarded-for", "127.0.0.1"),
    ]);
    Exchange {
        id: n as i64 + 1,
        session: 1,
        started_at: WallTime(1_740_830_400_000_000 + n as i64 * 50_000),
        peer: Some("127.0.0.1:50000".to_owned()),
        gateway: "nexorouter".to_owned(),
        url: "https://api.nexorouter.com/v1/chat/completions".to_owned(),
        response: Some(ResponseHead { status, version: version(), headers: lines, raw: None }),
        timing: Timing {
            sent: Some(Micros(300)),
            head: Some(Micros(40_000)),
            end: Some(end),
            ..Timing::default()
        },
        request_end: Some(BodyEnd::Whole),
        response_end: Some(BodyEnd::Whole),
        request_bytes: 2_100,
        response_bytes: EVENT.len() as u64 * EVENTS,
        ..Exchange::of(RequestHead {
            method: "POST".to_owned(),
            target: "/v1/chat/completions".to_owned(),
            version: version(),
            headers: asked,
            raw: None,
        })
    }
}

/// Lets one exchange pass up to its end.
fn pass(watch: &mut Watch, n: u64, kind: Kind) -> Box<Exchange> {
    let whole = Box::new(exchange(n, kind));
    let began = Exchange { response: None, response_end: None, request_end: None, ..(*whole).clone() };
    watch.begin(n, Box::new(began));
    let same = matches!(kind, Kind::Refused);
    watch.request_chunk(n, body(if same { 0 } else { n }).as_bytes());
    watch.request_end(n, BodyEnd::Whole);
    if let Some(head) = &whole.response {
        watch.response_head(n, head);
    }
    match kind {
        Kind::Streams => {
            for at in 0..EVENTS {
                watch.response_chunk(n, EVENT.as_bytes(), Micros(40_000 + at * 20_000));
            }
            watch.response_chunk(n, LAST.as_bytes(), Micros(1_100_000));
        }
        Kind::Refused => watch.response_chunk(n, REFUSAL.as_bytes(), Micros(40_000)),
    }
    whole
}

/// An engine without a single check, to tell what is the checks' and what is not.
fn idle() -> Engine {
    let ignore = Pattern::parse("*").into_iter().collect();
    Engine::new(Settings { ignore, ..Settings::default() })
}

/// A watch that has seen so many.
fn after(engine: Engine, count: u64, kind: Kind) -> Watch {
    let mut watch = Watch::new(engine);
    for n in 0..count {
        let whole = pass(&mut watch, n, kind);
        watch.end(n, whole);
    }
    watch
}

/// Measures a passage after `before` others.
fn measure(criterion: &mut Criterion, name: &str, before: u64, kind: Kind) {
    let mut group = criterion.benchmark_group("checks");
    for (which, engine) in [("with", Engine::default()), ("without", idle())] {
        let through = |watch: &mut Watch, n: u64| -> Option<Watched> {
            let whole = pass(watch, n, kind);
            watch.end(n, whole)
        };
        group.bench_function(format!("{name}, {which} checks"), |bencher| {
            if before == 0 {
                let fresh = || Watch::new(engine.clone());
                bencher.iter_batched_ref(fresh, |watch| through(watch, 0), BatchSize::SmallInput);
            } else {
                let mut watch = after(engine.clone(), before, kind);
                let mut n = before;
                bencher.iter(|| {
                    n += 1;
                    through(&mut watch, n)
                });
            }
        });
    }
    group.finish();
}

fn checks(criterion: &mut Criterion) {
    measure(criterion, "one stream", 0, Kind::Streams);
    measure(criterion, "one stream of a busy session", BUSY, Kind::Streams);
    measure(criterion, "one 429 of a busy session of the same request", BUSY, Kind::Refused);
}

criterion_group!(benches, checks);
criterion_main!(benches);
