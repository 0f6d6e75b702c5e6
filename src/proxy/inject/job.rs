//! The far end of an injected connection: does what the fault says.

use super::origin::{Answered, Gateway, Read};
use super::{Failure, Piece};
use crate::exchange::body::Side;
use crate::exchange::end::{BodyEnd, Hop};
use crate::fault::{
    Answer, Effect, Frames, Framing, HEADER, LiveHead, Silence, Step, Steps, Transform, is_event_stream,
};
use crate::proxy::Shared;
use crate::proxy::route::Route;
use crate::record::Track;
use crate::wire::http1::{self, BodyReader};
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, DuplexStream};
use tokio::sync::mpsc;

/// A fault that is being injected.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) shared: Arc<Shared>,
    pub(super) route: Arc<Route>,
    pub(super) track: Track,
    /// The name of the fault.
    pub(super) name: String,
    /// The method that was asked with.
    pub(super) method: Vec<u8>,
    pub(super) out: mpsc::Sender<Piece>,
}

/// Whether the answer goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    On,
    /// It has ended, or nobody takes it any more.
    Over,
}

/// How a changed answer goes out.
#[derive(Debug)]
struct Writer<'a> {
    job: &'a Job,
    head: LiveHead,
    /// The head is written.
    begun: bool,
    /// The body so far, where its length has to be known first.
    held: BytesMut,
}

impl Job {
    /// Answers the request that comes on `request`.
    pub(super) async fn run(self, effect: Effect, mut request: DuplexStream) {
        match effect {
            Effect::Silence { delay, then } => {
                self.track.injected(&self.name);
                tokio::join!(self.silence(delay, then), drain(&mut request));
            }
            Effect::Answer(answer) => {
                self.track.injected(&self.name);
                // A client of HTTP takes an answer that comes before its request for none.
                let _gone = request.read(&mut [0; 1]).await;
                tokio::join!(self.answer(answer), drain(&mut request));
            }
            Effect::Live(transform) => self.live(transform, request).await,
        }
    }

    async fn silence(self, delay: Duration, then: Silence) {
        tokio::time::sleep(delay).await;
        match then {
            Silence::Hang => pending().await,
            Silence::Close | Silence::Reset => {
                self.send(Piece::Silence { reset: then == Silence::Reset }).await;
            }
        }
    }

    async fn answer(self, answer: Answer) {
        let Answer { status, headers, body, delay } = answer;
        tokio::time::sleep(delay).await;
        let headers = headers.into_iter().map(|(name, value)| (name, value.into())).collect();
        let head = LiveHead { status, headers, framing: Framing::Length, origin: Framing::Length };
        let mut writer = Writer::new(&self, head);
        let mut steps = Steps::default();
        steps.write(body);
        steps.push(Step::Finish);
        writer.follow(&mut steps).await;
    }

    /// Asks the origin, and changes its answer as it comes.
    async fn live(self, mut transform: Box<dyn Transform>, request: DuplexStream) {
        let (mut gateway, answered) = match self.ask(request).await {
            Ok(Some(answered)) => answered,
            Ok(None) => return,
            Err(failure) => {
                self.send(Piece::Failed(failure)).await;
                return;
            }
        };
        let mut reader = BodyReader::answer(answered.framing);
        let mut head = live_head(&answered);
        if reader.is_whole() || answered.status == 101 || !transform.takes(&head) {
            return self.pass(gateway, answered, reader).await;
        }
        self.track.injected(&self.name);
        self.track.origin(answered.head.raw());
        let mut frames = Frames::new(is_event_stream(&head));
        let mut steps = Steps::default();
        transform.head(&mut head, &mut steps);
        if head.framing != Framing::Length {
            // The app need not wait for the first event to know that there will be some.
            steps.push(Step::Begin);
        }
        let mut writer = Writer::new(&self, head);
        if writer.follow(&mut steps).await == Goes::Over {
            return;
        }
        loop {
            let read = gateway.body(&mut reader).await;
            let end = match read {
                Read::Some { data, .. } => {
                    for (piece, rest) in data {
                        self.track.part(Side::Origin, &piece, rest);
                        for frame in frames.push(&piece) {
                            transform.frame(frame, &mut steps);
                        }
                    }
                    None
                }
                Read::Whole => Some((BodyEnd::Whole, None)),
                Read::Closed => Some((BodyEnd::closed_early(Hop::Gateway), Some(Step::Cut))),
                Read::Reset => Some((BodyEnd::reset(Hop::Gateway), Some(Step::Reset))),
            };
            let Some((end, broken)) = end else {
                if writer.follow(&mut steps).await == Goes::Over {
                    return;
                }
                continue;
            };
            self.track.ended(Side::Origin, end);
            if let Some(frame) = frames.rest() {
                transform.frame(frame, &mut steps);
            }
            match broken {
                None => transform.end(&mut steps),
                Some(step) => steps.push(step),
            }
            writer.follow(&mut steps).await;
            return;
        }
    }

    /// Asks the origin; passes interim answers on. `None` if the app left meanwhile.
    async fn ask(&self, request: DuplexStream) -> Result<Option<(Gateway, Answered)>, Failure> {
        let mut gateway = Gateway::connect(&self.shared, &self.route, request).await?;
        loop {
            let answered = gateway.head(&self.method).await?;
            if !answered.is_interim() {
                return Ok(Some((gateway, answered)));
            }
            if self.send(Piece::Bytes(answered.head.raw().clone())).await == Goes::Over {
                return Ok(None);
            }
        }
    }

