//! `gatetap run`: proxy, recorder, live view.

use super::check_flags::CheckFlags;
use super::exit::Exit;
use super::findings_talk::FindingsTalk;
use super::keep::{KeepArgs, limits};
use super::listen::refuse_remote;
use super::log::LogFlags;
use super::replay::{self, Prepared, ReplayFlags};
use super::sim::SimFlags;
use super::tls::TlsArgs;
use super::world::Env;
use super::{announce, completions, live_view, log, presence, runtime, sim, tls};
use crate::config::{
    Age, FaultRules, Given, Listen, Patience, RouteGiven, Settings, Upstream, UpstreamGiven,
};
use crate::exchange::time::{Clock, Micros};
use crate::gateway::command::mask_command;
use crate::live::{self, Live};
use crate::tls::Files;
use clap::builder::BoolishValueParser;
use clap_complete::engine::ArgValueCandidates;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// How often it is looked whether an app is connected.
const IDLE_LOOK: Duration = Duration::from_millis(100);

/// Proxy, record and watch [default command]
#[derive(Debug, clap::Args)]
pub(super) struct RunArgs {
    /// Where to listen: ADDRESS:PORT, or a PORT on both loopback addresses; may be repeated [default: 7117]
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "GATETAP_LISTEN",
        hide_env_values = true,
        value_delimiter = ','
    )]
    listen: Vec<Listen>,

    /// Where requests go: nexorouter, openrouter, openai, anthropic, a name of `[gateways]`, sim, sim:GATEWAY, replay:FILE, or a base URL [default: nexorouter]
    #[arg(long, value_name = "UPSTREAM", env = "GATETAP_UPSTREAM", hide_env_values = true,
        add = ArgValueCandidates::new(completions::gateways))]
    upstream: Option<UpstreamGiven>,

    /// Another gateway, reached under `/@NAME/`; may be repeated
    #[arg(
        long = "route",
        value_name = "NAME=URL",
        env = "GATETAP_ROUTE",
        hide_env_values = true,
        value_delimiter = ','
    )]
    routes: Vec<RouteGiven>,

    /// The recording [default: recording.db in your data directory]
    #[arg(long, value_name = "FILE", env = "GATETAP_DB", hide_env_values = true)]
    db: Option<PathBuf>,

    /// No live view: print the address on stdout, and record
    #[arg(long, value_name = "BOOL", env = "GATETAP_HEADLESS", hide_env_values = true, num_args = 0..=1,
        require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    headless: Option<bool>,

    /// Do not verify the gateway's certificate
    #[arg(short = 'k', long, value_name = "BOOL", env = "GATETAP_INSECURE", hide_env_values = true, num_args = 0..=1,
        require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    insecure: Option<bool>,

    /// Let --listen name an address beyond this machine; whoever reaches it can use this proxy
    #[arg(long, value_name = "BOOL", env = "GATETAP_ALLOW_REMOTE", hide_env_values = true, num_args = 0..=1,
        require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    allow_remote: Option<bool>,

    #[command(flatten)]
    tls: TlsArgs,

    /// How long a connection to a gateway may take to be made [default: 10s]
    #[arg(long, value_name = "TIME", env = "GATETAP_CONNECT_TIMEOUT", hide_env_values = true)]
    connect_timeout: Option<Patience>,

    /// The seed of everything random [default: a new one, which is printed]
    #[arg(long, value_name = "NUMBER", env = "GATETAP_SEED", hide_env_values = true)]
    seed: Option<u64>,

    /// Inject a fault: `NAME[,key=value…]` or `preset:NAME`, or several with blanks in between; see `gatetap faults
    /// list`; may be repeated
    #[arg(long = "fault", value_name = "RULE", env = "GATETAP_FAULT", hide_env_values = true)]
    faults: Vec<FaultRules>,

    /// Inject the faults of a TOML file's `[[faults]]`; may be repeated
    #[arg(long = "faults", value_name = "FILE", env = "GATETAP_FAULTS", hide_env_values = true)]
    fault_files: Vec<PathBuf>,

    /// Without a live view: stop when no app has been connected for this long, as in 10m
    #[arg(long, value_name = "TIME", env = "GATETAP_IDLE_EXIT", hide_env_values = true)]
    idle_exit: Option<Age>,

    #[command(flatten)]
    keep: KeepArgs,

    #[command(flatten)]
    sim: SimFlags,

    #[command(flatten)]
    replay: ReplayFlags,

    #[command(flatten)]
    log: LogFlags,

    #[command(flatten)]
    checks: CheckFlags,
}

impl RunArgs {
    /// Settles the settings and starts.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let mut settings = self.settings(env)?;
        if let Some(log) = &settings.log {
            log::start(log, settings.headless, env)?;
        }
        let prepared = replay::prepare(&mut settings, env)?;
        start(&settings, prepared, env)
    }

    /// The same, listening on a free port unless a flag says where.
    pub(super) fn on_a_free_port(mut self) -> Self {
        if self.listen.is_empty() {
            self.listen.push(Listen::Address(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))));
        }
        self
    }

    /// The same, with a recording as the upstream, in front of the one that a flag says.
    pub(super) fn replaying(mut self, recording: PathBuf) -> Self {
        let behind = self.upstream.replace(Upstream::Replay(recording).into());
        self.replay = self.replay.or_forward(behind);
        self
    }

    /// What the flags, the file and the defaults come to.
    pub(super) fn settings(self, env: &Env<'_>) -> anyhow::Result<Settings> {
        let given = Given {
            listen: self.listen,
            upstream: self.upstream,
            forward: self.replay.forward().cloned(),
            routes: self.routes,
            db: self.db,
            headless: self.headless,
            insecure: self.insecure,
            allow_remote: self.allow_remote,
            tls: self.tls.into(),
            connect_timeout: self.connect_timeout,
            seed: self.seed,
            max_body: self.keep.max_body,
            redact_bodies: self.keep.redact_bodies,
            idle_exit: self.idle_exit,
            log: self.log.into(),
            sim: self.sim.into(),
            replay: self.replay.into(),
            checks: self.checks.into(),
            faults: self.faults,
            fault_files: self.fault_files,
        };
        let settings = Settings::resolve(given, &env.directories)?;
        refuse_remote(settings.listen.iter().map(|listen| listen.address), settings.allow_remote)?;
        Ok(settings)
    }
}

