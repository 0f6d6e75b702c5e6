//! How many chunks a second the recorder takes: streams side by side, whose events come as fast as it has room.
//!
//! `cargo bench --bench recorder` prints chunks and rows a second, all of it written and examined at the end.
//! `RECORDER_CHUNKS` says how many chunks there are in all.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints its figures and ends where it cannot"
)]

use bytes::Bytes;
use gatetap::check::Engine;
use gatetap::exchange::Timing;
use gatetap::exchange::body::Side;
use gatetap::exchange::end::BodyEnd;
use gatetap::exchange::time::Clock;
use gatetap::record::{Answered, Asked, Limits, Recorder, Track};
use gatetap::store::{SessionStart, Writer};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

/// How many chunks the streams have together, unless told otherwise.
const CHUNKS: usize = 1_000_000;

/// An event of a chat, as it comes in one read.
const EVENT: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"acme/small\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n";

const REQUEST: &str =
    "{\"model\":\"acme/small\",\"messages\":[{\"role\":\"user\",\"content\":\"go on\"}],\"stream\":true}";

fn main() {
    let chunks = std::env::var("RECORDER_CHUNKS").ok().and_then(|text| text.parse().ok()).unwrap_or(CHUNKS);
    println!(
        "{:>8} {:>10} {:>8} {:>12} {:>10} {:>10}",
        "streams", "chunks", "s", "chunks/s", "rows", "rows/s"
    );
    for streams in [1, 50, 500] {
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path().join("recording.db");
        let began = Instant::now();
        record(&path, streams, chunks / streams);
        let seconds = began.elapsed().as_secs_f64();
        let recording = rusqlite::Connection::open(&path).expect("it opens");
        let rows: u64 = recording
            .query_row("SELECT count(*) FROM segments", [], |row| row.get::<_, i64>(0))
            .expect("it answers")
            .unsigned_abs();
        let chunks = chunks / streams * streams;
        let rate = |count: f64| count / seconds;
        println!(
            "{streams:>8} {chunks:>10} {seconds:>8.2} {:>12.0} {rows:>10} {:>10.0}",
            rate(chunks as f64),
            rate(rows as f64)
        );
    }
}

/// Records so many streams side by side, each of so many chunks.
fn record(path: &std::path::Path, streams: usize, chunks: usize) {
    let clock = Clock::system();
    let start = SessionStart {
        started_at: clock.now().wall,
        program: "gatetap bench".to_owned(),
        command: "gatetap".to_owned(),
        upstream: "nexorouter".to_owned(),
        seed: None,
    };
    let writer = Writer::open(path, &start).expect("it opens");
    let running = Recorder::start(writer, clock, Limits::default(), Engine::default()).expect("it starts");
    let recorder = running.recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("it starts");
    let tracks: Vec<Track> = (0..streams).map(|_| begin(&recorder)).collect();
    let event = Bytes::from_static(EVENT.as_bytes());
    for _ in 0..chunks {
        for track in &tracks {
            if !track.has_room() {
                runtime.block_on(track.clone().room());
            }
            track.chunk(Side::Response, &event);
            track.taken(Side::Response, 1);
        }
    }
    for track in &tracks {
        track.chunk(Side::Response, &Bytes::from_static(b"data: [DONE]\n\n"));
        track.taken(Side::Response, 1);
        track.ended(Side::Response, BodyEnd::Whole);
    }
    let outcome = running.stop();
    assert!(outcome.is_whole(), "{outcome:?}");
}

/// An exchange whose request is there, and the head of its answer.
fn begin(recorder: &Recorder) -> Track {
    let mut headers = HeaderMap::new();
    headers
        .insert("authorization", HeaderValue::from_static("Bearer sk-proj-fake0000Fake0000fake0000Fake0000"));
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let track = recorder.begin(Asked {
        peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 50_123)),
        gateway: "nexorouter".into(),
        url: "https://api.nexorouter.com/v1/chat/completions".to_owned(),
        method: Method::POST,
        target: "/v1/chat/completions".to_owned(),
        version: Version::HTTP_11,
        headers,
        raw: None,
        sent: None,
        fault: None,
        replay_of: None,
        set: std::sync::Arc::default(),
    });
    track.chunk(Side::Request, &Bytes::from_static(REQUEST.as_bytes()));
    track.taken(Side::Request, 1);
    track.ended(Side::Request, BodyEnd::Whole);
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("text/event-stream"));
    track.answered(Answered {
        status: StatusCode::OK,
        version: Version::HTTP_11,
        headers,
        raw: None,
        own: None,
        timing: Timing::default(),
    });
    track
}