    /// Passes an answer on that the fault has no hold on, byte by byte.
    async fn pass(&self, mut gateway: Gateway, answered: Answered, mut reader: BodyReader) {
        let mut piece = Piece::Bytes(answered.head.raw().clone());
        loop {
            if self.send(piece).await == Goes::Over {
                return;
            }
            piece = match gateway.body(&mut reader).await {
                Read::Some { wire, .. } => Piece::Bytes(wire),
                Read::Whole | Read::Closed => return,
                Read::Reset => Piece::Reset,
            };
        }
    }

    async fn send(&self, piece: Piece) -> Goes {
        if self.out.send(piece).await.is_ok() { Goes::On } else { Goes::Over }
    }
}

impl<'a> Writer<'a> {
    fn new(job: &'a Job, head: LiveHead) -> Self {
        Self { job, head, begun: false, held: BytesMut::new() }
    }

    /// Does the steps.
    async fn follow(&mut self, steps: &mut Steps) -> Goes {
        while let Some(step) = steps.take_next() {
            let goes = match step {
                Step::Wait(time) => {
                    tokio::time::sleep(time).await;
                    Goes::On
                }
                Step::Write(bytes) => self.write(bytes).await,
                Step::Raw(bytes) => self.job.send(Piece::Bytes(bytes)).await,
                Step::Pulse { bytes, every } => loop {
                    tokio::time::sleep(every).await;
                    if self.write(bytes.clone()).await == Goes::Over {
                        break Goes::Over;
                    }
                },
                Step::Begin => self.begin(None).await,
                Step::Finish => {
                    self.finish().await;
                    Goes::Over
                }
                Step::Cut => {
                    self.begin(None).await;
                    Goes::Over
                }
                Step::Reset => {
                    self.begin(None).await;
                    self.job.send(Piece::Reset).await
                }
                Step::Hang => {
                    self.begin(None).await;
                    pending().await
                }
            };
            if goes == Goes::Over {
                return goes;
            }
        }
        Goes::On
    }

    async fn write(&mut self, bytes: Bytes) -> Goes {
        if self.head.framing == Framing::Length {
            self.held.extend_from_slice(&bytes);
            return Goes::On;
        }
        if self.begin(None).await == Goes::Over {
            return Goes::Over;
        }
        let piece = if self.head.framing == Framing::Chunked {
            let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
            chunk.extend_from_slice(&bytes);
            chunk.extend_from_slice(b"\r\n");
            chunk.into()
        } else {
            bytes
        };
        self.job.send(Piece::Bytes(piece)).await
    }

    async fn finish(&mut self) {
        match self.head.framing {
            Framing::Chunked => {
                self.begin(None).await;
                self.job.send(Piece::Bytes(Bytes::from_static(b"0\r\n\r\n"))).await;
            }
            Framing::Length => {
                let body = std::mem::take(&mut self.held).freeze();
                self.begin(Some(body.len())).await;
                if !body.is_empty() && self.job.method != b"HEAD" {
                    self.job.send(Piece::Bytes(body)).await;
                }
            }
            Framing::Known(_) | Framing::UntilClose => {
                self.begin(None).await;
            }
        }
    }

    /// Writes the head, if it is not written yet.
    async fn begin(&mut self, length: Option<usize>) -> Goes {
        if std::mem::replace(&mut self.begun, true) {
            return Goes::On;
        }
        let LiveHead { status, headers, framing, .. } = &self.head;
        let reason = StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
        let minor = u8::from(*framing != Framing::UntilClose);
        let mut out = format!("HTTP/1.{minor} {status} {}\r\n", reason.unwrap_or_default()).into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        };
        for (name, value) in headers {
            line(name, value);
        }
        line(HEADER, self.job.name.as_bytes());
        match (framing, length) {
            (Framing::Chunked, _) => line("transfer-encoding", b"chunked"),
            (Framing::Length, length) => {
                line("content-length", length.unwrap_or(self.held.len() + 1).to_string().as_bytes());
            }
            (Framing::Known(length), _) => line("content-length", length.to_string().as_bytes()),
            (Framing::UntilClose, _) => line("connection", b"close"),
        }
        out.extend_from_slice(b"\r\n");
        self.job.send(Piece::Bytes(out.into())).await
    }
}

/// The head of an answer that may be changed: without what concerns its connection.
fn live_head(answered: &Answered) -> LiveHead {
    let own = ["content-length", "transfer-encoding", "connection", "keep-alive", "trailer"];
    let headers = answered
        .head
        .fields()
        .filter(|field| !own.iter().any(|name| field.is(name)))
        .map(|field| (String::from_utf8_lossy(field.name).into_owned(), Bytes::from(field.unfolded())))
        .collect();
    let origin = match answered.framing {
        http1::Framing::Length(length) => Framing::Known(length),
        http1::Framing::UntilClose => Framing::UntilClose,
        http1::Framing::None | http1::Framing::Chunked => Framing::Chunked,
    };
    LiveHead { status: answered.status, headers, framing: Framing::Chunked, origin }
}

/// Takes in the rest of a request that nobody needs.
async fn drain(request: &mut DuplexStream) {
    let mut buffer = [0; 4096];
    while matches!(request.read(&mut buffer).await, Ok(1..)) {}
}
