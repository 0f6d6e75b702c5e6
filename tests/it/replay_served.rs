//! A recording served as a gateway: what a raw client sees is what it saw live.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gatetap::exchange::body::{Mark, Rest, Side};
use gatetap::exchange::end::{BodyEnd, Verdict};
use gatetap::exchange::head::Headers;
use gatetap::exchange::time::{Clock, Micros, WallTime};
use gatetap::live::{Live, Settings, Upstream};
use gatetap::replay::{OwnWord, Replay, Tally};
use gatetap::sim::{Options, Scenario};
use gatetap::store::{Page, Reader};
use gatetap::wire::script::Capture;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::captures::capture;
use crate::sim_client::simulator;
use crate::support::capture_names;
use crate::support::client::{Client, Ending, get};
use crate::support::gateway::{Gateway, Step, write};
use crate::support::http1::{BodyReader, Head, Piece};
use crate::support::made::{Made, START, session};
use crate::support::tapped;

const KEY: &str = "authorization: Bearer sk-sim-fake-0123456789";

/// gatetap in front of a recording, on the test's own runtime.
pub struct Replayed {
    pub live: Live,
    pub tally: Tally,
    _home: TempDir,
}

impl Replayed {
    pub async fn of(recording: &Path, set: impl FnOnce(&mut Settings)) -> Self {
        let (mut settings, home) = tapped::settings("http://127.0.0.1:1/v1");
        settings.upstream = Upstream::Replay(recording.to_owned());
        settings.replay.speed = f64::INFINITY;
        set(&mut settings);
        let live = Live::start(settings, Clock::fixed(WallTime(0))).await.unwrap();
        Self { tally: live.replays().remove(0), live, _home: home }
    }

    pub fn addr(&self) -> SocketAddr {
        self.live.addresses()[0]
    }
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    Reset,
    /// Not within an hour.
    Open,
}

/// What an app sees that sends the request of a capture, and how it ends. Where that is not to be seen, the clock
/// goes on before the app leaves.
async fn seen(addr: SocketAddr, name: &str, capture: &Capture, clock: Option<&Clock>) -> (Vec<u8>, End) {
    let head = &capture.exchange.request;
    let text = format!(
        "{} {} HTTP/1.1\r\nhost: app\r\n{KEY}\r\nx-sim-capture: {name}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        head.method,
        head.target,
        capture.request.bytes.len()
    );
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(&[text.as_bytes(), &capture.request.bytes].concat()).await.unwrap();
    let mut bytes = Vec::new();
    let mut was_silent = false;
    loop {
        match timeout(Duration::from_secs(3600), stream.read_buf(&mut bytes)).await {
            // The paused clock does not wait for what is on its way through the system: that gets a moment of its own.
            Err(_) if !std::mem::replace(&mut was_silent, true) => {
                let moment = || std::thread::sleep(Duration::from_millis(50));
                tokio::task::spawn_blocking(moment).await.unwrap();
            }
            Ok(Ok(0)) => return (bytes, End::Closed),
            Ok(Ok(_)) => {}
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionReset => return (bytes, End::Reset),
            Ok(Err(error)) => panic!("{name}: {error}"),
            Err(_) => {
                if let Some(clock) = clock {
                    clock.advance(Micros(3_600_000_000));
                }
                return (bytes, End::Open);
            }
        }
    }
}

/// An answer of one read at most.
const ONE_READ: usize = 16 << 10;

/// The head, the data, and the trailers where the body became whole.
fn taken_apart(bytes: &[u8]) -> (String, Vec<u8>, Option<Vec<u8>>) {
    let mut rest = bytes.to_vec();
    let Some(head) = Head::take_from(&mut rest) else { return (String::new(), rest, None) };
    let mut body = BodyReader::new(head.answer_framing().unwrap());
    let mut data = Vec::new();
    let trailers = loop {
        match body.next(&mut rest).unwrap() {
            Some(Piece::Data(bytes)) => data.extend(bytes),
            Some(Piece::End(trailers)) => break Some(trailers),
            None => break None,
        }
    };
    (String::from_utf8_lossy(&head.raw).into_owned(), data, trailers)
}

