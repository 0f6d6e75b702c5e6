//! What wakes the drawing thread, which sleeps for long while nothing happens.

use super::state::Msg;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::task::{Wake, Waker};
use std::thread::Thread;

/// Wakes the thread that it was made on, also if that only is about to sleep.
#[derive(Debug, Clone)]
pub(super) struct Bell(Thread);

/// Where other threads put messages for the one that draws.
#[derive(Debug, Clone)]
pub(super) struct Outbox {
    msgs: SyncSender<Msg>,
    bell: Bell,
}

impl Bell {
    /// Wakes the calling thread.
    pub(super) fn here() -> Self {
        Self(std::thread::current())
    }

    /// Wakes the thread.
    pub(super) fn ring(&self) {
        self.0.unpark();
    }

    /// The same, for whatever knows futures only.
    pub(super) fn waker(&self) -> Waker {
        Waker::from(Arc::new(self.clone()))
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}

impl Outbox {
    /// Into `msgs`, and with `bell` for whoever reads them.
    pub(super) fn new(msgs: SyncSender<Msg>, bell: Bell) -> Self {
        Self { msgs, bell }
    }

    /// Waits for room. Says whether there is anybody who reads it.
    pub(super) fn send(&self, msg: Msg) -> bool {
        let is_sent = self.msgs.send(msg).is_ok();
        self.bell.ring();
        is_sent
    }
}
