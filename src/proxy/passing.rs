//! The requests that are on their way, to know one that has come back.
//!
//! A connection that gatetap made to itself is known by its ends. Where something that passes bytes on stands
//! between, as a port that is forwarded or a proxy that leads back here, only the request itself tells: its
//! head is, to the byte, what gatetap has just sent, and what it would send again.
//!
//! Where the one that was sent had arrived as something else, by another name for instance, that is enough: nobody
//! asks the same under two names at once. Where it had arrived just like that, it tells nothing yet: an app that says
//! the gateway's name in its `Host` sends many alike, some at a time. But what goes round is sent again each time it
//! arrives, and nothing of it ever ends, so soon there are more than any app has.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So often is a request with the same head on its way at most, if each of them would go on as it came.
const MOST_ALIKE: u32 = 256;

/// What is on its way with each head. The lock is held to count, never while waiting.
#[derive(Debug, Clone, Default)]
pub(super) struct Passing(Arc<Mutex<HashMap<u64, Alike>>>);

/// How many requests are on their way with the same head.
#[derive(Debug, Default)]
struct Alike {
    /// Those that had arrived with it.
    unchanged: u32,
    /// Those that had arrived with another.
    changed: u32,
}

/// A request that is on its way until this is dropped.
#[derive(Debug)]
pub(super) struct OnItsWay {
    head: u64,
    is_unchanged: bool,
    passing: Passing,
}

impl Passing {
    /// A request arrived with the head `came` and is to go on with the head `goes`; `None` if it goes round in a
    /// loop.
    pub(super) fn enter(&self, came: &[u8], goes: &[u8]) -> Option<OnItsWay> {
        let mut hasher = DefaultHasher::new();
        goes.hash(&mut hasher);
        let head = hasher.finish();
        let is_unchanged = came == goes;
        let mut heads = self.lock();
        let alike = heads.entry(head).or_default();
        if is_unchanged && (alike.changed > 0 || alike.unchanged >= MOST_ALIKE) {
            return None;
        }
        *alike.of(is_unchanged) += 1;
        drop(heads);
        Some(OnItsWay { head, is_unchanged, passing: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Alike>> {
        // The map is whole even where its holder panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Alike {
    const fn of(&mut self, is_unchanged: bool) -> &mut u32 {
        if is_unchanged { &mut self.unchanged } else { &mut self.changed }
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        let mut heads = self.passing.lock();
        if let Some(alike) = heads.get_mut(&self.head) {
            *alike.of(self.is_unchanged) -= 1;
            if alike.changed == 0 && alike.unchanged == 0 {
                heads.remove(&self.head);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_under_another_name_has_come_back() {
        let passing = Passing::default();
        let first = passing.enter(b"from the app", b"to the gateway").unwrap();
        let second = passing.enter(b"from the app", b"to the gateway").unwrap();
        assert!(passing.enter(b"to the gateway", b"to the gateway").is_none());
        assert!(passing.enter(b"to the gateway", b"elsewhere").is_some());
        drop(first);
        assert!(passing.enter(b"to the gateway", b"to the gateway").is_none());
        drop(second);
        let alone = passing.enter(b"to the gateway", b"to the gateway");
        assert!(alone.is_some());
        drop(alone);
        assert!(passing.lock().is_empty());
    }

    #[test]
    fn what_goes_on_as_it_came_goes_round_once_there_is_more_than_any_app_has() {
        let passing = Passing::default();
        let round = || passing.enter(b"to the gateway", b"to the gateway");
        let mut open: Vec<_> = (0..MOST_ALIKE).map(|_| round().unwrap()).collect();
        assert!(round().is_none());
        // An app that calls gatetap by its own name is none of them, however many there are.
        drop(passing.enter(b"from the app", b"to the gateway").unwrap());
        drop(open.pop());
        assert!(round().is_some());
        drop(open);
        assert!(passing.lock().is_empty());
    }
}
