//! Bounds: bodies, events, chunks and streams beyond what is usual. Memory and rows stay bounded, and nothing
//! is lost that was not said to be.

use crate::record_durability::long_answer;
use crate::support::binary::{Gatetap, Home, Launch};
use crate::support::client::{Client, Ending, get, post};
use crate::support::gateway::{Gate, Gateway, Step, write};
use crate::support::http1::chunk;
use crate::support::tapped::{Seen, Tapped};
use crate::support::{fakes, wait};
use gatetap::export::json::hex;
use gatetap::store::{Page, Reader};
use ring::digest::{Context, SHA256, digest};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How much memory a gatetap may have had at most, in bytes, whatever passes through it. Its queue takes 24 MiB,
/// and what is examined as much again.
const MOST_MEMORY: u64 = 400 << 20;

fn start(home: &Home, db: &Path, upstream: &str, more: &[&str]) -> Gatetap {
    let db = db.display().to_string();
    let upstream = format!("{upstream}/v1");
    let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &upstream, "--db", &db];
    Launch::gatetap(&[&args, more].concat()).home(home).serve()
}

fn show_json(home: &Home, db: &Path) -> Value {
    let exit =
        Launch::gatetap(&["show", "1", "--json", "--db", &db.display().to_string()]).home(home).run_to_end();
    serde_json::from_str(&exit.stdout).unwrap_or_else(|error| panic!("{error}: {exit}"))
}

/// The most memory that process `pid` ever had.
#[cfg(target_os = "linux")]
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
}

#[test]
fn the_flag_says_how_much_of_a_body_is_kept_and_show_says_what_is_missing() {
    let (raw, body) = long_answer(100);
    let gateway = wait(async { Gateway::answering(&raw) });
    let home = Home::new();
    let db = home.join("a.db");
    let gatetap = start(&home, &db, &gateway.url(), &["--max-body", "10kB"]);
    let sent = "p".repeat(30_000);
    let seen = wait(Seen::of(gatetap.addr(), post("/v1/long", &[], &sent)));
    assert!(seen.bytes() == body, "the app gets all of it");
    gatetap.terminate();
    assert_eq!(gatetap.wait_exit().code, Some(0));
    let shown = show_json(&home, &db);
    let response = &shown["response"]["body"];
    assert_eq!(
        (&response["bytes"], &response["stored"], &response["cut"]),
        (&json!(100_000), &json!(10_000), &json!({"at": 5_000, "tail": 5_000}))
    );
    assert_eq!(response["text"], String::from_utf8([&body[..5_000], &body[95_000..]].concat()).unwrap());
    let hash = hex(digest(&SHA256, &body).as_ref());
    assert_eq!(response["sha256"], hash);
    let request = &shown["request"]["body"];
    assert_eq!(request["bytes"], 30_000);
    assert!(request["stored"].as_u64().unwrap() <= 10_000, "{request}");
    assert!(request["sha256"].is_string());
    let db = db.display().to_string();
    let page = Launch::gatetap(&["show", "1", "--db", &db]).home(&home).run_to_end();
    let missing = format!(
        "90000 bytes are missing from offset 5000 on, 5000 bytes of the end follow; SHA-256 of the whole: {hash}"
    );
    assert!(page.stdout.contains(&missing), "{page}");
}

#[tokio::test]
async fn the_end_of_a_stream_tells_how_it_ended_though_its_middle_is_not_kept() {
    let event =
        |delta: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{delta}\"}}}}]}}\n\n");
    let mut raw =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..2_000 {
        raw.extend(chunk(event("many words ").as_bytes()));
    }
    raw.extend(chunk(b"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"));
    raw.extend(b"0\r\n\r\n");
    let gateway = Gateway::answering(&raw);
    let tapped = Tapped::keeping(&gateway, 10_000).await;
    Seen::of(tapped.addr(), get("/v1/chat/completions", &[])).await;
    let told = tapped.told(0).await;
    assert!(told.response.cut.is_some());
    assert_eq!(told.verdict(), "complete");
    assert_eq!(told.whole.summary.digest.finish_reason.as_deref(), Some("stop"));
}

#[tokio::test]
async fn ten_thousand_chunks_of_one_byte_are_ten_thousand_bytes() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 10000\r\n\r\n";
    let gate = Gate::new();
    let bytes = (0..10_000).flat_map(|n| [Step::Wait(gate.clone()), write([b'a' + (n % 26) as u8])]);
    let gateway = Gateway::replying([std::iter::once(write(head)).chain(bytes).collect::<Vec<Step>>()]);
    let tapped = Tapped::before(&gateway).await;
    let mut client = Client::connect(tapped.addr()).await;
    client.send(get("/v1/drops", &[])).await;
    client.read_head().await;
    let mut seen = Vec::new();
    while seen.len() < 10_000 {
        // The next byte leaves once this one is here: none of them travel together.
        gate.open();
        seen.extend(client.next_chunk().await.unwrap().bytes);
    }
    let told = tapped.told(0).await;
    assert_eq!((told.verdict(), &told.response.bytes), ("complete", &seen));
    told.assert_marks();
    assert_eq!(told.response.marks.len(), 10_000);
    let rows: i64 = Connection::open(tapped.recording())
        .unwrap()
        .query_row("SELECT count(*) FROM segments", [], |row| row.get(0))
        .unwrap();
    assert!(rows < 2_500, "{rows} rows");
}

