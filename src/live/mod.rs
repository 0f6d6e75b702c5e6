//! A running gatetap: recording, recorder, proxy and, where they are upstreams, the simulator and replays.
//!
//! Invariant: nothing listens before the recording is open, so that no traffic can pass unrecorded.

pub mod child;
pub mod presence;
pub mod probes;
pub mod ready;
mod retention;
pub mod sample;
mod sender;

use crate::check::{self, Engine};
use crate::config::HostPattern;
use crate::exchange::time::Clock;
use crate::exchange::{ExchangeId, SessionId};
use crate::fault::{Armed, Rule};
use crate::gateway::profile::Gateway;
use crate::proxy::{self, Activity, BindError, OutgoingProxies, Proxy, Replayed};
use crate::record::{Limits, Outcome, Recorder, Running};
use crate::replay::{self, Again, Chooser, OwnWord, Replay, Tally};
use crate::sim::{self, Simulator};
use crate::store::{self, Retention, SessionStart, Tidying, Writer};
use crate::tls::{self, Authority, Files, Trust};
use retention::Keeping;
pub use sender::Sender;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
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
    /// What that is called in the recording, where it is not its own name.
    pub upstream_name: Option<String>,
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
    /// What holds for one gateway alone.
    pub own: Vec<proxy::PerGateway>,
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
    /// How recordings are replayed, should there be one among the upstreams; which, the upstream says.
    pub replay: replay::Options,
    /// Where plain paths go that the recording which is the upstream has no answer to; `None`: nowhere.
    pub forward: Option<Upstream>,
    /// The same for routes that lead to recordings, by their names.
    pub route_forwards: BTreeMap<String, Upstream>,
    /// What is to be done with this session's exchanges when it is over, should this process not come to it.
    pub tidying: Option<Tidying>,
    /// The rules for faults that are armed from the start.
    pub faults: Vec<Rule>,
    /// The command line, secrets masked.
    pub command: String,
}

impl Settings {
    /// All upstreams; some of them perhaps twice.
    fn upstreams(&self) -> impl Iterator<Item = &Upstream> {
        let forwards = self.forward.iter().chain(self.route_forwards.values());
        std::iter::once(&self.upstream).chain(self.routes.values()).chain(forwards)
    }
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
    /// To that recording, which answers in this process.
    Replay(PathBuf),
}

