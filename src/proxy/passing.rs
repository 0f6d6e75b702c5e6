//! The requests that are on their way, to know one that has come back.
//!
//! A connection that gatetap made to itself is known by its ends. Where something that passes bytes on stands
//! between, as a port that is forwarded or a proxy that leads back here, only the request itself tells: its
//! head is, to the byte, what gatetap has just sent, and what it would send again.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many requests are on their way with each head. The lock is held to count, never while waiting.
#[derive(Debug, Clone, Default)]
pub(super) struct Passing(Arc<Mutex<HashMap<u64, u32>>>);

/// A request that is on its way until this is dropped.
#[derive(Debug)]
pub(super) struct OnItsWay {
    head: u64,
    passing: Passing,
}

impl Passing {
    /// A request arrived with the head `came` and is to go on with the head `goes`; `None` if it has come
    /// back. An app whose own request is like that, with the gateway's name in its `Host`, is taken for
    /// a loop only while another just like it is on its way.
    pub(super) fn enter(&self, came: &[u8], goes: &[u8]) -> Option<OnItsWay> {
        let mut hasher = DefaultHasher::new();
        goes.hash(&mut hasher);
        let head = hasher.finish();
        let mut heads = self.lock();
        let count = heads.entry(head).or_default();
        if *count > 0 && came == goes {
            return None;
        }
        *count += 1;
        drop(heads);
        Some(OnItsWay { head, passing: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, u32>> {
        // The map is whole even where its holder panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        let mut heads = self.passing.lock();
        if let Some(count) = heads.get_mut(&self.head) {
            *count -= 1;
            if *count == 0 {
                heads.remove(&self.head);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_on_its_way_and_would_go_on_unchanged_has_come_back() {
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
}
