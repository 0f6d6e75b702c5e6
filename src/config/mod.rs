//! Settings: flags > environment (`GATETAP_*`) > `gatetap.toml` > defaults.
//!
//! Flags and environment arrive together as [`Given`], already parsed by the types of this room, which
//! also read the file: one meaning for one value, wherever it stands. [`Settings::resolve`] puts the
//! layers on top of each other.
//!
//! Invariant: a mistake is named with the file, the line and the key; nothing is ignored in silence.

mod checks;
mod error;
mod faults;
mod file;
mod gateways;
mod host_pattern;
mod listen;
mod log;
mod replay;
mod retention;
mod sim;
mod span;
mod tls;
mod upstream;
mod written;

pub use crate::exchange::nearest::nearest;
pub use checks::{ChecksGiven, SeverityGiven, ThresholdGiven, check_pattern, severity};
pub use error::{BadValue, Error};
pub use faults::FaultRules;
pub use file::FILE_NAME;
pub use gateways::{BadVariable, ConfiguredGateway, HeaderGiven};
pub use host_pattern::HostPattern;
pub use listen::{Listen, ListenAddress};
pub use log::{LOG_TARGETS, LogFilter, LogGiven, LogSettings};
pub use replay::{ErrorStatus, Match, Mode, Pointer, ReplayFilter, ReplaySettings, Strict};
pub use retention::{Age, Size};
pub use sim::{Rate, Share, SimSettings, Speed};
pub use span::{Patience, Span};
pub use tls::{TlsGiven, TlsSettings};
pub use upstream::{Route, RouteGiven, SimProfile, Upstream, UpstreamGiven};
pub use written::{KNOWN, Known, Written, WrittenFile, written};

/// A `gatetap.toml` with every key, all of it commented out.
pub const EXAMPLE: &str = include_str!("example.toml");

use crate::check;
use crate::exchange::time::Micros;
use crate::fault::Rule;
use crate::gateway::Gateway;
use crate::store::Retention;
use file::FileSettings;
use std::path::PathBuf;
use std::time::Duration;

/// How long a connection to a gateway may take to be made, where nobody says.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The directories that settings come from.
#[derive(Debug, Clone)]
pub struct Directories {
    /// The working directory: `gatetap.toml` is searched from here upward.
    pub working: PathBuf,
    /// gatetap's own directory among the user's configuration, if there is a home directory.
    pub config: Option<PathBuf>,
    /// gatetap's own directory among the user's data, if there is a home directory.
    pub data: Option<PathBuf>,
    /// gatetap's own directory for what may be lost without harm, if there is a home directory.
    pub state: Option<PathBuf>,
}

/// What flags and environment say; a flag has already won over its variable.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Where to listen; empty is *not said*.
    pub listen: Vec<Listen>,
    /// Where requests go.
    pub upstream: Option<UpstreamGiven>,
    /// Where a replay sends what it has not, where its mode sends it anywhere.
    pub forward: Option<UpstreamGiven>,
    /// Gateways beside the upstream; one of the same name in the file gives way.
    pub routes: Vec<RouteGiven>,
    /// The recording.
    pub db: Option<PathBuf>,
    /// No live view.
    pub headless: Option<bool>,
    /// No verification of the gateway's certificate.
    pub insecure: Option<bool>,
    /// Listening beyond this machine is meant.
    pub allow_remote: Option<bool>,
    /// TLS on both sides.
    pub tls: TlsGiven,
    /// How long a connection to a gateway may take to be made.
    pub connect_timeout: Option<Patience>,
    /// The seed of everything random.
    pub seed: Option<u64>,
    /// How many bytes of a body are kept.
    pub max_body: Option<Size>,
    /// No text of bodies in the recording.
    pub redact_bodies: Option<bool>,
    /// Without a live view, the end when no app has been connected for so long.
    pub idle_exit: Option<Age>,
    /// The log.
    pub log: LogGiven,
    /// Rules for faults.
    pub faults: Vec<FaultRules>,
    /// Files of rules for faults.
    pub fault_files: Vec<PathBuf>,
    /// The simulator.
    pub sim: SimSettings,
    /// Replays.
    pub replay: ReplaySettings,
    /// Which checks run, and how they are tuned.
    pub checks: ChecksGiven,
}

