//! Faults in front of an origin: what is injected, and the connection that it comes from.
//!
//! An exchange that meets a fault is made with a connection of gatetap's own making ([`Injected`]) in the
//! place of the gateway's. A task at its far end ([`job`]) writes what the fault says, or asks the gateway
//! and changes its answer on the way. The tap stays around it: what the app gets is recorded as ever, and
//! what the origin had sent is recorded beside it.
//!
//! Invariant: where no rule is armed and no request asks for a fault, nothing here runs.

mod job;
mod origin;

use super::Shared;
use super::own_answer::{Failure, Token};
use super::route::Route;
use super::socket::ResetOnClose;
use crate::fault::{Asked, Facts, HEADER, Plan, Rule, Story, spec};
use crate::gateway::profile::played_by;
use crate::record::Track;
use bytes::Bytes;
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// So much of a body is looked at to know one request from another.
pub(super) const LOOKED_AT: usize = 8 << 20;

/// So much of a request may wait to be sent on.
const REQUEST_WINDOW: usize = 256 << 10;

/// So many pieces of an answer may wait to be taken.
const ANSWER_WINDOW: usize = 16;

/// A request, as far as it decides what happens to it.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    pub(super) method: &'a str,
    /// The path and query on the gateway side.
    pub(super) target: &'a str,
    /// The body, or the first [`LOOKED_AT`] bytes of it.
    pub(super) body: &'a [u8],
    /// Its key.
    pub(super) key: Option<Key>,
    /// What its own header asks for.
    pub(super) own: &'a [Rule],
}

/// A fault that is to be injected into one exchange.
#[derive(Debug)]
pub(super) struct Injection {
    plan: Plan,
    path: String,
    model: Option<String>,
    method: Vec<u8>,
}

/// The connection that an injected answer comes from. Dropped, it ends what writes it.
#[derive(Debug)]
pub(super) struct Injected {
    up: DuplexStream,
    down: mpsc::Receiver<Piece>,
    unread: Bytes,
    _gone: DropGuard,
}

/// What comes down an injected connection.
#[derive(Debug)]
enum Piece {
    /// Bytes that were written by themselves.
    Bytes(Bytes),
    /// A reset.
    Reset,
    /// There is no answer, because the origin gives none.
    Failed(Failure),
    /// There is no answer, because a fault says so.
    Silence { reset: bool },
}

/// Why an injected connection ended without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault was injected")]
struct Silenced {
    reset: bool,
}

/// The rules that a request's own header asks for; a mistake in them is answered.
///
/// # Errors
/// The answer that the app gets.
pub(super) fn own_rules<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Rule>, Failure> {
    let mut rules = Vec::new();
    for value in values {
        let text = String::from_utf8_lossy(value);
        let read = spec::parse_all(&text).map_err(|error| {
            let hint = error.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
            Failure::new(Token::BadFault, format!("{HEADER}: {error}{hint}"))
        })?;
        rules.extend(read);
    }
    Ok(rules)
}

impl Injection {
    /// Decides what happens to a request; `None` if nothing does.
    pub(super) fn draw(shared: &Shared, route: &Route, asking: &Asking<'_>) -> Option<Self> {
        let path = asking.target.split('?').next().unwrap_or_default();
        let body = Body::read(asking.body);
        let facts = Facts {
            gateway: played_by(&route.name),
            method: asking.method,
            path,
            model: body.model.as_deref(),
            stream: body.stream.unwrap_or(false),
            key: asking.key.as_ref().map(|key| key.end.as_str()),
            key_id: asking.key.as_ref().map_or(0, |key| key.id),
            bytes: asking.body.len() as u64,
        };
        let story = Story::new(asking.method, path, asking.body);
        let plan = shared.armed.draw(asking.own, &facts, story, shared.recorder.clock().mono())?;
        Some(Self {
            plan,
            path: path.to_owned(),
            model: body.model.map(Cow::into_owned),
            method: asking.method.as_bytes().to_vec(),
        })
    }

