//! `gatetap doctor`: triage of key, network, base URL, model and streaming.

use super::error::wrong_usage;
use super::exit::Exit;
use super::style::{Style, paint};
use super::world::Env;
use super::{completions, runtime, tls};
use crate::config::{Given, Settings, Span, TlsGiven, Upstream, UpstreamGiven};
use crate::doctor::{self, Diagnosis, Key, State, Step, Weight};
use crate::exchange::text::printable;
use crate::gateway::profile::{Gateway, profile};
use crate::live;
use crate::sim::{self, Simulator};
use anyhow::Context as _;
use clap_complete::engine::ArgValueCandidates;
use serde_json::json;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// How long a step may take where nobody says it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the simulator is asked with where its gateway's own key is not set.
const SIMULATORS_KEY: &str = "sk-sim-doctor-0000";

/// The variables that name proxies, as they are read.
const PROXY_VARIABLES: [&str; 8] = [
    "https_proxy",
    "HTTPS_PROXY",
    "http_proxy",
    "HTTP_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
];

const DOCTOR_HELP: &str = "\
Steps: config, key, auth, base-path, proxy, dns, tcp, tls, models, listed, chat, stream. Where the \
call fails another model is asked; where a proxy of the environment leads to the gateway, the stream \
is asked for a second time without it. At most four calls cost tokens, at most 16 each; --no-spend \
makes none.

Exit codes:
  0  all is well
  1  a step failed
  2  wrong usage or settings
  4  the gateway cannot be reached";

/// Find out whether it is the key, the network, the base URL, the model, the gateway or the stream
#[derive(Debug, clap::Args)]
#[command(after_long_help = DOCTOR_HELP, after_help = "--help says which steps there are, and the exit codes")]
pub(super) struct DoctorArgs {
    /// The gateway: a name, also of `[gateways]`, a base URL, sim, or sim:GATEWAY [default: the upstream]
    #[arg(long, value_name = "GATEWAY", env = "GATETAP_UPSTREAM", hide_env_values = true,
        add = ArgValueCandidates::new(completions::gateways))]
    gateway: Option<UpstreamGiven>,

    /// The model to ask [default: deepseek-v4-flash, or the first of a list without it]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,

    /// The environment variable that holds the key [default: the gateway's own]
    #[arg(long, value_name = "VARIABLE")]
    key_env: Option<String>,

    /// Ask no model: nothing is spent
    #[arg(long)]
    no_spend: bool,

    /// How long one step may take [default: 20s]
    #[arg(long, value_name = "TIME")]
    timeout: Option<Span>,

    /// Believe the roots in this PEM file, too; may be repeated
    #[arg(long, value_name = "FILE", env = "GATETAP_CA", hide_env_values = true)]
    ca: Vec<PathBuf>,

    /// Do not verify the gateway's certificate
    #[arg(short = 'k', long)]
    insecure: bool,

    /// One JSON object a step, then the conclusion
    #[arg(long)]
    json: bool,
}

