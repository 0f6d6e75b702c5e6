//! Bytes both ways between two connections, until both directions have ended.

use super::socket::ResetOnClose;
use crate::exchange::end::{BodyEnd, Hop};
use bytes::BytesMut;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf};

/// One read takes at most so many bytes, and so many are in memory for one direction.
const READ: usize = 16 << 10;

/// How many bytes have passed each way.
#[derive(Debug, Default)]
pub(super) struct Counts {
    sent: AtomicU64,
    received: AtomicU64,
}

/// How the two directions ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) request: BodyEnd,
    pub(super) response: BodyEnd,
}

/// Who broke a direction off.
#[derive(Debug)]
enum Broken {
    /// The side that is read from.
    Source(io::Error),
    /// The side that is written to.
    Sink(io::Error),
}

impl Counts {
    /// Bytes from the app, and bytes from the host.
    pub(super) fn read(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.received.load(Ordering::Relaxed))
    }
}

impl Ends {
    /// Whether both directions ended by a clean close.
    pub(super) fn first_break(&self) -> Option<&BodyEnd> {
        [&self.request, &self.response].into_iter().find(|end| end.broken_by().is_some())
    }
}

/// Passes bytes on until both sides have closed, or one has broken off. A side that closes its half is
/// passed on as that; the other direction goes on. Where a side broke off, both will close with a reset.
pub(super) async fn relay<A, G>(app: &mut A, gateway: &mut G, counts: &Counts) -> Ends
where
    A: AsyncRead + AsyncWrite + ResetOnClose + Unpin,
    G: AsyncRead + AsyncWrite + ResetOnClose + Unpin,
{
    let (from_app, to_app) = tokio::io::split(&mut *app);
    let (from_gateway, to_gateway) = tokio::io::split(&mut *gateway);
    let both = tokio::try_join!(
        one_way(from_app, to_gateway, &counts.sent, (Hop::App, Hop::Gateway)),
        one_way(from_gateway, to_app, &counts.received, (Hop::Gateway, Hop::App)),
    );
    match both {
        Ok(((), ())) => Ends { request: BodyEnd::Whole, response: BodyEnd::Whole },
        Err(end) => {
            app.reset_on_close();
            gateway.reset_on_close();
            Ends { request: end.clone(), response: end }
        }
    }
}

async fn one_way<R: AsyncRead, W: AsyncWrite>(
    source: ReadHalf<R>,
    sink: WriteHalf<W>,
    count: &AtomicU64,
    (from, to): (Hop, Hop),
) -> Result<(), BodyEnd> {
    copy(source, sink, count).await.map_err(|broken| match broken {
        Broken::Source(error) => broken_by(from, &error),
        Broken::Sink(error) => broken_by(to, &error),
    })
}

async fn copy<R: AsyncRead, W: AsyncWrite>(
    mut source: ReadHalf<R>,
    mut sink: WriteHalf<W>,
    count: &AtomicU64,
) -> Result<(), Broken> {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(READ);
        let read = match source.read_buf(&mut buffer).await {
            // Many close a TLS connection without saying so in TLS; what follows is up to the protocol.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            read => read.map_err(Broken::Source)?,
        };
        if read == 0 {
            // A peer that is gone needs not be told.
            drop(sink.shutdown().await);
            return Ok(());
        }
        count.fetch_add(read as u64, Ordering::Relaxed);
        sink.write_all(&buffer).await.map_err(Broken::Sink)?;
        sink.flush().await.map_err(Broken::Sink)?;
        buffer.clear();
    }
}

fn broken_by(by: Hop, error: &io::Error) -> BodyEnd {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => BodyEnd::reset(by),
        _ => BodyEnd::broken(by, error.to_string()),
    }
}