/// What a running gatetap goes by.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where to listen, at least one address.
    pub listen: Vec<ListenAddress>,
    /// Where requests go.
    pub upstream: Upstream,
    /// Nobody has said where requests go.
    pub upstream_is_default: bool,
    /// Gateways beside the upstream, under `/@NAME/`, in the order of their names.
    pub routes: Vec<Route>,
    /// The gateways that the file knows by name; each is among the routes, too.
    pub gateways: Vec<ConfiguredGateway>,
    /// The recording.
    pub db: PathBuf,
    /// A flag or the environment has named it.
    pub db_is_given: bool,
    /// No live view: say where it listens on stdout, and record.
    pub headless: bool,
    /// No verification of the gateway's certificate.
    pub insecure: bool,
    /// Listening beyond this machine is meant.
    pub allow_remote: bool,
    /// TLS on both sides.
    pub tls: TlsSettings,
    /// How long a connection to a gateway may take to be made, TLS included.
    pub connect_timeout: Duration,
    /// The seed of everything random; `None` draws one.
    pub seed: Option<u64>,
    /// So many bytes of a body are kept; `None` leaves it to the recorder.
    pub max_body: Option<u64>,
    /// No text of bodies in the recording, only their structure and their lengths.
    pub redact_bodies: bool,
    /// Without a live view, the end when no app has been connected for so long; `None` is never.
    pub idle_exit: Option<Micros>,
    /// The log; `None` keeps none.
    pub log: Option<LogSettings>,
    /// The rules for faults, in the order in which they are asked.
    pub faults: Vec<Rule>,
    /// The simulator, should it be an upstream.
    pub sim: SimSettings,
    /// Recordings, should there be one among the upstreams.
    pub replay: ReplaySettings,
    /// What of earlier sessions may stay in the recording.
    pub retention: Retention,
    /// Which checks run, and how they are tuned.
    pub checks: check::Settings,
    /// The `gatetap.toml` that had a say.
    pub file: Option<PathBuf>,
}

impl Directories {
    /// The system's: XDG on Unix, the known folders on Windows.
    ///
    /// # Errors
    /// Where the working directory is gone.
    pub fn of_system() -> std::io::Result<Self> {
        use etcetera::BaseStrategy;
        let strategy = etcetera::choose_base_strategy().ok();
        Ok(Self {
            working: std::env::current_dir()?,
            config: strategy.as_ref().map(|base| base.config_dir().join("gatetap")),
            data: strategy.as_ref().map(|base| base.data_dir().join("gatetap")),
            // Windows knows no such place beside that for data.
            state: strategy
                .as_ref()
                .map(|base| base.state_dir().unwrap_or_else(|| base.data_dir()).join("gatetap")),
        })
    }

    fn default_recording(&self) -> Result<PathBuf, Error> {
        let data = self.data.as_ref().ok_or(Error::NoDataDirectory)?;
        Ok(data.join("recording.db"))
    }
}

impl Settings {
    /// What the file says of a gateway, where it knows it.
    pub fn configured(&self, gateway: &Gateway) -> Option<&ConfiguredGateway> {
        self.gateways.iter().find(|configured| configured.gateway == *gateway)
    }