impl DoctorArgs {
    /// Goes through the steps and says what they come to.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let is_given = self.gateway.is_some();
        let given = Given {
            upstream: self.gateway.clone(),
            insecure: self.insecure.then_some(true),
            tls: TlsGiven { ca: self.ca.clone(), ..TlsGiven::default() },
            ..Given::default()
        };
        let settings = Settings::resolve(given, &env.directories)?;
        let chosen_by = match &settings.file {
            _ if is_given => "as asked for".to_owned(),
            _ if settings.upstream_is_default => "nobody names another".to_owned(),
            Some(file) => format!("so says {}", file.display()),
            None => "nobody names another".to_owned(),
        };
        let runtime = runtime::start()?;
        let simulator = match settings.upstream {
            Upstream::Sim(profile) => {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let options = sim::Options {
                    profile: profile.as_str(),
                    clock: env.clock.clone(),
                    ..sim::Options::default()
                };
                let started = runtime.block_on(Simulator::start(address, options));
                Some(started.context("cannot start the simulator")?)
            }
            Upstream::Gateway(_) | Upstream::Replay(_) => None,
        };
        let settings = self.settings(&settings, simulator.as_ref(), chosen_by)?;
        let outcome = self.look(&settings, &runtime, env);
        if let Some(simulator) = simulator {
            runtime.block_on(simulator.stop());
        }
        outcome
    }

    fn settings(
        &self,
        settings: &Settings,
        simulator: Option<&Simulator>,
        chosen_by: String,
    ) -> anyhow::Result<doctor::Settings> {
        let (gateway, known) = match &settings.upstream {
            Upstream::Gateway(gateway) => {
                let configured = settings.configured(gateway);
                let known = configured.map_or_else(|| gateway.profile(), |configured| configured.profile);
                (gateway.clone(), known)
            }
            Upstream::Sim(simulated) => {
                (live::simulator_gateway(simulated.as_str(), simulator), profile(simulated.as_str()))
            }
            Upstream::Replay(_) => {
                return Err(wrong_usage(
                    "a recording has nothing to be examined",
                    "name a gateway with --gateway: nexorouter, openrouter, openai, anthropic, sim, or a base URL",
                ));
            }
        };
        let general = tls::trust(settings)?;
        let configured = settings.configured(&gateway);
        let own = configured.map(|configured| tls::per_gateway(configured, &general)).transpose()?;
        let (set, trust) = own.map(|own| (own.headers, own.trust)).unwrap_or_default();
        let variable = match configured {
            Some(configured) => configured.key_variable(),
            None => gateway.profile().map(|known| known.key_variable.as_str()),
        };
        Ok(doctor::Settings {
            key: self.key(&gateway, variable, simulator.is_some())?,
            set,
            profile: known,
            gateway,
            chosen_by,
            model: self.model.clone(),
            spend: !self.no_spend,
            patience: self.timeout.map_or(PATIENCE, |timeout| timeout.0),
            trust: trust.unwrap_or(general),
            outgoing: tls::outgoing_proxies()?,
            proxy_variables: PROXY_VARIABLES
                .into_iter()
                .filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
                .map(str::to_owned)
                .collect(),
        })
    }

    /// The key. That of a gateway goes to that gateway alone: another URL gets none that was not named.
    fn key(&self, gateway: &Gateway, own: Option<&str>, is_simulator: bool) -> anyhow::Result<Key> {
        // The simulator takes any key: where none is named, it gets none that is worth something.
        if is_simulator && self.key_env.is_none() {
            return Ok(Key { variable: None, value: Some(SIMULATORS_KEY.to_owned()) });
        }
        let variable = self.key_env.as_deref().or(own);
        let Some(variable) = variable else { return Ok(Key::default()) };
        let value = match std::env::var(variable) {
            Ok(value) => Some(value).filter(|value| !value.is_empty()),
            Err(std::env::VarError::NotPresent) => None,
            Err(std::env::VarError::NotUnicode(_)) => {
                let says =
                    format!("`{variable}`, the key for {}, holds bytes that are no text", gateway.name);
                return Err(wrong_usage(says, "set it anew"));
            }
        };
        Ok(Key { variable: Some(variable.to_owned()), value })
    }

    fn look(
        &self,
        settings: &doctor::Settings,
        runtime: &tokio::runtime::Runtime,
        env: &mut Env<'_>,
    ) -> anyhow::Result<Exit> {
        let clock = env.clock.clone();
        let mut written = Ok(());
        let tell = |step: &Step| {
            if written.is_ok() {
                written = if self.json { step_as_json(step, env) } else { step_as_line(step, env) };
            }
        };
        let diagnosis = runtime.block_on(doctor::examine(settings, &clock, tell));
        written?;
        let exit = match diagnosis.conclusion.weight() {
            Weight::Fine => Exit::Fine,
            Weight::Failed => Exit::Findings,
            Weight::Unreachable => Exit::Unreachable,
        };
        if self.json {
            let conclusion = diagnosis.conclusion;
            // `verdict` is a second name of `conclusion` here, for scripts; in a step it is how the call ended.
            let last = json!({
                "conclusion": conclusion.id(), "verdict": conclusion.id(), "says": conclusion.says(), "not": conclusion.not(),
                "next": diagnosis.next, "exit": exit.code(), "note": diagnosis.note,
            });
            writeln!(env.stdout, "{last}")?;
        } else {
            say(&diagnosis, env)?;
        }
        Ok(exit)
    }
}

fn step_as_json(step: &Step, env: &mut Env<'_>) -> std::io::Result<()> {
    let line = json!({
        "step": step.name.as_str(), "state": step.state.as_str(), "says": step.says,
        "took_ms": step.took.map(crate::exchange::time::Micros::as_ms), "facts": step.facts,
    });
    writeln!(env.stdout, "{line}")?;
    env.stdout.flush()
}

fn step_as_line(step: &Step, env: &mut Env<'_>) -> std::io::Result<()> {
    let style = match step.state {
        State::Passed => Style::Good,
        State::Doubtful => Style::Doubtful,
        State::Failed => Style::Bad,
        State::Skipped => Style::Faint,
    };
    let state = format!("{:<9}", step.state.as_str());
    let state = paint(env.stdout.colour(), style, &state).into_owned();
    let took = step.took.map(|took| format!(" ({took})")).unwrap_or_default();
    writeln!(env.stdout, "{state}{:<16}{}{took}", step.name.as_str(), printable(&step.says))?;
    env.stdout.flush()
}

fn say(diagnosis: &Diagnosis, env: &mut Env<'_>) -> std::io::Result<()> {
    let conclusion = diagnosis.conclusion;
    let colour = env.stdout.colour();
    let head = |text| paint(colour, Style::Strong, text).into_owned();
    let out = &mut env.stdout;
    writeln!(out, "\n{} {} ({})", head("Conclusion:"), conclusion.says(), conclusion.id())?;
    for (title, lines) in [("Do not conclude", conclusion.not()), ("Next", diagnosis.next.as_slice())] {
        writeln!(out, "{}", head(title))?;
        for line in lines {
            writeln!(out, "  - {line}")?;
        }
    }
    writeln!(out, "{}", head("For support"))?;
    for line in diagnosis.note.lines() {
        writeln!(out, "  {}", printable(line))?;
    }
    Ok(())
}
