//! How the recording is doing: what other threads may know of the recorder's.

use crate::exchange::time::WallTime;
use std::sync::{Mutex, PoisonError};

/// How the recording is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Writing fails at present.
    pub degraded: Option<Degraded>,
    /// So many bytes of bodies could not be kept so far.
    pub lost_bytes: u64,
    /// Why the last app got nowhere that wanted to speak TLS with gatetap itself. No trouble of the recording,
    /// which has it among the tunnels.
    pub no_tls: Option<String>,
}

/// Writing fails at present; what passes is kept in memory as far as that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Degraded {
    /// Since when.
    pub since: WallTime,
    /// Why.
    pub reason: String,
}

/// The recorder's health, for whoever asks. Written when it changes, never by the forwarding path.
#[derive(Debug, Default)]
pub(super) struct SharedHealth(Mutex<Health>);

impl SharedHealth {
    pub(super) fn get(&self) -> Health {
        self.lock().clone()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Health)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Health> {
        // A health is whole at any time.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
