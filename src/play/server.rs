//! The listener: accepts connections, serves HTTP/1 and HTTP/2 on them, and stops cleanly.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Socket;

/// How long answers under way may go on after a stop.
const GRACE: Duration = Duration::from_millis(300);

/// How long to wait where accepting failed, for instance for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Who answers requests.
pub trait Answers: Send + Sync + 'static {
    /// The body of an answer that the HTTP library sends.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static;

    /// The longest body of a request that is taken, in bytes.
    const LONGEST_BODY: usize;

    /// Answers a request; without a body where it broke off or is too long.
    ///
    /// # Errors
    /// An error closes the connection: what was written on the socket is all of the answer.
    fn answer(
        self: Arc<Self>,
        socket: Socket,
        head: Parts,
        body: Option<Bytes>,
    ) -> impl Future<Output = io::Result<Response<Self::Body>>> + Send;
}

/// A server that runs. Dropping it stops it too, without waiting for the end.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    stop: DropGuard,
    task: JoinHandle<()>,
}

impl Server {
    /// Binds `addr` (port 0 picks one) and serves on it in the background.
    ///
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub async fn start<A: Answers>(addr: SocketAddr, answers: Arc<A>) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let token = CancellationToken::new();
        let task = tokio::spawn(serve(listener, answers, token.clone()));
        Ok(Self { addr, stop: token.drop_guard(), task })
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Stops accepting, lets answers under way end for a moment, then closes what is left.
    pub async fn stop(self) {
        let Self { stop, task, .. } = self;
        drop(stop);
        // A panic in the task has been reported by the panic hook already.
        let _ended = task.await;
    }
}

async fn serve<A: Answers>(listener: TcpListener, answers: Arc<A>, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_ended) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _peer)) => serve_connection(stream, &answers, &graceful, &mut connections),
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

fn serve_connection<A: Answers>(
    stream: TcpStream,
    answers: &Arc<A>,
    graceful: &GracefulShutdown,
    connections: &mut JoinSet<()>,
) {
    // A socket that cannot be tuned has closed already; serving it will say so.
    let _tuned = stream.set_nodelay(true);
    let answers = Arc::clone(answers);
    let socket = Socket::new(stream);
    let io = TokioIo::new(socket.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let (answers, socket) = (Arc::clone(&answers), socket.clone());
        async move {
            let (head, body) = request.into_parts();
            // Where the client broke off, nobody is left to read what is made of it.
            let body = Limited::new(body, A::LONGEST_BODY).collect().await.ok();
            answers.answer(socket, head, body.map(http_body_util::Collected::to_bytes)).await
        }
    });
    let connection = auto::Builder::new(TokioExecutor::new()).serve_connection(io, service).into_owned();
    let connection = graceful.watch(connection);
    connections.spawn(async move {
        // Clients leave in every way there is, and a cut ends in an error on purpose.
        let _ended = connection.await;
    });
}
