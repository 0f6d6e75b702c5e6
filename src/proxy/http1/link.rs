//! A socket with what was read from it and is not used yet.

use crate::proxy::socket::ResetOnClose;
use bytes::{Buf, Bytes, BytesMut};
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// One read takes at most so many bytes, and never fewer than [`READ_LEAST`] if they are there.
const READ_MOST: usize = 64 << 10;
const READ_LEAST: usize = 4 << 10;

/// So large is the buffer at first. It doubles when a read fills it: a small exchange does not pay for the
/// fresh memory that a large body wants, and a slow stream does not hold it.
const READ_FIRST: usize = 16 << 10;

/// What the engine needs of a socket.
pub(in crate::proxy) trait Socket:
    AsyncRead + AsyncWrite + ResetOnClose + Unpin + Send
{
}

impl<T: AsyncRead + AsyncWrite + ResetOnClose + Unpin + Send> Socket for T {}

/// One side of an exchange: a socket and its unused bytes.
#[derive(Debug)]
pub(in crate::proxy) struct Link<S> {
    pub(super) stream: S,
    pub(super) unused: BytesMut,
    /// How large the next buffer is.
    next_buffer: usize,
    /// The peer has said that nothing more will come.
    pub(super) ended: bool,
    /// Said to the peer that nothing more will come.
    closed: bool,
}

impl<S: Socket> Link<S> {
    pub(in crate::proxy) fn new(stream: S) -> Self {
        Self { stream, unused: BytesMut::new(), next_buffer: READ_FIRST, ended: false, closed: false }
    }

    /// Whether another read would not pile up more than one read's worth of unused bytes.
    pub(super) fn has_room(&self) -> bool {
        self.unused.len() < READ_MOST
    }

    /// Reads once; 0 bytes is the peer's end, also when asked again.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.ended {
            return Poll::Ready(Ok(0));
        }
        if self.unused.capacity() - self.unused.len() < READ_LEAST {
            self.unused.reserve(self.next_buffer);
        }
        let room = self.unused.capacity() - self.unused.len();
        let polled = pin!(self.stream.read_buf(&mut self.unused)).poll(cx);
        if polled.is_pending() && self.unused.is_empty() {
            // Thousands of streams that are open say nothing at most times.
            self.unused = BytesMut::new();
        }
        let read = match ready!(polled) {
            // Many close a TLS connection without saying so in TLS. The framing says what is missing.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            read => read?,
        };
        self.ended = read == 0;
        if read == room {
            self.next_buffer = (self.next_buffer * 2).min(READ_MOST);
        }
        Poll::Ready(Ok(read))
    }

    /// Takes the head off that ends before `end`. It is kept for as long as its exchange, and the buffer is not.
    pub(super) fn take_head(&mut self, end: usize) -> Bytes {
        let end = end.min(self.unused.len());
        let head = Bytes::copy_from_slice(self.unused.get(..end).unwrap_or_default());
        self.unused.advance(end);
        head
    }

    /// Reads once.
    pub(super) async fn fill(&mut self) -> io::Result<usize> {
        poll_fn(|cx| self.poll_fill(cx)).await
    }

    /// Writes all of `bytes`, and flushes.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &mut Bytes) -> Poll<io::Result<()>> {
        while bytes.has_remaining() {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => bytes.advance(written),
            }
        }
        // What is empty would hold its buffer still.
        *bytes = Bytes::new();
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Writes all of `bytes`, and flushes.
    pub(super) async fn send(&mut self, mut bytes: Bytes) -> io::Result<()> {
        poll_fn(|cx| self.poll_send(cx, &mut bytes)).await
    }

    /// Says that nothing more will come; reading goes on.
    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.closed {
            // A peer that is gone needs not be told.
            drop(ready!(Pin::new(&mut self.stream).poll_shutdown(cx)));
            self.closed = true;
        }
        Poll::Ready(())
    }

    /// Whether the peer was told that nothing more will come.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether the connection could carry another exchange: nothing more was said than had to be.
    pub(super) fn is_reusable(&self) -> bool {
        self.unused.is_empty() && !self.ended && !self.closed
    }

    /// Gives the buffer back while nothing is in it.
    pub(super) fn rest(&mut self) {
        if self.unused.is_empty() {
            self.unused = BytesMut::new();
            self.next_buffer = READ_FIRST;
        }
    }
}

/// What was read already is read again first.
impl<S: Socket> AsyncRead for Link<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.unused.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buffer);
        }
        let again = this.unused.split_to(this.unused.len().min(buffer.remaining()));
        buffer.put_slice(&again);
        Poll::Ready(Ok(()))
    }
}

impl<S: Socket> AsyncWrite for Link<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl<S: Socket> ResetOnClose for Link<S> {
    fn reset_on_close(&self) {
        self.stream.reset_on_close();
    }
}
