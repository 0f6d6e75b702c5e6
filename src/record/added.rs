//! How much later than it was read each chunk was taken: gatetap's own delay, and the receiver's.

use crate::exchange::time::Micros;

/// Delays counted by their order of magnitude: bucket `n` holds those below 2^n microseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct AddedDelays {
    buckets: [u32; 32],
    count: u64,
}

/// The stream whose chunks were passed on latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorstAdded {
    /// Its number in the recording.
    pub exchange: crate::exchange::ExchangeId,
    /// 99 of 100 of its chunks were passed on within this time, rounded up to a power of two.
    pub p99: Micros,
}

impl AddedDelays {
    pub(super) fn add(&mut self, delay: Micros) {
        let bucket = (u64::BITS - delay.0.leading_zeros()) as usize;
        if let Some(count) = self.buckets.get_mut(bucket.min(31)) {
            *count += 1;
        }
        self.count += 1;
    }

    /// A time within which 99 of 100 were passed on; `None` where there were too few to say.
    pub(super) fn p99(&self) -> Option<Micros> {
        const ENOUGH: u64 = 10;
        let wanted = self.count - self.count / 100;
        let mut seen = 0;
        let bucket = self.buckets.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted
        });
        (self.count >= ENOUGH).then(|| Micros(1 << bucket.unwrap_or(31)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_late_chunk_of_a_hundred_does_not_count_and_two_do() {
        let mut delays = AddedDelays::default();
        for _ in 0..99 {
            delays.add(Micros(3));
        }
        assert_eq!(delays.p99(), Some(Micros(4)));
        delays.add(Micros(900));
        assert_eq!(delays.p99(), Some(Micros(4)));
        delays.add(Micros(900));
        assert_eq!(delays.p99(), Some(Micros(1024)));
    }

    #[test]
    fn a_few_chunks_say_nothing_and_no_delay_is_too_long() {
        let mut delays = AddedDelays::default();
        delays.add(Micros(u64::MAX));
        assert_eq!(delays.p99(), None);
        for _ in 0..9 {
            delays.add(Micros(0));
        }
        assert_eq!(delays.p99(), Some(Micros(1 << 31)));
    }
}
