//! gatetap in this process, in front of a [`Gateway`], with its recording at hand; and the comparison of
//! what happens with it and without it.
//!
//! ```ignore
//! let tapped = Tapped::before(&gateway).await;
//! // … talk to tapped.addr() …
//! let told = tapped.told(0).await; // waits for the verdict
//! assert_eq!(told.response.bytes, b"{}");
//! ```

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gatetap::digest::summary::Whole;
use gatetap::exchange::body::{Body, Side};
use gatetap::exchange::end::Verdict;
use gatetap::exchange::time::Clock;
use gatetap::gateway::profile;
use gatetap::live::{Listen, Live, Settings, Upstream};
use gatetap::proxy::OutgoingProxies;
use gatetap::record::{Health, Limits, Outcome};
use gatetap::store::{Page, Reader, Retention};
use gatetap::tls::Trust;
use tempfile::TempDir;

use super::client::{Client, Ending, SeenBody};
use super::gateway::Gateway;
use super::http1::Head;
use super::{eventually_async, fakes};

/// A running gatetap. Its recording is deleted when it is dropped.
#[derive(Debug)]
pub struct Tapped {
    live: Option<Live>,
    addr: SocketAddr,
    home: TempDir,
}

/// One exchange as the recording tells it.
#[derive(Debug)]
pub struct Told {
    pub whole: Whole,
    pub request: Body,
    pub response: Body,
}

/// An answer as an app sees it, without its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The bytes of the head.
    pub head: String,
    /// The bytes of each chunk.
    pub chunks: Vec<Vec<u8>>,
    /// The raw trailer lines.
    pub trailers: Vec<u8>,
    /// How it ended.
    pub ending: Ending,
}

impl Tapped {
    /// gatetap in front of this gateway.
    pub async fn before(gateway: &Gateway) -> Self {
        Self::at(&format!("{}/v1", gateway.url())).await
    }

    /// gatetap in front of this URL.
    pub async fn at(url: &str) -> Self {
        let (settings, home) = settings(url);
        // On the fakes' runtime, so that a blocked test does not stop it.
        let live = fakes().spawn(Live::start(settings, Clock::system())).await.unwrap().unwrap();
        Self { addr: live.addresses()[0], live: Some(live), home }
    }

    /// gatetap in front of this gateway, that keeps at most `max_body` bytes of a body.
    pub async fn keeping(gateway: &Gateway, max_body: u64) -> Self {
        Self::within(gateway, Limits { max_body, ..Limits::default() }).await
    }

    /// gatetap in front of this gateway, with these limits.
    pub async fn within(gateway: &Gateway, limits: Limits) -> Self {
        let (mut settings, home) = settings(&format!("{}/v1", gateway.url()));
        settings.limits = limits;
        let live = fakes().spawn(Live::start(settings, Clock::system())).await.unwrap().unwrap();
        Self { addr: live.addresses()[0], live: Some(live), home }
    }

    /// Its rules for faults.
    pub fn armed(&self) -> &gatetap::fault::Armed {
        self.live.as_ref().expect("it runs").armed()
    }

    /// How its recording is doing.
    pub fn health(&self) -> Health {
        self.live.as_ref().expect("it runs").recorder().health()
    }

    /// Ends it, and tells how the recording went.
    pub async fn outcome(mut self) -> Outcome {
        let live = self.live.take().expect("it runs");
        fakes().spawn(live.stop()).await.unwrap()
    }

    /// The same on the test's own runtime.
    pub async fn outcome_here(mut self) -> Outcome {
        self.live.take().expect("it runs").stop().await
    }

    /// gatetap in front of this URL on the test's own runtime, whose clock may stand still.
    pub async fn here(url: &str) -> Self {
        let (settings, home) = settings(url);
        let live = Live::start(settings, Clock::system()).await.unwrap();
        Self { addr: live.addresses()[0], live: Some(live), home }
    }

