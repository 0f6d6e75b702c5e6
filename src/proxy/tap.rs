//! The tap: a body that passes through, with every chunk stamped and recorded.

use super::Shared;
use super::pool::Lease;
use super::socket::SocketFacts;
use crate::exchange::body::Side;
use crate::exchange::end::{BodyEnd, Hop};
use crate::exchange::text::causes;
use crate::record::{Track, redact};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

/// How long a body that broke waits before the other side is told, where it is a stream of HTTP/2: that is reset
/// at once, and hyper throws away what of it is not written yet. A peer that broke off had sent it.
const LINGER: Duration = Duration::from_millis(10);

/// Forwards the frames of a body untouched and tells the recorder of each, and of exactly one end.
///
/// hyper polls a body of known length only until its bytes are there, and an empty one never, so the end
/// is looked for when the tap is made and after each frame. Being dropped before the end is how a tap
/// learns that the receiving side has left.
pub(super) struct Tap<B> {
    inner: B,
    watcher: Option<BodyWatcher>,
    /// Waits for room in the recorder's queue, or for [`LINGER`] to be over.
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// How the body broke, until that may be passed on.
    failed: Option<hyper::Error>,
    /// The gateway's connection, to be given back when its answer has ended.
    lease: Option<Lease>,
    /// Its end was a good one.
    whole: Arc<AtomicBool>,
}

/// Who is told what passes. Gone once the end was told.
struct BodyWatcher {
    track: Track,
    side: Side,
    /// The socket that the chunks go to; `None` where one socket carries many exchanges at once.
    socket: Option<Arc<SocketFacts>>,
    /// The chunk before this one has not been seen to be taken.
    untaken: bool,
    shared: Arc<Shared>,
}

impl<B: Body<Data = Bytes, Error = hyper::Error>> Tap<B> {
    /// Taps `inner`, whose chunks go to `socket`.
    pub(super) fn new(
        inner: B,
        side: Side,
        track: Track,
        socket: Option<Arc<SocketFacts>>,
        lease: Option<Lease>,
        shared: Arc<Shared>,
    ) -> Self {
        let watcher = BodyWatcher { track, side, socket, untaken: false, shared };
        let mut tap =
            Self { inner, watcher: Some(watcher), waiting: None, failed: None, lease, whole: Arc::default() };
        if tap.inner.is_end_stream() {
            tap.end(BodyEnd::Whole);
        }
        tap
    }
}

impl<B> Tap<B> {
    /// The chunks go to another socket: the first one was gone before anything was sent.
    pub(super) fn rebind(&mut self, socket: Option<Arc<SocketFacts>>) {
        if let Some(watcher) = &mut self.watcher {
            watcher.socket = socket;
        }
    }

    /// Becomes true when the body has come to a good end.
    pub(super) fn whole(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.whole)
    }

    fn end(&mut self, end: BodyEnd) {
        let Some(mut watcher) = self.watcher.take() else {
            return;
        };
        watcher.next_wanted();
        self.whole.store(end == BodyEnd::Whole, Ordering::Release);
        if let (Some(lease), BodyEnd::Whole) = (self.lease.take(), &end) {
            lease.give_back();
        }
        watcher.track.ended(watcher.side, end);
    }
}

impl BodyWatcher {
    /// On a shared socket, asking for the next frame is the sign that the one before went out.
    fn next_wanted(&mut self) {
        if std::mem::take(&mut self.untaken) {
            self.track.taken(self.side, 1);
        }
    }

    fn chunk(&mut self, bytes: &Bytes) {
        self.track.chunk(self.side, bytes);
        match &self.socket {
            Some(socket) => socket.gave_chunk(),
            None => self.untaken = true,
        }
    }

    /// The end of a body whose source failed.
    fn broken(&self, error: &hyper::Error) -> BodyEnd {
        let by = match self.side {
            Side::Request => Hop::App,
            Side::Response | Side::Origin => Hop::Gateway,
        };
        if self.side == Side::Response
            && is_reset(error)
            && let Some(socket) = &self.socket
        {
            socket.reset_on_close();
        }
        broken_by(by, error)
    }

    /// The end of a body that nobody wants any more.
    fn abandoned(&self) -> BodyEnd {
        match self.side {
            _ if self.shared.stopping.load(Ordering::Relaxed) => BodyEnd::stopped(),
            Side::Request => BodyEnd::broken(Hop::Gateway, "the gateway took no more of the request"),
            Side::Response | Side::Origin => BodyEnd::app_left(),
        }
    }
}

impl<B: Body<Data = Bytes, Error = hyper::Error> + Unpin> Body for Tap<B> {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        if let Some(watcher) = &mut this.watcher {
            watcher.next_wanted();
            if this.waiting.is_none() && !watcher.track.has_room() {
                this.waiting = Some(Box::pin(watcher.track.clone().room()));
            }
        }
        if let Some(waiting) = &mut this.waiting {
            if waiting.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            this.waiting = None;
        }
        if let Some(error) = this.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let polled = Pin::new(&mut this.inner).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(bytes), Some(watcher)) = (frame.data_ref(), &mut this.watcher)
                    && !bytes.is_empty()
                {
                    watcher.chunk(bytes);
                }
                if let (Some(trailers), Some(watcher)) = (frame.trailers_ref(), &this.watcher) {
                    watcher.track.trailers(watcher.side, redact::lines(trailers));
                }
                if this.inner.is_end_stream() {
                    this.end(BodyEnd::Whole);
                }
            }
            Poll::Ready(Some(Err(error))) => {
                let http2 = this.watcher.as_ref().is_some_and(|watcher| watcher.socket.is_none());
                if let Some(end) = this.watcher.as_ref().map(|watcher| watcher.broken(error)) {
                    this.end(end);
                }
                if http2 && let Poll::Ready(Some(Err(error))) = polled {
                    this.failed = Some(error);
                    this.waiting = Some(Box::pin(tokio::time::sleep(LINGER)));
                    return Pin::new(this).poll_frame(cx);
                }
            }
            Poll::Ready(None) => this.end(BodyEnd::Whole),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> Drop for Tap<B> {
    fn drop(&mut self) {
        if let Some(end) = self.watcher.as_ref().map(BodyWatcher::abandoned) {
            self.end(end);
        }
    }
}

impl<B> std::fmt::Debug for Tap<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tap").field("ended", &self.watcher.is_none()).finish_non_exhaustive()
    }
}

/// A body's early end, as hyper tells it.
fn broken_by(by: Hop, error: &hyper::Error) -> BodyEnd {
    if is_reset(error) {
        BodyEnd::reset(by)
    } else if error.is_incomplete_message() {
        BodyEnd::closed_early(by)
    } else {
        BodyEnd::broken(by, causes(error))
    }
}

fn is_reset(error: &hyper::Error) -> bool {
    super::own_answer::io_kind(error) == Some(std::io::ErrorKind::ConnectionReset)
}
