//! What a running gatetap says of itself: where it listens, why it could not, and how the recording went.

use super::env::Env;
use super::error::{listen_hint, with_hint};
use super::exit::Exit;
use crate::config::ListenAddress;
use crate::live::{self, Live};
use crate::record::Outcome;
use std::io::Write;

impl From<ListenAddress> for live::Listen {
    fn from(listen: ListenAddress) -> Self {
        Self { address: listen.address, optional: !listen.required }
    }
}

/// Says where to point an app. The first line on stdout is what scripts wait for.
pub(super) fn listening(live: &Live, warnings: &[String], env: &mut Env<'_>) -> anyhow::Result<()> {
    writeln!(env.stdout, "listening on {}", live.url())?;
    env.stdout.flush()?;
    for address in live.addresses().iter().skip(1) {
        writeln!(env.stderr, "also listening on http://{address}")?;
    }
    writeln!(env.stderr, "upstream {} ({})", live.upstream().name, live.upstream().base_url())?;
    writeln!(env.stderr, "recording to {}", live.recording().display())?;
    if let Some(opened) = live.opened() {
        writeln!(env.stderr, "opening tunnels to {opened}, and to the gateways; see `gatetap ca`")?;
    }
    for warning in warnings {
        writeln!(env.stderr, "warning: {warning}")?;
    }
    Ok(())
}

/// Says how the recording went.
pub(super) fn close(outcome: &Outcome, env: &mut Env<'_>) -> anyhow::Result<Exit> {
    let plural = if outcome.exchanges == 1 { "" } else { "s" };
    writeln!(env.stderr, "recorded {} exchange{plural}", outcome.exchanges)?;
    if outcome.is_whole() {
        return Ok(Exit::Fine);
    }
    let failure = outcome.failure.as_deref().unwrap_or("the recording could not be written");
    let missing = outcome.lost_bytes;
    writeln!(
        env.stderr,
        "warning: the recording is not whole: {failure}; {missing} bytes of bodies are missing"
    )?;
    Ok(Exit::CannotStart)
}

/// Adds what to do about it to the reason why nothing could be started.
pub(super) fn explain(error: live::Error) -> anyhow::Error {
    let hint = match &error {
        live::Error::Listen(bind) => listen_hint(bind.source.kind(), bind.address.ip()),
        _ => None,
    };
    match hint {
        Some(hint) => with_hint(error, hint),
        None => error.into(),
    }
}
