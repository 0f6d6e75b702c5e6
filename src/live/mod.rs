//! A running gatetap: recording, recorder, proxy and, where it is the upstream, the simulator.
//!
//! Invariant: nothing listens before the recording is open, so that no traffic can pass unrecorded.

pub mod child;
pub mod presence;
mod retention;
pub mod sample;

use crate::check::{self, Engine};
use crate::config::HostPattern;
use crate::exchange::SessionId;
use crate::exchange::time::Clock;
use crate::fault::{Armed, Rule};
use crate::gateway::profile::Gateway;
use crate::proxy::{self, Activity, BindError, OutgoingProxies, Proxy};
use crate::record::{Limits, Outcome, Recorder, Running};
use crate::sim::{self, Simulator};
use crate::store::{self, Retention, SessionStart, Writer};
use crate::tls::{self, Authority, Files, Trust};
use retention::Keeping;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long open exchanges may go on when gatetap is told to stop.
const GRACE: Duration = Duration::from_millis(500);

/// How a gatetap is to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: Vec<Listen>,
    /// Where plain paths go.
    pub upstream: Upstream,
    /// Where `/@NAME/…` goes, by name.
    pub routes: BTreeMap<String, Upstream>,
    /// The recording.
    pub recording: PathBuf,
    /// What the recorder may use.
    pub limits: Limits,
    /// What of earlier sessions may stay in the recording.
    pub retention: Retention,
    /// The checks that run, and how they are tuned.
    pub checks: check::Settings,
    /// Whose certificates are believed on the gateway side.
    pub trust: Trust,
    /// The proxies between here and the gateways.
    pub outgoing: OutgoingProxies,
    /// Apps may speak TLS to the listener.
    pub tls: bool,
    /// Where the local authority lies; `None` where there is no place for it.
    pub authority: Option<Files>,
    /// The hosts whose tunnels are opened; where there is one, the gateways' are, too.
    pub intercept: Vec<HostPattern>,
    /// What the control API wants to be told, where a listener can be reached from beyond this machine.
    pub control_token: Option<String>,
    /// How long a connection to a gateway may take to be made.
    pub connect_timeout: Duration,
    /// The simulator's settings, should it be the upstream; its seed is the session's.
    pub simulator: sim::Options,
    /// The rules for faults that are armed from the start.
    pub faults: Vec<Rule>,
    /// The command line, secrets masked.
    pub command: String,
}

/// An address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// The address; port 0 picks a free one.
    pub address: SocketAddr,
    /// Go on without it where the machine does not have such addresses.
    pub optional: bool,
}

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// To a gateway.
    Gateway(Gateway),
    /// To the simulator, in this process, with the profile of that name.
    Simulator(&'static str),
}

