//! The gatetaps that run on this machine: how one says so, and what the others are asked.

use super::control::Asked;
use super::error::with_exit;
use super::exit::Exit;
use super::world::Env;
use crate::config::Directories;
use crate::exchange::text::printable;
use crate::live::Live;
use crate::live::child::local_url;
use crate::live::presence::{Announced, Presence, running};
use crate::store::Reader;
use http::Method;
use serde_json::Value;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a gatetap may take to say how it is doing, where something else was asked for.
const GLANCE: Duration = Duration::from_millis(100);

/// Where running gatetaps say so: `XDG_RUNTIME_DIR`, else among the user's data.
fn directory(directories: &Directories) -> Option<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    runtime.map(|path| path.join("gatetap")).or_else(|| Some(directories.data.as_ref()?.join("run")))
}

/// Says that this process runs, until what is given back is dropped. Not being able to is no reason not to.
pub(super) fn announce(
    live: &Live,
    control_token: Option<String>,
    env: &mut Env<'_>,
) -> anyhow::Result<Option<Announced>> {
    let Some(directory) = directory(&env.directories) else { return Ok(None) };
    let presence = Presence {
        pid: std::process::id(),
        url: live.url(),
        upstream: live.upstream().base_url(),
        recording: std::path::absolute(live.recording()).unwrap_or_else(|_| live.recording().to_owned()),
        started_us: env.clock.now().wall.0,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        control_token,
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

/// Those that run, the oldest first.
pub(super) fn all(env: &Env<'_>) -> anyhow::Result<Vec<Presence>> {
    Ok(directory(&env.directories).map(|directory| running(&directory)).transpose()?.unwrap_or_default())
}

/// The error where none runs.
pub(super) fn none() -> anyhow::Error {
    let says = anyhow::Error::msg("no gatetap runs here");
    with_exit(says, "start one with `gatetap`; one of another user is not seen", Exit::Findings)
}

/// How the recording of that gatetap is doing, as its control API says it.
pub(super) fn health(one: &Presence, patience: Duration) -> anyhow::Result<Value> {
    let asked = Asked { url: &one.url.parse()?, token: one.control_token.as_deref(), patience };
    Ok(asked.ask(Method::GET, "/_gatetap/status", None)?["recording"].take())
}

/// The gatetap that listens at `address`, if one of this user does.
pub(super) fn listening_at(address: SocketAddr, env: &Env<'_>) -> Option<Presence> {
    let address = local_url(address);
    all(env).ok()?.into_iter().find(|one| one.url == address)
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
    let health = health(&one, GLANCE).unwrap_or_default();
    if let Some(trouble) = health["trouble"].as_str() {
        writeln!(env.stderr, "warning: process {} records this, and {}", one.pid, printable(trouble))?;
    }
    Ok(())
}