    /// Whether the origin's answer is changed as it passes, so that it must come in no content coding.
    pub(super) fn is_live(&self) -> bool {
        self.plan.is_live()
    }

    /// Begins to answer, on a connection of its own.
    pub(super) fn start(self, shared: &Arc<Shared>, route: &Arc<Route>, track: &Track) -> Injected {
        let (up, far) = tokio::io::duplex(REQUEST_WINDOW);
        let (out, down) = mpsc::channel(ANSWER_WINDOW);
        let gone = CancellationToken::new();
        let name: Arc<str> = played_by(&route.name).into();
        let job = job::Job {
            shared: Arc::clone(shared),
            route: Arc::clone(route),
            track: track.clone(),
            name: self.plan.name.clone(),
            method: self.method,
            out,
        };
        let effect = self.plan.effect(Asked {
            gateway: &name,
            path: &self.path,
            model: self.model.as_deref(),
            now: shared.recorder.clock().now().wall,
        });
        let left = gone.clone();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = left.cancelled() => {}
                () = job.run(effect, far) => {}
            }
        });
        Injected { up, down, unread: Bytes::new(), _gone: gone.drop_guard() }
    }
}

/// What of a key decides.
#[derive(Debug)]
pub(super) struct Key {
    /// Its last four characters; empty where it is too short to show any.
    end: String,
    /// A number that stands for it, in this process.
    id: u64,
}

impl Key {
    /// Of the first secret that a request carries.
    pub(super) fn of(secrets: &[Vec<u8>]) -> Option<Self> {
        const SHOWN_FROM: usize = 12;
        let key = secrets.first()?;
        let end = key.len().checked_sub(4).filter(|_| key.len() >= SHOWN_FROM);
        let end = end.and_then(|from| key.get(from..)).unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        Some(Self { end: String::from_utf8_lossy(end).into_owned(), id: hasher.finish() })
    }
}

/// What an injected connection without an answer had to say, behind an error of hyper's: a failure, or that
/// it is to end with a reset or not.
pub(super) fn told(error: &hyper::Error) -> Option<Result<Failure, bool>> {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return failure(error).map(Ok).or_else(|| silenced(error).map(Err));
        }
        cause = error.source();
    }
    None
}

/// How an injected connection that gave no answer is to end: with a reset or not; `None` if it is no such.
pub(super) fn silenced(error: &io::Error) -> Option<bool> {
    let silenced = error.get_ref()?.downcast_ref::<Silenced>()?;
    Some(silenced.reset)
}

/// Why the origin behind an injected connection gave no answer.
pub(super) fn failure(error: &io::Error) -> Option<Failure> {
    error.get_ref()?.downcast_ref::<Failure>().cloned()
}

/// What of a request's body decides.
#[derive(Debug, Default, serde::Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    stream: Option<bool>,
}

impl<'a> Body<'a> {
    /// Reads it tolerantly: what is no JSON asks for no model.
    fn read(bytes: &'a [u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }
}

impl AsyncRead for Injected {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.unread.is_empty() {
            match ready!(this.down.poll_recv(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(Piece::Bytes(bytes)) => this.unread = bytes,
                Some(Piece::Reset) => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
                Some(Piece::Failed(failure)) => return Poll::Ready(Err(io::Error::other(failure))),
                Some(Piece::Silence { reset }) => {
                    return Poll::Ready(Err(io::Error::other(Silenced { reset })));
                }
            }
        }
        let piece = this.unread.split_to(this.unread.len().min(buffer.remaining()));
        buffer.put_slice(&piece);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Injected {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().up).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().up).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().up).poll_shutdown(cx)
    }
}

impl ResetOnClose for Injected {
    fn reset_on_close(&self) {
        // The gateway's connection is reset wherever its answer was not read whole.
    }
}
