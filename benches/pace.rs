//! How well a replay keeps the times of a recording: the gaps between 200 events, as a raw client sees them through the
//! program at `--speed 1`, beside the recorded ones.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints its figures and ends where it cannot"
)]

use gatetap::digest::Digest;
use gatetap::digest::verdict::Judgement;
use gatetap::exchange::body::{Mark, Rest, Side};
use gatetap::exchange::end::Verdict;
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::store::{SessionStart, Writer};
use gatetap::wire::script;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const EVENTS: usize = 200;
const ROUNDS: usize = 5;

/// How an event ends; nothing else in the answer does.
const END: &[u8] = b"\n\n\r\n";

const CAPTURE: &str = "> GET /v1/stream HTTP/1.1\n> Host: localhost:7117\n< HTTP/1.1 200 OK\n\
    < Content-Type: text/event-stream\n< Transfer-Encoding: chunked\nend\n";

/// When each event was read, in microseconds: gaps of 0.5 to 40 ms, as a model's tokens have them.
fn times() -> Vec<u64> {
    let mut draw = fastrand::Rng::with_seed(7);
    let mut at = 50_000;
    let next = |_| {
        at += draw.u64(500..40_000);
        at
    };
    (0..EVENTS).map(next).collect()
}

fn record(path: &Path, times: &[u64]) {
    let start = SessionStart {
        started_at: WallTime(0),
        program: "gatetap bench".to_owned(),
        command: "gatetap".to_owned(),
        upstream: "nexorouter".to_owned(),
        seed: None,
    };
    let writer = Writer::open(path, &start).expect("it opens");
    let mut exchange = script::read(CAPTURE).expect("it is a capture").exchange;
    let event = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"}}]}\n\n";
    exchange.timing.end = times.last().copied().map(Micros);
    exchange.response_bytes = (EVENTS * event.len()) as u64;
    let mark =
        |at: &u64| Mark { length: event.len() as u32, read: Micros(*at), taken: None, rest: Rest::default() };
    let marks: Vec<Mark> = times.iter().map(mark).collect();
    writer.begin().expect("it begins");
    let id = writer.insert_exchange(&exchange).expect("it is written");
    writer.insert_segment(id, Side::Response, 0, &event.repeat(EVENTS), &marks).expect("it is written");
    let judgement = Judgement { verdict: Verdict::Complete, evidence: String::new() };
    writer.put_digest(id, &Digest::default(), &judgement).expect("it is written");
    writer.commit().expect("it commits");
    writer.end_session(WallTime(0)).expect("it ends");
}

/// When the client has read each event, in microseconds.
fn seen(address: &str) -> Vec<u64> {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("it is open");
    stream.write_all(b"GET /v1/stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("it is sent");
    let (began, mut unread, mut times) = (Instant::now(), Vec::new(), Vec::new());
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).expect("it answers");
        if read == 0 {
            return times;
        }
        unread.extend_from_slice(buffer.get(..read).unwrap_or_default());
        while let Some(at) = unread.windows(END.len()).position(|window| window == END) {
            unread.drain(..at + END.len());
            times.push(began.elapsed().as_micros() as u64);
        }
    }
}

fn main() {
    let directory = std::env::temp_dir().join(format!("gatetap-bench-pace-{}", std::process::id()));
    std::fs::create_dir(&directory).expect("it can be made");
    let times = times();
    record(&directory.join("recorded.db"), &times);
    let mut replay = Command::new(env!("CARGO_BIN_EXE_gatetap"))
        .args(["replay", "serve", "recorded.db", "--db", "run.db", "--headless", "--listen", "127.0.0.1:0"])
        .current_dir(&directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut url = String::new();
    let stdout = replay.stdout.take().expect("it is piped");
    BufReader::new(stdout).read_line(&mut url).expect("it says where it listens");
    let address = url.trim().trim_start_matches("listening on http://");
    let mut off = Vec::new();
    for _ in 0..ROUNDS {
        let seen = seen(address);
        assert_eq!(seen.len(), EVENTS, "every event comes");
        let gaps = |times: &[u64]| times.windows(2).map(|pair| pair[1].abs_diff(pair[0])).collect::<Vec<_>>();
        off.extend(gaps(&seen).iter().zip(gaps(&times)).map(|(gap, recorded)| gap.abs_diff(recorded)));
    }
    replay.kill().expect("it runs");
    replay.wait().expect("it ends");
    std::fs::remove_dir_all(&directory).expect("it was made");
    off.sort_unstable();
    let at = |percent: usize| off.get(off.len() * percent / 100).copied().unwrap_or_default() as f64 / 1000.0;
    println!(
        "{} gaps are off by {:.2} ms (p50), {:.2} ms (p95), {:.2} ms (p99)",
        off.len(),
        at(50),
        at(95),
        at(99)
    );
}
