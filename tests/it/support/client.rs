//! An app on a raw socket that sees exactly what arrives: every read, every HTTP chunk, when, and how the
//! connection ended.
//!
//! ```ignore
//! let mut app = Client::connect(proxy).await;
//! app.send("GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n").await;
//! let head = app.read_head().await;
//! let first = app.next_chunk().await; // one HTTP chunk, with its time
//! app.abort();                        // RST
//! ```
//!
//! Every wait has the deadline of [`patience`](super::patience).

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::http1::{BodyReader, Framing, Head, Piece};
use super::within;

/// One connection to a server, as an app has it.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
    reads: Vec<Read>,
    body: BodyReader,
    gone: Option<Ending>,
}

/// What one read of the socket returned.
#[derive(Debug, Clone, Copy)]
pub struct Read {
    /// When.
    pub at: Instant,
    /// How many bytes.
    pub length: usize,
}

/// One HTTP chunk; where the body is not chunked, what one read returned.
#[derive(Debug, Clone)]
pub struct SeenChunk {
    /// When its last byte was read.
    pub at: Instant,
    /// Its bytes, without the framing.
    pub bytes: Vec<u8>,
}

/// What was left to see of a body, and how it ended.
#[derive(Debug, Clone)]
pub struct SeenBody {
    /// The chunks, in order.
    pub chunks: Vec<SeenChunk>,
    /// The raw trailer lines, each with its line end.
    pub trailers: Vec<u8>,
    /// How it ended.
    pub ending: Ending,
    /// When that was seen.
    pub ended_at: Instant,
}

/// How a body, or a connection, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The body is whole by its framing: the last chunk was seen, or all of its length.
    Whole,
    /// The peer closed (FIN) before that; for a body without a length this is the regular end.
    Fin,
    /// The peer broke the connection (RST).
    Reset,
}

