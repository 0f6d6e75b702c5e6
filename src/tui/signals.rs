//! What signals tell the view, and how it stops as a shell wants it.

use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(unix)]
use std::time::Duration;

/// How often, and how many times, it is looked whether the process goes on.
#[cfg(unix)]
const LOOK: Duration = Duration::from_millis(10);
#[cfg(unix)]
const LOOKS: usize = 50;

/// Set by whoever receives the signals of the process; the view looks 30 times a second.
#[derive(Debug, Default)]
pub struct Signals {
    /// The view is to end.
    pub stop: AtomicBool,
    /// The process is to stop until the shell lets it go on (SIGTSTP).
    pub suspend: AtomicBool,
    /// The process goes on (SIGCONT): the terminal may be in any state.
    pub resumed: AtomicBool,
    /// Set by the view while another program has the terminal. An interrupt (SIGINT) is that one's.
    pub lent: AtomicBool,
}

impl Signals {
    /// Whether the view is to end.
    pub(super) fn has_to_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
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
