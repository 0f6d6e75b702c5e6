//! How fast a large recording answers: the first page of filters of every kind, and full text.
//!
//! `cargo bench --bench questions` makes a recording of a million exchanges, once, and asks it. `QUESTIONS_ROWS`
//! makes a smaller one; `QUESTIONS_DB` names the file to keep it in.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints its figures and ends where it cannot"
)]

use gatetap::digest::verdict::Judgement;
use gatetap::digest::{ClientFacts, Digest, Text, Usage};
use gatetap::exchange::body::{Mark, Rest, Side};
use gatetap::exchange::credential::CredentialFacts;
use gatetap::exchange::end::{BodyEnd, Verdict};
use gatetap::exchange::finding::{Finding, Severity};
use gatetap::exchange::head::{Headers, RequestHead, ResponseHead};
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::exchange::{Exchange, Timing};
use gatetap::store::filter::Filter;
use gatetap::store::{Page, Reader, SessionStart, Writer};
use gatetap::wire::dialect::Dialect;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// 2025-03-01T12:00:00Z.
const START: i64 = 1_740_830_400_000_000;

/// Microseconds between two exchanges.
const STEP: u64 = 250_000;

/// So many exchanges go into one transaction, and into one session.
const BATCH: u64 = 5_000;
const SESSION: u64 = 50_000;

/// A page, as the live view reads it.
const PAGE: u32 = 100;

/// How often each question is asked. The first comes to a cold cache; the best shows the cost, whatever else
/// the machine does.
const ROUNDS: usize = 9;

const MODELS: [&str; 6] = [
    "gpt-4o-mini",
    "gpt-4o",
    "anthropic/claude-sonnet-4",
    "openai/gpt-5",
    "meta-llama/llama-3.3-70b-instruct",
    "deepseek/deepseek-chat",
];

/// Filters that match much, little, nothing, only the oldest, and what no index could answer.
const FILTERS: [&str; 37] = [
    "",
    "status:200",
    "status:429",
    "status>=400",
    "status:418",
    "model:gpt-*",
    "model:no-such-model",
    "path:/v1/chat*",
    "path:/nowhere*",
    "verdict:incomplete",
    "is:open",
    "is:error -code:rate_limit_exceeded",
    "is:replayed",
    "finding:auth-*",
    "severity:error status:200 model:gpt-4o",
    "key:ab12",
    "finish:length tokens>100000",
    "ttft>1h",
    "ttft>4s duration<1s",
    "since:1m",
    "session:1",
    "session:1 is:error verdict:cut-by-app",
    "(status:200 OR status:429) -verdict:* OR tokens>900000",
    "word17",
    "always status:418",
    "always model:gpt-* finish:length ttft>1h",
    "-always",
    "-always model:gpt-*",
    "-always status:418",
    "-word1 ttft>1h",
    "-word17 status:200",
    "-nowhere status:418",
    "word1 -always",
    "-(always OR status:418)",
    "always OR status:418",
    "(always OR status:418) ttft>1h",
    "beg* status:418",
];

/// Searches for words that are everywhere, common, rare, and that only some of the exchanges may have.
const SEARCHES: [&str; 8] = [
    "always",
    "word17",
    "word1 word2",
    "\"word1 word2\"",
    "word9999 always",
    "always status:429",
    "always ttft>1h",
    "beg* model:gpt-4o",
];

