//! HTTP/2 toward gateways: connections that many exchanges share.
//!
//! It is spoken where the app speaks it and the gateway agrees to it by ALPN; an app that speaks HTTP/1
//! gets HTTP/1 on both hops, as it would without gatetap.
//!
//! What hyper does not do for an app of HTTP/2, and so is not done here:
//! * Interim answers (1xx) stop at gatetap: hyper's client keeps them to itself, and its server cannot send
//!   any. An app that waits for `100 Continue` goes on when its own patience is over.
//! * Of a request's trailers, those reach a gateway of HTTP/1 that its `Trailer` header announced.
//! * Headers of one name stand together, at the place of the first of them.

use super::Shared;
use super::connect::{ConnectTimes, GatewayStream};
use super::headers::join_cookies;
use super::kept::{AppId, Kept};
use super::own_answer::Failure;
use super::pool::{Asker, Lease, RequestBody};
use super::route::Route;
use crate::exchange::time::Clock;
use crate::tls::Alpn;
use crate::wire::http1::HEAD_LIMIT;
use http::header::{HOST, HeaderValue, TE, TRANSFER_ENCODING};
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http2::{self, Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

/// So much of one answer may wait in memory for its app.
const STREAM_WINDOW: u32 = 1 << 20;

/// All answers together are not held back: an app that reads slowly must not stop the others.
const CONNECTION_WINDOW: u32 = 1 << 30;

/// How often a gateway that carries an exchange is asked for a sign of life, and how long it may take to give one. A
/// network that has forgotten a connection says nothing; a gateway that thinks answers a ping all the same.
const LOOK_AFTER: Duration = Duration::from_secs(30);
const NO_SIGN: Duration = Duration::from_secs(60);

/// The open connections by origin. The lock is held to look for one or put one in, never while waiting.
#[derive(Debug, Clone, Default)]
pub(super) struct Http2Pool(Arc<Mutex<HashMap<Arc<str>, Vec<Connection>>>>);

type Driver = http2::Connection<TokioIo<GatewayStream>, RequestBody, TokioExecutor>;

#[derive(Debug, Clone)]
struct Connection {
    sender: SendRequest<RequestBody>,
    /// What moves it, until it has ended. The lock is held to poll it, and to ask how many streams the
    /// gateway allows.
    driver: Arc<Mutex<Option<Driver>>>,
    /// How many exchanges it carries.
    streams: Arc<AtomicUsize>,
    /// Since when it carries none, if it has carried one.
    kept: Arc<Mutex<Option<Kept>>>,
}

/// One exchange's share of a connection.
#[derive(Debug)]
pub(super) struct StreamLease {
    connection: Connection,
    app: AppId,
    clock: Clock,
    times: Option<ConnectTimes>,
}

impl Http2Pool {
    /// A share of a connection to `route` that is open already, and has room for another stream.
    pub(super) fn share(&self, route: &Route, asker: Asker<'_>) -> Option<StreamLease> {
        if route.has_made() {
            return None;
        }
        let now = asker.clock.mono();
        let mut pool = self.lock();
        let connections = pool.get_mut(&route.origin)?;
        connections
            .retain(|connection| connection.is_open() && !connection.waits(|kept| kept.is_useless(now)));
        let good = |connection: &&Connection| {
            connection.has_room() && !connection.waits(|kept| !kept.is_for(asker.app, now))
        };
        connections.iter().find(good).map(|connection| connection.lease(asker, None))
    }

    /// A new connection to `route`: of HTTP/2 if the gateway agrees to it, else of HTTP/1.
    pub(super) async fn connect(
        &self,
        shared: &Shared,
        route: &Route,
        asker: Asker<'_>,
    ) -> Result<Lease, Failure> {
        let (stream, times, http2) = shared.connector.connect(route, Alpn::Http2, asker.clock).await?;
        if !http2 {
            return shared.pool.adopt(route, asker, stream, times).await;
        }
        let connection = handshake(stream).await;
        let connection = connection.map_err(|error| Failure::from_hyper(&error, &route.gateway.authority))?;
        let lease = connection.lease(asker, Some(times));
        self.lock().entry(Arc::clone(&route.origin)).or_default().push(connection);
        Ok(Lease::Http2(lease))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Vec<Connection>>> {
        // The map is whole even where its holder panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn handshake(stream: GatewayStream) -> hyper::Result<Connection> {
    let (sender, driver) = Builder::new(TokioExecutor::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(HEAD_LIMIT as u32)
        .timer(TokioTimer::new())
        .keep_alive_interval(LOOK_AFTER)
        .keep_alive_timeout(NO_SIGN)
        .handshake(TokioIo::new(stream))
        .await?;
    let driver = Arc::new(Mutex::new(Some(driver)));
    let driven = Arc::clone(&driver);
    let driving = poll_fn(move |cx| {
        let mut held = driven.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(driver) = held.as_mut() else { return Poll::Ready(Ok(())) };
        let polled = Pin::new(driver).poll(cx);
        if polled.is_ready() {
            // Requests wait in it, which are refused only when it is gone.
            *held = None;
        }
        polled
    });
    // What ends it is told to whoever waits for an answer on it.
    tokio::spawn(async move { drop(driving.await) });
    Ok(Connection { sender, driver, streams: Arc::default(), kept: Arc::default() })
}

impl Connection {
    fn is_open(&self) -> bool {
        !self.sender.is_closed() && self.driver.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn has_room(&self) -> bool {
        let driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        let most = driver.as_ref().map(Driver::current_max_send_streams).unwrap_or_default();
        self.streams.load(Ordering::Relaxed) < most
    }

    /// Whether it carries nothing, and what is known of that is `so`.
    fn waits(&self, so: impl FnOnce(&Kept) -> bool) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        self.streams.load(Ordering::Relaxed) == 0 && kept.as_ref().is_some_and(so)
    }

    fn lease(&self, asker: Asker<'_>, times: Option<ConnectTimes>) -> StreamLease {
        self.streams.fetch_add(1, Ordering::Relaxed);
        StreamLease { connection: self.clone(), app: asker.app.clone(), clock: asker.clock.clone(), times }
    }
}

impl StreamLease {
    /// What it took to connect; `None` if the connection was there already.
    pub(super) fn times(&self) -> Option<ConnectTimes> {
        self.times
    }

    /// Sends a request, and waits for the head of its answer.
    pub(super) async fn send(
        &mut self,
        request: Request<RequestBody>,
        route: &Route,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        self.connection.sender.try_send_request(in_http2_form(request, route)).await
    }
}

impl Drop for StreamLease {
    fn drop(&mut self) {
        let mut kept = self.connection.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(Kept::new(&self.app, self.clock.mono(), None));
        self.connection.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The request as HTTP/2 has it (RFC 9113 §8.2.2, §8.3.1): its host is part of the target, and nothing is
/// said of the connection.
fn in_http2_form(mut request: Request<RequestBody>, route: &Route) -> Request<RequestBody> {
    let host = request.headers_mut().remove(HOST).or_else(|| route.host.clone());
    request.headers_mut().remove(TRANSFER_ENCODING);
    if let Some(te) = request.headers_mut().get_mut(TE) {
        *te = HeaderValue::from_static("trailers");
    }
    let authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    if let Some(authority) = authority.filter(|_| request.uri().authority().is_none()) {
        let mut parts = Parts::default();
        parts.scheme = Some(if route.is_tls() { Scheme::HTTPS } else { Scheme::HTTP });
        parts.authority = Some(authority);
        parts.path_and_query = request.uri().path_and_query().cloned();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    *request.version_mut() = Version::HTTP_2;
    request
}

/// Undoes [`in_http2_form`], for a request that could not be sent and now goes over HTTP/1.
pub(super) fn in_http1_form(mut request: Request<RequestBody>) -> Request<RequestBody> {
    let uri = request.uri();
    let host = uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = host {
        let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        *request.uri_mut() = path.into();
        request.headers_mut().insert(HOST, host);
    }
    join_cookies(request.headers_mut());
    *request.version_mut() = Version::HTTP_11;
    request
}
