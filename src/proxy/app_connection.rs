//! One connection of the app, from its first byte to its end.

use super::Shared;
use super::app_tls::NoTls;
use super::connect::place;
use super::http1::{self, Link, Next};
use super::http2_exchange::{self, AppBody};
use super::kept::AppId;
use super::opening::{self, Opening};
use super::route::Route;
use super::socket::{Follower, ResetOnClose, watch_app};
use super::stream::Stream;
use super::tunnel;
use crate::exchange::end::{BodyEnd, Hop};
use crate::exchange::time::Moment;
use crate::record::TunnelTrack;
use crate::wire::http1::HEAD_LIMIT;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// What exchanges need to know of the connection that they came over.
#[derive(Debug, Clone)]
pub(super) struct AppSide {
    pub(super) id: AppId,
    pub(super) peer: SocketAddr,
    /// The address that the app called.
    pub(super) near: Option<SocketAddr>,
    pub(super) socket: Follower,
    /// Where every request goes, inside a tunnel that was opened.
    pub(super) route: Option<Arc<Route>>,
}

/// A connection of an app, whatever it speaks.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) id: AppId,
    pub(super) peer: SocketAddr,
    /// gatetap's own end of it.
    pub(super) near: Option<SocketAddr>,
    /// Where every request goes, inside a tunnel that was opened.
    pub(super) route: Option<Arc<Route>>,
    pub(super) stop: CancellationToken,
    pub(super) cut: CancellationToken,
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
    let _served = tokio::select! {
        permit = Arc::clone(&shared.connections).acquire_owned() => permit,
        () = stop.cancelled() => return,
    };
    let near = stream.local_addr().ok();
    let connection = Connection { shared, id: AppId::default(), peer, near, route: None, stop, cut };
    // How a connection broke is written down with what went over it.
    drop(Box::pin(begin(Stream::accepted(stream), &connection)).await);
}

/// Finds out what is spoken, and serves that.
async fn begin(mut stream: Stream, connection: &Connection) -> io::Result<()> {
    let mut spoken = connection.opening(&mut stream).await?;
    if spoken == Opening::Tls && connection.shared.app_tls.is_on() {
        let near = connection.near.map(|near| near.ip().to_canonical().to_string()).unwrap_or_default();
        let began = connection.shared.recorder.clock().now();
        let accepted = tokio::select! {
            accepted = connection.shared.app_tls.accept(stream, &near) => accepted,
            () = connection.stop.cancelled() => return Ok(()),
        };
        stream = match accepted {
            Ok(stream) => stream,
            Err(NoTls { host, reason }) => {
                // Nothing was asked, so it is no exchange: only a connection that stayed closed.
                let port = connection.near.map_or(0, |near| near.port());
                // Who did not even say what it wants is no app that somebody waits for.
                let told = host.is_some();
                let track = connection.tunnel(began, place(&host.unwrap_or(near), port));
                if told {
                    connection.shared.recorder.no_tls(&reason);
                }
                track.ended(BodyEnd::broken(Hop::App, reason));
                return Ok(());
            }
        };
        spoken = connection.opening(&mut stream).await?;
    }
    match spoken {
        Opening::Connect => tokio::select! {
            biased;
            // Whatever it waits for and does not end by itself.
            ended = tunnel::serve(stream, connection) => ended,
            () = connection.cut.cancelled() => Ok(()),
        },
        // What is no request is refused where requests are read, so that it is in the recording.
        Opening::Http | Opening::Tls | Opening::Foreign => {
            serve_http(stream, connection).await;
            Ok(())
        }
    }
}

/// Serves the requests of a connection: of HTTP/1, or of HTTP/2 if it begins like that.
pub(super) async fn serve_http(stream: Stream, connection: &Connection) {
    let next = tokio::select! {
        biased;
        // An exchange that is open knows how it has to be cut.
        next = http1::serve(Link::new(stream), connection) => next,
        () = connection.cut.cancelled() => return,
    };
    if let Next::Http2(link) = next {
        serve_http2(link, connection).await;
    }
}

async fn serve_http2(link: Link<Stream>, connection: &Connection) {
    let (socket, watch) = watch_app(link);
    let route = connection.route.clone();
    let (id, peer, near) = (connection.id.clone(), connection.peer, connection.near);
    let app = AppSide { id, peer, near, socket: watch.follower(), route };
    let service = AppService { shared: Arc::clone(&connection.shared), app };
    let mut server = http2::Builder::new(TokioExecutor::new());
    server.auto_date_header(false).max_header_list_size(HEAD_LIMIT as u32);
    let mut serving = pin!(server.serve_connection(TokioIo::new(socket), service));
    let ended = tokio::select! {
        ended = serving.as_mut() => Some(ended),
        () = connection.stop.cancelled() => None,
    };
    if ended.is_none() {
        serving.as_mut().graceful_shutdown();
        tokio::select! {
            // How the connection ended is written down with its exchanges.
            _ended = serving => {}
            () = connection.cut.cancelled() => {}
        }
    }
}

impl Connection {
    /// The same connection inside a tunnel that leads to `route`.
    pub(super) fn inside(&self, route: Arc<Route>) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            id: self.id.clone(),
            peer: self.peer,
            near: self.near,
            route: Some(route),
            stop: self.stop.clone(),
            cut: self.cut.clone(),
        }
    }

    /// Whether it comes from gatetap itself.
    pub(super) fn is_loop(&self) -> bool {
        self.near.is_some_and(|near| self.shared.connector.is_ours(self.peer, near))
    }

    /// Writes down that a tunnel to `host` was asked for.
    pub(super) fn tunnel(&self, began: Moment, host: String) -> TunnelTrack {
        self.shared.recorder.tunnel(began, self.peer, host)
    }

    async fn opening(&self, stream: &mut Stream) -> io::Result<Opening> {
        tokio::select! {
            opening = opening::of(stream) => opening,
            () = self.stop.cancelled() => Err(io::ErrorKind::Interrupted.into()),
        }
    }
}

impl Service<Request<Incoming>> for AppService {
    type Response = Response<AppBody>;
    type Error = h2::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, h2::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (shared, app) = (Arc::clone(&self.shared), self.app.clone());
        Box::pin(async move { http2_exchange::exchange(&shared, &app, request).await })
    }
}

impl ResetOnClose for TcpStream {
    fn reset_on_close(&self) {
        // Where it fails, the app sees a plain end without the last chunk: still a broken one.
        drop(self.set_zero_linger());
    }
}