    /// gatetap in front of this gateway, by this clock.
    pub async fn timed(gateway: &Gateway, clock: Clock) -> Self {
        let (settings, home) = settings(&format!("{}/v1", gateway.url()));
        let live = fakes().spawn(Live::start(settings, clock)).await.unwrap().unwrap();
        Self { addr: live.addresses()[0], live: Some(live), home }
    }

    /// gatetap on the test's own runtime and by this clock, with these limits, on what is recorded at
    /// `recording.db` in `home`.
    pub async fn retaining(home: TempDir, retention: Retention, clock: Clock) -> Self {
        let (mut settings, _) = settings("http://127.0.0.1:1/v1");
        settings.recording = home.path().join("recording.db");
        settings.retention = retention;
        let live = Live::start(settings, clock).await.unwrap();
        Self { addr: live.addresses()[0], live: Some(live), home }
    }

    /// gatetap at this address, in front of this URL; `None` if the address is taken.
    pub async fn itself(address: SocketAddr, url: &str) -> Option<Self> {
        let (mut settings, home) = settings(url);
        settings.listen[0].address = address;
        let live = fakes().spawn(Live::start(settings, Clock::system())).await.unwrap().ok()?;
        Some(Self { addr: live.addresses()[0], live: Some(live), home })
    }

    /// Where apps reach it.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Waits until exchange `n`, counted from 0, has its verdict.
    pub async fn told(&self, n: usize) -> Told {
        self.told_when(n, |whole| whole.summary.verdict != Verdict::Open).await
    }

    /// Waits until exchange `n`, counted from 0, is as `ready` wants it.
    pub async fn told_when(&self, n: usize, mut ready: impl FnMut(&Whole) -> bool) -> Told {
        let reader = self.reader();
        eventually_async(format!("exchange {n} in the recording"), move || {
            let id = reader.summaries(Page::default()).unwrap().get(n)?.id;
            let whole = reader.exchange(id).unwrap()?;
            if !ready(&whole) {
                return None;
            }
            let body = |side| reader.body(id, side).unwrap();
            Some(Told { whole, request: body(Side::Request), response: body(Side::Response) })
        })
        .await
    }

    /// How many exchanges are in the recording by now.
    pub fn count(&self) -> u64 {
        self.reader().count().unwrap()
    }

    /// The recording.
    pub fn recording(&self) -> PathBuf {
        self.home.path().join("recording.db")
    }

    /// Stops it, and waits until the recording is written.
    pub async fn stop(&mut self) {
        if let Some(live) = self.live.take() {
            let outcome = fakes().spawn(live.stop()).await.unwrap();
            assert!(outcome.is_whole(), "{outcome:?}");
        }
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.recording()).unwrap()
    }
}

impl Told {
    /// The word of its verdict.
    pub fn verdict(&self) -> &'static str {
        self.whole.summary.verdict.as_str()
    }

    /// The bytes of the request's head as the app sent it.
    pub fn raw_request(&self) -> String {
        let raw = self.whole.exchange.request.raw.as_ref().expect("a raw request head");
        String::from_utf8_lossy(raw).into_owned()
    }

    /// The bytes of the answer's head as the gateway sent it.
    pub fn raw_answer(&self) -> String {
        let head = self.whole.exchange.response.as_ref().expect("an answer");
        String::from_utf8_lossy(head.raw.as_ref().expect("a raw answer head")).into_owned()
    }

    /// The token of gatetap's own answer.
    pub fn own_error(&self) -> Option<&str> {
        self.whole.summary.own_error.as_deref()
    }

    /// Asserts what holds of the marks of any body: they add up, and time does not run backwards.
    #[track_caller]
    pub fn assert_marks(&self) {
        for body in [&self.request, &self.response] {
            let length: usize = body.marks.iter().map(|mark| mark.length as usize).sum();
            if body.cut.is_none() {
                assert_eq!(length, body.bytes.len());
            }
            assert!(body.marks.is_sorted_by_key(|mark| mark.read), "read times: {:?}", body.marks);
            let taken: Vec<_> = body.marks.iter().filter_map(|mark| mark.taken).collect();
            assert!(taken.is_sorted(), "taken times: {:?}", body.marks);
            assert!(body.marks.iter().all(|mark| mark.taken.is_none_or(|taken| taken >= mark.read)));
        }
    }
}

