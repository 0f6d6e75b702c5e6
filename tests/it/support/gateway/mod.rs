//! A gateway on a raw socket that does what its script says, and writes down what it saw.
//!
//! ```ignore
//! let gateway = Gateway::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
//! // … point the proxy at gateway.url() …
//! assert_eq!(gateway.request(0).await.body, b"{}");
//! ```
//!
//! It reads all the time, whatever its script is at, so that it notices the peer leaving at once; only
//! [`Step::PauseReading`] stops that. A script that has run out keeps the connection open until the peer
//! leaves. Every wait has the deadline of [`patience`](super::patience). Input that is not HTTP is a
//! problem that fails the test when the gateway is dropped.

mod gate;
mod play;
mod tests;

use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

pub use self::gate::Gate;
use super::http1::{self, Head};
use super::{fakes, within};

/// One step of a script.
#[derive(Debug, Clone)]
pub enum Step {
    /// Reads the head of a request. The request counts from here on.
    ReadHead,
    /// Reads the body of the request whose head was read last.
    ReadBody,
    /// Writes these bytes in one write, as far as the socket takes them in one.
    Write(Vec<u8>),
    /// Waits to be let through.
    Wait(Gate),
    /// Leaves what comes from now on in the socket, so that the peer feels it, and does not notice the
    /// peer leaving.
    PauseReading,
    /// Reads again.
    ResumeReading,
    /// Waits until the peer leaves.
    Hang,
    /// Says that nothing more will come (FIN), and goes on reading.
    HalfClose,
    /// Closes the connection cleanly (FIN).
    Close,
    /// Breaks the connection (RST). As the first step it can come before the peer's `connect` returned,
    /// which then fails: read something before.
    Reset,
}

/// A gateway that listens on a port of 127.0.0.1 until it is dropped.
#[derive(Debug)]
pub struct Gateway {
    addr: SocketAddr,
    log: Arc<Log>,
    accepting: AbortHandle,
}

/// An address of 127.0.0.1 where every connection is refused as long as this is alive.
#[derive(Debug)]
pub struct Refusing {
    socket: TcpSocket,
}

/// A request as it stood on the wire.
#[derive(Debug, Clone)]
pub struct Request {
    /// The number of the connection it came on, from 0.
    pub connection: usize,
    /// Its head.
    pub head: Head,
    /// The body that was read, without its framing; all of it if `whole_at` is set.
    pub body: Vec<u8>,
    /// The lengths of its HTTP chunks, if it was chunked.
    pub chunks: Vec<usize>,
    /// The raw trailer lines.
    pub trailers: Vec<u8>,
    /// When the head was whole.
    pub head_at: Instant,
    /// When the body was whole.
    pub whole_at: Option<Instant>,
}

/// One write of the script, from when it began. A [`Gate`] behind it tells when it is done.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// Just before the first byte went to the socket.
    pub at: Instant,
    /// How many bytes it has.
    pub length: usize,
}

/// The first sign that the peer left.
#[derive(Debug, Clone, Copy)]
pub struct Departure {
    /// How.
    pub how: Left,
    /// When it was seen.
    pub at: Instant,
}

/// How a peer left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// It closed, or closed its half (FIN).
    Fin,
    /// It broke the connection (RST).
    Reset,
}

/// What a gateway does with connections and requests.
#[derive(Debug)]
enum Plan {
    /// The script of each connection, in order of arrival; the last one for all that follow.
    Connections(Vec<Vec<Step>>),
    /// The script of each answer, in order of the requests; the last one for all that follow.
    Requests { answers: Vec<Vec<Step>>, next: AtomicUsize },
}

/// What was seen, and a bell that rings when there is more.
#[derive(Debug)]
struct Log {
    seen: Mutex<Seen>,
    bell: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Seen {
    connections: Vec<Connection>,
    requests: Vec<Request>,
    problems: Vec<String>,
}

#[derive(Debug, Default)]
struct Connection {
    raw: Vec<u8>,
    read_by_script: usize,
    written: Vec<Written>,
    departure: Option<Departure>,
    /// Its socket is closed.
    gone: bool,
}

impl Gateway {
    /// Plays one script per connection, in order of arrival; the last one again for all that follow.
    pub fn scripted(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        Self::start(Plan::Connections(scripts.into_iter().collect()))
    }

    /// Reads whole requests and plays one script per request, whichever connection it comes on; the last
    /// one again for all that follow. The connection is kept open unless the script ends it.
    pub fn replying(answers: impl IntoIterator<Item = Vec<Step>>) -> Self {
        Self::start(Plan::Requests { answers: answers.into_iter().collect(), next: AtomicUsize::new(0) })
    }

    /// Answers every request with these bytes.
    pub fn answering(raw: impl AsRef<[u8]>) -> Self {
        Self::replying([vec![write(raw)]])
    }

    /// Answers every request with an event stream, see [`sse_steps`].
    pub fn sse<E: AsRef<[u8]>>(events: impl IntoIterator<Item = E>) -> (Self, Gate) {
        let gate = Gate::new();
        (Self::replying([sse_steps(events, &gate)]), gate)
    }

