//! Every capture of the library, served: what a raw client sees equals what the capture holds.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gatetap::exchange::body::{Body, Cut, Mark, Rest};
use gatetap::exchange::end::{BodyEnd, Hop};
use gatetap::exchange::time::Micros;
use gatetap::sim::{Options, Scenario, Simulator};
use gatetap::wire::script::Capture;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::captures::capture;
use crate::sim_client::{KEY, exchange, simulator};

/// The clock of the tests counts in milliseconds.
const TICK: u64 = 2_000;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captures")
}

async fn playing(speed: f64) -> Simulator {
    let scenario = Some(Arc::new(Scenario::of_captures(&folder()).unwrap()));
    simulator(Options { speed, scenario, ..Options::default() }).await
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "capture"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum Ending {
    Closed,
    Reset,
    /// Not within an hour.
    Open,
}

/// What a client sees: its reads, each with its microseconds after the request, and the end.
async fn seen(sim: &Simulator, name: &str, request: &Capture) -> (Vec<(u64, Vec<u8>)>, Ending) {
    let head = &request.exchange.request;
    let text = format!(
        "{} {} HTTP/1.1\r\nhost: sim\r\nx-sim-capture: {name}\r\ncontent-length: {}\r\n\r\n",
        head.method,
        head.target,
        request.request.bytes.len()
    );
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    let bytes = [text.as_bytes(), &request.request.bytes].concat();
    stream.write_all(&bytes).await.unwrap();
    let begun = Instant::now();
    let mut reads = Vec::new();
    loop {
        let mut buffer = Vec::with_capacity(1 << 20);
        match timeout(Duration::from_secs(3600), stream.read_buf(&mut buffer)).await {
            Err(_) => return (reads, Ending::Open),
            Ok(Ok(0)) => return (reads, Ending::Closed),
            Ok(Ok(_)) => reads.push((begun.elapsed().as_micros() as u64, buffer)),
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionReset => return (reads, Ending::Reset),
            Ok(Err(error)) => panic!("{name}: {error}"),
        }
    }
}

/// What the capture says that leaves on the wire: bytes with their microseconds after the request.
fn written(capture: &Capture) -> (Vec<(u64, Vec<u8>)>, Ending) {
    let exchange = &capture.exchange;
    let after = |at: Option<Micros>| at.unwrap_or_default().since(exchange.timing.sent.unwrap_or_default()).0;
    let mut writes = Vec::new();
    let mut chunked = false;
    let head = exchange.response.as_ref().filter(|_| exchange.own_answer.is_none());
    if let Some(head) = head {
        let mut bytes = match &head.raw {
            Some(raw) => raw.to_vec(),
            None => {
                [format!("HTTP/1.1 {} OK\r\n", head.status).as_bytes(), &head.headers.to_block(), b"\r\n"]
                    .concat()
            }
        };
        let framed = head.headers.first("content-length").is_some()
            || head.headers.first("transfer-encoding").is_some();
        let bodiless = matches!(head.status, 204 | 304);
        chunked = !bodiless && head.headers.first("content-length").is_none();
        if !framed && !bodiless {
            bytes.truncate(bytes.len() - 2);
            bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
        }
        writes.push((after(exchange.timing.head), bytes));
        let mut rest = capture.response.bytes.clone();
        if let Some(cut) = capture.response.cut {
            let missing = capture.response.passed() as usize - rest.len();
            rest.splice(cut.at as usize..cut.at as usize, vec![b' '; missing]);
        }
        for mark in &capture.response.marks {
            let chunk: Vec<u8> = rest.drain(..mark.length as usize).collect();
            if chunk.is_empty() || bodiless {
                continue;
            }
            let bytes = if chunked {
                [format!("{:x}\r\n", chunk.len()).as_bytes(), &chunk, b"\r\n"].concat()
            } else {
                chunk
            };
            writes.push((after(Some(mark.read)), bytes));
        }
    }
    let ending = match &exchange.response_end {
        None | Some(BodyEnd::Broken { by: Hop::App, .. }) => Ending::Open,
        Some(end) if end.is_reset() => Ending::Reset,
        Some(BodyEnd::Broken { .. }) => Ending::Closed,
        Some(BodyEnd::Whole) => {
            if chunked {
                writes.push((after(exchange.timing.end), b"0\r\n\r\n".to_vec()));
            }
            Ending::Closed
        }
    };
    (writes, ending)
}

fn joined(pieces: &[(u64, Vec<u8>)]) -> Vec<u8> {
    pieces.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
}

/// How many bytes are there at `at`, by the writes.
fn by(writes: &[(u64, Vec<u8>)], at: u64) -> usize {
    writes.iter().filter(|(time, _)| *time <= at).map(|(_, bytes)| bytes.len()).sum()
}

#[tokio::test(start_paused = true)]
async fn every_capture_is_served_byte_for_byte_at_its_times() {
    let sim = playing(1.0).await;
    let names = names();
    assert!(names.len() >= 70, "{}", names.len());
    let mut endings = BTreeMap::new();
    for name in names {
        let capture = capture(&name);
        let (reads, ending) = seen(&sim, &name, &capture).await;
        let (writes, expected) = written(&capture);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&joined(&reads)), text(&joined(&writes)), "{name}");
        assert_eq!(joined(&reads), joined(&writes), "{name}");
        assert_eq!(ending, expected, "{name}");
        let mut read = 0;
        for (at, bytes) in &reads {
            read += bytes.len();
            let (least, most) = (by(&writes, at.saturating_sub(TICK)), by(&writes, at + TICK));
            assert!((least..=most).contains(&read), "{name}: {read} bytes at {at} us, not {least} to {most}");
        }
        *endings.entry(format!("{ending:?}")).or_insert(0) += 1;
    }
    for ending in ["Closed", "Reset", "Open"] {
        assert!(endings.contains_key(ending), "{endings:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn speed_holds_for_captures_too() {
    let capture = capture("chat-stream-stall");
    let mut taken = Vec::new();
    for speed in [1.0, 10.0] {
        let sim = playing(speed).await;
        let (reads, _) = seen(&sim, "chat-stream-stall", &capture).await;
        taken.push(reads.last().unwrap().0 as f64);
    }
    let ratio = taken[0] / taken[1];
    assert!((9.5..10.5).contains(&ratio), "{taken:?}");
}

#[tokio::test]
async fn captures_answer_what_is_like_their_own_request_each_in_its_turn() {
    let sim = playing(f64::INFINITY).await;
    let ask = async |line: &str, body: &str| {
        exchange(sim.addr(), &format!("{line} HTTP/1.1\r\nauthorization: {KEY}"), body).await
    };
    let embeddings = ask("POST /v1/embeddings", r#"{"model":"embed-fake","input":"other"}"#).await;
    assert_eq!(embeddings.text(), String::from_utf8(capture("embeddings").response.bytes).unwrap());
    // Of two that fit, each in its turn.
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(ask("GET /v1/models", "").await.status);
    }
    assert_eq!(statuses, [304, 200, 304, 200]);
    // The very body wins over the others of its path and model.
    let tools = capture("chat-stream-tool-calls");
    let body = String::from_utf8(tools.request.bytes.clone()).unwrap();
    let answer = ask("POST /v1/chat/completions", &body).await;
    assert_eq!(answer.body, tools.response.bytes);
    // What no capture is like is the profile's.
    let other = ask(
        "POST /v1/chat/completions",
        r#"{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}"#,
    );
    assert!(other.await.header("x-request-id").is_some_and(|id| id.starts_with("req_sim_")));
}

#[tokio::test]
async fn over_http_2_a_capture_has_its_head_its_body_and_its_end() {
    let sim = playing(f64::INFINITY).await;
    for (name, whole) in [("chat-plain-http2", true), ("chat-stream-cut-connection-close", false)] {
        let stream = TcpStream::connect(sim.addr()).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::post(format!("http://{}/v1/chat/completions", sim.addr()))
            .header("x-sim-capture", name)
            .body(Full::<bytes::Bytes>::default())
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let capture = capture(name);
        let head = capture.exchange.response.unwrap();
        for (header, value) in head.headers.iter().filter(|(header, _)| header != "Connection") {
            assert_eq!(
                response.headers().get(header.as_str()).unwrap().as_bytes(),
                value,
                "{name}: {header}"
            );
        }
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        let mut broken = false;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                broken = true;
                break;
            };
            bytes.extend(frame.into_data().unwrap());
        }
        assert_eq!((bytes, broken), (capture.response.bytes, !whole), "{name}");
    }
}

