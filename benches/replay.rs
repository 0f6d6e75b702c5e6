//! What a replay of ten thousand recorded chat exchanges costs: to start, to find the one that a request is, to answer
//! with it, and to say what is nearest where there is none.

#![expect(clippy::expect_used, reason = "a bench ends where it cannot")]

use criterion::{Criterion, criterion_group, criterion_main};
use gatetap::digest::Digest;
use gatetap::digest::verdict::Judgement;
use gatetap::exchange::body::{Mark, Rest, Side};
use gatetap::exchange::end::Verdict;
use gatetap::exchange::head::{Headers, RequestHead};
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::replay::{Options, OwnWord, Replay};
use gatetap::store::{SessionStart, Writer};
use gatetap::wire::script;
use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

/// So many are recorded.
const EXCHANGES: usize = 10_000;

/// One of them, but for the bodies.
const CAPTURE: &str = "gateway nexorouter\n> POST /v1/chat/completions HTTP/1.1\n> Host: localhost:7117\n\
    > Authorization: Bearer sk-fake-aaaaaaaaaaaaaaaaaaaa\n> Content-Type: application/json\n\
    +100ms\n< HTTP/1.1 200 OK\n< Content-Type: text/event-stream\n< Transfer-Encoding: chunked\nend\n";

/// Events of an answer.
const EVENTS: usize = 30;

const EVENT: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"model\":\"acme/small\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n";

/// The n-th question: what an agent asks in its fifth turn, 4 KB of it the same for all.
fn question(n: usize) -> Vec<u8> {
    let system = "You are a careful assistant that answers in few words. ".repeat(60);
    let turn = |turn| {
        let asked = format!("turn {turn} of {}", n % 100);
        format!(r#"{{"role":"user","content":"{asked}"}},{{"role":"assistant","content":"Fine."}},"#)
    };
    let turns = (0..4).map(turn).collect::<Vec<_>>().concat();
    format!(
        r#"{{"model":"acme/small","stream":true,"user":"u{n}","messages":[{{"role":"system","content":"{system}"}},{turns}{{"role":"user","content":"question {n}"}}]}}"#
    )
    .into_bytes()
}

fn record(path: &Path) {
    let start = SessionStart {
        started_at: WallTime(0),
        program: "gatetap bench".to_owned(),
        command: "gatetap".to_owned(),
        upstream: "nexorouter".to_owned(),
        seed: None,
    };
    let writer = Writer::open(path, &start).expect("it opens");
    let mut exchange = script::read(CAPTURE).expect("it is a capture").exchange;
    let mark = |length: usize, at: u64| Mark {
        length: length as u32,
        read: Micros(at),
        taken: None,
        rest: Rest::default(),
    };
    let marks: Vec<Mark> = (0..EVENTS).map(|n| mark(EVENT.len(), 100_000 + n as u64)).collect();
    writer.begin().expect("it begins");
    for n in 0..EXCHANGES {
        let body = question(n);
        exchange.request_bytes = body.len() as u64;
        exchange.response_bytes = (EVENTS * EVENT.len()) as u64;
        let id = writer.insert_exchange(&exchange).expect("it is written");
        writer.insert_segment(id, Side::Request, 0, &body, &[mark(body.len(), 0)]).expect("it is written");
        writer
            .insert_segment(id, Side::Response, 0, EVENT.repeat(EVENTS).as_bytes(), &marks)
            .expect("it is written");
        let judgement = Judgement { verdict: Verdict::Complete, evidence: String::new() };
        writer.put_digest(id, &Digest::default(), &judgement).expect("it is written");
    }
    writer.commit().expect("it commits");
    writer.end_session(WallTime(0)).expect("it ends");
}

fn head() -> RequestHead {
    RequestHead {
        method: "POST".to_owned(),
        target: "/v1/chat/completions".to_owned(),
        version: "HTTP/1.1".to_owned(),
        headers: Headers::from_iter([
            ("Authorization", "Bearer sk-fake-aaaaaaaaaaaaaaaaaaaa"),
            ("Content-Type", "application/json"),
        ]),
        raw: None,
    }
}

/// Asks over a connection of its own, and reads to the end of the answer.
fn ask(addr: SocketAddr, body: &[u8]) -> usize {
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-fake-aaaaaaaaaaaaaaaaaaaa\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(addr).expect("it listens");
    stream.write_all(&[head.as_bytes(), body].concat()).expect("it is sent");
    stream.read_to_end(&mut Vec::new()).expect("it answers")
}

fn bench(criterion: &mut Criterion) {
    let directory = std::env::temp_dir().join(format!("gatetap-bench-replay-{}", std::process::id()));
    std::fs::create_dir(&directory).expect("it can be made");
    let path = directory.join("recorded.db");
    record(&path);
    let runtime = tokio::runtime::Runtime::new().expect("there is a runtime");
    let start = || {
        let options = Options { recording: path.clone(), speed: f64::INFINITY, ..Options::default() };
        let word = OwnWord::draw().expect("there is randomness");
        let started = Replay::start(([127, 0, 0, 1], 0).into(), options, word);
        runtime.block_on(started).expect("it starts")
    };
    let mut group = criterion.benchmark_group("replay of 10 000");
    group.sample_size(10);
    group.bench_function("start", |bencher| bencher.iter(start));
    let replay = start();
    let chooser = replay.chooser();
    group.sample_size(100);
    group.bench_function("find", |bencher| {
        let mut n = 0;
        bencher.iter(|| {
            n = (n + 7_919) % EXCHANGES;
            let found = runtime.block_on(chooser.choose(head(), question(n)));
            black_box(found.expect("it is recorded"))
        });
    });
    group.bench_function("answer", |bencher| {
        let mut n = 0;
        bencher.iter(|| {
            n = (n + 7_919) % EXCHANGES;
            black_box(ask(replay.addr(), &question(n)))
        });
    });
    group.bench_function("miss", |bencher| {
        let mut n = EXCHANGES;
        bencher.iter(|| {
            n += 1;
            black_box(ask(replay.addr(), &question(n)))
        });
    });
    group.finish();
    runtime.block_on(replay.stop());
    std::fs::remove_dir_all(&directory).expect("it was made");
}

criterion_group!(benches, bench);
criterion_main!(benches);
