//! The limits of `[retention]`, kept while a session runs: once at its start, and now and then.
//!
//! Sessions that go on are spared, this one among them.

use crate::exchange::time::Clock;
use crate::record::Kept;
use crate::store::filter::Filter;
use crate::store::{Error, Pruner, Retention, Spare};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often the limits are looked at.
const EVERY: Duration = Duration::from_secs(600);

/// Pruning beside a session that runs.
#[derive(Debug)]
pub(super) struct Keeping {
    stop: CancellationToken,
    task: Option<JoinHandle<Kept>>,
}

impl Keeping {
    /// Starts it on the current runtime, where there are limits.
    pub(super) fn start(recording: PathBuf, retention: Retention, clock: Clock) -> Self {
        let stop = CancellationToken::new();
        let task =
            (!retention.is_none()).then(|| tokio::spawn(keep(recording, retention, clock, stop.clone())));
        Self { stop, task }
    }

    /// Ends it at its next short transaction, and says what it came to.
    pub(super) async fn stop(self) -> Kept {
        self.stop.cancel();
        let Some(task) = self.task else { return Kept::default() };
        let panicked = || Kept { failure: Some("its task panicked".to_owned()), ..Kept::default() };
        task.await.unwrap_or_else(|_| panicked())
    }
}

async fn keep(recording: PathBuf, retention: Retention, clock: Clock, stop: CancellationToken) -> Kept {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut kept = Kept::default();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return kept,
            _ = ticks.tick() => {}
        }
        let (path, limits) = (recording.clone(), retention.clone());
        let (clock, told) = (clock.clone(), stop.clone());
        let pruned = spawn_blocking(move || prune(&path, &limits, &clock, &told)).await;
        kept.failure = match pruned {
            Ok(Ok(gone)) => {
                kept.pruned += gone;
                None
            }
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("it panicked".to_owned()),
        };
    }
}

fn prune(
    recording: &Path,
    retention: &Retention,
    clock: &Clock,
    stop: &CancellationToken,
) -> Result<u64, Error> {
    let goes_on = |_| !stop.is_cancelled();
    let now = clock.now().wall;
    let pruner = Pruner::open(recording)?;
    Ok(pruner.run(retention, &Filter::default(), Spare::LivingSessions, now, goes_on)?.exchanges)
}