fn main() {
    let rows = std::env::var("QUESTIONS_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    let path = std::env::var_os("QUESTIONS_DB")
        .map_or_else(|| std::env::temp_dir().join(format!("gatetap-questions-{rows}.db")), PathBuf::from);
    if !path.exists() {
        let began = Instant::now();
        generate(&path, rows);
        println!("made {rows} exchanges in {:.1} s", began.elapsed().as_secs_f64());
    }
    let size = std::fs::metadata(&path).expect("it was made").len();
    println!("{}: {:.2} GB", path.display(), size as f64 / 1e9);
    let reader = Reader::open(&path).expect("it opens");
    let now = WallTime(START).plus(Micros(rows * STEP));
    println!("{:>9} {:>9} {:>9} {:>5}  filter", "first", "best", "middle", "rows");
    for text in FILTERS {
        let filter = Filter::parse(text).expect("it is a filter");
        let page = Page { limit: Some(PAGE), ..Page::default() };
        ask(text, || reader.select(&filter, page, now).expect("it answers").len());
    }
    for text in SEARCHES {
        let filter = Filter::parse(text).expect("it is a filter");
        ask(&format!("search {text}"), || reader.search(&filter, 20, now).expect("it answers").hits.len());
    }
    ask("count", || reader.count().expect("it answers") as usize);
}

fn ask(name: &str, question: impl Fn() -> usize) {
    let mut times = Vec::new();
    let mut rows = 0;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        rows = question();
        times.push(began.elapsed());
    }
    let first = times.first().copied().unwrap_or_default();
    times.sort_unstable();
    let best = times.first().copied().unwrap_or_default();
    let middle = times.get(ROUNDS / 2).copied().unwrap_or_default();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("{:>6.1} ms {:>6.1} ms {:>6.1} ms {rows:>5}  {name}", ms(first), ms(best), ms(middle));
}

/// Makes a recording of `rows` exchanges with small bodies.
fn generate(path: &Path, rows: u64) {
    let mut number = 0;
    while number < rows {
        let started_at = WallTime(START).plus(Micros(number * STEP));
        let start = SessionStart {
            started_at,
            program: "gatetap bench".to_owned(),
            command: "gatetap".to_owned(),
            upstream: "nexorouter".to_owned(),
            seed: None,
        };
        let writer = Writer::open(path, &start).expect("it opens");
        let end = (number + SESSION).min(rows);
        while number < end {
            writer.begin().expect("it begins");
            for _ in 0..BATCH.min(end - number) {
                write(&writer, number);
                number += 1;
            }
            writer.commit().expect("it commits");
        }
        writer.end_session(started_at).expect("it ends");
    }
}

