//! The way between app and gateway: listener, tap, forwarding, cancellation.
//!
//! One task serves one connection of the app (`app_connection`). For each request it maps the path to the
//! configured gateway, sends it on over a pooled connection, and passes the answer back, while every chunk
//! is stamped and handed to the recorder. Where there is no answer to pass on, gatetap answers by itself
//! (`own_answer`).
//!
//! An app of HTTP/1 meets its gateway in an engine that passes messages on as they are written
//! (`http1`). For an app of HTTP/2, whose messages have no such form, hyper speaks with both sides, and a
//! `tap` in each body sees what passes (`http2_exchange`).
//!
//! Invariants:
//! * Where a request goes comes from configuration alone; nothing in the request chooses it. What is asked of gatetap
//!   as a proxy names its host itself, and is sent there with nothing of a gateway's: a tunnel, and where tunnels are
//!   opened also a request whose target is a whole URL.
//! * A chunk is passed on as it was read, before anything else is read. Nothing is buffered or repaired.
//! * Dropping is cancelling: when the app leaves, its task drops the exchange, which closes the
//!   gateway's connection.

mod app_connection;
mod app_tls;
mod chosen;
mod connect;
mod control;
mod dialler;
mod expected;
mod foreign;
mod headers;
mod http1;
mod http2;
mod http2_exchange;
mod inject;
mod intercept;
mod kept;
mod listener;
mod looked;
mod opening;
mod outgoing;
mod own_answer;
mod passing;
mod pool;
mod race;
mod relay;
mod route;
mod socket;
mod stream;
mod tap;
mod tunnel;

pub use chosen::Replayed;
pub use dialler::{DialError, Dialled, Dialler};
pub use expected::{Expectation, Expected};
pub use listener::{BindError, bind};
pub use outgoing::{BadProxy, OutgoingProxies};
pub use own_answer::Token as OwnError;

use crate::config::HostPattern;
use crate::exchange::ExchangeId;
use crate::fault::Armed;
use crate::gateway::profile::Gateway;
use crate::gateway::set_header::SetHeader;
use crate::record::Recorder;
use crate::replay::OwnWord;
use crate::tls::{Files, Trust};
use app_tls::AppTls;
use connect::Connector;
use http2::Http2Pool;
use intercept::Intercept;
use passing::Passing;
use pool::Pool;
use route::Routes;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// So many connections of apps are served at once. What they hold is bounded, so everything is.
const CONNECTIONS: usize = 16_384;

/// What a proxy needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where `/v1` and every other plain path goes.
    pub upstream: Gateway,
    /// Where `/@NAME/…` goes, by name.
    pub routes: BTreeMap<String, Gateway>,
    /// Whose certificates are believed on the gateway side.
    pub trust: Trust,
    /// Those of the two that close after every answer, whatever the answer says.
    pub single_use: Vec<Gateway>,
    /// Those of the two that are replays.
    pub replays: Vec<Replayed>,
    /// Where requests go that the replay behind plain paths has no answer to; `None`: to the replay, which says so.
    pub forward: Option<Gateway>,
    /// The same for the replays that routes lead to, by the routes' names.
    pub route_forwards: BTreeMap<String, Gateway>,
    /// What holds for one gateway alone.
    pub own: Vec<PerGateway>,
    /// How long a connection to a gateway may take to be made, TLS included.
    pub connect_timeout: Duration,
    /// The word by which a replay asks for gatetap's own answer.
    pub own_word: Option<OwnWord>,
    /// The proxies between here and the gateways.
    pub outgoing: OutgoingProxies,
    /// Apps may speak TLS to the listener.
    pub tls: bool,
    /// Where the local authority lies; `None` where there is no place for it.
    pub authority: Option<Files>,
    /// The hosts whose tunnels are opened; where there is one, the gateways' are, too.
    pub intercept: Vec<HostPattern>,
    /// The rules for faults.
    pub armed: Arc<Armed>,
    /// What the control API wants to be told, where a listener can be reached from beyond this machine.
    pub control_token: Option<String>,
}

