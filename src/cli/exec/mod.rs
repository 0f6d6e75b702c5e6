//! `gatetap exec`: runs a command with its base URLs pointing here, and says at the end how it went.

mod child;
mod receipt;

use super::error::wrong_usage;
use super::exit::Exit;
use super::run::{RunArgs, live_settings};
use super::world::Env;
use super::{announce, log, replay, runtime};
use crate::config::{Route, Settings, Upstream};
use crate::exchange::finding::Severity;
use crate::live::Live;
use crate::live::child::{Taken, base_urls, no_proxy, proxy_variables, taken};
use crate::tls::{Authority, Error, Files, write_bundle};
use std::ffi::OsString;
use std::io::Write;

/// Run a command with its base URLs set, record what it sends, and exit with its code
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The command sees OPENAI_BASE_URL, ANTHROPIC_BASE_URL and their like pointing at a free port. A value that such a \
variable has already becomes the upstream, unless --upstream says another. With --intercept it also sees \
HTTPS_PROXY and the variables that make runtimes trust the local CA.")]
#[command(mut_arg("listen", |arg| arg.help(
    "Where to listen: ADDRESS:PORT, or a PORT on both loopback addresses; may be repeated [default: a free port]"
)))]
// It has no live view, and ends with the command.
#[command(mut_arg("headless", |arg| arg.hide(true)), mut_arg("idle_exit", |arg| arg.hide(true)))]
pub(super) struct ExecArgs {
    #[command(flatten)]
    run: RunArgs,

    /// Exit with 1 if the command succeeds and there is a finding of this severity, or a worse one
    #[arg(long, value_name = "SEVERITY", num_args = 0..=1, require_equals = true, default_missing_value = "error",
        value_parser = crate::config::severity)]
    check: Option<Severity>,

    /// The command and its arguments, after `--`
    #[arg(value_name = "COMMAND", required = true, last = true)]
    command: Vec<OsString>,
}

impl ExecArgs {
    /// Runs the command.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let mut settings = self.run.on_a_free_port().settings(env)?;
        if let Some(log) = &settings.log {
            log::start(log, true, env)?;
        }
        let taken = taken(variable, !settings.upstream_is_default);
        take_upstreams(&mut settings, &taken)?;
        let runtime = runtime::start()?;
        let prepared = replay::prepare(&mut settings, env)?;
        let mut live = live_settings(&settings, env)?;
        prepared.settle_live(&mut live);
        let live = runtime.block_on(Live::start(live, env.clock.clone())).map_err(announce::explain)?;
        let ran = say(&live, &taken, env)
            .and_then(|()| variables(&live.url(), &settings, &taken, env))
            .and_then(|variables| child::run(&runtime, &self.command, &variables));
        let replays = live.replays();
        let (recording, session) = (live.recording().to_owned(), live.session());
        let outcome = runtime::stop(runtime, live);
        let code = ran?;
        let outcome = outcome?;
        let replayed = replay::close(&replays, settings.replay.strict, env)?;
        let receipt = receipt::read(&recording, session, env.clock.now().wall)?;
        writeln!(env.stderr, "{}", receipt.line(&recording))?;
        prepared.close(session, env)?;
        if !outcome.is_whole() {
            // The command's own code goes before: it is what the caller asked for.
            announce::close(&outcome, env)?;
        }
        let found = self.check.is_some_and(|bar| receipt.worst.is_some_and(|worst| worst >= bar));
        Ok(if code == 0 && (found || replayed != Exit::Fine) { Exit::Findings } else { Exit::Child(code) })
    }
}

/// The value of a variable of this process.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What the environment has set already is where requests go.
fn take_upstreams(settings: &mut Settings, taken: &[Taken]) -> anyhow::Result<()> {
    for taken in taken {
        let to: Upstream = taken.base_url.parse().map_err(|error| {
            wrong_usage(
                format!("`{}` holds no base URL: {error}", taken.variable),
                format!("unset `{}`, or say --upstream", taken.variable),
            )
        })?;
        match &taken.route {
            None => settings.upstream = to,
            Some(name) if settings.routes.iter().all(|route| route.name != *name) => {
                settings.routes.push(Route { name: name.clone(), to });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Says where requests go, on stderr: stdout is the command's.
fn say(live: &Live, taken: &[Taken], env: &mut Env<'_>) -> anyhow::Result<()> {
    let upstream = live.upstream();
    writeln!(env.stderr, "gatetap: {} → {} ({})", live.url(), upstream.name, upstream.base_url())?;
    for taken in taken {
        let by = taken.route.as_ref().map(|name| format!(", by the route /@{name}")).unwrap_or_default();
        writeln!(
            env.stderr,
            "gatetap: {} was set: its requests go to {}{by}",
            taken.variable, taken.base_url
        )?;
    }
    Ok(())
}

/// Every variable that the command sees in another way than this process.
fn variables(
    url: &str,
    settings: &Settings,
    taken: &[Taken],
    env: &Env<'_>,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut set = base_urls(url, taken);
    set.push(("GATETAP_URL".to_owned(), url.to_owned()));
    set.extend(no_proxy(variable));
    if !settings.tls.intercept.is_empty() {
        let directory = env.directories.data.as_deref().ok_or(Error::NoDirectory)?;
        let files = Files::in_directory(directory);
        let authority = Authority::open(&files, env.clock.clone())?;
        write_bundle(&files, authority.certificate())?;
        set.extend(proxy_variables(url, &files.certificate, &files.bundle, variable));
    }
    Ok(set)
}
