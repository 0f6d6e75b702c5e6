//! `kill -9` at any moment: the recording is sound, holds what the app had a moment before, and calls
//! what was under way lost.
//!
//! `KILLS` in the environment makes it longer.

use crate::support::binary::{Gatetap, Home, Launch};
use crate::support::client::{Client, get};
use crate::support::gateway::{Gate, Gateway, Step, write};
use crate::support::{eventually, eventually_async, fakes, wait};
use gatetap::exchange::body::Side;
use gatetap::exchange::end::Verdict;
use gatetap::store::{Page, Reader};
use rusqlite::Connection;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What reached the app so long before the end has to be there, on a machine that is not overloaded.
const WINDOW: Duration = Duration::from_millis(100);

/// How far apart the events of a stream are.
const PACE: Duration = Duration::from_millis(2);

/// Streams under way in each gatetap that is killed.
const STREAMS: usize = 3;

/// Gatetaps that live and die side by side.
const LANES: usize = 4;

/// So many die on one recording before the next is begun.
const DEATHS_A_RECORDING: usize = 10;

/// When the events of a stream had reached the app.
type Arrivals = Vec<Instant>;

fn event(number: usize) -> String {
    format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{number} \"}}}}]}}\n\n")
}

#[test]
fn what_the_app_had_is_there_however_gatetap_dies() {
    let kills: usize = std::env::var("KILLS").map_or(200, |kills| kills.parse().unwrap());
    let gateway = fakes().block_on(endless_gateway());
    let seed = std::process::id();
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            scope.spawn(move || {
                let mut chance = fastrand::Rng::with_seed(u64::from(seed) * 31 + lane as u64);
                let mut home = Home::new();
                for death in 0..kills.div_ceil(LANES) {
                    if death % DEATHS_A_RECORDING == 0 {
                        home = Home::new();
                    }
                    live_and_die(gateway, &home, Duration::from_millis(chance.u64(1..180)), death);
                }
            });
        }
    });
}

#[test]
fn of_a_body_that_is_not_kept_whole_the_recording_knows_how_much_had_passed() {
    let gate = Gate::new();
    let part = "p".repeat(2_000);
    let mut script = vec![Step::ReadHead, write("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")];
    for _ in 0..5 {
        script.extend([Step::Wait(gate.clone()), write(&part)]);
    }
    let gateway = wait(async { Gateway::scripted([script]) });
    let home = Home::new();
    let db = home.join("a.db");
    let upstream = format!("{}/v1", gateway.url());
    let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &upstream];
    let more = ["--db", db.to_str().unwrap(), "--max-body", "3000"];
    let mut gatetap = Launch::gatetap(&[&args[..], &more].concat()).home(&home).serve();
    wait(async {
        let mut app = Client::connect(gatetap.addr()).await;
        app.send(get("/v1/long", &[])).await;
        app.read_head().await;
        for _ in 0..5 {
            gate.open();
            let mut arrived = 0;
            while arrived < part.len() {
                arrived += app.next_chunk().await.unwrap().bytes.len();
            }
        }
        let passed = || {
            let body = Reader::open(&db).ok()?.body(1, Side::Response).ok()?;
            (body.passed() > body.bytes.len() as u64).then_some(body)
        };
        eventually_async("a gap in the recording", passed).await;
        gatetap.kill_9();
    });
    let dead = || {
        let one = Reader::open(&db).ok()?.summaries(Page::default()).ok()?.pop()?;
        (one.verdict == Verdict::Lost).then_some(one)
    };
    let one = eventually("the dead session is settled", dead);
    let body = Reader::open(&db).unwrap().body(one.id, Side::Response).unwrap();
    assert!(body.cut.is_some() && body.bytes.len() as u64 <= 3_000, "{:?}", body.cut);
    assert_eq!(one.response_bytes, body.passed());
    assert!(one.response_bytes > 3_000, "{}", one.response_bytes);
}

