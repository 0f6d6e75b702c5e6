//! `gatetap status`: the gatetaps that run on this machine.

use super::control;
use super::exit::Exit;
use super::presence::{all, health, none};
use super::world::Env;
use crate::exchange::text::printable;
use crate::export::json::rfc3339;
use crate::live::presence::Presence;
use serde_json::json;
use std::io::Write;

/// Show the gatetaps that run here: process, address, upstream, recording
#[derive(Debug, clap::Args)]
pub(super) struct StatusArgs {
    /// One JSON object a gatetap
    #[arg(long)]
    json: bool,
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
