//! The queue's bound: bytes that wait for the disk.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Bytes that are queued, against a limit. The limit is soft by one chunk a connection: who finds room
/// may spend more than was left.
///
/// Who waits gets room in turn, and before whoever comes later: otherwise a few would wait for long, while the rest
/// passed them by.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    spent: AtomicUsize,
    /// How many wait for room.
    waiting: AtomicUsize,
    freed: Notify,
    /// Nobody gives bytes back any more: the traffic goes on without.
    lifted: AtomicBool,
}

/// One that waits, for as long as it does.
struct Waiting<'a>(&'a Budget);

impl Budget {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            spent: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
            lifted: AtomicBool::new(false),
        }
    }

    pub(super) fn spend(&self, bytes: usize) {
        self.spent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Gives bytes back and wakes the first who waits for room.
    pub(super) fn free(&self, bytes: usize) {
        self.spent.fetch_sub(bytes, Ordering::SeqCst);
        self.wake_next();
    }

    /// Whether a chunk may be spent on without waiting.
    pub(super) fn has_room(&self) -> bool {
        (self.is_below_limit() && self.waiting.load(Ordering::Relaxed) == 0)
            || self.lifted.load(Ordering::Relaxed)
    }

    /// Lifts the limit: a thread that gives bytes back has ended.
    pub(super) fn lift(&self) {
        self.lifted.store(true, Ordering::SeqCst);
        self.wake_next();
    }

    /// Waits for room, behind all who wait already.
    pub(super) async fn room(&self) {
        if self.has_room() {
            return;
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(self);
        loop {
            // Whoever frees afterwards sees that somebody waits, and leaves a permit.
            let freed = self.freed.notified();
            if self.may_go_on() {
                self.wake_next();
            }
            freed.await;
            if self.may_go_on() {
                return;
            }
        }
    }

    fn may_go_on(&self) -> bool {
        self.is_below_limit() || self.lifted.load(Ordering::SeqCst)
    }

    fn is_below_limit(&self) -> bool {
        self.spent.load(Ordering::SeqCst) < self.limit
    }

    fn wake_next(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 && self.may_go_on() {
            self.freed.notify_one();
        }
    }
}

/// The next one's turn, also where this one has given up waiting.
impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
        self.0.wake_next();
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
    fn who_came_first_goes_on_first_and_nobody_overtakes() {
        let budget = Budget::new(100);
        budget.spend(150);
        let (mut first, mut second) = (pin!(budget.room()), pin!(budget.room()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());
        budget.free(60);
        assert!(!budget.has_room(), "two wait for it");
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(first.as_mut().poll(&mut context).is_ready());
        budget.spend(20);
        assert!(second.as_mut().poll(&mut context).is_pending(), "the first has taken what there was");
        budget.free(20);
        assert!(second.as_mut().poll(&mut context).is_ready());
        assert!(budget.has_room());
    }

    #[test]
    fn one_that_gives_up_waiting_holds_nobody_up() {
        let budget = Budget::new(100);
        budget.spend(150);
        let mut context = Context::from_waker(Waker::noop());
        let mut first = Box::pin(budget.room());
        let mut second = pin!(budget.room());
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());
        budget.free(60);
        drop(first);
        assert!(second.as_mut().poll(&mut context).is_ready());
        assert!(budget.has_room());
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
