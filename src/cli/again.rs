//! What the live view sends recorded requests again with.

use super::run::upstream;
use crate::exchange::time::Clock;
use crate::live::ready::Ready;
use crate::live::{self, Live};
use crate::tui::deeds::Sending;
use std::sync::Arc;
use tokio::runtime::{Handle, Runtime};

/// A gatetap that is started for one sending, and records it where this one records.
#[derive(Debug)]
pub(super) struct OwnGatetap {
    /// How it runs.
    pub(super) settings: live::Settings,
    /// Its clock.
    pub(super) clock: Clock,
}

/// Sends through the running gatetap what it leads to the gateway of, and the rest through one of its own.
pub(super) fn sending(runtime: &Runtime, running: Option<live::Sender>, own: OwnGatetap) -> Sending {
    let handle: Handle = runtime.handle().clone();
    let own = Arc::new(own);
    Sending(Arc::new(move |gateway, ready| {
        let running = running.as_ref().filter(|running| running.leads_to(gateway, &ready.again));
        let sent = match running {
            Some(running) => handle.block_on(running.send(ready.id, &ready.again)).map_err(Into::into),
            None => handle.block_on(own.send(ready.straight())),
        };
        sent.map_err(|error| format!("{error:#}"))
    }))
}

impl OwnGatetap {
    async fn send(&self, ready: Ready) -> anyhow::Result<()> {
        let settings = self.settings.clone().for_sending(upstream(&ready.to));
        let live = Live::start(settings, self.clock.clone()).await?;
        let sent = live.send_again(ready.id, &ready.again).await;
        let outcome = live.stop().await;
        sent?;
        match outcome.failure {
            Some(failure) if !outcome.is_whole() => anyhow::bail!("the recording is not whole: {failure}"),
            _ => Ok(()),
        }
    }
}