/// One life: streams run for `life` after the first event, then the process is killed.
fn live_and_die(gateway: SocketAddr, home: &Home, life: Duration, death: usize) {
    let db = home.join("kill.db");
    let upstream = format!("http://{gateway}/v1");
    let args =
        ["--headless", "--listen", "127.0.0.1:0", "--upstream", &upstream, "--db", db.to_str().unwrap()];
    let mut gatetap = Launch::gatetap(&[&["run"][..], &args].concat()).home(home).serve();
    let apps: Vec<_> =
        (0..STREAMS).map(|number| follow(&gatetap, &format!("/v1/{death}/{number}"))).collect();
    let window = WINDOW + 10 * oversleep(life);
    let killed = Instant::now();
    gatetap.kill_9();
    let arrivals: Vec<Arrivals> = apps.into_iter().map(|app| app.join().unwrap()).collect();
    judge(&db, death, killed.checked_sub(window).unwrap(), &arrivals);
}

/// Lets `time` pass, and tells how late the machine is in waking who sleeps: a thread of gatetap that
/// has to run is late by as much.
fn oversleep(time: Duration) -> Duration {
    const STEP: Duration = Duration::from_millis(5);
    let end = Instant::now() + time;
    let mut worst = Duration::ZERO;
    while Instant::now() < end {
        let before = Instant::now();
        std::thread::sleep(STEP);
        worst = worst.max(before.elapsed().saturating_sub(STEP));
    }
    worst
}

/// An app that reads a stream to its end and notes when each event was there. Comes back with the first.
fn follow(gatetap: &Gatetap, path: &str) -> std::thread::JoinHandle<Arrivals> {
    let mut socket = TcpStream::connect(gatetap.addr()).unwrap();
    write!(socket, "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{{}}").unwrap();
    let mut text = Vec::new();
    let mut arrivals = Arrivals::new();
    while arrivals.is_empty() {
        let more = note(&mut socket, &mut text, &mut arrivals);
        assert!(more && !text.starts_with(b"HTTP/1.1 5"), "no stream: {}", String::from_utf8_lossy(&text));
    }
    let rest = move || {
        while note(&mut socket, &mut text, &mut arrivals) {}
        arrivals
    };
    std::thread::Builder::new().name("app".to_owned()).spawn(rest).unwrap()
}

/// Reads once; says whether there may be more.
fn note(socket: &mut TcpStream, text: &mut Vec<u8>, arrivals: &mut Arrivals) -> bool {
    let mut bytes = [0; 4096];
    let Ok(read @ 1..) = socket.read(&mut bytes) else { return false };
    text.extend_from_slice(&bytes[..read]);
    let events = text.windows(4).filter(|four| four == b"}\n\n\r").count();
    arrivals.resize(events, Instant::now());
    true
}

/// What the apps had by `due` has to be in the recording.
fn judge(db: &Path, death: usize, due: Instant, arrivals: &[Arrivals]) {
    let reader = Reader::open(db).unwrap();
    let summaries = reader.summaries(Page::default()).unwrap();
    let all_lost = summaries.iter().all(|one| one.verdict == Verdict::Lost);
    assert!(all_lost, "nothing had ended: {:?}", summaries.iter().map(|one| one.verdict).collect::<Vec<_>>());
    for (number, arrivals) in arrivals.iter().enumerate() {
        let due = arrivals.iter().filter(|at| **at < due).count();
        let path = format!("/v1/{death}/{number}");
        let Some(one) = summaries.iter().find(|one| one.path == path) else {
            assert_eq!(due, 0, "death {death}: {path} is not in the recording");
            continue;
        };
        let body = reader.body(one.id, Side::Response).unwrap();
        let expected: String = (0..due).map(event).collect();
        assert!(
            body.bytes.starts_with(expected.as_bytes()),
            "death {death}: {path} lacks some of {due} events"
        );
        assert_eq!(body.bytes.len() as u64, one.response_bytes, "death {death}: {path}");
        let whole: String = (0..body.marks.len() + 4).map(event).collect();
        assert!(whole.as_bytes().starts_with(&body.bytes), "death {death}: {path} holds something else");
    }
    let connection = Connection::open(db).unwrap();
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok", "death {death}");
}

/// A gateway that answers every request with a stream that never ends.
async fn endless_gateway() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    fakes().spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            socket.set_nodelay(true).unwrap();
            fakes().spawn(async move {
                let mut request = [0; 2048];
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
                if !matches!(socket.read(&mut request).await, Ok(1..)) || socket.write_all(head.as_bytes()).await.is_err() {
                    return;
                }
                let mut pace = tokio::time::interval(PACE);
                for number in 0.. {
                    pace.tick().await;
                    let event = event(number);
                    let chunk = format!("{:x}\r\n{event}\r\n", event.len());
                    if socket.write_all(chunk.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    addr
}