#[tokio::test]
async fn one_event_of_five_megabytes_is_one_event() {
    let text = "long ".repeat(1 << 20);
    let event = format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":\"stop\"}}]}}\n\n"
    );
    let mut raw =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    raw.extend(chunk(event.as_bytes()));
    raw.extend(b"0\r\n\r\n");
    let gateway = Gateway::answering(&raw);
    let tapped = Tapped::before(&gateway).await;
    Seen::of(tapped.addr(), get("/v1/chat/completions", &[])).await;
    let told = tapped.told(0).await;
    assert!(told.response.bytes == event.as_bytes());
    let digest = &told.whole.summary.digest;
    assert_eq!((told.verdict(), digest.finish_reason.as_deref()), ("complete", Some("stop")));
}

/// `STREAMS` in the environment makes it more.
#[cfg(target_os = "linux")]
#[test]
fn two_thousand_streams_at_once_are_all_kept() {
    let streams: usize = std::env::var("STREAMS").map_or(2_000, |streams| streams.parse().unwrap());
    allow_files(3 * streams as u64 + 1_000);
    let event = "data: {\"choices\":[{\"delta\":{\"content\":\"word \"}}]}\n\n";
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let (gateway, gate) = wait(async { Gateway::sse([event, event, end]) });
    let home = Home::new();
    let db = home.join("a.db");
    let gatetap = start(&home, &db, &gateway.url(), &[]);
    let addr = gatetap.addr();
    wait(async {
        let mut clients = Vec::new();
        for _ in 0..streams {
            let mut client = Client::connect(addr).await;
            client.send(get("/v1/chat/completions", &[])).await;
            clients.push(client);
        }
        gateway.connected(streams).await;
        for client in &mut clients {
            client.read_head().await;
        }
        gate.open_for_good();
        for client in &mut clients {
            assert_eq!(client.read_body().await.ending, Ending::Whole);
        }
    });
    let peak = peak_memory(gatetap.pid());
    gatetap.terminate();
    let exit = gatetap.wait_exit();
    assert_eq!(exit.code, Some(0), "{exit}");
    assert!(peak < MOST_MEMORY, "{} MB", peak >> 20);
    let kept = Reader::open(&db).unwrap().summaries(Page::default()).unwrap();
    let complete = kept.iter().filter(|one| one.verdict.as_str() == "complete").count();
    assert_eq!((kept.len(), complete), (streams, streams));
}

/// A gigabyte with `BODY_MB=1000`, ten with `BODY_MB=10000`: memory does not depend on it.
#[cfg(target_os = "linux")]
#[test]
fn a_big_body_passes_in_constant_memory() {
    let megabytes: usize = std::env::var("BODY_MB").map_or(100, |megabytes| megabytes.parse().unwrap());
    let piece: Vec<u8> =
        (0..1 << 20).map(|at: u32| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let sent = piece.clone();
    let url = fakes().block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        fakes().spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            assert!(socket.read(&mut [0; 2048]).await.unwrap() > 0);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", megabytes << 20);
            socket.write_all(head.as_bytes()).await.unwrap();
            for _ in 0..megabytes {
                socket.write_all(&sent).await.unwrap();
            }
        });
        url
    });
    let home = Home::new();
    let db = home.join("a.db");
    let gatetap = start(&home, &db, &url, &["--max-body", "4MB"]);
    let addr = gatetap.addr();
    let passed = fakes().block_on(async {
        let mut socket = TcpStream::connect(addr).await.unwrap();
        socket.write_all(b"GET /v1/big HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut buffer = vec![0; 1 << 20];
        let mut passed = 0;
        loop {
            match socket.read(&mut buffer).await.unwrap() {
                0 => return passed,
                read => passed += read,
            }
        }
    });
    assert!(passed > megabytes << 20, "{passed} bytes");
    let peak = peak_memory(gatetap.pid());
    gatetap.terminate();
    let exit = gatetap.wait_exit();
    assert_eq!(exit.code, Some(0), "{exit}");
    assert!(peak < MOST_MEMORY, "{} MB", peak >> 20);
    let body = &show_json(&home, &db)["response"]["body"];
    assert_eq!(body["bytes"], megabytes << 20);
    assert!(body["stored"].as_u64().unwrap() <= 4_000_000);
    let mut hash = Context::new(&SHA256);
    (0..megabytes).for_each(|_| hash.update(&piece));
    let hash = hex(hash.finish().as_ref());
    assert_eq!(body["sha256"], hash);
    assert!(std::fs::metadata(&db).unwrap().len() < 40 << 20, "the file stays small");
}

/// Raises the number of files that this process, and those it starts, may have open.
#[cfg(target_os = "linux")]
fn allow_files(count: u64) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < count) {
        limit.current = Some(limit.maximum.map_or(count, |most| most.min(count)));
        setrlimit(Resource::Nofile, limit).unwrap();
    }
}