#[test]
fn blanks_stand_for_what_is_not_kept_where_it_is_missing() {
    let marks = |lengths: &[u32]| -> Vec<Mark> {
        let mark = |&length| Mark { length, read: Micros(7), taken: None, rest: Rest::default() };
        lengths.iter().map(mark).collect()
    };
    let cut = |at, tail| Some(Cut { at, tail });
    for (kept, lengths, cut, played) in [
        ("abcdefgh", &[1, 3, 4][..], None, &["a", "bcd", "efgh"][..]),
        ("abgh", &[1, 3, 4], cut(2, 2), &["a", "b  ", "  gh"]),
        ("abh", &[8], cut(2, 1), &["ab     h"]),
        ("ab", &[2, 2, 0, 4], cut(2, 0), &["ab", "  ", "    "]),
        ("h", &[7, 1], cut(0, 1), &["       ", "h"]),
    ] {
        let response = Body { bytes: kept.into(), marks: marks(lengths), cut };
        let capture = Capture { response, ..capture("chat-stream") };
        let chunks: Vec<_> = gatetap::play::chunks(&capture).collect();
        let expected: Vec<_> = played.iter().map(|chunk| (Micros(7), chunk.as_bytes().to_vec())).collect();
        assert_eq!(chunks, expected, "{kept} {lengths:?}");
    }
}