impl Seen {
    /// What an app saw.
    pub fn new(head: &Head, body: SeenBody) -> Self {
        let head = String::from_utf8_lossy(&head.raw).into_owned();
        let chunks = body.chunks.into_iter().map(|chunk| chunk.bytes).collect();
        Self { head, chunks, trailers: body.trailers, ending: body.ending }
    }

    /// What an app sees that sends these bytes and reads one answer.
    pub async fn of(addr: SocketAddr, raw: impl AsRef<[u8]>) -> Self {
        let (head, body) = Client::exchange(addr, raw).await;
        Self::new(&head, body)
    }

    /// All bytes of the body.
    pub fn bytes(&self) -> Vec<u8> {
        self.chunks.concat()
    }
}

/// Does the same with a gateway and with gatetap in front of another one that is made the same way, and
/// asserts that nobody can tell them apart: `app` gives what the app saw, and the bytes that the gateways
/// got on each connection are compared, their own addresses aside.
pub async fn assert_same<T, A>(what: &str, gateway: impl Fn() -> Gateway, app: A) -> (T, Tapped, Gateway)
where
    T: PartialEq + Debug,
    A: AsyncFn(SocketAddr, &Gateway) -> T,
{
    let straight = gateway();
    let seen_straight = app(straight.addr(), &straight).await;
    let behind = gateway();
    let tapped = Tapped::before(&behind).await;
    let seen_through = app(tapped.addr(), &behind).await;
    assert_eq!(seen_through, seen_straight, "{what}: the app can tell");
    for connection in 0..straight.connections().max(behind.connections()) {
        let expected = anonymous(&straight, connection);
        // The last bytes may still be on their way.
        behind.raw_of(connection, straight.raw(connection).len().min(1)).await;
        eventually_async(format!("{what}: {expected:?} at the gateway"), || {
            let got = anonymous(&behind, connection);
            assert!(got.len() <= expected.len() + 64, "{what}: the gateway can tell:\n{got}\n{expected}");
            (got == expected).then_some(())
        })
        .await;
    }
    (seen_through, tapped, behind)
}

/// What came on a connection of a gateway, with its own address made the same for all.
fn anonymous(gateway: &Gateway, connection: usize) -> String {
    let text = String::from_utf8_lossy(&gateway.raw(connection)).into_owned();
    text.replace(&gateway.addr().to_string(), "localhost")
}

/// How a gatetap in front of this URL runs, and its home.
pub fn settings(url: &str) -> (Settings, TempDir) {
    let home = tempfile::Builder::new().prefix("gatetap-test-").tempdir().unwrap();
    let settings = Settings {
        limits: Limits::default(),
        retention: Retention::default(),
        checks: gatetap::check::Settings::default(),
        listen: vec![Listen { address: "127.0.0.1:0".parse().unwrap(), optional: false }],
        upstream: Upstream::Gateway(profile::Gateway::parse(url).unwrap()),
        routes: BTreeMap::new(),
        recording: home.path().join("recording.db"),
        trust: Trust::default(),
        own: Vec::new(),
        outgoing: OutgoingProxies::default(),
        tls: false,
        authority: None,
        intercept: Vec::new(),
        control_token: None,
        connect_timeout: Duration::from_secs(10),
        simulator: gatetap::sim::Options::default(),
        replay: gatetap::replay::Options::default(),
        forward: None,
        route_forwards: BTreeMap::new(),
        tidying: None,
        upstream_name: None,
        faults: Vec::new(),
        command: "gatetap test".to_owned(),
    };
    (settings, home)
}
