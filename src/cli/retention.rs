//! The limits of `gatetap.toml`, kept while a session runs.

use crate::exchange::time::Clock;
use crate::store::filter::Filter;
use crate::store::{Error, Pruner, Retention, Spare};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Pruning beside a session that runs. Sessions that go on are spared.
#[derive(Debug)]
pub(super) struct Pruning {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<u64, Error>>>,
}

impl Pruning {
    /// Starts it, where there are limits.
    pub(super) fn start(recording: &Path, retention: Retention, clock: Clock) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        if retention.is_none() {
            return Self { stop, thread: None };
        }
        let told = Arc::clone(&stop);
        let path = recording.to_owned();
        let prune = move || {
            let pruner = Pruner::open(&path)?;
            let goes_on = |_| !told.load(Ordering::Relaxed);
            let now = clock.now().wall;
            let pruned = pruner.run(&retention, &Filter::default(), Spare::LivingSessions, now, goes_on)?;
            Ok(pruned.exchanges)
        };
        // Where the system gives no thread there are worse troubles, and they show elsewhere.
        let thread = std::thread::Builder::new().name("gatetap-retention".to_owned()).spawn(prune).ok();
        Self { stop, thread }
    }

    /// Ends it, and says in a sentence what it did, if it did something.
    pub(super) fn finish(self) -> Option<String> {
        self.stop.store(true, Ordering::Relaxed);
        match self.thread?.join() {
            Ok(Ok(0)) => None,
            Ok(Ok(gone)) => Some(format!("{gone} exchanges were pruned by [retention]")),
            Ok(Err(error)) => Some(format!("warning: pruning by [retention] failed: {error}")),
            Err(_) => Some("warning: pruning by [retention] failed".to_owned()),
        }
    }
}