fn write(writer: &Writer, number: u64) {
    let mut draw = fastrand::Rng::with_seed(number);
    let status = *draw.choice(&[200, 200, 200, 200, 200, 200, 429, 500]).expect("there are some");
    let model = *draw.choice(&MODELS).expect("there are some");
    let started_at = WallTime(START).plus(Micros(number * STEP));
    let duration = Micros(draw.u64(100_000..20_000_000));
    let request =
        format!("{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"user\",\"content\":\"{number}\"}}]}}");
    let exchange = Exchange {
        started_at,
        peer: Some("127.0.0.1:50123".to_owned()),
        gateway: if draw.u8(..10) == 0 { "openrouter" } else { "nexorouter" }.to_owned(),
        url: "https://api.nexorouter.com/v1/chat/completions".to_owned(),
        sent: Some(Headers::from_raw_head(&REQUEST_HEAD.into())),
        response: Some(ResponseHead {
            status,
            version: "HTTP/1.1".to_owned(),
            headers: Headers::default(),
            raw: Some(RESPONSE_HEAD.into()),
        }),
        timing: Timing { end: Some(duration), head: Some(Micros(90_000)), ..Timing::default() },
        request_end: Some(BodyEnd::Whole),
        response_end: Some(BodyEnd::Whole),
        request_bytes: request.len() as u64,
        response_bytes: 600,
        credentials: vec![CredentialFacts {
            place: "authorization".to_owned(),
            scheme: Some("Bearer".to_owned()),
            vendor: None,
            length: 40,
            last4: Some(format!("k{:03}", draw.u32(..20))),
            fingerprint: format!("{:016x}", draw.u32(..20)),
            defects: Vec::new(),
        }],
        ..Exchange::of(RequestHead {
            method: "POST".to_owned(),
            target: "/v1/chat/completions".to_owned(),
            version: "HTTP/1.1".to_owned(),
            headers: Headers::default(),
            raw: Some(REQUEST_HEAD.into()),
        })
    };
    let verdict = match status {
        200 => *draw
            .choice(&[Verdict::Complete, Verdict::Complete, Verdict::Complete, Verdict::CutByApp])
            .expect("some"),
        _ => Verdict::Refused,
    };
    let total = draw.u64(100..50_000);
    let digest = Digest {
        dialect: Dialect::Chat,
        streaming: draw.bool(),
        model: Some(model.to_owned()),
        model_answered: Some(format!("{model}-2025")),
        request_id: Some(format!("req_{number:016x}")),
        error_code: (status != 200).then(|| "rate_limit_exceeded".to_owned()),
        finish_reason: (status == 200).then(|| "stop".to_owned()),
        usage: Usage { total: Some(total), ..Usage::default() },
        first_token: Some(Micros(draw.u64(50_000..5_000_000))),
        events: 50,
        client: ClientFacts { agent: Some("OpenAI/Python 1.99.0".to_owned()), ..ClientFacts::default() },
        ..Digest::default()
    };
    let id = writer.insert_exchange(&exchange).expect("it is written");
    let mark = |length: usize| Mark {
        length: length as u32,
        read: Micros(900),
        taken: Some(Micros(1_000)),
        rest: Rest::default(),
    };
    writer
        .insert_segment(id, Side::Request, 0, request.as_bytes(), &[mark(request.len())])
        .expect("it is written");
    writer.insert_segment(id, Side::Response, 0, &[b'x'; 600], &[mark(600)]).expect("it is written");
    let judgement = Judgement { verdict, evidence: "the finish reason `stop` was seen".to_owned() };
    writer.put_digest(id, &digest, &judgement).expect("it is written");
    writer.put_text(id, &text(&mut draw)).expect("it is written");
    if draw.u8(..20) == 0 {
        writer.put_findings(id, &[finding()]).expect("it is written");
    }
}

/// Words as frequent as in a language: the nth stands in the text about 1/n as often.
fn text(draw: &mut fastrand::Rng) -> Text {
    let mut words = |count: usize| {
        let word = |draw: &mut fastrand::Rng| format!("word{}", (20_000_f64.powf(draw.f64())) as u32);
        (0..count).map(|_| word(draw)).collect::<Vec<_>>().join(" ")
    };
    Text { prompt: format!("always {}", words(25)), answer: words(15) }
}

fn finding() -> Finding {
    Finding {
        check: "stream-buffered".to_owned(),
        severity: Severity::Warning,
        message: "all events came in one piece".to_owned(),
        evidence: "12 events within 0.3 ms".to_owned(),
        fix: "turn buffering off".to_owned(),
        places: Vec::new(),
    }
}

const REQUEST_HEAD: &str = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost:7117\r\nAccept: application/json\r\n\
    Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nUser-Agent: OpenAI/Python 1.99.0\r\n\
    X-Stainless-Lang: python\r\nX-Stainless-Package-Version: 1.99.0\r\nX-Stainless-OS: Linux\r\nX-Stainless-Arch: x64\r\n\
    X-Stainless-Runtime: CPython\r\nX-Stainless-Runtime-Version: 3.12.3\r\nAuthorization: Bearer ********\r\n\
    X-Stainless-Async: false\r\nx-stainless-retry-count: 0\r\nx-stainless-read-timeout: 600\r\nContent-Length: 123\r\n\
    Content-Type: application/json\r\n\r\n";

const RESPONSE_HEAD: &str = "HTTP/1.1 200 OK\r\nDate: Sat, 01 Mar 2025 12:00:00 GMT\r\nContent-Type: text/event-stream\r\n\
    Transfer-Encoding: chunked\r\nCache-Control: no-cache\r\nX-Request-Id: req_0123456789abcdef\r\nServer: cloudflare\r\n\r\n";
