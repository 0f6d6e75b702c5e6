//! What signals tell the view, and how it stops as a shell wants it.

use super::bell::Bell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(unix)]
use std::time::Duration;

/// How often, and how many times, it is looked whether the process goes on.
#[cfg(unix)]
const LOOK: Duration = Duration::from_millis(10);
#[cfg(unix)]
const LOOKS: usize = 50;

/// Told by whoever receives the signals of the process; the view wakes up for each.
#[derive(Debug, Default)]
pub struct Signals {
    stop: AtomicBool,
    suspend: AtomicBool,
    resumed: AtomicBool,
    lent: AtomicBool,
    bell: OnceLock<Bell>,
}

impl Signals {
    /// The view is to end.
    pub fn stop(&self) {
        self.tell(&self.stop);
    }

    /// The process is to stop until the shell lets it go on (SIGTSTP).
    pub fn suspend(&self) {
        self.tell(&self.suspend);
    }

    /// The process goes on (SIGCONT): the terminal may be in any state.
    pub fn resume(&self) {
        self.tell(&self.resumed);
    }

    /// Whether the view is to end.
    pub fn has_to_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether another program has the terminal. An interrupt (SIGINT) is that one's.
    pub fn is_lent(&self) -> bool {
        self.lent.load(Ordering::Relaxed)
    }

    fn tell(&self, signal: &AtomicBool) {
        signal.store(true, Ordering::Relaxed);
        if let Some(bell) = self.bell.get() {
            bell.ring();
        }
    }

    /// Signals are for the thread of this bell from now on. Only the first is heard.
    pub(super) fn ring(&self, bell: Bell) {
        self.bell.get_or_init(|| bell);
    }

    /// Another program has the terminal, or has it no more.
    pub(super) fn lend(&self, is_lent: bool) {
        self.lent.store(is_lent, Ordering::Relaxed);
    }

    /// Whether the process is to stop; asks once.
    pub(super) fn is_suspended(&self) -> bool {
        self.suspend.swap(false, Ordering::Relaxed)
    }

    /// Whether the process was stopped and goes on; asks once.
    pub(super) fn is_resumed(&self) -> bool {
        self.resumed.swap(false, Ordering::Relaxed)
    }
}

/// Asks every process of the job to stop, this one among them, as Ctrl-Z does where the terminal reads it.
#[cfg(unix)]
pub(super) fn suspend_job() {
    use rustix::process::{Signal, kill_current_process_group};
    // Who may not be asked goes on.
    let _asked = kill_current_process_group(Signal::TSTP);
}

/// Stops this process; returns when the shell has let it go on.
#[cfg(unix)]
pub(super) fn stop_here(signals: &Signals) {
    use rustix::process::{Signal, getpid, kill_process};
    signals.is_resumed();
    let _stopped = kill_process(getpid(), Signal::STOP);
    // Another thread may be the first to stop, and this one come so far as to take the terminal again.
    for _ in 0..LOOKS {
        if signals.is_resumed() {
            return;
        }
        std::thread::sleep(LOOK);
    }
}

/// There are no jobs here.
#[cfg(not(unix))]
pub(super) fn suspend_job() {}

/// There are no jobs here.
#[cfg(not(unix))]
pub(super) fn stop_here(_: &Signals) {}
