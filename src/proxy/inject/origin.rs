//! The origin behind an injected connection: the gateway, asked as it would have been.

use crate::exchange::body::Rest;
use crate::proxy::Shared;
use crate::proxy::connect::GatewayStream;
use crate::proxy::own_answer::Failure;
use crate::proxy::route::Route;
use crate::proxy::socket::ResetOnClose as _;
use crate::tls::Alpn;
use crate::wire::http1::{BodyReader, Framing, HEAD_LIMIT, Head, Problem, StatusLine, head_end};
use bytes::{Bytes, BytesMut};
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf};

/// One read takes at most so many bytes.
const READ: usize = 64 << 10;

/// A connection to the gateway that carries one exchange. Dropped before the answer was whole, it is reset.
#[derive(Debug)]
pub(super) struct Gateway {
    halves: Option<(ReadHalf<GatewayStream>, WriteHalf<GatewayStream>)>,
    authority: String,
    /// Read and not used yet.
    unused: BytesMut,
    /// The request, as it comes from the app.
    request: DuplexStream,
    /// Taken from it and not written yet.
    up: BytesMut,
    /// Nothing more of the request goes to the gateway.
    up_over: bool,
    whole: bool,
}

/// The head of its answer.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) head: Head,
    pub(super) status: u16,
    pub(super) framing: Framing,
}

/// How the reading of a body went on.
#[derive(Debug)]
pub(super) enum Read {
    /// So many bytes, and the pieces of data among them.
    Some { wire: Bytes, data: Vec<(Bytes, Rest)> },
    /// The body is whole.
    Whole,
    /// The gateway closed before it was.
    Closed,
    /// The connection broke.
    Reset,
}

impl Gateway {
    /// A new connection to the gateway of `route`, for the request that comes on `request`.
    ///
    /// # Errors
    /// Where there is none to be had.
    pub(super) async fn connect(
        shared: &Shared,
        route: &Route,
        request: DuplexStream,
    ) -> Result<Self, Failure> {
        let (stream, _, _) = shared.connector.connect(route, Alpn::Http1, shared.recorder.clock()).await?;
        Ok(Self {
            halves: Some(tokio::io::split(stream)),
            authority: route.gateway.authority.clone(),
            unused: BytesMut::new(),
            request,
            up: BytesMut::new(),
            up_over: false,
            whole: false,
        })
    }

    /// Reads the head of the next answer, an interim one too.
    ///
    /// # Errors
    /// Where there is no answer, or what comes is none.
    pub(super) async fn head(&mut self, method: &[u8]) -> Result<Answered, Failure> {
        let end = loop {
            if let Some(end) = head_end(&self.unused, 0) {
                break end;
            }
            if self.unused.len() > HEAD_LIMIT {
                return Err(self.bad(Problem::StatusLine));
            }
            match self.fill().await {
                Ok(1..) => {}
                Ok(0) => return Err(Failure::closed_unanswered(&self.authority)),
                Err(_) => return Err(Failure::reset_unanswered(&self.authority)),
            }
        };
        let raw = self.unused.split_to(end).freeze();
        Answered::parse(raw, method).map_err(|problem| self.bad(problem))
    }

    /// Reads the next of a body.
    pub(super) async fn body(&mut self, reader: &mut BodyReader) -> Read {
        loop {
            if reader.is_whole() {
                self.whole = true;
                return Read::Whole;
            }
            if !self.unused.is_empty() {
                let mut pieces = Vec::new();
                // A kind reader has no problems.
                let taken =
                    reader.read(&self.unused, |piece, rest| pieces.push((piece, rest))).unwrap_or_default();
                let wire = self.unused.split_to(taken).freeze();
                let data = pieces.into_iter().map(|(piece, rest)| (wire.slice(piece), rest)).collect();
                return Read::Some { wire, data };
            }
            match self.fill().await {
                Ok(1..) => {}
                Ok(0) if reader.may_end_here() => {
                    self.whole = true;
                    return Read::Whole;
                }
                Ok(0) => return Read::Closed,
                Err(_) => return Read::Reset,
            }
        }
    }

    /// Reads once; meanwhile the request goes on.
    async fn fill(&mut self) -> io::Result<usize> {
        let Some((read, write)) = &mut self.halves else { return Ok(0) };
        self.unused.reserve(READ);
        loop {
            tokio::select! {
                read = read.read_buf(&mut self.unused) => return at_end(read),
                over = step_up(&mut self.request, write, &mut self.up), if !self.up_over => self.up_over = over,
            }
        }
    }

    fn bad(&self, problem: Problem) -> Failure {
        Failure::not_http(&self.authority, &problem)
    }
}

impl Answered {
    fn parse(raw: Bytes, method: &[u8]) -> Result<Self, Problem> {
        let head = Head::answer(raw)?;
        let StatusLine { status, .. } = StatusLine::parse(head.start_line())?;
        let framing = Framing::of_answer(&head, method, status);
        Ok(Self { head, status, framing })
    }

    /// Whether a final answer follows.
    pub(super) fn is_interim(&self) -> bool {
        matches!(self.status, 100..200) && self.status != 101
    }
}

/// Many close a TLS connection without saying so in TLS. The framing says what is missing.
fn at_end(read: io::Result<usize>) -> io::Result<usize> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
        read => read,
    }
}

/// Moves the request on by one step; says whether it is over. Nothing is lost where this is dropped.
async fn step_up(
    request: &mut DuplexStream,
    gateway: &mut WriteHalf<GatewayStream>,
    up: &mut BytesMut,
) -> bool {
    if up.is_empty() {
        if matches!(request.read_buf(up).await, Ok(1..)) {
            return false;
        }
        // The app has ended: the gateway is told just that.
        drop(gateway.shutdown().await);
        return true;
    }
    // What the gateway says when it takes no more is still to be read.
    gateway.write_buf(up).await.is_err() || (up.is_empty() && gateway.flush().await.is_err())
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let (false, Some((read, write))) = (self.whole, self.halves.take())
            && read.is_pair_of(&write)
        {
            read.unsplit(write).reset_on_close();
        }
    }
}
