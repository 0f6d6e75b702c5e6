//! A socket that is watched: it keeps the bytes of heads as they pass, and says when chunks were taken.
//!
//! hyper gives away neither. A watched socket sits below it, sees the same bytes, and passes them on.

use crate::exchange::body::Side;
use crate::record::Track;
use crate::wire::http1::{RequestHeads, ResponseHeadFinder};
use bytes::Bytes;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A socket that can be told to end with a reset instead of a clean end.
pub(super) trait ResetOnClose {
    /// From here on closing it resets the connection.
    fn reset_on_close(&self);
}

pin_project_lite::pin_project! {
    /// A socket with its watcher.
    #[derive(Debug)]
    pub(super) struct Watched<T: ResetOnClose> {
        #[pin]
        inner: T,
        watcher: Watcher,
    }

    impl<T: ResetOnClose> PinnedDrop for Watched<T> {
        fn drop(this: Pin<&mut Self>) {
            if this.watcher.shared.reset.load(Ordering::Relaxed) {
                this.inner.reset_on_close();
            }
        }
    }
}

/// The half of a watcher that lives with the socket.
#[derive(Debug)]
pub(super) struct Watcher {
    shared: Arc<SocketFacts>,
    reading: Reading,
    heads: Sender<Bytes>,
    /// The exchanges whose chunks are written to this socket, as they begin.
    tracks: Receiver<Track>,
    current: Option<Track>,
    /// The side that is written to this socket.
    side: Side,
}

/// The half of a watcher that lives with who uses the socket.
#[derive(Debug)]
pub(super) struct Watch {
    shared: Arc<SocketFacts>,
    heads: Receiver<Bytes>,
    tracks: Sender<Track>,
}

/// What an exchange needs to say of the socket that its chunks are written to.
#[derive(Debug, Clone)]
pub(super) struct Follower {
    shared: Arc<SocketFacts>,
    tracks: Sender<Track>,
}

/// What both halves look at.
#[derive(Debug, Default)]
pub(super) struct SocketFacts {
    /// Chunks that were given to hyper and not yet seen to be taken by the socket.
    given: AtomicU32,
    /// An answer's head is expected.
    awaiting: AtomicBool,
    /// Close with a reset: that is how the other hop ended.
    reset: AtomicBool,
    /// What is read is no HTTP any more.
    opaque: AtomicBool,
}

#[derive(Debug)]
enum Reading {
    Requests(RequestHeads),
    Responses(ResponseHeadFinder),
}

/// Watches a socket of the app's side: requests are read from it, answers written to it.
pub(super) fn watch_app<T: ResetOnClose>(inner: T) -> (Watched<T>, Watch) {
    watch(inner, Reading::Requests(RequestHeads::default()), Side::Response)
}

/// Watches a socket of the gateway's side: requests are written to it, answers read from it.
pub(super) fn watch_gateway<T: ResetOnClose>(inner: T) -> (Watched<T>, Watch) {
    watch(inner, Reading::Responses(ResponseHeadFinder::default()), Side::Request)
}

fn watch<T: ResetOnClose>(inner: T, reading: Reading, side: Side) -> (Watched<T>, Watch) {
    let shared = Arc::new(SocketFacts::default());
    let (heads, heads_out) = mpsc::channel();
    let (tracks_in, tracks) = mpsc::channel();
    let watcher = Watcher { shared: Arc::clone(&shared), reading, heads, tracks, current: None, side };
    (Watched { inner, watcher }, Watch { shared, heads: heads_out, tracks: tracks_in })
}

impl Watch {
    /// The next head that was read, if its bytes were understood.
    pub(super) fn head(&self) -> Option<Bytes> {
        self.heads.try_recv().ok()
    }

    /// The next thing to be read is the head of an answer.
    pub(super) fn await_head(&self) {
        while self.heads.try_recv().is_ok() {}
        self.shared.awaiting.store(true, Ordering::Release);
    }

    /// The way for exchanges to speak of this socket.
    pub(super) fn follower(&self) -> Follower {
        Follower { shared: Arc::clone(&self.shared), tracks: self.tracks.clone() }
    }
}

impl Follower {
    /// Chunks given to the socket from here on belong to this exchange.
    pub(super) fn follow(&self, track: &Track) {
        // A socket that is gone takes nothing any more.
        drop(self.tracks.send(track.clone()));
    }

    /// What a tap needs to say that it gave a chunk, or that the other hop was reset.
    pub(super) fn facts(&self) -> Arc<SocketFacts> {
        Arc::clone(&self.shared)
    }
}

impl SocketFacts {
    /// A chunk was given to hyper to be written to this socket.
    pub(super) fn gave_chunk(&self) {
        self.given.fetch_add(1, Ordering::Relaxed);
    }

    /// What is read from here on is no HTTP.
    pub(super) fn stop_looking(&self) {
        self.opaque.store(true, Ordering::Relaxed);
    }

    /// Makes the socket close with a reset.
    pub(super) fn reset_on_close(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }
}

impl Watcher {
    fn read(&mut self, bytes: &[u8]) {
        if self.shared.opaque.load(Ordering::Relaxed) {
            return;
        }
        match &mut self.reading {
            Reading::Requests(heads) => {
                heads.push(bytes);
                while let Some(head) = heads.pop() {
                    drop(self.heads.send(head));
                }
            }
            Reading::Responses(finder) => {
                if self.shared.awaiting.load(Ordering::Acquire)
                    && let Some(head) = finder.push(bytes)
                {
                    self.shared.awaiting.store(false, Ordering::Release);
                    drop(self.heads.send(head));
                }
            }
        }
    }

    /// hyper flushes when everything it was given is written: the chunks up to here are taken.
    fn flushed(&mut self) {
        if self.shared.given.load(Ordering::Relaxed) == 0 {
            return;
        }
        let chunks = self.shared.given.swap(0, Ordering::Relaxed);
        while let Ok(track) = self.tracks.try_recv() {
            self.current = Some(track);
        }
        if let Some(track) = &self.current {
            track.taken(self.side, chunks);
        }
    }
}

impl<T: AsyncRead + ResetOnClose> AsyncRead for Watched<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.project();
        let before = buffer.filled().len();
        let polled = this.inner.poll_read(cx, buffer);
        if matches!(polled, Poll::Ready(Ok(()))) {
            let read = buffer.filled().get(before..).unwrap_or_default();
            if !read.is_empty() {
                this.watcher.read(read);
            }
        }
        polled
    }
}

impl<T: AsyncWrite + ResetOnClose> AsyncWrite for Watched<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        let polled = this.inner.poll_flush(cx);
        if matches!(polled, Poll::Ready(Ok(()))) {
            this.watcher.flushed();
        }
        polled
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }
}
