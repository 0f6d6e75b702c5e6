//! The stream whose chunks were passed on latest.

use crate::exchange::ExchangeId;
use crate::exchange::time::Micros;

/// The stream whose chunks were passed on latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorstAdded {
    /// Its number in the recording.
    pub exchange: ExchangeId,
    /// 99 of 100 of its chunks were passed on within this time, rounded up to a power of two.
    pub p99: Micros,
}
