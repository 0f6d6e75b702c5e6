//! Whatever passes, the checks do not fail, and what one finds does not depend on which others run.

use super::support::{reviewed, test_start};
use crate::wire_property::config;
use gatetap::check::{ALL, Engine, FAILED, Pattern, Settings, Watch};
use gatetap::exchange::body::{Body, Mark, Rest};
use gatetap::exchange::end::{BodyEnd, Hop, OwnAnswer};
use gatetap::exchange::finding::Finding;
use gatetap::exchange::head::{Headers, RequestHead, ResponseHead};
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::exchange::{Exchange, Timing};
use gatetap::wire::script::Capture;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Values that mean something, and some that almost do.
const VALUES: [&str; 26] = [
    "0",
    "1",
    "2",
    "0.5",
    "-1",
    "600",
    "1e308",
    "NaN",
    "99999999999999999999",
    "true",
    "false",
    "1h2m",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "2026-01-01T00:00:00Z",
    "Bearer sk-fake-0000000000000000ab12",
    "Bearer  sk-or-v1-fake",
    "sk-ant-fake",
    "OpenAI/Python 3.52.0",
    "OpenAI/JS 7.55.0",
    "node",
    "python-requests/2.32.3",
    "ai/6.0.326",
    "text/event-stream",
    "application/json",
    "gzip",
    "é\u{7f}",
];

const REQUEST_HEADERS: [&str; 14] = [
    "host",
    "authorization",
    "x-api-key",
    "api-key",
    "user-agent",
    "x-stainless-retry-count",
    "content-type",
    "x-stainless-read-timeout",
    "x-stainless-timeout",
    "content-length",
    "anthropic-version",
    "accept",
    "content-encoding",
    "x-stainless-package-version",
];

const ANSWER_HEADERS: [&str; 14] = [
    "content-type",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "x-ratelimit-remaining",
    "x-ratelimit-limit",
    "x-ratelimit-reset",
    "x-request-id",
    "server",
    "content-encoding",
    "cache-control",
    "x-accel-buffering",
    "content-length",
    "transfer-encoding",
];

/// Pieces of bodies.
const PIECES: [&str; 24] = [
    "",
    "{",
    "\"",
    "\u{0}",
    "\n\n",
    "[]",
    "null",
    ": ping\n\n",
    "data: [DONE]\n\n",
    "data: {\n\n",
    "event: ping\n",
    r#"{"model":"acme/small:free","messages":[{"role":"user","content":"Hi"}],"stream":true,"max_tokens":5}"#,
    r#"{"model":"acme/small","messages":[],"stream":"true","n":99999999999999999999,"tools":[{}],"input":[null]}"#,
    r#"{"error":{"code":429,"message":"free-models-per-day","metadata":{"limit_source":"x_daily","headers":{"X-RateLimit-Remaining":0}}}}"#,
    r#"{"error":{"code":"insufficient_quota","availability":{"retryable":false,"code":7}}}"#,
    r#"{"error":{"availability":[1],"metadata":"x"}}"#,
    r#"{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":18446744073709551615,"total_tokens":18446744073709551615}}"#,
    r#"{"data":[{"id":"acme/small"},{"id":3}]}"#,
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}],\"provider\":\"Groq\"}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}],\"usage\":null}\n\n",
    "data: {\"choices\":[],\"usage\":{\"total_tokens\":7}}\n\n",
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n",
    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"timeout_error\"}}\n\n",
    "data: {\"type\":\"response.completed\",\"sequence_number\":18446744073709551615}\n\n",
];

fn headers(names: &'static [&'static str]) -> impl Strategy<Value = Headers> {
    let value = prop_oneof![
        4 => select(&VALUES[..]).prop_map(|value| value.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ];
    let line = (select(names), value).prop_map(|(name, value)| (name, value));
    prop::collection::vec(line, 0..7).prop_map(Headers::from_iter)
}

fn body() -> impl Strategy<Value = Body> {
    let piece = prop_oneof![
        6 => select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..30),
    ];
    let time = prop_oneof![8 => 0..200_000_000_u64, 1 => any::<u64>()];
    prop::collection::vec((piece, time), 0..6).prop_map(|chunks| {
        let mut body = Body::default();
        for (bytes, read) in chunks {
            body.marks.push(Mark {
                length: bytes.len() as u32,
                read: Micros(read),
                taken: None,
                rest: Rest::default(),
            });
            body.bytes.extend(bytes);
        }
        body.marks.sort_by_key(|mark| mark.read);
        body
    })
}

fn end() -> impl Strategy<Value = Option<BodyEnd>> {
    let broken = |by| Some(BodyEnd::broken(by, "closed"));
    select(vec![
        None,
        Some(BodyEnd::Whole),
        Some(BodyEnd::Whole),
        broken(Hop::App),
        broken(Hop::Gateway),
        broken(Hop::Gatetap),
    ])
}

fn time() -> impl Strategy<Value = Option<Micros>> {
    prop_oneof![
        2 => Just(None),
        8 => (0..130_000_000_u64).prop_map(|time| Some(Micros(time))),
        1 => any::<u64>().prop_map(|time| Some(Micros(time))),
    ]
}

