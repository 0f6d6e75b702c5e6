//! `gatetap sim`: the offline gateway alone.

use super::error::{listen_hint, with_hint};
use super::exit::Exit;
use super::runtime;
use super::world::Env;
use crate::config::{Listen, Rate, Share, SimProfile, SimSettings, Span, Speed};
use crate::sim::{Options, Pace, Scenario, ScenarioError, Simulator};
use anyhow::{Context, anyhow};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// Serve an offline gateway: no key, no network, answers that take their time
#[derive(Debug, clap::Args)]
pub(super) struct SimArgs {
    /// Where to listen: ADDRESS:PORT, or a PORT on 127.0.0.1; port 0 picks a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "GATETAP_SIM_LISTEN",
        hide_env_values = true,
        default_value = "127.0.0.1:7118"
    )]
    listen: Listen,

    /// The gateway to answer like: nexorouter, openrouter, openai or anthropic
    #[arg(
        long,
        value_name = "NAME",
        env = "GATETAP_SIM_PROFILE",
        hide_env_values = true,
        default_value = "nexorouter"
    )]
    profile: SimProfile,

    /// What texts, times and ids are drawn from [default: a new one, which is printed]
    #[arg(long, value_name = "NUMBER", env = "GATETAP_SIM_SEED", hide_env_values = true)]
    seed: Option<u64>,

    #[command(flatten)]
    settings: SimFlags,
}

/// Where help lists the simulator's flags.
const HEADING: &str = "Simulator";

/// What is set of the simulator, here and as the upstream of `run`.
#[derive(Debug, clap::Args)]
pub(super) struct SimFlags {
    /// How many times faster than life the simulator or a replay answers; `max` never waits [default: 1]
    #[arg(
        long,
        help_heading = HEADING,
        value_name = "FACTOR",
        env = "GATETAP_SIM_SPEED",
        hide_env_values = true,
        allow_negative_numbers = true
    )]
    speed: Option<Speed>,

    /// The time to the first token, such as 400ms [default: the model's own]
    #[arg(long, help_heading = HEADING, value_name = "TIME", env = "GATETAP_SIM_FIRST_TOKEN", hide_env_values = true)]
    first_token: Option<Span>,

    /// How many tokens a second [default: the model's own]
    #[arg(long, help_heading = HEADING, value_name = "NUMBER", env = "GATETAP_SIM_TOKENS_PER_SECOND", hide_env_values = true)]
    tokens_per_second: Option<Rate>,

    /// How far gaps between tokens are from their average, from 0 to 1; then without pauses
    #[arg(long, help_heading = HEADING, value_name = "SHARE", env = "GATETAP_SIM_JITTER", hide_env_values = true)]
    jitter: Option<Share>,

    /// Answer as this file scripts
    #[arg(long, help_heading = HEADING, value_name = "FILE", env = "GATETAP_SIM_SCENARIO", hide_env_values = true)]
    scenario: Option<PathBuf>,

    /// Answer with a capture, or those of a folder, as their requests fit
    #[arg(long, help_heading = HEADING, value_name = "PATH", env = "GATETAP_SIM_CAPTURES", hide_env_values = true)]
    captures: Option<PathBuf>,
}

impl From<SimFlags> for SimSettings {
    fn from(flags: SimFlags) -> Self {
        let SimFlags { speed, first_token, tokens_per_second, jitter, scenario, captures } = flags;
        Self { speed, first_token, tokens_per_second, jitter, scenario, captures }
    }
}

/// The simulator's options; its scripts are read here.
pub(super) fn options(settings: &SimSettings, seed: u64, env: &Env<'_>) -> anyhow::Result<Options> {
    let usual = Options::default();
    Ok(Options {
        seed,
        speed: settings.speed.map_or(usual.speed, |speed| speed.0),
        pace: Pace {
            first_token: settings.first_token.map(|span| span.0),
            tokens_per_second: settings.tokens_per_second.map(|rate| rate.0),
            jitter: settings.jitter.map(|share| share.0),
        },
        clock: env.clock.clone(),
        scenario: scenario(settings)?.map(Arc::new),
        ..usual
    })
}

fn scenario(settings: &SimSettings) -> Result<Option<Scenario>, ScenarioError> {
    let scripted = settings.scenario.as_deref().map(Scenario::read).transpose()?;
    let captures = settings.captures.as_deref().map(Scenario::of_captures).transpose()?;
    Ok(match (scripted, captures) {
        (Some(scripted), Some(captures)) => Some(scripted.with_captures(captures)),
        (scripted, captures) => scripted.or(captures),
    })
}

impl SimArgs {
    /// Serves until it is told to stop.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let runtime = runtime::start()?;
        let seed = self.seed.unwrap_or_else(runtime::draw_seed);
        let profile = self.profile.as_str();
        let options = Options { profile, ..options(&self.settings.into(), seed, env)? };
        let address = self.listen.addresses().first().map(|listen| listen.address);
        let address = address.ok_or_else(|| anyhow!("there is no address to listen on"))?;
        // Whoever waits for the address may ask for the end at once.
        let told_to_stop = runtime::told_to_stop(&runtime);
        let simulator = runtime.block_on(listen(address, options))?;
        let url = format!("http://{}", simulator.addr());
        writeln!(env.stdout, "listening on {url}")?;
        env.stdout.flush()?;
        writeln!(env.stderr, "seed {seed}; profile {profile}; any key will do")?;
        let base_url = simulator.base_url();
        writeln!(env.stderr, "point an app at {base_url}, or `gatetap run --upstream {base_url}`")?;
        runtime.block_on(told_to_stop);
        runtime.block_on(simulator.stop());
        Ok(Exit::Fine)
    }
}

async fn listen(address: SocketAddr, options: Options) -> anyhow::Result<Simulator> {
    match Simulator::start(address, options).await {
        Ok(simulator) => Ok(simulator),
        Err(error) => {
            let hint = listen_hint(error.kind(), address.ip());
            let error = Err(error).with_context(|| format!("cannot listen on {address}"));
            error.map_err(|error| match hint {
                Some(hint) => with_hint(error, hint),
                None => error,
            })
        }
    }
}
