//! Connections to gateways that wait for their next request.

use super::connect::{ConnectTimes, Connector, GatewayStream};
use super::http2::{StreamLease, in_http1_form};
use super::inject::Injected;
use super::looked::Looked;
use super::own_answer::Failure;
use super::route::Route;
use super::socket::{ResetOnClose, SocketFacts, Watch, watch_gateway};
use super::tap::Tap;
use crate::exchange::time::Clock;
use crate::record::Track;
use crate::tls::Alpn;
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite};

/// So many idle connections are kept for one gateway.
const IDLE_PER_GATEWAY: usize = 256;

/// The body of a request on its way to a gateway.
pub(super) type RequestBody = Tap<Looked>;

/// Idle connections by origin. The lock is held to take one out or put one back, never while waiting.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool(Arc<Mutex<HashMap<Arc<str>, Vec<Connection>>>>);

/// One connection to a gateway, and the watcher of its socket.
#[derive(Debug)]
struct Connection {
    sender: SendRequest<RequestBody>,
    watch: Watch,
}

/// A connection in use by one exchange. Dropped, it closes; given back, it waits for the next.
#[derive(Debug)]
pub(super) enum Lease {
    /// A connection of HTTP/1, which carries one exchange at a time.
    Http1(Http1Lease),
    /// A share of a connection of HTTP/2.
    Http2(StreamLease),
}

/// A connection of HTTP/1 in use.
#[derive(Debug)]
pub(super) struct Http1Lease {
    connection: Connection,
    /// Where it waits for its next request; `None` where it is for this one alone.
    pool: Option<Pool>,
    origin: Arc<str>,
    /// What it took to connect; `None` if the connection was there already.
    times: Option<ConnectTimes>,
    /// All of the request was taken off the app.
    request_whole: Arc<AtomicBool>,
}

impl Pool {
    /// An idle connection to `gateway`, if one is still good.
    pub(super) async fn idle(&self, route: &Route) -> Option<Lease> {
        if route.has_made() {
            return None;
        }
        while let Some(mut connection) = self.take(&route.origin) {
            if connection.sender.ready().await.is_ok() {
                return Some(self.lease(connection, route, None));
            }
        }
        None
    }

    /// A new connection to `gateway`.
    pub(super) async fn connect(
        &self,
        route: &Route,
        connector: &Connector,
        clock: &Clock,
    ) -> Result<Lease, Failure> {
        let (stream, times, _) = connector.connect(route, Alpn::Http1, clock).await?;
        self.adopt(route, stream, times).await
    }

    /// Makes a connection one of the pool.
    pub(super) async fn adopt(
        &self,
        route: &Route,
        stream: GatewayStream,
        times: ConnectTimes,
    ) -> Result<Lease, Failure> {
        let connection = Connection::over(stream, route).await?;
        Ok(self.lease(connection, route, Some(times)))
    }

    /// A lease of a connection of gatetap's own making.
    pub(super) async fn injected(injected: Injected, route: &Route) -> Result<Lease, Failure> {
        let connection = Connection::over(injected, route).await?;
        let times = Some(ConnectTimes::default());
        Ok(Lease::Http1(Http1Lease {
            connection,
            pool: None,
            origin: Arc::clone(&route.origin),
            times,
            request_whole: Arc::default(),
        }))
    }

    fn lease(&self, connection: Connection, route: &Route, times: Option<ConnectTimes>) -> Lease {
        let origin = Arc::clone(&route.origin);
        Lease::Http1(Http1Lease {
            connection,
            pool: Some(self.clone()),
            origin,
            times,
            request_whole: Arc::default(),
        })
    }

    fn take(&self, origin: &str) -> Option<Connection> {
        self.lock().get_mut(origin)?.pop()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, Vec<Connection>>> {
        // The map is whole even where its holder panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Speaks HTTP/1 over a stream.
    async fn over<T>(stream: T, route: &Route) -> Result<Self, Failure>
    where
        T: AsyncRead + AsyncWrite + ResetOnClose + Unpin + Send + 'static,
    {
        let (socket, watch) = watch_gateway(stream);
        let (sender, driver) = http1::Builder::new()
            .preserve_header_case(true)
            .handshake(TokioIo::new(socket))
            .await
            .map_err(|error| Failure::from_hyper(&error, &route.gateway.authority))?;
        // What ends it is told to whoever waits for an answer on it.
        tokio::spawn(async move { drop(driver.with_upgrades().await) });
        Ok(Self { sender, watch })
    }
}

impl Lease {
    /// Sends the request, and waits for the head of its answer.
    pub(super) async fn send(
        &mut self,
        request: Request<RequestBody>,
        route: &Route,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        match self {
            Self::Http1(lease) => lease.connection.sender.try_send_request(in_http1_form(request)).await,
            Self::Http2(lease) => lease.send(request, route).await,
        }
    }

    /// The socket, where it carries this exchange alone.
    pub(super) fn socket(&self) -> Option<Arc<SocketFacts>> {
        match self {
            Self::Http1(lease) => Some(lease.connection.watch.follower().facts()),
            Self::Http2(_) => None,
        }
    }

    /// The bytes of the answer's head, where there are such bytes.
    pub(super) fn head(&self) -> Option<Bytes> {
        match self {
            Self::Http1(lease) => lease.connection.watch.head(),
            Self::Http2(_) => None,
        }
    }

    /// What it took to connect; `None` if the connection was there already.
    pub(super) fn times(&self) -> Option<ConnectTimes> {
        match self {
            Self::Http1(lease) => lease.times,
            Self::Http2(lease) => lease.times(),
        }
    }

    /// Gets ready for an exchange; `request_whole` becomes true when all of its request was taken.
    pub(super) fn begin(&mut self, track: &Track, request_whole: Arc<AtomicBool>) {
        if let Self::Http1(lease) = self {
            lease.request_whole = request_whole;
            lease.connection.watch.follower().follow(track);
            lease.connection.watch.await_head();
        }
    }

    /// Lets the connection wait for its next request. Where the answer came before the request was whole, the
    /// rest of it still goes over the connection, which then closes.
    pub(super) fn give_back(self) {
        let Self::Http1(lease) = self else { return };
        let Http1Lease { connection, pool: Some(pool), origin, request_whole, .. } = lease else { return };
        if connection.sender.is_closed() || !request_whole.load(Ordering::Acquire) {
            return;
        }
        let mut pool = pool.lock();
        let idle = pool.entry(origin).or_default();
        if idle.len() < IDLE_PER_GATEWAY {
            idle.push(connection);
        }
    }
}
