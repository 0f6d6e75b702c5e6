//! What a replay has done so far.

use super::Miss;
use crate::exchange::ExchangeId;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a replay has done so far; a handle that outlives it.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    served: u64,
    missed: u64,
    forwarded: u64,
    hidden: u64,
    unused: BTreeSet<ExchangeId>,
    /// Misses that nobody was told of yet.
    untold: Vec<Miss>,
}

/// So many misses wait to be told of.
const MOST_UNTOLD: usize = 100;

/// The sum of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Requests that got a recorded answer.
    pub served: u64,
    /// Requests that got none.
    pub missed: u64,
    /// Requests that were sent on, because nothing recorded answers them.
    pub forwarded: u64,
    /// Recorded exchanges that can answer nothing, because the text of their bodies was not kept.
    pub hidden: u64,
    /// Recorded exchanges that no request got.
    pub unused: Vec<ExchangeId>,
}

impl Tally {
    pub(super) fn of(ids: impl IntoIterator<Item = ExchangeId>, hidden: u64) -> Self {
        let counts = Counts { unused: ids.into_iter().collect(), hidden, ..Counts::default() };
        Self(Arc::new(Mutex::new(counts)))
    }

    pub(super) fn served(&self, id: ExchangeId) {
        let mut counts = self.counts();
        counts.served += 1;
        counts.unused.remove(&id);
    }

    pub(super) fn forwarded(&self) {
        self.counts().forwarded += 1;
    }

    pub(super) fn missed(&self, miss: Miss) {
        let mut counts = self.counts();
        counts.missed += 1;
        if counts.untold.len() < MOST_UNTOLD {
            counts.untold.push(miss);
        }
    }

    /// The misses since this was asked last.
    pub fn take_misses(&self) -> Vec<Miss> {
        std::mem::take(&mut self.counts().untold)
    }

    /// The sum so far.
    pub fn summary(&self) -> Summary {
        let counts = self.counts();
        let unused = counts.unused.iter().copied().collect();
        let Counts { served, missed, forwarded, hidden, .. } = *counts;
        Summary { served, missed, forwarded, hidden, unused }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