    fn start(plan: Plan) -> Self {
        let scripts = match &plan {
            Plan::Connections(scripts) | Plan::Requests { answers: scripts, .. } => scripts,
        };
        assert!(!scripts.is_empty(), "a gateway without a script");
        let _fakes = fakes().enter();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let addr = listener.local_addr().unwrap();
        let log = Arc::new(Log { seen: Mutex::default(), bell: watch::Sender::new(()) });
        let accepting = fakes().spawn(accept(listener, Arc::new(plan), Arc::clone(&log)));
        Self { addr, log, accepting: accepting.abort_handle() }
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its URL, without a path and without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.log.lock().connections.len()
    }

    /// The requests so far, in order of their heads.
    pub fn requests(&self) -> Vec<Request> {
        self.log.lock().requests.clone()
    }

    /// Every byte that came on connection `n` so far.
    pub fn raw(&self, n: usize) -> Vec<u8> {
        let seen = self.log.lock();
        seen.connections.get(n).map(|c| c.raw.clone()).unwrap_or_default()
    }

    /// The writes that the script has begun on connection `n`.
    pub fn written(&self, n: usize) -> Vec<Written> {
        let seen = self.log.lock();
        seen.connections.get(n).map(|c| c.written.clone()).unwrap_or_default()
    }

    /// Waits until `count` connections were made.
    pub async fn connected(&self, count: usize) {
        let what = format!("connection {count} to the gateway");
        let enough = |seen: &mut Seen| (seen.connections.len() >= count).then_some(());
        within(what, self.log.once(enough)).await;
    }

    /// Waits for request `n`, counted from 0 over all connections, to be whole.
    pub async fn request(&self, n: usize) -> Request {
        let whole = |seen: &mut Seen| seen.requests.get(n).filter(|r| r.whole_at.is_some()).cloned();
        within(format!("the whole of request {n} at the gateway"), self.log.once(whole)).await
    }

    /// Waits for the head of request `n`, counted from 0 over all connections.
    pub async fn request_head(&self, n: usize) -> Request {
        let there = |seen: &mut Seen| seen.requests.get(n).cloned();
        within(format!("the head of request {n} at the gateway"), self.log.once(there)).await
    }

    /// Waits until `count` bytes came on connection `n`, and gives all that came.
    pub async fn raw_of(&self, n: usize, count: usize) -> Vec<u8> {
        let enough = |seen: &mut Seen| {
            let raw = &seen.connections.get(n)?.raw;
            (raw.len() >= count).then(|| raw.clone())
        };
        within(format!("{count} bytes on connection {n} of the gateway"), self.log.once(enough)).await
    }

    /// Waits until the peer of connection `n` leaves.
    pub async fn peer_left(&self, n: usize) -> Departure {
        let left = |seen: &mut Seen| seen.connections.get(n)?.departure;
        within(format!("the peer to leave connection {n} of the gateway"), self.log.once(left)).await
    }

    /// Waits until the script of connection `n` has ended it.
    pub async fn gone(&self, n: usize) {
        let gone = |seen: &mut Seen| seen.connections.get(n)?.gone.then_some(());
        within(format!("connection {n} of the gateway to end"), self.log.once(gone)).await;
    }

    /// How the peer of connection `n` left, if it was seen to.
    pub fn departure(&self, n: usize) -> Option<Departure> {
        self.log.lock().connections.get(n)?.departure
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.accepting.abort();
        let problems = std::mem::take(&mut self.log.lock().problems);
        if !std::thread::panicking() {
            assert!(problems.is_empty(), "the gateway was sent what is not HTTP: {problems:?}");
        }
    }
}

impl Refusing {
    /// Takes a port, and does not listen.
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self { socket }
    }

    /// Where nobody listens.
    pub fn addr(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// The URL of that, without a path and without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr())
    }
}

/// The step that writes these bytes.
pub fn write(raw: impl AsRef<[u8]>) -> Step {
    Step::Write(raw.as_ref().to_vec())
}

/// A whole answer with a content length, as bytes. `head` is the status line and header lines without
/// the last line end: `HTTP/1.1 429 Too Many Requests\r\nretry-after: 7`.
pub fn answer(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut raw = format!("{head}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    raw.extend_from_slice(body);
    raw
}

/// The head of a chunked event stream, as bytes.
pub const SSE_HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// The steps of a chunked event stream: the head at once, then each event as an HTTP chunk of its own when
/// `gate` lets it through (one pass an event), the last one followed by the end of the chunks.
pub fn sse_steps<E: AsRef<[u8]>>(events: impl IntoIterator<Item = E>, gate: &Gate) -> Vec<Step> {
    let mut steps = vec![write(SSE_HEAD)];
    for event in events {
        steps.push(Step::Wait(gate.clone()));
        steps.push(write(http1::chunk(event)));
    }
    steps.push(write("0\r\n\r\n"));
    steps
}

async fn accept(listener: TcpListener, plan: Arc<Plan>, log: Arc<Log>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let number = log.change(|seen| {
            seen.connections.push(Connection::default());
            seen.connections.len() - 1
        });
        connections.spawn(play::connection(stream, number, Arc::clone(&plan), Arc::clone(&log)));
        while connections.try_join_next().is_some() {}
    }
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        let value = change(&mut self.lock());
        self.bell.send_replace(());
        value
    }

    /// Waits until `look` sees something.
    async fn once<T>(&self, mut look: impl FnMut(&mut Seen) -> Option<T>) -> T {
        let mut bell = self.bell.subscribe();
        loop {
            if let Some(value) = look(&mut self.lock()) {
                return value;
            }
            bell.changed().await.unwrap();
        }
    }
}
