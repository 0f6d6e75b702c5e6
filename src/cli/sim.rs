//! `gatetap sim`: the offline gateway alone.

use super::env::Env;
use super::error::{listen_hint, with_hint};
use super::exit::Exit;
use super::runtime;
use crate::config::Listen;
use crate::sim::{Options, Simulator};
use anyhow::{Context, anyhow};
use std::io::Write;
use std::net::SocketAddr;

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

    /// What texts, times and ids are drawn from [default: a new one, which is printed]
    #[arg(long, value_name = "NUMBER", env = "GATETAP_SIM_SEED", hide_env_values = true)]
    seed: Option<u64>,

    /// How many times faster than life; `max` never waits
    #[arg(
        long,
        value_name = "FACTOR",
        env = "GATETAP_SIM_SPEED",
        hide_env_values = true,
        default_value = "1",
        value_parser = speed,
        allow_negative_numbers = true
    )]
    speed: f64,
}

impl SimArgs {
    /// Serves until it is told to stop.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let runtime = runtime::start()?;
        let seed = self.seed.unwrap_or_else(runtime::draw_seed);
        let options = Options { seed, speed: self.speed, clock: env.clock.clone(), ..Options::default() };
        let address = self.listen.addresses().first().map(|listen| listen.address);
        let address = address.ok_or_else(|| anyhow!("there is no address to listen on"))?;
        // Whoever waits for the address may ask for the end at once.
        let told_to_stop = runtime::told_to_stop(&runtime);
        let simulator = runtime.block_on(listen(address, options))?;
        let url = format!("http://{}", simulator.addr());
        writeln!(env.stdout, "listening on {url}")?;
        env.stdout.flush()?;
        writeln!(env.stderr, "seed {seed}; any key will do")?;
        writeln!(env.stderr, "point an app at {url}/v1, or `gatetap run --upstream {url}/v1`")?;
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

fn speed(text: &str) -> Result<f64, String> {
    if text == "max" {
        return Ok(f64::INFINITY);
    }
    let factor = text.parse().ok().filter(|factor: &f64| *factor > 0.0);
    factor.ok_or_else(|| "expected a number above 0, or `max`".to_owned())
}
