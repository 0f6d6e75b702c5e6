//! One connection of the app, from its first byte to its end.

use super::Shared;
use super::forward::{self, AppBody};
use super::http1::{self, Ends, Link, Next, Socket};
use super::socket::{Follower, ResetOnClose, watch_app};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// What exchanges need to know of the connection that they came over.
#[derive(Debug, Clone)]
pub(super) struct AppSide {
    pub(super) peer: SocketAddr,
    pub(super) socket: Follower,
}

/// Answers the requests of one connection.
struct AppService {
    shared: Arc<Shared>,
    app: AppSide,
}

/// Serves a connection until it ends, or until it is cut.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
    cut: CancellationToken,
) {
    // Without it small chunks wait for each other; where it fails, they just do.
    drop(stream.set_nodelay(true));
    let _served = tokio::select! {
        permit = Arc::clone(&shared.connections).acquire_owned() => permit,
        () = stop.cancelled() => return,
    };
    let ends = Ends { peer, local: stream.local_addr().unwrap_or(peer) };
    serve_http(stream, ends, shared, stop, cut).await;
}

/// Serves a connection that speaks HTTP/1, or HTTP/2 by prior knowledge.
pub(super) async fn serve_http<A: Socket + 'static>(
    stream: A,
    ends: Ends,
    shared: Arc<Shared>,
    stop: CancellationToken,
    cut: CancellationToken,
) {
    let next = tokio::select! {
        next = http1::serve(Link::new(stream), ends, &shared, &stop) => next,
        () = cut.cancelled() => return,
    };
    if let Next::Http2(link) = next {
        serve_http2(link, ends, shared, stop, cut).await;
    }
}

/// Serves a connection that speaks HTTP/2.
async fn serve_http2<A: AsyncRead + AsyncWrite + ResetOnClose + Unpin + Send + 'static>(
    stream: A,
    ends: Ends,
    shared: Arc<Shared>,
    stop: CancellationToken,
    cut: CancellationToken,
) {
    let (socket, watch) = watch_app(stream);
    let app = AppSide { peer: ends.peer, socket: watch.follower() };
    let mut server = http2::Builder::new(TokioExecutor::new());
    server.auto_date_header(false);
    let mut connection = pin!(server.serve_connection(TokioIo::new(socket), AppService { shared, app }));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop.cancelled() => None,
    };
    if ended.is_none() {
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            // How the connection ended is written down with its exchanges.
            _ended = connection => {}
            () = cut.cancelled() => {}
        }
    }
}

impl Service<Request<Incoming>> for AppService {
    type Response = Response<AppBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (shared, app) = (Arc::clone(&self.shared), self.app.clone());
        Box::pin(async move { Ok(forward::exchange(&shared, &app, request).await) })
    }
}

impl ResetOnClose for TcpStream {
    fn reset_on_close(&self) {
        // Where it fails, the app sees a plain end without the last chunk: still a broken one.
        drop(self.set_zero_linger());
    }
}