/// The lengths of the chunks of every answer in a recording.
fn chunks(recording: &Path) -> Vec<(i64, Vec<u32>)> {
    let reader = Reader::open(recording).unwrap();
    let ids = reader.summaries(Page::default()).unwrap().into_iter().map(|summary| summary.id);
    ids.map(|id| {
        let marks = reader.body(id, Side::Response).unwrap().marks;
        (id, marks.iter().map(|mark| mark.length).collect())
    })
    .collect()
}

#[tokio::test(start_paused = true)]
async fn every_capture_recorded_and_replayed_is_what_it_was_live() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captures");
    let scenario = Some(Arc::new(Scenario::of_captures(&folder).unwrap()));
    let sim = simulator(Options { speed: f64::INFINITY, scenario, ..Options::default() }).await;
    let (settings, home) = tapped::settings(&sim.base_url());
    let clock = Clock::fixed(WallTime(0));
    let recorder = Live::start(settings, clock.clone()).await.unwrap();
    let mut live = Vec::new();
    for name in capture_names() {
        let capture = capture(&name);
        if capture.exchange.response.as_ref().is_none_or(|head| head.status != 101) {
            let seen = seen(recorder.addresses()[0], &name, &capture, Some(&clock)).await;
            live.push((name, capture, seen));
        }
    }
    assert!(recorder.stop().await.is_whole());
    let recorded = home.path().join("recording.db");
    let again = home.path().join("again.db");
    let replayed = Replayed::of(&recorded, |settings| settings.recording = again.clone()).await;
    for (name, capture, (expected, end)) in &live {
        let (bytes, ended) = seen(replayed.addr(), name, capture, None).await;
        assert_eq!(ended, *end, "{name}");
        let own = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.lines().find(|line| line.starts_with("x-gatetap-error")).map(str::to_owned)
        };
        if own(expected).is_some() {
            // The sentence names the address of the gateway.
            assert_eq!(own(&bytes), own(expected), "{name}");
        } else {
            assert_eq!(taken_apart(&bytes), taken_apart(expected), "{name}");
            assert!(bytes == *expected, "{name}: {:?}", String::from_utf8_lossy(&bytes));
        }
    }
    for end in [End::Closed, End::Reset, End::Open] {
        assert!(live.iter().any(|(_, _, (_, ended))| *ended == end), "{end:?}");
    }
    let summary = replayed.tally.summary();
    assert_eq!((summary.served, summary.missed, summary.unused), (live.len() as u64, 0, Vec::new()));
    assert!(replayed.live.stop().await.is_whole());
    assert_eq!(chunks(&again).len(), live.len());
    for ((id, lengths), (_, expected)) in chunks(&again).iter().zip(chunks(&recorded)) {
        let own =
            live[usize::try_from(*id).unwrap() - 1].2.0.windows(15).any(|line| line == b"x-gatetap-error");
        // A chunk longer than a read is cut where reads end, which is never twice in the same place.
        let is_long = expected.iter().any(|length| *length as usize > ONE_READ);
        let same_sum = lengths.iter().sum::<u32>() == expected.iter().sum::<u32>();
        assert!(own || *lengths == expected || is_long && same_sum, "{id}: {lengths:?} {expected:?}");
    }
}

#[tokio::test]
async fn the_chunks_of_http1_are_the_recorded_ones_however_they_were_read() {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let large = [b"32000\r\n".as_slice(), &vec![b'x'; 0x32000], b"\r\n"].concat();
    let small = b"a\r\n0123456789\r\nA\r\n0123456789\r\n";
    // Whole; cut in the middle of a chunk that announces more than comes; cut between two.
    let bodies: [Vec<u8>; 3] =
        [[&large, &small[..], b"0\r\n\r\n"].concat(), large[..0x21007].to_vec(), large.clone()];
    for body in bodies {
        let answer = [HEAD, &body].concat();
        let gateway = Gateway::replying([vec![write(&answer), Step::Close]]);
        let (settings, home) = tapped::settings(&format!("{}/v1", gateway.url()));
        let live = Live::start(settings, Clock::system()).await.unwrap();
        let request = get("/v1/models", &[KEY]);
        let seen = async |address| {
            let mut client = Client::connect(address).await;
            client.send(&request).await;
            client.read_to_end().await
        };
        let (bytes, end) = seen(live.addresses()[0]).await;
        assert!(bytes == answer && end == Ending::Fin, "{} {end:?}", bytes.len());
        assert!(live.stop().await.is_whole());
        let recording = home.path().join("recording.db");
        assert!(chunks(&recording)[0].1.len() > 1, "one read has held it all");
        for speed in [1.0, f64::INFINITY] {
            let replayed = Replayed::of(&recording, |settings| settings.replay.speed = speed).await;
            let (again, ended) = seen(replayed.addr()).await;
            assert!(again == bytes && ended == end, "{} of {}, {ended:?}", again.len(), bytes.len());
        }
    }
}

