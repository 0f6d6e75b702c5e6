//! `gatetap status` and `gatetap stop`: the gatetaps that run on this machine.

use super::control;
use super::env::Env;
use super::error::{with_exit, wrong_usage};
use super::exit::Exit;
use crate::config::Directories;
use crate::exchange::text::printable;
use crate::export::json::rfc3339;
use crate::live::Live;
use crate::live::presence::{Announced, Presence, running};
use crate::store::Reader;
use http::Method;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a gatetap may take to end: it lets open exchanges go on for a moment.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long it may take where something else was asked for.
const GLANCE: Duration = Duration::from_millis(100);

/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(50);

/// Show the gatetaps that run here: process, address, upstream, recording
#[derive(Debug, clap::Args)]
pub(super) struct StatusArgs {
    /// One JSON object a gatetap
    #[arg(long)]
    json: bool,
}

/// Stop a gatetap that runs here, as Ctrl-C does, and wait for its end
#[derive(Debug, clap::Args)]
pub(super) struct StopArgs {
    /// The process, where several run
    #[arg(value_name = "PID", conflicts_with = "all")]
    pid: Option<u32>,

    /// All of them
    #[arg(long)]
    all: bool,
}

/// Where running gatetaps say so: `XDG_RUNTIME_DIR`, else among the user's data.
fn directory(directories: &Directories) -> Option<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    runtime.map(|path| path.join("gatetap")).or_else(|| Some(directories.data.as_ref()?.join("run")))
}

/// Says that this process runs, until what is given back is dropped. Not being able to is no reason not to.
pub(super) fn announce(live: &Live, env: &mut Env<'_>) -> anyhow::Result<Option<Announced>> {
    let Some(directory) = directory(&env.directories) else { return Ok(None) };
    let presence = Presence {
        pid: std::process::id(),
        url: live.url(),
        upstream: live.upstream().base_url(),
        recording: std::path::absolute(live.recording()).unwrap_or_else(|_| live.recording().to_owned()),
        started_us: env.clock.now().wall.0,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    match presence.announce(&directory) {
        Ok(announced) => Ok(Some(announced)),
        Err(error) => {
            let shown = directory.display();
            writeln!(env.stderr, "warning: `gatetap status` will not know of this one: {shown}: {error}")?;
            Ok(None)
        }
    }
}

fn all(env: &Env<'_>) -> anyhow::Result<Vec<Presence>> {
    Ok(directory(&env.directories).map(|directory| running(&directory)).transpose()?.unwrap_or_default())
}

fn none() -> anyhow::Error {
    let says = anyhow::Error::msg("no gatetap runs here");
    with_exit(says, "start one with `gatetap`; one of another user is not seen", Exit::Findings)
}

/// How the recording of the gatetap at `url` is doing, as its control API says it.
fn health(url: &str, patience: Duration) -> anyhow::Result<Value> {
    let asked = control::ask_within(patience, &url.parse()?, Method::GET, "/_gatetap/status", None);
    Ok(asked?["recording"].take())
}

/// The gatetap that records to `recording` at present, if one does.
pub(super) fn recorded_by(recording: &Path, env: &Env<'_>) -> Option<Presence> {
    let recording = std::path::absolute(recording).ok()?;
    all(env).ok()?.into_iter().find(|one| one.recording == recording)
}

/// The URL of the gatetap that runs here, where it is one; else `usual`.
pub(super) fn url_or(usual: String, env: &Env<'_>) -> String {
    match all(env).unwrap_or_default().as_slice() {
        [one] => one.url.clone(),
        _ => usual,
    }
}

/// Says on stderr that what `reader` reads is not all of it, because the gatetap that records it is in trouble.
pub(super) fn tell_trouble(reader: &Reader, env: &mut Env<'_>) -> anyhow::Result<()> {
    let Some(one) = recorded_by(reader.path(), env) else { return Ok(()) };
    let health = health(&one.url, GLANCE).unwrap_or_default();
    if let Some(trouble) = health["trouble"].as_str() {
        writeln!(env.stderr, "warning: process {} records this, and {}", one.pid, printable(trouble))?;
    }
    Ok(())
}

impl StatusArgs {
    /// Lists them.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let found = all(env)?;
        for one in &found {
            let since = rfc3339(one.started_at());
            let recording = one.recording.display().to_string();
            let asked = health(&one.url, control::PATIENCE);
            if self.json {
                let line = json!({
                    "pid": one.pid, "url": one.url, "upstream": one.upstream, "recording": recording,
                    "started_at": since, "version": one.version, "recording_health": asked.ok(),
                });
                writeln!(env.stdout, "{line}")?;
            } else {
                let Presence { pid, url, upstream, version, .. } = one;
                writeln!(env.stdout, "{url} → {upstream}")?;
                writeln!(env.stdout, "  process {pid}, gatetap {version}, since {since}")?;
                writeln!(env.stdout, "  recording to {recording}")?;
                match asked {
                    Ok(health) => {
                        if let Some(trouble) = health["trouble"].as_str() {
                            writeln!(env.stdout, "  warning: {}", printable(trouble))?;
                        }
                    }
                    Err(error) => {
                        writeln!(env.stdout, "  how the recording is doing is not known: {error:#}")?;
                    }
                }
            }
        }
        if found.is_empty() { Err(none()) } else { Ok(Exit::Fine) }
    }
}

impl StopArgs {
    /// Stops one, or all.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let mut found = all(env)?;
        if found.is_empty() {
            return Err(none());
        }
        if let Some(pid) = self.pid {
            found.retain(|one| one.pid == pid);
            if found.is_empty() {
                let says = format!("no gatetap runs here as process {pid}");
                return Err(wrong_usage(says, "`gatetap status` lists them"));
            }
        } else if found.len() > 1 && !self.all {
            let pids: Vec<String> = found.iter().map(|one| one.pid.to_string()).collect();
            let says = format!("{} gatetaps run here: {}", found.len(), pids.join(", "));
            return Err(wrong_usage(says, "name one by its process, or say --all"));
        }
        for one in &found {
            tell_to_stop(one.pid)?;
        }
        let deadline = env.clock.mono().0 + PATIENCE.as_micros() as u64;
        loop {
            let left: Vec<u32> = all(env)?.into_iter().map(|one| one.pid).collect();
            let waits = found.iter().find(|one| left.contains(&one.pid));
            let Some(waits) = waits else { break };
            if env.clock.mono().0 > deadline {
                let says = anyhow::anyhow!("process {} was told to stop and still runs", waits.pid);
                return Err(with_exit(says, "look at what it says, or end it yourself", Exit::CannotStart));
            }
            std::thread::sleep(LOOK);
        }
        for one in &found {
            writeln!(env.stderr, "stopped process {} ({})", one.pid, one.url)?;
        }
        Ok(Exit::Fine)
    }
}

#[cfg(unix)]
fn tell_to_stop(pid: u32) -> anyhow::Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // One that has ended meanwhile is stopped.
    match pid.map(|pid| kill_process(pid, Signal::TERM)) {
        None | Some(Ok(()) | Err(rustix::io::Errno::SRCH)) => Ok(()),
        Some(Err(error)) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn tell_to_stop(pid: u32) -> anyhow::Result<()> {
    let says = anyhow::anyhow!("processes cannot be asked to end on this system");
    Err(with_exit(says, format!("press Ctrl-C in the window of process {pid}"), Exit::CannotStart))
}
