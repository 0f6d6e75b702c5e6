//! The queue's bound: bytes that wait for the disk.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Bytes that are queued, against a limit. The limit is soft by one chunk a connection: who finds room
/// may spend more than was left.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    spent: AtomicUsize,
    freed: Notify,
    /// Nobody gives bytes back any more: the traffic goes on without.
    lifted: AtomicBool,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, spent: AtomicUsize::new(0), freed: Notify::new(), lifted: AtomicBool::new(false) }
    }

    pub(super) fn spend(&self, bytes: usize) {
        self.spent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Gives bytes back and wakes who waits for room.
    pub(super) fn free(&self, bytes: usize) {
        let before = self.spent.fetch_sub(bytes, Ordering::Relaxed);
        if before >= self.limit && before - bytes < self.limit {
            self.freed.notify_waiters();
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.spent.load(Ordering::Relaxed) < self.limit || self.lifted.load(Ordering::Relaxed)
    }

    /// Lifts the limit: a thread that gives bytes back has ended.
    pub(super) fn lift(&self) {
        self.lifted.store(true, Ordering::Relaxed);
        self.freed.notify_waiters();
    }

    pub(super) async fn room(&self) {
        loop {
            let freed = self.freed.notified();
            if self.has_room() {
                return;
            }
            freed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    #[test]
    fn who_waits_goes_on_when_bytes_come_back() {
        let budget = Budget::new(100);
        budget.spend(150);
        let mut waiting = pin!(budget.room());
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        budget.free(20);
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        budget.free(40);
        assert!(waiting.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn nobody_waits_for_a_thread_that_is_gone() {
        let budget = Budget::new(100);
        budget.spend(150);
        let mut waiting = pin!(budget.room());
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        budget.lift();
        assert!(waiting.as_mut().poll(&mut context).is_ready());
    }
}
