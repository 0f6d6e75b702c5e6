//! A client that sees the wire: it sends bytes, reads to the end, and takes the answer apart.

use std::net::{Ipv4Addr, SocketAddr};

use gatetap::exchange::time::{Clock, WallTime};
use gatetap::sim::{Options, Simulator};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const KEY: &str = "Bearer fake-key";

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) version: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the framing says that the body is whole.
    pub(crate) whole: bool,
    /// The sizes of the chunks, where the body came in chunks.
    pub(crate) chunks: Vec<usize>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The data of every event; panics where the stream is anything but whole `data:` events.
    pub(crate) fn events(&self) -> Vec<String> {
        let text = self.text();
        assert!(text.is_empty() || text.ends_with("\n\n"), "{text:?}");
        let events = text.split_terminator("\n\n");
        events.map(|event| event.strip_prefix("data: ").unwrap().to_owned()).collect()
    }

    /// The events that are JSON.
    pub(crate) fn chunks_json(&self) -> Vec<Value> {
        let events = self.events();
        let events = events.iter().filter(|event| *event != "[DONE]");
        events.map(|event| serde_json::from_str(event).unwrap()).collect()
    }

    /// The text that the stream adds up to.
    pub(crate) fn streamed_text(&self) -> String {
        let chunks = self.chunks_json();
        let parts = chunks.iter().filter_map(|chunk| chunk.pointer("/choices/0/delta/content")?.as_str());
        parts.collect()
    }

    pub(crate) fn finish_reason(&self) -> Option<String> {
        let chunks = self.chunks_json();
        let mut reasons =
            chunks.iter().filter_map(|chunk| chunk.pointer("/choices/0/finish_reason")?.as_str());
        reasons.next().map(str::to_owned)
    }
}

pub(crate) async fn simulator(options: Options) -> Simulator {
    Simulator::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), options).await.unwrap()
}

/// A simulator that never waits, with that seed.
pub(crate) async fn instant(seed: u64) -> Simulator {
    simulator(Options {
        seed,
        speed: f64::INFINITY,
        clock: Clock::fixed(WallTime(1_760_000_000_000_000)),
        ..Options::default()
    })
    .await
}

/// Sends `head` (without the blank line) and `body`, and reads until the server closes.
pub(crate) async fn exchange(addr: SocketAddr, head: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request =
        format!("{head}\r\nhost: sim\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // A connection that is reset ends like one that is closed.
    while let Ok(1..) = stream.read_buf(&mut bytes).await {}
    take_apart(&bytes).0
}

/// Asks for a completion with a good key.
pub(crate) async fn complete(sim: &Simulator, body: &Value) -> Answer {
    complete_with(sim, body, "").await
}

/// Asks for a completion with a good key and that behavior.
pub(crate) async fn complete_with(sim: &Simulator, body: &Value, behavior: &str) -> Answer {
    let mut head = format!("POST /v1/chat/completions HTTP/1.1\r\nauthorization: {KEY}");
    if !behavior.is_empty() {
        head.push_str("\r\nx-sim-behavior: ");
        head.push_str(behavior);
    }
    exchange(sim.addr(), &head, &body.to_string()).await
}

/// Takes the first answer in `bytes` apart; gives back what follows it.
pub(crate) fn take_apart(bytes: &[u8]) -> (Answer, &[u8]) {
    let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let (head, rest) = bytes.split_at(head_end);
    let mut lines = std::str::from_utf8(head).unwrap().lines();
    let (version, status) = lines.next().unwrap().split_once(' ').unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut answer = Answer {
        status: status.get(..3).unwrap().parse().unwrap(),
        version: version.to_owned(),
        headers,
        body: Vec::new(),
        whole: false,
        chunks: Vec::new(),
    };
    if answer.header("transfer-encoding") == Some("chunked") {
        return take_chunks(answer, rest);
    }
    let length = answer.header("content-length").map(|length| length.parse().unwrap());
    let (body, rest) = rest.split_at(length.unwrap_or(rest.len()).min(rest.len()));
    answer.whole = length.is_none_or(|length: usize| length == body.len());
    answer.body = body.to_vec();
    (answer, rest)
}

fn take_chunks(mut answer: Answer, mut rest: &[u8]) -> (Answer, &[u8]) {
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let data = &rest[end + 2..];
        let Some(chunk) = data.get(..size) else { break };
        rest = data.get(size + 2..).unwrap_or_default();
        if size == 0 {
            answer.whole = true;
            break;
        }
        answer.body.extend_from_slice(chunk);
        answer.chunks.push(size);
    }
    (answer, rest)
}
