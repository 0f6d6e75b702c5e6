//! `gatetap run`: proxy, recorder, live view.

use super::env::Env;
use super::exit::Exit;
use crate::config::{Given, Listen, Route, Settings, Upstream};
use anyhow::bail;
use clap::builder::BoolishValueParser;
use std::path::PathBuf;

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

    /// Where requests go: nexorouter, openrouter, openai, anthropic, sim, or a base URL [default: nexorouter]
    #[arg(long, value_name = "UPSTREAM", env = "GATETAP_UPSTREAM", hide_env_values = true)]
    upstream: Option<Upstream>,

    /// Another gateway, reached under `/@NAME/`; may be repeated
    #[arg(
        long = "route",
        value_name = "NAME=URL",
        env = "GATETAP_ROUTE",
        hide_env_values = true,
        value_delimiter = ','
    )]
    routes: Vec<Route>,

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

    /// The seed of everything random [default: a new one, which is printed]
    #[arg(long, value_name = "NUMBER", env = "GATETAP_SEED", hide_env_values = true)]
    seed: Option<u64>,
}

impl RunArgs {
    /// Settles the settings and starts.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let given = Given {
            listen: self.listen,
            upstream: self.upstream,
            routes: self.routes,
            db: self.db,
            headless: self.headless,
            insecure: self.insecure,
            seed: self.seed,
        };
        let settings = Settings::resolve(given, &env.directories)?;
        start(&settings, env)
    }
}

/// HOOK: starts the proxy by `settings` and returns when it has stopped.
fn start(settings: &Settings, _env: &mut Env<'_>) -> anyhow::Result<Exit> {
    bail!("the proxy is not part of this build, so nothing can be sent to {}", settings.upstream)
}
