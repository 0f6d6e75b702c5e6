//! A gate that a script waits at until the test lets it through.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use crate::support::within;

/// A gate. Every [`Gate::open`] lets one waiter through, also one that has yet to come.
#[derive(Debug, Clone)]
pub struct Gate {
    passes: Arc<Semaphore>,
    arrivals: Arc<watch::Sender<usize>>,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self { passes: Arc::new(Semaphore::new(0)), arrivals: Arc::new(watch::Sender::new(0)) }
    }

    /// Lets one through.
    pub fn open(&self) {
        self.passes.add_permits(1);
    }

    /// Lets everybody through from now on.
    pub fn open_for_good(&self) {
        self.passes.close();
    }

    /// Waits to be let through.
    pub async fn pass(&self) {
        self.arrivals.send_modify(|arrivals| *arrivals += 1);
        if let Ok(pass) = self.passes.acquire().await {
            pass.forget();
        }
    }

    /// Waits until somebody has come here `times` times in all: whatever stood before it is done.
    pub async fn reached(&self, times: usize) {
        let mut arrivals = self.arrivals.subscribe();
        let what = format!("arrival {times} at a gate");
        within(what, arrivals.wait_for(|arrivals| *arrivals >= times)).await.unwrap();
    }
}