/// Runs a gatetap by `settings` until it is told to stop.
fn start(settings: &Settings, prepared: Prepared, env: &mut Env<'_>) -> anyhow::Result<Exit> {
    let remote = settings.listen.iter().find(|listen| !listen.address.ip().is_loopback());
    let runtime = runtime::start()?;
    // Whoever waits for the address may ask for the end at once.
    let told_to_stop = runtime::told_to_stop(&runtime);
    let mut live_settings = live_settings(settings, env)?;
    prepared.settle_live(&mut live_settings);
    let seed = live_settings.simulator.seed;
    let token = live_settings.control_token.clone();
    let live = announce::start(&runtime, live_settings.clone(), env)?;
    // Taken away whichever way this ends.
    let _announced = presence::announce(&live, token.clone(), env)?;
    let insecure = settings.insecure.then(|| "certificates of gateways are not verified (-k)".to_owned());
    let open = remote
        .map(|remote| format!("whoever reaches {} can use this proxy (--allow-remote)", remote.address));
    let token = token.map(|token| format!("the control API wants `Authorization: Bearer {token}`"));
    let warnings: &[String] = &insecure.into_iter().chain(open).chain(token).collect::<Vec<_>>();
    let mut talk = None;
    let watched = if settings.headless || !live_view::is_possible(env) {
        let told = replay::tell_replayed(&live, settings, env);
        told.and_then(|()| announce::listening(&live, seed, warnings, env)).and_then(|()| {
            let clock = env.clock.clone();
            let stop = async {
                tokio::select! {
                    () = told_to_stop => {}
                    () = idle(&live, settings.idle_exit, &clock) => {}
                }
            };
            runtime.block_on(announce::watch(
                &live,
                talk.insert(FindingsTalk::of(live.recorder())),
                stop,
                env,
            ))
        })
    } else {
        live_view::run(&runtime, &live, &live_settings, warnings, env)
    };
    let (replays, session) = (live.replays(), live.session());
    let outcome = runtime::stop(runtime, live);
    watched?;
    let outcome = outcome?;
    if let Some(mut talk) = talk {
        talk.go_on(env)?;
    }
    let exit = announce::close(&outcome, env)?;
    let replayed = replay::close(&replays, settings.replay.strict, env)?;
    prepared.close(session, env)?;
    Ok(if exit == Exit::Fine { replayed } else { exit })
}

/// Is done when no app has been connected for `patience`; never without one.
async fn idle(live: &Live, patience: Option<Micros>, clock: &Clock) {
    let Some(patience) = patience else { return std::future::pending().await };
    let mut known = live.activity();
    let mut since = clock.mono();
    while clock.mono().since(since) < patience {
        tokio::time::sleep(IDLE_LOOK).await;
        let activity = live.activity();
        if activity.open > 0 || activity != known {
            since = clock.mono();
        }
        known = activity;
    }
}

/// What a live gatetap is to run by.
pub(super) fn live_settings(settings: &Settings, env: &Env<'_>) -> anyhow::Result<live::Settings> {
    let routes = settings.routes.iter().map(|route| (route.name.clone(), upstream(&route.to)));
    let seed = settings.seed.unwrap_or_else(runtime::draw_seed);
    let is_remote = settings.listen.iter().any(|listen| !listen.address.ip().is_loopback());
    Ok(live::Settings {
        listen: settings.listen.iter().copied().map(Into::into).collect(),
        upstream: upstream(&settings.upstream),
        routes: routes.collect(),
        recording: settings.db.clone(),
        limits: limits(settings.max_body, settings.redact_bodies),
        retention: settings.retention.clone(),
        checks: settings.checks.clone(),
        trust: tls::trust(settings)?,
        own: tls::own(settings)?,
        outgoing: tls::outgoing_proxies()?,
        tls: settings.tls.on,
        authority: env.directories.data.as_deref().map(Files::in_directory),
        intercept: settings.tls.intercept.clone(),
        control_token: is_remote.then(runtime::draw_token).transpose()?,
        connect_timeout: settings.connect_timeout,
        simulator: sim::options(&settings.sim, seed, env)?,
        replay: replay::options(settings, env)?,
        forward: None,
        route_forwards: BTreeMap::new(),
        tidying: None,
        upstream_name: None,
        faults: settings.faults.clone(),
        command: command_line(),
    })
}

pub(super) fn upstream(to: &Upstream) -> live::Upstream {
    match to {
        Upstream::Replay(recording) => live::Upstream::Replay(recording.clone()),
        Upstream::Sim(profile) => live::Upstream::Simulator(profile.as_str()),
        Upstream::Gateway(gateway) => live::Upstream::Gateway(gateway.clone()),
    }
}

/// The words of the command line without their secrets.
fn command_line() -> String {
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    mask_command(words.iter().map(String::as_str))
}