    /// Puts `given` on top of the file, and the file on top of the defaults.
    ///
    /// # Errors
    /// [`Error`]: the file cannot be read or has a mistake, or there is no place for the recording.
    pub fn resolve(given: Given, directories: &Directories) -> Result<Self, Error> {
        let file = FileSettings::find(directories)?.unwrap_or_default();
        let listen = [given.listen, file.listen, vec![Listen::DEFAULT]]
            .into_iter()
            .find(|layer| !layer.is_empty())
            .unwrap_or_default();
        let settle = |route: RouteGiven| route.settle(&file.gateways).map_err(Error::UnknownUpstream);
        let mut routes = given.routes.into_iter().map(settle).collect::<Result<Vec<_>, _>>()?;
        let configured = file.gateways.iter().map(|configured| Route {
            name: configured.gateway.name.clone(),
            to: Upstream::Gateway(configured.gateway.clone()),
        });
        for route in file.routes.into_iter().chain(configured) {
            if routes.iter().all(|winner| winner.name != route.name) {
                routes.push(route);
            }
        }
        let settle =
            |upstream: UpstreamGiven| upstream.settle(&file.gateways).map_err(Error::UnknownUpstream);
        let given_upstream = given.upstream.map(settle).transpose()?;
        let mut replay = given.replay.over(file.replay);
        replay.forward = given.forward.map(settle).transpose()?.or(replay.forward);
        if matches!(given_upstream, Some(Upstream::Replay(_))) {
            // What the replay stands in front of.
            let behind = file.upstream.clone().filter(|behind| !matches!(behind, Upstream::Replay(_)));
            replay.forward = replay.forward.or(behind);
        }
        let upstream = given_upstream.or(file.upstream);
        let upstream_is_default = upstream.is_none();
        let db_is_given = given.db.is_some();
        let upstream = match upstream {
            Some(upstream) => upstream,
            None => Upstream::DEFAULT.parse::<UpstreamGiven>()?.settle(&file.gateways)?,
        };
        routes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self {
            listen: listen.into_iter().flat_map(Listen::addresses).collect(),
            upstream,
            upstream_is_default,
            routes,
            gateways: file.gateways,
            db: match given.db.or(file.db) {
                Some(db) => db,
                None => directories.default_recording()?,
            },
            db_is_given,
            headless: given.headless.or(file.headless).unwrap_or(false),
            insecure: given.insecure.or(file.insecure).unwrap_or(false),
            allow_remote: given.allow_remote.or(file.allow_remote).unwrap_or(false),
            tls: TlsSettings::resolve(given.tls, file.tls),
            connect_timeout: given
                .connect_timeout
                .or(file.connect_timeout)
                .map_or(CONNECT_TIMEOUT, |patience| patience.0),
            seed: given.seed.or(file.seed),
            max_body: given.max_body.or(file.max_body).map(|size| size.0),
            redact_bodies: given.redact_bodies.or(file.redact_bodies).unwrap_or(false),
            idle_exit: given.idle_exit.or(file.idle_exit).map(|age| age.0),
            log: given.log.over(file.log),
            faults: faults::settle(given.faults, &given.fault_files, file.faults)?,
            sim: given.sim.over(file.sim),
            replay,
            retention: file.retention,
            checks: given.checks.over(file.checks),
            file: file.path,
        })
    }
}

/// The recording that a reading command means; the file is asked only where no flag says it.
///
/// # Errors
/// As for [`Settings::resolve`].
pub fn recording(db: Option<PathBuf>, directories: &Directories) -> Result<PathBuf, Error> {
    if let Some(db) = db {
        return Ok(db);
    }
    match FileSettings::find(directories)?.and_then(|file| file.db) {
        Some(db) => Ok(db),
        None => directories.default_recording(),
    }
}

/// The gateways that `gatetap.toml` knows by name.
///
/// # Errors
/// As for [`Settings::resolve`].
pub fn gateways(directories: &Directories) -> Result<Vec<ConfiguredGateway>, Error> {
    Ok(FileSettings::find(directories)?.map(|file| file.gateways).unwrap_or_default())
}

/// What `gatetap.toml` says may stay in a recording.
///
/// # Errors
/// As for [`Settings::resolve`].
pub fn retention(directories: &Directories) -> Result<Retention, Error> {
    Ok(FileSettings::find(directories)?.map(|file| file.retention).unwrap_or_default())
}

/// The checks that flags and `gatetap.toml` leave.
///
/// # Errors
/// As for [`Settings::resolve`].
pub fn checks(given: ChecksGiven, directories: &Directories) -> Result<check::Settings, Error> {
    Ok(given.over(FileSettings::find(directories)?.map(|file| file.checks).unwrap_or_default()))
}
