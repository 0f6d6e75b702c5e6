//! A connection of either side: TCP, or TLS over another connection.

use super::socket::ResetOnClose;
use bytes::{Buf as _, BytesMut};
use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
#[cfg(unix)]
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

/// A connection, and what was read from it to find out what it speaks: that is read again first.
#[derive(Debug)]
pub(super) struct Stream {
    unread: BytesMut,
    transport: Transport,
}

#[derive(Debug)]
enum Transport {
    Tcp {
        tcp: TcpStream,
        /// Held as long as the socket is open.
        _dialled: Option<Dialled>,
    },
    Tls(Box<TlsStream<Stream>>),
}

/// Both ends of the connections that gatetap has made itself, as long as they are open. The near end
/// alone does not name a connection: the system gives one port to several, with different far ends.
#[derive(Debug, Clone, Default)]
pub(super) struct OwnSockets(Arc<Mutex<HashSet<Ends>>>);

/// The near end and the far end of a connection, as seen from who made it.
type Ends = (SocketAddr, SocketAddr);

/// One of them.
#[derive(Debug)]
struct Dialled {
    ends: Ends,
    sockets: OwnSockets,
}

impl Stream {
    /// A connection of an app.
    pub(super) fn accepted(tcp: TcpStream) -> Self {
        Self::over_tcp(tcp, None)
    }

    /// A connection that gatetap has made; `sockets` knows of it until it is closed.
    pub(super) fn dialled(tcp: TcpStream, sockets: &OwnSockets) -> Self {
        let ends = tcp.local_addr().and_then(|near| Ok((near, tcp.peer_addr()?)));
        let dialled = ends.ok().map(|(near, far)| sockets.enter(near, far));
        drop(keep_alive(&tcp));
        Self::over_tcp(tcp, dialled)
    }

    /// TLS, on either side.
    pub(super) fn tls(tls: impl Into<TlsStream<Self>>) -> Self {
        Self { unread: BytesMut::new(), transport: Transport::Tls(Box::new(tls.into())) }
    }

    fn over_tcp(tcp: TcpStream, dialled: Option<Dialled>) -> Self {
        // Without it small writes wait for each other; where it fails, they just do.
        drop(tcp.set_nodelay(true));
        Self { unread: BytesMut::new(), transport: Transport::Tcp { tcp, _dialled: dialled } }
    }

    /// Whether it speaks TLS.
    pub(super) fn is_tls(&self) -> bool {
        matches!(self.transport, Transport::Tls(_))
    }

    /// The certificate that the peer has shown, in DER; `None` without TLS.
    pub(super) fn peer_certificate(&self) -> Option<&[u8]> {
        match &self.transport {
            Transport::Tcp { .. } => None,
            Transport::Tls(tls) => Some(tls.get_ref().1.peer_certificates()?.first()?.as_ref()),
        }
    }

    /// The TCP connection below it all.
    pub(super) fn tcp(&self) -> &TcpStream {
        match &self.transport {
            Transport::Tcp { tcp, .. } => tcp,
            Transport::Tls(tls) => tls.get_ref().0.tcp(),
        }
    }

    /// Reads once, and keeps what came to be read again; 0 bytes is the peer's end.
    ///
    /// Nothing is lost where this is dropped while it waits.
    pub(super) async fn look_further(&mut self) -> io::Result<usize> {
        let mut unread = std::mem::take(&mut self.unread);
        unread.reserve(4096);
        // What was read before must not be read as something new.
        let mut looking = Looking { stream: self, unread };
        looking.read().await
    }

    /// What was read and is to be read again.
    pub(super) fn unread(&self) -> &[u8] {
        &self.unread
    }

    /// Takes `count` bytes off what is to be read again.
    pub(super) fn take_unread(&mut self, count: usize) -> BytesMut {
        self.unread.split_to(count.min(self.unread.len()))
    }
}

/// A look ahead: puts the unread bytes back however it ends.
struct Looking<'a> {
    stream: &'a mut Stream,
    unread: BytesMut,
}

impl Looking<'_> {
    async fn read(&mut self) -> io::Result<usize> {
        self.stream.read_buf(&mut self.unread).await
    }
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.stream.unread = std::mem::take(&mut self.unread);
    }
}

impl OwnSockets {
    /// Whether gatetap has made the connection from `near` to `far`: who calls there is gatetap itself.
    pub(super) fn contain(&self, near: SocketAddr, far: SocketAddr) -> bool {
        self.lock().contains(&(canonical(near), canonical(far)))
    }

    fn enter(&self, near: SocketAddr, far: SocketAddr) -> Dialled {
        let ends = (canonical(near), canonical(far));
        self.lock().insert(ends);
        Dialled { ends, sockets: self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Ends>> {
        // The set is whole even where its holder panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Dialled {
    fn drop(&mut self) {
        self.sockets.lock().remove(&self.ends);
    }
}

/// Has the system see to it that a connection which is silent for long is not forgotten on its way, and is known to
/// be gone when it is: what an app sees to by itself ends at gatetap. Where it fails, all goes on as before.
/// Source: the numbers are those of Anthropic's SDK for Python.
#[cfg(unix)]
fn keep_alive(tcp: &TcpStream) -> io::Result<()> {
    use rustix::net::sockopt::{set_socket_keepalive, set_tcp_keepcnt, set_tcp_keepidle, set_tcp_keepintvl};
    const SILENCE: Duration = Duration::from_secs(60);
    set_socket_keepalive(tcp, true)?;
    set_tcp_keepidle(tcp, SILENCE)?;
    set_tcp_keepintvl(tcp, SILENCE)?;
    Ok(set_tcp_keepcnt(tcp, 5)?)
}

#[cfg(not(unix))]
fn keep_alive(_: &TcpStream) -> io::Result<()> {
    Ok(())
}

/// An IPv4 address as such, also where an IPv6 socket writes it as one of its own.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

impl ResetOnClose for Stream {
    fn reset_on_close(&self) {
        self.tcp().reset_on_close();
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.unread.is_empty() {
            let length = this.unread.len().min(buffer.remaining());
            buffer.put_slice(this.unread.get(..length).unwrap_or_default());
            this.unread.advance(length);
            if this.unread.is_empty() {
                this.unread = BytesMut::new();
            }
            return Poll::Ready(Ok(()));
        }
        match &mut this.transport {
            Transport::Tcp { tcp, .. } => Pin::new(tcp).poll_read(cx, buffer),
            Transport::Tls(tls) => Pin::new(tls).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().transport {
            Transport::Tcp { tcp, .. } => Pin::new(tcp).poll_write(cx, bytes),
            Transport::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().transport {
            Transport::Tcp { tcp, .. } => Pin::new(tcp).poll_write_vectored(cx, slices),
            Transport::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Tcp { tcp, .. } => tcp.is_write_vectored(),
            Transport::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Tcp { tcp, .. } => Pin::new(tcp).poll_flush(cx),
            Transport::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Tcp { tcp, .. } => Pin::new(tcp).poll_shutdown(cx),
            Transport::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
