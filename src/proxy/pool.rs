//! Connections to gateways that wait for their next request.

use super::connect::{ConnectTimes, Connector, GatewayStream};
use super::http2::{StreamLease, in_http1_form};
use super::inject::Injected;
use super::kept::{self, AppId, Kept};
use super::looked::Looked;
use super::own_answer::Failure;
use super::route::Route;
use super::socket::{ResetOnClose, SocketFacts, Watch, watch_gateway};
use super::tap::Tap;
use crate::exchange::time::{Clock, Micros};
use crate::record::Track;
use crate::tls::Alpn;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
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
    /// While it waits for its next request.
    kept: Option<Kept>,
}

/// Who asks for a connection, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) app: &'a AppId,
    pub(super) clock: &'a Clock,
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
    app: AppId,
    clock: Clock,
    /// How long the gateway says that it waits for that.
    patience: Option<Micros>,
    origin: Arc<str>,
    /// What it took to connect; `None` if the connection was there already.
    times: Option<ConnectTimes>,
    /// All of the request was taken off the app.
    request_whole: Arc<AtomicBool>,
}

impl Pool {
    /// An idle connection to `gateway`, if one is still good.
    pub(super) async fn idle(&self, route: &Route, asker: Asker<'_>) -> Option<Lease> {
        if route.has_made() {
            return None;
        }
        while let Some(mut connection) = self.take(&route.origin, asker) {
            if connection.sender.ready().await.is_ok() {
                return Some(self.lease(connection, route, asker, None));
            }
        }
        None
    }

    /// A new connection to `gateway`.
    pub(super) async fn connect(
        &self,
        route: &Route,
        connector: &Connector,
        asker: Asker<'_>,
    ) -> Result<Lease, Failure> {
        let (stream, times, _) = connector.connect(route, Alpn::Http1, asker.clock).await?;
        self.adopt(route, asker, stream, times).await
    }

    /// Makes a connection one of the pool.
    pub(super) async fn adopt(
        &self,
        route: &Route,
        asker: Asker<'_>,
        stream: GatewayStream,
        times: ConnectTimes,
    ) -> Result<Lease, Failure> {
        let connection = Connection::over(stream, route).await?;
        Ok(self.lease(connection, route, asker, Some(times)))
    }

    /// A lease of a connection of gatetap's own making.
    pub(super) async fn injected(
        injected: Injected,
        route: &Route,
        asker: Asker<'_>,
    ) -> Result<Lease, Failure> {
        let connection = Connection::over(injected, route).await?;
        let times = Some(ConnectTimes::default());
        Ok(Lease::Http1(Http1Lease::new(connection, None, route, asker, times)))
    }

    fn lease(
        &self,
        connection: Connection,
        route: &Route,
        asker: Asker<'_>,
        times: Option<ConnectTimes>,
    ) -> Lease {
        Lease::Http1(Http1Lease::new(connection, Some(self.clone()), route, asker, times))
    }

    fn take(&self, origin: &str, asker: Asker<'_>) -> Option<Connection> {
        let now = asker.clock.mono();
        let mut pool = self.lock();
        let idle = pool.get_mut(origin)?;
        let is_for = |connection: &Connection| {
            connection.kept.as_ref().is_some_and(|kept| kept.is_for(asker.app, now))
        };
        let at = idle.iter().rposition(is_for)?;
        Some(idle.remove(at))
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
        Ok(Self { sender, watch, kept: None })
    }
}

impl Http1Lease {
    fn new(
        connection: Connection,
        pool: Option<Pool>,
        route: &Route,
        asker: Asker<'_>,
        times: Option<ConnectTimes>,
    ) -> Self {
        Self {
            connection,
            pool,
            app: asker.app.clone(),
            clock: asker.clock.clone(),
            patience: None,
            origin: Arc::clone(&route.origin),
            times,
            request_whole: Arc::default(),
        }
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

    /// Heeds what the head of the answer says of the connection.
    pub(super) fn heed(&mut self, headers: &HeaderMap) {
        if let Self::Http1(lease) = self {
            let said = headers.get_all("keep-alive").iter();
            lease.patience =
                kept::patience(said.flat_map(|value| value.as_bytes().split(|&byte| byte == b',')));
        }
    }

    /// Lets the connection wait for its next request. Where the answer came before the request was whole, the
    /// rest of it still goes over the connection, which then closes.
    pub(super) fn give_back(self) {
        let Self::Http1(lease) = self else { return };
        let Http1Lease { pool: Some(pool), origin, request_whole, app, clock, patience, .. } = lease else {
            return;
        };
        let mut connection = lease.connection;
        if connection.sender.is_closed() || !request_whole.load(Ordering::Acquire) {
            return;
        }
        let mut pool = pool.lock();
        let idle = pool.entry(origin).or_default();
        let now = clock.mono();
        idle.retain(|waiting| !waiting.kept.as_ref().is_some_and(|kept| kept.is_useless(now)));
        connection.kept = Some(Kept::new(&app, now, patience));
        if idle.len() < IDLE_PER_GATEWAY {
            idle.push(connection);
        }
    }
}