/// Why a gatetap could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The recording could not be opened.
    #[error("cannot use the recording")]
    Recording(#[from] store::Error),
    /// An address could not be had.
    #[error(transparent)]
    Listen(#[from] BindError),
    /// The local authority cannot be used.
    #[error("cannot open tunnels")]
    Authority(#[from] tls::Error),
    /// The recorder or the simulator could not be started.
    #[error("cannot start the {part}")]
    Part {
        /// Which.
        part: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// The simulators that are upstreams, by profile.
type Simulators = BTreeMap<&'static str, Simulator>;

/// A running gatetap.
#[derive(Debug)]
pub struct Live {
    proxy: Proxy,
    recorder: Running,
    retention: Keeping,
    session: SessionId,
    simulators: Simulators,
    recording: PathBuf,
    upstream: Gateway,
    intercept: Vec<HostPattern>,
    armed: Arc<Armed>,
}

impl Live {
    /// Starts everything, on the current runtime.
    ///
    /// # Errors
    /// See [`Error`]; nothing goes on running then.
    pub async fn start(settings: Settings, clock: Clock) -> Result<Self, Error> {
        check_authority(&settings, &clock)?;
        let writer = Writer::open(&settings.recording, &session(&settings, &clock))?;
        let started = Self::start_recording(settings, clock, writer).await;
        started.map_err(|(error, recorder)| {
            // The session that had begun ends with nothing in it.
            if let Some(recorder) = recorder {
                recorder.stop();
            }
            error
        })
    }

    async fn start_recording(
        settings: Settings,
        clock: Clock,
        writer: Writer,
    ) -> Result<Self, (Error, Option<Running>)> {
        let session = writer.session();
        let recorder =
            Recorder::start(writer, clock.clone(), settings.limits, Engine::new(settings.checks.clone()))
                .map_err(|source| (Error::Part { part: "recorder", source }, None))?;
        let armed = Arc::new(Armed::new(settings.simulator.seed));
        armed.arm(settings.faults.clone(), recorder.recorder().clock().mono());
        match Self::start_serving(&settings, recorder.recorder(), &armed).await {
            Ok((proxy, simulators, upstream)) => Ok(Self {
                proxy,
                recorder,
                retention: Keeping::start(settings.recording.clone(), settings.retention, clock),
                session,
                simulators,
                recording: settings.recording,
                upstream,
                intercept: settings.intercept,
                armed,
            }),
            Err(error) => Err((error, Some(recorder))),
        }
    }

    async fn start_serving(
        settings: &Settings,
        recorder: Recorder,
        armed: &Arc<Armed>,
    ) -> Result<(Proxy, Simulators, Gateway), Error> {
        let mut listeners = Vec::new();
        for listen in &settings.listen {
            listeners.extend(bind(*listen, &listeners).await?);
        }
        let mut simulators = Simulators::new();
        for upstream in std::iter::once(&settings.upstream).chain(settings.routes.values()) {
            if let Upstream::Simulator(profile) = upstream
                && !simulators.contains_key(profile)
            {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let options = sim::Options { profile, ..settings.simulator.clone() };
                let started = Simulator::start(address, options).await;
                let started = started.map_err(|source| Error::Part { part: "simulator", source })?;
                simulators.insert(profile, started);
            }
        }
        let gateway = |upstream: &Upstream| match upstream {
            Upstream::Simulator(profile) => simulator_gateway(profile, simulators.get(profile)),
            Upstream::Gateway(gateway) => gateway.clone(),
        };
        let upstream = gateway(&settings.upstream);
        let proxy_settings = proxy::Settings {
            upstream: upstream.clone(),
            routes: settings
                .routes
                .iter()
                .map(|(name, upstream)| (name.clone(), gateway(upstream)))
                .collect(),
            trust: settings.trust.clone(),
            outgoing: settings.outgoing.clone(),
            tls: settings.tls,
            authority: settings.authority.clone(),
            intercept: settings.intercept.clone(),
            control_token: settings.control_token.clone(),
            connect_timeout: settings.connect_timeout,
            armed: Arc::clone(armed),
        };
        Ok((Proxy::start(listeners, &proxy_settings, recorder), simulators, upstream))
    }

    /// The URL that an app's base URL begins with; without a slash at its end.
    pub fn url(&self) -> String {
        let address = self.proxy.addresses().first();
        address.map(|address| format!("http://{address}")).unwrap_or_default()
    }

    /// The addresses it listens on.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.proxy.addresses()
    }

    /// Where plain paths go.
    pub fn upstream(&self) -> &Gateway {
        &self.upstream
    }

    /// What apps do with it.
    pub fn activity(&self) -> Activity {
        self.proxy.activity()
    }

    /// The recorder, which knows how the recording is doing.
    pub fn recorder(&self) -> Recorder {
        self.recorder.recorder()
    }

    /// The session it writes. A recording that is removed meanwhile starts with another.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// The recording.
    pub fn recording(&self) -> &Path {
        &self.recording
    }

    /// The hosts whose tunnels are opened beside the gateways', if any are, as words for people.
    pub fn opened(&self) -> Option<String> {
        let hosts: Vec<String> = self.intercept.iter().map(ToString::to_string).collect();
        (!hosts.is_empty()).then(|| hosts.join(", "))
    }

    /// The rules for faults: what is armed, and how often it was met.
    pub fn armed(&self) -> &Arc<Armed> {
        &self.armed
    }

    /// Takes no more requests, lets open ones go on for a moment, and writes the last of the recording.
    pub async fn stop(self) -> Outcome {
        // The last of the recording is not to wait for a lock.
        let retention = self.retention.stop().await;
        self.proxy.stop(GRACE).await;
        for simulator in self.simulators.into_values() {
            simulator.stop().await;
        }
        let recorder = self.recorder;
        let stopped = tokio::task::spawn_blocking(move || recorder.stop()).await;
        Outcome { retention, ..stopped.unwrap_or_else(|_| Outcome::panicked()) }
    }
}

/// Where tunnels are to be opened, the local authority has to be usable before the first comes.
fn check_authority(settings: &Settings, clock: &Clock) -> Result<(), tls::Error> {
    if settings.intercept.is_empty() {
        return Ok(());
    }
    let files = settings.authority.as_ref().ok_or(tls::Error::NoDirectory)?;
    Authority::open(files, clock.clone()).map(drop)
}

fn session(settings: &Settings, clock: &Clock) -> SessionStart {
    SessionStart {
        started_at: clock.now().wall,
        program: concat!("gatetap ", env!("CARGO_PKG_VERSION")).to_owned(),
        command: settings.command.clone(),
        upstream: match &settings.upstream {
            Upstream::Gateway(gateway) => gateway.base_url(),
            Upstream::Simulator(profile) => simulator_name(profile),
        },
        seed: Some(settings.simulator.seed as i64),
    }
}

/// Listens on an address. An optional one takes the port that a mandatory one before it was given.
async fn bind(listen: Listen, before: &[TcpListener]) -> Result<Option<TcpListener>, BindError> {
    let mut address = listen.address;
    if let (true, 0, Some(Ok(first))) =
        (listen.optional, address.port(), before.first().map(TcpListener::local_addr))
    {
        address.set_port(first.port());
    }
    match proxy::bind(address).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if listen.optional && error.source.kind() != std::io::ErrorKind::AddrInUse => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where a simulator of that profile is reached; nowhere without one.
pub fn simulator_gateway(profile: &str, simulator: Option<&Simulator>) -> Gateway {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Gateway {
        name: simulator_name(profile),
        scheme: crate::gateway::profile::Scheme::Http,
        authority: simulator.map_or(nowhere, Simulator::addr).to_string(),
        base_path: simulator.map_or("/v1", Simulator::base_path).to_owned(),
    }
}

/// What a simulated gateway is called: `sim`, or `sim:PROFILE`.
fn simulator_name(profile: &str) -> String {
    if profile == sim::DEFAULT_PROFILE { "sim".to_owned() } else { format!("sim:{profile}") }
}
