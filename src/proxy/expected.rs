//! Requests that are known to come, and to be an earlier one sent again.

use crate::exchange::ExchangeId;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Which exchange the next request from an address sends again.
#[derive(Debug, Clone, Default)]
pub struct Expected(Arc<Mutex<BTreeMap<SocketAddr, ExchangeId>>>);

/// One request that is expected, as long as this is held: whoever has the address later is somebody else.
#[must_use = "nothing is expected once this is dropped"]
#[derive(Debug)]
pub struct Expectation {
    expected: Expected,
    peer: SocketAddr,
}

impl Expected {
    /// The next request that comes from `peer` is that of `exchange`, sent again. Only who is inside this
    /// process can say so, before the connection is made.
    pub fn expect(&self, peer: SocketAddr, exchange: ExchangeId) -> Expectation {
        self.lock().insert(peer, exchange);
        Expectation { expected: self.clone(), peer }
    }

    /// The exchange that a request from `peer` sends again.
    pub(super) fn take(&self, peer: SocketAddr) -> Option<ExchangeId> {
        self.lock().remove(&peer)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, ExchangeId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Expectation {
    fn drop(&mut self) {
        self.expected.take(self.peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_for_one_request_and_no_longer_than_its_sender_lives() {
        let expected = Expected::default();
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let sending = expected.expect(peer, 7);
        assert_eq!(expected.take(peer), Some(7));
        assert_eq!(expected.take(peer), None, "the second request is another");
        drop(sending);
        drop(expected.expect(peer, 8));
        assert_eq!(expected.take(peer), None, "it could not be sent");
    }
}