fn capture() -> impl Strategy<Value = Capture> {
    let methods = ["POST", "POST", "POST", "GET", "HEAD", "OPTIONS", "É"];
    let targets = [
        "/v1/chat/completions",
        "/v1/chat/completions",
        "/v1/messages",
        "/v1/responses",
        "/v1/models",
        "/v1/v1/x?key=a",
        "/@openrouter/v1/chat/completions",
        "",
        "/@",
        "//",
        "http://[::1",
        "/v1/embeddings",
        "/api/chat",
        "?",
        "é",
    ];
    let gateways =
        ["nexorouter", "openrouter", "openai", "anthropic", "sim", "sim:openrouter", "localhost:1", ""];
    let statuses =
        [200, 200, 200, 204, 301, 400, 401, 404, 408, 413, 429, 429, 500, 503, 504, 524, 529, 0, 999];
    let request = (select(methods.to_vec()), select(targets.to_vec()), headers(&REQUEST_HEADERS), body());
    let answer = (prop::option::weighted(0.9, (select(statuses.to_vec()), headers(&ANSWER_HEADERS))), body());
    let passage = (time(), time(), time(), end(), end(), any::<bool>(), 0..40_000_000_i64);
    (request, answer, select(gateways.to_vec()), passage).prop_map(
        |((method, target, headers, request), (head, response), gateway, passage)| {
            let (sent, head_at, end_at, request_end, response_end, own, started_at) = passage;
            let version = || "HTTP/1.1".to_owned();
            let head =
                head.map(|(status, headers)| ResponseHead { status, version: version(), headers, raw: None });
            let exchange = Exchange {
                session: 1,
                started_at: WallTime(started_at),
                gateway: gateway.to_owned(),
                url: format!("https://{gateway}{target}"),
                own_answer: (own && head.is_none())
                    .then(|| OwnAnswer { token: "connect-timeout".to_owned(), message: String::new() }),
                response: head,
                timing: Timing { sent, head: head_at, end: end_at, ..Timing::default() },
                request_end,
                response_end,
                request_bytes: request.bytes.len() as u64,
                response_bytes: response.bytes.len() as u64,
                ..Exchange::of(RequestHead {
                    method: method.to_owned(),
                    target: target.to_owned(),
                    version: version(),
                    headers,
                    raw: None,
                })
            };
            Capture { about: String::new(), exchange, request, response }
        },
    )
}

/// Exchanges in the order of starting; some come again as they were.
fn session() -> impl Strategy<Value = Vec<Capture>> {
    let again = prop::collection::vec(any::<Index>(), 0..6);
    (prop::collection::vec(capture(), 1..8), again).prop_map(|(mut captures, again)| {
        for index in again {
            let mut one = index.get(&captures).clone();
            one.exchange.started_at.0 += 3_000_000;
            captures.push(one);
        }
        captures.sort_by_key(|capture| capture.exchange.started_at);
        for capture in &mut captures {
            capture.exchange.started_at = test_start().plus(Micros(capture.exchange.started_at.0 as u64));
        }
        captures
    })
}

fn found(engine: Engine, captures: &[Capture]) -> Vec<Vec<Finding>> {
    reviewed(engine, captures).into_iter().map(|one| one.findings).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: config().cases / 2, ..config() })]

    #[test]
    fn no_exchange_makes_a_check_fail(captures in session()) {
        for finding in found(Engine::default(), &captures).concat() {
            prop_assert_ne!(&finding.check, FAILED, "{}", finding.message);
        }
    }

    #[test]
    fn any_part_of_the_checks_finds_its_part(captures in session(), part in prop::collection::vec(any::<bool>(), ALL.len())) {
        let chosen = |wanted: bool| {
            let ids = ALL.iter().zip(&part).filter(|(_, part)| **part == wanted);
            let select: Vec<Pattern> = ids.map(|(check, _)| Pattern::parse(check.id).unwrap()).collect();
            // A selection of none is one of all.
            (!select.is_empty()).then(|| Engine::new(Settings { select, ..Settings::default() }))
        };
        let mut parts = vec![Vec::new(); captures.len()];
        for engine in [chosen(false), chosen(true)].into_iter().flatten() {
            for (sum, more) in parts.iter_mut().zip(found(engine, &captures)) {
                sum.extend(more);
            }
        }
        let place = |finding: &Finding| ALL.iter().position(|check| check.id == finding.check);
        let mut all = found(Engine::default(), &captures);
        for (whole, sum) in all.iter_mut().zip(&mut parts) {
            whole.sort_by_key(place);
            sum.sort_by_key(place);
        }
        prop_assert_eq!(all, parts);
    }

    #[test]
    fn pieces_in_any_order_do_no_harm(
        captures in prop::collection::vec(capture(), 1..4),
        steps in prop::collection::vec((any::<Index>(), 0..7_u8), 0..40),
    ) {
        let mut watch = Watch::default();
        let mut found = Vec::new();
        for (index, step) in steps {
            let key = index.index(captures.len());
            let Capture { exchange, request, response, .. } = &captures[key];
            let key = key as u64;
            match step {
                0 => watch.begin(key, Box::new(exchange.clone())),
                1 => watch.request_chunk(key, &request.bytes),
                2 => watch.request_end(key, BodyEnd::Whole),
                3 => exchange.response.iter().for_each(|head| watch.response_head(key, head)),
                4 => watch.response_chunk(key, &response.bytes, Micros(5)),
                5 => found.extend(watch.so_far(key)),
                _ => found.extend(watch.end(key, Box::new(exchange.clone()))),
            }
        }
        for finding in found.into_iter().flat_map(|watched| watched.findings) {
            prop_assert_ne!(&finding.check, FAILED, "{}", finding.message);
        }
    }
}