/// An exchange with an answer in three chunks at 20, 120 and 320 ms, as it stands in a recording.
fn spaced(path: &Path) {
    let writer = session(path);
    let made = Made { verdict: Verdict::Open, request: b"{}".to_vec(), ..Made::default() };
    let id = made.write(&writer);
    writer.begin().unwrap();
    let mark =
        |length: u32, ms: u64| Mark { length, read: Micros(ms * 1000), taken: None, rest: Rest::default() };
    writer
        .insert_segment(id, Side::Response, 0, b"onetwothree", &[mark(3, 20), mark(3, 120), mark(5, 320)])
        .unwrap();
    writer.commit().unwrap();
    let mut exchange = Reader::open(path).unwrap().exchange(id).unwrap().unwrap().exchange;
    exchange.response.as_mut().unwrap().raw =
        Some("HTTP/1.1 200 Fine\r\nX-Odd:  kept \r\ntransfer-encoding: chunked\r\n\r\n".into());
    exchange.response.as_mut().unwrap().headers = Headers::from_iter([("transfer-encoding", "chunked")]);
    exchange.response_trailers = Headers::from_iter([("x-sum", "11")]);
    exchange.timing.sent = Some(Micros(0));
    exchange.timing.head = Some(Micros(10_000));
    exchange.timing.end = Some(Micros(420_000));
    exchange.request_end = Some(BodyEnd::Whole);
    exchange.response_end = Some(BodyEnd::Whole);
    writer.begin().unwrap();
    writer.update_exchange(&exchange).unwrap();
    writer.commit().unwrap();
    writer.end_session(START).unwrap();
}

#[tokio::test(start_paused = true)]
async fn chunks_come_at_their_times_and_trailers_after_them() {
    for (speed, expected) in
        [(1.0, [10, 20, 120, 320, 420]), (2.0, [5, 10, 60, 160, 210]), (f64::INFINITY, [0; 5])]
    {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("recorded.db");
        spaced(&path);
        let options = gatetap::replay::Options { recording: path, speed, ..Default::default() };
        let address = "127.0.0.1:0".parse().unwrap();
        let replay = Replay::start(address, options, OwnWord::draw().unwrap()).await.unwrap();
        let mut stream = TcpStream::connect(replay.addr()).await.unwrap();
        stream
            .write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}")
            .await
            .unwrap();
        let begun = tokio::time::Instant::now();
        let (mut bytes, mut times) = (Vec::new(), Vec::new());
        for part in ["\r\n\r\n", "one\r\n", "two\r\n", "three\r\n", "x-sum: 11\r\n\r\n"] {
            while !bytes.ends_with(part.as_bytes()) {
                if speed.is_infinite() && String::from_utf8_lossy(&bytes).contains(part) {
                    break;
                }
                assert!(
                    stream.read_buf(&mut bytes).await.unwrap() > 0,
                    "{}",
                    String::from_utf8_lossy(&bytes)
                );
            }
            times.push(begun.elapsed().as_millis() as i64);
        }
        for (time, expected) in times.iter().zip(expected) {
            assert!((time - expected).abs() <= 2, "speed {speed}: {times:?}");
        }
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "HTTP/1.1 200 Fine\r\nX-Odd:  kept \r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\nx-sum: 11\r\n\r\n"
        );
        assert_eq!(replay.tally().summary().served, 1);
    }
}