impl Client {
    /// Connects.
    pub async fn connect(addr: SocketAddr) -> Self {
        let stream = within(format!("a connection to {addr}"), TcpStream::connect(addr)).await;
        let stream = stream.unwrap_or_else(|error| panic!("no connection to {addr}: {error}"));
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            unread: Vec::new(),
            reads: Vec::new(),
            body: BodyReader::new(Framing::Nothing),
            gone: None,
        }
    }

    /// Connects, sends `raw`, and reads one whole answer.
    pub async fn exchange(addr: SocketAddr, raw: impl AsRef<[u8]>) -> (Head, SeenBody) {
        let mut client = Self::connect(addr).await;
        client.send(raw).await;
        let head = client.read_head().await;
        let body = client.read_body().await;
        (head, body)
    }

    /// Sends these bytes.
    pub async fn send(&mut self, raw: impl AsRef<[u8]>) {
        let sent = self.try_send(raw).await;
        sent.unwrap_or_else(|error| panic!("could not send: {error}"));
    }

    /// Sends these bytes, where the peer may be gone already.
    pub async fn try_send(&mut self, raw: impl AsRef<[u8]>) -> std::io::Result<()> {
        within("the socket to take what the app sends", self.stream.write_all(raw.as_ref())).await
    }

    /// Sends these bytes unless the peer is gone, or takes nothing for a while; says whether it did.
    pub async fn try_send_now(&mut self, raw: impl AsRef<[u8]>) -> bool {
        let sending = self.stream.write_all(raw.as_ref());
        matches!(tokio::time::timeout(Duration::from_millis(300), sending).await, Ok(Ok(())))
    }

    /// Reads the head of an answer; [`Client::next_chunk`] then reads its body.
    pub async fn read_head(&mut self) -> Head {
        let head = self.try_read_head().await;
        head.unwrap_or_else(|ending| {
            let got = String::from_utf8_lossy(&self.unread);
            panic!("the connection ended ({ending:?}) before a whole head: {got:?}")
        })
    }

    /// Reads the head of an answer, or how the connection ended before it was whole.
    pub async fn try_read_head(&mut self) -> Result<Head, Ending> {
        loop {
            if let Some(head) = Head::take_from(&mut self.unread) {
                let framing = head.answer_framing().unwrap_or_else(|problem| panic!("{problem}"));
                self.body = BodyReader::new(framing);
                return Ok(head);
            }
            self.fill("the head of the answer").await?;
        }
    }

    /// Reads the next chunk of the body, or how the body ended.
    pub async fn next_chunk(&mut self) -> Result<SeenChunk, Ending> {
        match self.next_piece().await? {
            Piece::Data(bytes) => Ok(SeenChunk { at: self.last_read(), bytes }),
            Piece::End(_) => Err(Ending::Whole),
        }
    }

    /// Reads the rest of the body.
    pub async fn read_body(&mut self) -> SeenBody {
        let mut chunks = Vec::new();
        let (trailers, ending) = loop {
            match self.next_piece().await {
                Ok(Piece::Data(bytes)) => chunks.push(SeenChunk { at: self.last_read(), bytes }),
                Ok(Piece::End(trailers)) => break (trailers, Ending::Whole),
                Err(ending) => break (Vec::new(), ending),
            }
        };
        SeenBody { chunks, trailers, ending, ended_at: Instant::now() }
    }

    /// Reads on until the connection ends, and gives every byte that was not yet read as head or body.
    pub async fn read_to_end(&mut self) -> (Vec<u8>, Ending) {
        loop {
            if let Err(ending) = self.fill("the end of the connection").await {
                return (std::mem::take(&mut self.unread), ending);
            }
        }
    }

    /// Reads until `count` bytes have arrived that were not yet read as head or body, and takes all that
    /// did; fewer if the connection ends.
    pub async fn read_raw(&mut self, count: usize) -> Vec<u8> {
        while self.unread.len() < count && self.fill("more bytes").await.is_ok() {}
        std::mem::take(&mut self.unread)
    }

    /// What arrived but was not yet read as head or body: the raw start of a chunk that never became
    /// whole, or bytes beyond the answer.
    pub fn unread(&self) -> &[u8] {
        &self.unread
    }

    /// Every read of the socket so far.
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// Says that the app sends nothing more (FIN), and goes on reading.
    pub async fn half_close(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Closes cleanly (FIN). Where something has arrived that was not read, the system makes an RST of it.
    pub fn close(self) {
        drop(self);
    }

    /// Breaks the connection (RST).
    pub fn abort(self) {
        self.stream.set_zero_linger().unwrap();
    }

    async fn next_piece(&mut self) -> Result<Piece, Ending> {
        loop {
            match self.body.next(&mut self.unread) {
                Ok(Some(piece)) => return Ok(piece),
                Ok(None) => self.fill("more of the body").await?,
                Err(problem) => panic!("the answer is not HTTP: {problem}"),
            }
        }
    }

    async fn fill(&mut self, what: &str) -> Result<(), Ending> {
        if let Some(ending) = self.gone {
            return Err(ending);
        }
        let ending = match within(what, self.stream.read_buf(&mut self.unread)).await {
            Ok(0) => Ending::Fin,
            Ok(length) => {
                let at = Instant::now();
                self.reads.push(Read { at, length });
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ending::Reset,
            Err(error) => panic!("reading failed: {error}"),
        };
        self.gone = Some(ending);
        Err(ending)
    }

    fn last_read(&self) -> Instant {
        self.reads.last().expect("a chunk comes out of a read").at
    }
}

impl SeenBody {
    /// All of its bytes, without the framing.
    pub fn bytes(&self) -> Vec<u8> {
        self.chunks.iter().flat_map(|chunk| chunk.bytes.iter().copied()).collect()
    }

    /// All of its bytes as text.
    #[track_caller]
    pub fn text(&self) -> String {
        String::from_utf8(self.bytes()).expect("a body of text")
    }

    /// The lengths of its chunks.
    pub fn lengths(&self) -> Vec<usize> {
        self.chunks.iter().map(|chunk| chunk.bytes.len()).collect()
    }
}

/// A request with a JSON body, as raw bytes. `headers` are whole lines without their line ends.
pub fn post(path: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let start = format!("POST {path} HTTP/1.1");
    let length = format!("content-length: {}", body.len());
    let own = [&start, "host: localhost", "content-type: application/json", &length];
    request(own.iter().chain(headers), body)
}

/// A request without a body, as raw bytes. `headers` are whole lines without their line ends.
pub fn get(path: &str, headers: &[&str]) -> Vec<u8> {
    let start = format!("GET {path} HTTP/1.1");
    request([start.as_str(), "host: localhost"].iter().chain(headers), "")
}

fn request<'a>(lines: impl Iterator<Item = &'a &'a str>, body: &str) -> Vec<u8> {
    let mut raw = Vec::new();
    for line in lines {
        raw.extend_from_slice(line.as_bytes());
        raw.extend_from_slice(b"\r\n");
    }
    raw.extend_from_slice(b"\r\n");
    raw.extend_from_slice(body.as_bytes());
    raw
}
