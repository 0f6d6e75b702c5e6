//! The listener: accepts connections, serves HTTP/1 and HTTP/2 on them, and stops cleanly.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, Version};
use http_body_util::{BodyExt as _, Either, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::playback::Playback;
use super::scenario::play;
use super::socket::Socket;
use super::{Counts, Generation, Options, Shared, answer};

/// How long answers under way may go on after a stop.
const GRACE: Duration = Duration::from_millis(300);

/// A body with more bytes than this is refused.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// How long to wait where accepting failed, for instance for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A running simulator. Dropping it stops it too, without waiting for the end.
#[derive(Debug)]
pub struct Simulator {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stop: DropGuard,
    task: JoinHandle<()>,
}

impl Simulator {
    /// Binds `addr` (port 0 picks one) and serves on it in the background.
    ///
    /// Fails where the address cannot be bound. Must be called inside a tokio runtime.
    pub async fn start(addr: SocketAddr, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared::new(options));
        let token = CancellationToken::new();
        let task = tokio::spawn(serve(listener, Arc::clone(&shared), token.clone()));
        Ok(Self { addr, shared, stop: token.drop_guard(), task })
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its base URL: `http://127.0.0.1:PORT/v1`, with the profile's base path.
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.addr, self.base_path())
    }

    /// The path of its base URL.
    pub fn base_path(&self) -> &str {
        &self.shared.profile.base_path
    }

    /// What it has done so far.
    pub fn counts(&self) -> Counts {
        self.shared.counts()
    }

    /// Stops accepting, lets answers under way end for a moment, then closes what is left.
    pub async fn stop(self) {
        let Self { stop, task, .. } = self;
        drop(stop);
        // A panic in the task has been reported by the panic hook already.
        let _ended = task.await;
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_ended) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _peer)) => serve_connection(stream, &shared, &graceful, &mut connections),
                Err(_refused) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(GRACE) => {}
    }
    connections.shutdown().await;
}

fn serve_connection(
    stream: TcpStream,
    shared: &Arc<Shared>,
    graceful: &GracefulShutdown,
    connections: &mut JoinSet<()>,
) {
    // A socket that cannot be tuned has closed already; serving it will say so.
    let _tuned = stream.set_nodelay(true);
    let shared = Arc::clone(shared);
    let socket = Socket::new(stream);
    let io = TokioIo::new(socket.clone());
    let service = service_fn(move |request| {
        let (shared, socket) = (Arc::clone(&shared), socket.clone());
        async move { respond(&shared, &socket, request).await }
    });
    let connection = auto::Builder::new(TokioExecutor::new()).serve_connection(io, service).into_owned();
    let connection = graceful.watch(connection);
    connections.spawn(async move {
        // Clients leave in every way there is, and a cut ends in an error on purpose.
        let _ended = connection.await;
    });
}

/// Answers one request; an error closes the connection.
async fn respond(
    shared: &Arc<Shared>,
    socket: &Socket,
    request: Request<Incoming>,
) -> io::Result<Response<answer::Body>> {
    let (head, body) = request.into_parts();
    // Where the client broke off, nobody is left to read what is made of it.
    let body = Limited::new(body, MAX_BODY).collect().await.ok().map(http_body_util::Collected::to_bytes);
    let number = shared.count_request();
    let scenario = shared.options.scenario.as_ref();
    let capture = scenario.and_then(|scenario| scenario.pick(&head, body.as_deref().unwrap_or_default()));
    let Some(capture) = capture else {
        return Ok(answer::answer(shared, number, &head, body).await);
    };
    let mut generation = Generation::new(shared);
    if head.version != Version::HTTP_2 {
        play::raw(socket, capture, &head.method, &shared.options).await?;
        generation.finish();
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    match play::over_http2(capture, &shared.options).await {
        Some((response, script)) => {
            Ok(response.map(|()| Either::Right(Playback::new(script.at_speed(&shared.options), generation))))
        }
        None => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}