/// What holds for one gateway alone.
#[derive(Debug, Clone)]
pub struct PerGateway {
    /// The gateway; one of the same name elsewhere gets nothing of it.
    pub gateway: Gateway,
    /// What is set in requests to it.
    pub headers: Arc<[SetHeader]>,
    /// Whose certificates are believed there; `None` as everywhere.
    pub trust: Option<Trust>,
}

/// A proxy that runs.
#[derive(Debug)]
pub struct Proxy {
    tasks: TaskTracker,
    stop_accepting: CancellationToken,
    cut: CancellationToken,
    shared: Arc<Shared>,
}

/// What apps do with a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activity {
    /// So many connections were accepted so far.
    pub accepted: u64,
    /// So many are open.
    pub open: usize,
}

/// What every connection of a proxy shares.
#[derive(Debug)]
struct Shared {
    routes: Routes,
    /// Where it listens.
    addresses: Vec<SocketAddr>,
    recorder: Recorder,
    pool: Pool,
    passing: Passing,
    idle: http1::Idle,
    /// Apps beyond so many connections wait for one of them to end.
    connections: Arc<Semaphore>,
    http2: Http2Pool,
    connector: Connector,
    app_tls: AppTls,
    intercept: Intercept,
    armed: Arc<Armed>,
    /// What the control API wants to be told.
    control_token: Option<String>,
    /// The word by which a replay asks for gatetap's own answer.
    own_word: Option<OwnWord>,
    /// Which exchange the next request from an address sends again.
    again: Expected,
    /// So many connections of apps were accepted.
    accepted: AtomicU64,
    /// The proxy is being stopped: what breaks off now is gatetap's doing.
    stopping: AtomicBool,
}

impl Proxy {
    /// Serves the listeners from now on, on the current runtime.
    pub fn start(listeners: Vec<TcpListener>, settings: &Settings, recorder: Recorder) -> Self {
        let addresses: Vec<SocketAddr> =
            listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
        let connector = Connector::new(
            settings.trust.clone(),
            settings.own.iter().filter_map(|own| Some((own.gateway.clone(), own.trust.clone()?))),
            settings.outgoing.clone(),
            settings.connect_timeout,
            addresses.clone(),
        );
        let gateways = std::iter::once(&settings.upstream).chain(settings.routes.values());
        let tasks = TaskTracker::new();
        let cut = CancellationToken::new();
        let app_tls = AppTls::new(settings.tls, settings.authority.clone(), recorder.clock().clone());
        let shared = Arc::new(Shared {
            routes: Routes::new(settings),
            addresses,
            recorder,
            pool: Pool::default(),
            passing: Passing::default(),
            idle: http1::Idle::default(),
            connections: Arc::new(Semaphore::new(CONNECTIONS)),
            http2: Http2Pool::default(),
            connector,
            app_tls,
            intercept: Intercept::new(settings.intercept.clone(), gateways),
            armed: Arc::clone(&settings.armed),
            control_token: settings.control_token.clone(),
            own_word: settings.own_word.clone(),
            again: Expected::default(),
            accepted: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
        });
        let stop_accepting = CancellationToken::new();
        for listener in listeners {
            let serving = listener::serve(
                listener,
                Arc::clone(&shared),
                tasks.clone(),
                stop_accepting.clone(),
                cut.clone(),
            );
            tasks.spawn(serving);
        }
        Self { tasks, stop_accepting, cut, shared }
    }

    /// The addresses it listens on.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.shared.addresses
    }

    /// The requests that are known to come, and to be an earlier one sent again.
    pub fn expected(&self) -> &Expected {
        &self.shared.again
    }

    /// What apps do with it.
    pub fn activity(&self) -> Activity {
        let listeners = self.shared.addresses.len();
        Activity {
            accepted: self.shared.accepted.load(Ordering::Relaxed),
            open: self.tasks.len().saturating_sub(listeners),
        }
    }

    /// Takes no more requests, lets open exchanges go on for `grace`, then cuts them.
    pub async fn stop(self, grace: Duration) {
        self.stop_accepting.cancel();
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            self.shared.stopping.store(true, Ordering::Relaxed);
            self.cut.cancel();
            self.tasks.wait().await;
        }
    }
}

impl Shared {
    /// The exchange that a request from `peer` sends again.
    fn sends_again(&self, peer: SocketAddr) -> Option<ExchangeId> {
        self.again.take(peer)
    }
}