/// As it is written on the command line.
impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway(gateway) => f.write_str(&gateway.base_url()),
            Self::Simulator(profile) => f.write_str(&simulator_name(profile)),
            Self::Replay(recording) => write!(f, "replay:{}", recording.display()),
        }
    }
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
    /// A recording that is an upstream cannot be replayed.
    #[error(transparent)]
    Replay(#[from] replay::StartError),
    /// The recorder or the simulator could not be started.
    #[error("cannot start the {part}")]
    Part {
        /// Which.
        part: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// The simulators that are upstreams, by profile.
type Simulators = BTreeMap<&'static str, Simulator>;

/// The recordings that are upstreams, by file.
type Replays = BTreeMap<PathBuf, Replay>;

/// The upstreams in this process, and the word by which the proxy knows what they cannot answer.
#[derive(Debug)]
struct Origins {
    simulators: Simulators,
    replays: Replays,
    word: OwnWord,
}

/// A running gatetap.
#[derive(Debug)]
pub struct Live {
    proxy: Proxy,
    recorder: Running,
    retention: Keeping,
    session: SessionId,
    origins: Origins,
    recording: PathBuf,
    upstream: Gateway,
    routes: BTreeMap<String, String>,
    intercept: Vec<HostPattern>,
    armed: Arc<Armed>,
}

impl Settings {
    /// The same, for a gatetap that nobody knows of, which only sends recorded requests again `to` one upstream.
    #[must_use]
    pub fn for_sending(self, to: Upstream) -> Self {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: vec![Listen { address: anywhere, optional: false }],
            upstream: to,
            routes: BTreeMap::new(),
            tls: false,
            intercept: Vec::new(),
            faults: Vec::new(),
            ..self
        }
    }
}

impl Live {
    /// Starts everything, on the current runtime.
    ///
    /// # Errors
    /// See [`Error`]; nothing goes on running then.
    pub async fn start(settings: Settings, clock: Clock) -> Result<Self, Error> {
        check_authority(&settings, &clock)?;
        let writer = Writer::open(&settings.recording, &session(&settings, &clock))?;
        if let Some(tidying) = settings.tidying {
            writer.tidy_later(tidying)?;
        }
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
            Ok((proxy, origins, upstream)) => Ok(Self {
                proxy,
                recorder,
                retention: Keeping::start(settings.recording.clone(), settings.retention, clock),
                session,
                origins,
                recording: settings.recording,
                upstream,
                routes: names(&settings.routes),
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
    ) -> Result<(Proxy, Origins, Gateway), Error> {
        let mut listeners = Vec::new();
        for listen in &settings.listen {
            listeners.extend(bind(*listen, &listeners).await?);
        }
        let origins = Origins::start(settings).await?;
        let gateway = |upstream: &Upstream| origins.gateway(upstream);
        let upstream = gateway(&settings.upstream);
        let proxy_settings = proxy::Settings {
            upstream: upstream.clone(),
            routes: settings
                .routes
                .iter()
                .map(|(name, upstream)| (name.clone(), gateway(upstream)))
                .collect(),
            trust: settings.trust.clone(),
            own: settings.own.clone(),
            outgoing: settings.outgoing.clone(),
            tls: settings.tls,
            authority: settings.authority.clone(),
            intercept: settings.intercept.clone(),
            control_token: settings.control_token.clone(),
            connect_timeout: settings.connect_timeout,
            own_word: Some(origins.word.clone()),
            single_use: origins.single_use(settings),
            replays: origins.replayed(),
            forward: settings.forward.as_ref().map(gateway),
            route_forwards: settings
                .route_forwards
                .iter()
                .map(|(name, upstream)| (name.clone(), gateway(upstream)))
                .collect(),
            armed: Arc::clone(armed),
        };
        Ok((Proxy::start(listeners, &proxy_settings, recorder), origins, upstream))
    }

    /// The URL that an app's base URL begins with; without a slash at its end.
    pub fn url(&self) -> String {
        self.proxy.addresses().first().map(|address| child::local_url(*address)).unwrap_or_default()
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

    /// The recordings that are replayed, with how many of their exchanges can answer and have not yet.
    pub fn replayed(&self) -> impl Iterator<Item = (&Path, usize)> {
        let replays = self.origins.replays.iter();
        replays.map(|(recording, replay)| (recording.as_path(), replay.tally().summary().unused.len()))
    }

    /// What the replays have done so far; the handles outlive this.
    pub fn replays(&self) -> Vec<Tally> {
        self.origins.replays.values().map(Replay::tally).collect()
    }

    /// What sends recorded requests again through this gatetap.
    pub fn sender(&self) -> Sender {
        Sender {
            address: self.addresses().first().copied(),
            expected: self.proxy.expected().clone(),
            upstream: self.upstream.name.clone(),
            routes: self.routes.clone(),
        }
    }

    /// Sends a recorded request again; see [`Sender::send`].
    ///
    /// # Errors
    /// As there.
    pub async fn send_again(&self, exchange: ExchangeId, again: &Again) -> io::Result<()> {
        self.sender().send(exchange, again).await
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
        self.origins.stop().await;
        let recorder = self.recorder;
        let stopped = tokio::task::spawn_blocking(move || recorder.stop()).await;
        Outcome { retention, ..stopped.unwrap_or_else(|_| Outcome::panicked()) }
    }
}

impl Origins {
    async fn start(settings: &Settings) -> Result<Self, Error> {
        let part = |part| move |source| Error::Part { part, source };
        let word = OwnWord::draw().map_err(part("replay"))?;
        let mut origins = Self { simulators: Simulators::new(), replays: Replays::new(), word };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        for upstream in settings.upstreams() {
            match upstream {
                Upstream::Simulator(profile) if !origins.simulators.contains_key(profile) => {
                    let options = sim::Options { profile, ..settings.simulator.clone() };
                    let started = Simulator::start(address, options).await.map_err(part("simulator"))?;
                    origins.simulators.insert(profile, started);
                }
                Upstream::Replay(recording) if !origins.replays.contains_key(recording) => {
                    let options = replay::Options { recording: recording.clone(), ..settings.replay.clone() };
                    let started = Replay::start(address, options, origins.word.clone()).await?;
                    origins.replays.insert(recording.clone(), started);
                }
                _ => {}
            }
        }
        Ok(origins)
    }

    fn gateway(&self, upstream: &Upstream) -> Gateway {
        match upstream {
            Upstream::Simulator(profile) => simulator_gateway(profile, self.simulators.get(profile)),
            Upstream::Replay(recording) => {
                local_gateway(Chooser::NAME, self.replays.get(recording).map(Replay::addr), "/v1")
            }
            Upstream::Gateway(gateway) => gateway.clone(),
        }
    }

    /// Those that play answers past their HTTP library, and so close after each.
    fn single_use(&self, settings: &Settings) -> Vec<Gateway> {
        let is_scripted = settings.simulator.scenario.is_some();
        let plays = |upstream: &&Upstream| match upstream {
            Upstream::Replay(_) => true,
            Upstream::Simulator(_) => is_scripted,
            Upstream::Gateway(_) => false,
        };
        settings.upstreams().filter(plays).map(|upstream| self.gateway(upstream)).collect()
    }

    /// Those that are replays.
    fn replayed(&self) -> Vec<Replayed> {
        let replays = self.replays.iter().map(|(recording, replay)| Replayed {
            gateway: self.gateway(&Upstream::Replay(recording.clone())),
            chooser: replay.chooser(),
        });
        replays.collect()
    }

    async fn stop(self) {
        for simulator in self.simulators.into_values() {
            simulator.stop().await;
        }
        for replay in self.replays.into_values() {
            replay.stop().await;
        }
    }
}

/// The names of the gateways that routes lead to, as they are recorded.
fn names(routes: &BTreeMap<String, Upstream>) -> BTreeMap<String, String> {
    let recorded = |to: &Upstream| match to {
        Upstream::Gateway(gateway) => gateway.name.clone(),
        Upstream::Simulator(profile) => simulator_name(profile),
        Upstream::Replay(_) => "replay".to_owned(),
    };
    routes.iter().map(|(name, to)| (name.clone(), recorded(to))).collect()
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
        upstream: settings.upstream_name.clone().unwrap_or_else(|| settings.upstream.to_string()),
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
        Err(error) if listen.optional && error.source.kind() != io::ErrorKind::AddrInUse => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where a simulator of that profile is reached; nowhere without one.
pub fn simulator_gateway(profile: &str, simulator: Option<&Simulator>) -> Gateway {
    let base_path = simulator.map_or("/v1", Simulator::base_path);
    local_gateway(&simulator_name(profile), simulator.map(Simulator::addr), base_path)
}

/// A gateway in this process.
fn local_gateway(name: &str, address: Option<SocketAddr>, base_path: &str) -> Gateway {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Gateway {
        name: name.to_owned(),
        scheme: crate::gateway::profile::Scheme::Http,
        authority: address.unwrap_or(nowhere).to_string(),
        base_path: base_path.to_owned(),
    }
}

/// What a simulated gateway is called: `sim`, or `sim:PROFILE`.
fn simulator_name(profile: &str) -> String {
    if profile == sim::DEFAULT_PROFILE { "sim".to_owned() } else { format!("sim:{profile}") }
}
