//! How the recording is doing: what other threads may know of the recorder's.

use crate::exchange::text::counted;
use crate::exchange::time::WallTime;
use crate::export::json::rfc3339;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// How the recording is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Writing fails at present.
    pub degraded: Option<Degraded>,
    /// So many bytes of bodies could not be kept so far.
    pub lost_bytes: u64,
    /// The recording was taken away while it was being written.
    pub removed: Option<Removed>,
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

/// The recording was removed while it was being written, and was begun anew at the same path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// When it was begun anew, the last time: nothing from before is in it.
    pub since: WallTime,
    /// So many exchanges of this session are gone with it. Those that were open are in the new one, without
    /// the bytes that had been written.
    pub exchanges: u64,
}

impl Health {
    /// What is wrong with the recording, as a sentence; `None` where everything is in it.
    pub fn trouble(&self) -> Option<String> {
        let degraded = self.degraded.as_ref().map(|degraded| {
            let Degraded { since, reason } = degraded;
            let since = rfc3339(*since);
            format!("nothing can be recorded since {since}: {reason}; traffic goes on, and is kept in memory for now")
        });
        let removed = self.removed.map(|removed| removed.to_string());
        let lost = (self.lost_bytes > 0)
            .then(|| format!("{} bytes of bodies are missing from the recording", self.lost_bytes));
        let parts: Vec<String> = [degraded, removed, lost].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { since, exchanges } = self;
        let gone = counted(*exchanges, "exchange");
        let since = rfc3339(*since);
        write!(
            f,
            "the recording was removed while it was being written, {gone} of this session with it, \
             and was begun anew at {since}"
        )
    }
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
