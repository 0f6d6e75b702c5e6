//! Connections to gateways that wait for their next request.

use super::connect::{ConnectTimes, Connector};
use super::own_answer::Failure;
use super::route::Route;
use super::socket::{Watch, watch_gateway};
use super::tap::Tap;
use crate::exchange::time::Clock;
use crate::record::Track;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// So many idle connections are kept for one gateway.
const IDLE_PER_GATEWAY: usize = 256;

/// The body of a request on its way to a gateway.
pub(super) type RequestBody = Tap<Incoming>;

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
pub(super) struct Lease {
    connection: Connection,
    pool: Pool,
    origin: Arc<str>,
    /// What it took to connect; `None` if the connection was there already.
    times: Option<ConnectTimes>,
}

impl Pool {
    /// An idle connection to `gateway`, if one is still good.
    pub(super) async fn idle(&self, route: &Route) -> Option<Lease> {
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
        let (stream, times) = connector.connect(&route.gateway, clock).await?;
        let (socket, watch) = watch_gateway(stream);
        let (sender, driver) = http1::Builder::new()
            .preserve_header_case(true)
            .handshake(TokioIo::new(socket))
            .await
            .map_err(|error| Failure::from_hyper(&error, &route.gateway.authority))?;
        // What ends it is told to whoever waits for an answer on it.
        tokio::spawn(async move { drop(driver.await) });
        Ok(self.lease(Connection { sender, watch }, route, Some(times)))
    }

    fn lease(&self, connection: Connection, route: &Route, times: Option<ConnectTimes>) -> Lease {
        Lease { connection, pool: self.clone(), origin: Arc::clone(&route.origin), times }
    }

    fn take(&self, origin: &str) -> Option<Connection> {
        self.lock().get_mut(origin)?.pop()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, Vec<Connection>>> {
        // The map is whole even where its holder panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// What sends the request.
    pub(super) fn sender(&mut self) -> &mut SendRequest<RequestBody> {
        &mut self.connection.sender
    }

    /// The watcher of the connection's socket.
    pub(super) fn watch(&self) -> &Watch {
        &self.connection.watch
    }

    /// What it took to connect; `None` if the connection was there already.
    pub(super) fn times(&self) -> Option<ConnectTimes> {
        self.times
    }

    /// Gets ready for an exchange.
    pub(super) fn begin(&self, track: &Track) {
        self.connection.watch.follower().follow(track);
        self.connection.watch.await_head();
    }

    /// Lets the connection wait for its next request.
    pub(super) fn give_back(self) {
        if self.connection.sender.is_closed() {
            return;
        }
        let mut pool = self.pool.lock();
        let idle = pool.entry(self.origin).or_default();
        if idle.len() < IDLE_PER_GATEWAY {
            idle.push(self.connection);
        }
    }
}
