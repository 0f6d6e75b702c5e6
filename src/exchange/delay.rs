//! How much later than it was read each chunk was taken: gatetap's own delay, and the receiver's.

use super::body::Mark;
use super::time::Micros;

/// Delays counted by their order of magnitude: bucket `n` holds those below 2^n microseconds.
#[derive(Debug, Clone, Default)]
pub struct Delays {
    buckets: [u32; 32],
    count: u64,
    longest: Micros,
    sum: Micros,
}

/// What the delays of one body come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Chunks that the socket took.
    pub chunks: u64,
    /// Half of them were taken within this time, rounded up to a power of two or to the longest.
    pub median: Micros,
    /// 99 of 100 were taken within this time, rounded up to a power of two or to the longest.
    pub p99: Micros,
    /// The longest, as it was.
    pub longest: Micros,
    /// All of them together.
    pub sum: Micros,
}

impl Delays {
    /// The delays of these chunks, as far as they were taken before `end`. The last one is often taken just
    /// after that, and whether it was is not to depend on who looks when.
    pub fn of(marks: &[Mark], end: Option<Micros>) -> Self {
        let mut delays = Self::default();
        for mark in marks {
            if let Some(taken) = mark.taken.filter(|taken| end.is_none_or(|end| *taken < end)) {
                delays.add(taken.since(mark.read));
            }
        }
        delays
    }

    /// Counts one more.
    pub fn add(&mut self, delay: Micros) {
        let bucket = (u64::BITS - delay.0.leading_zeros()) as usize;
        if let Some(count) = self.buckets.get_mut(bucket.min(31)) {
            *count += 1;
        }
        self.count += 1;
        self.longest = self.longest.max(delay);
        self.sum.0 = self.sum.0.saturating_add(delay.0);
    }

    /// A time within which 99 of 100 were passed on; `None` where there were too few to say.
    pub fn p99(&self) -> Option<Micros> {
        const ENOUGH: u64 = 10;
        (self.count >= ENOUGH).then(|| self.within(99))
    }

    /// What they come to; `None` if no chunk was taken.
    pub fn taken(&self) -> Option<Taken> {
        (self.count > 0).then(|| Taken {
            chunks: self.count,
            median: self.within(50),
            p99: self.within(99),
            longest: self.longest,
            sum: self.sum,
        })
    }

    /// The upper edge of the bucket in which percentile `percent` stands, or the longest, if that is less.
    fn within(&self, percent: u64) -> Micros {
        let wanted = rank(self.count, percent);
        let mut seen = 0;
        let bucket = self.buckets.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted
        });
        Micros(1 << bucket.unwrap_or(31)).min(self.longest)
    }
}

/// How long each of these chunks that was taken had waited in gatetap, shortest first.
pub fn added(marks: &[Mark]) -> Vec<Micros> {
    let mut delays: Vec<Micros> =
        marks.iter().filter_map(|mark| mark.taken.map(|taken| taken.since(mark.read))).collect();
    delays.sort_unstable();
    delays
}

/// The smallest of these sorted values that at least `percent` of a hundred of them do not exceed; `None` of none.
pub fn percentile<T: Copy>(sorted: &[T], percent: u64) -> Option<T> {
    let rank = rank(sorted.len() as u64, percent);
    sorted.get(usize::try_from(rank).ok()?.checked_sub(1)?).copied()
}

/// The nearest rank of a percentile among `count` sorted values, counted from 1.
fn rank(count: u64, percent: u64) -> u64 {
    u64::try_from((u128::from(count) * u128::from(percent)).div_ceil(100)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::body::Rest;

    #[test]
    fn one_late_chunk_of_a_hundred_does_not_count_and_two_do() {
        let mut delays = Delays::default();
        for _ in 0..99 {
            delays.add(Micros(3));
        }
        assert_eq!(delays.p99(), Some(Micros(3)), "not more than the longest");
        delays.add(Micros(900));
        assert_eq!(delays.p99(), Some(Micros(4)));
        delays.add(Micros(900));
        assert_eq!(delays.p99(), Some(Micros(900)));
        delays.add(Micros(5000));
        assert_eq!(delays.p99(), Some(Micros(1024)));
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let hundred: Vec<u64> = (1..=100).collect();
        for (sorted, percent, expected) in [
            (&[][..], 50, None),
            (&[7], 50, Some(7)),
            (&[7], 99, Some(7)),
            (&[7, 9], 50, Some(7)),
            (&[7, 9], 51, Some(9)),
            (&[7, 8, 9], 50, Some(8)),
            (&hundred, 99, Some(99)),
            (&hundred, 100, Some(100)),
        ] {
            assert_eq!(percentile(sorted, percent), expected, "{percent} % of {sorted:?}");
        }
    }

    #[test]
    fn a_few_chunks_say_nothing_and_no_delay_is_too_long() {
        let mut delays = Delays::default();
        delays.add(Micros(u64::MAX));
        assert_eq!(delays.p99(), None);
        for _ in 0..9 {
            delays.add(Micros(0));
        }
        assert_eq!(delays.p99(), Some(Micros(1 << 31)));
    }

    #[test]
    fn what_was_taken_after_the_end_does_not_count() {
        let mark = |read, taken| Mark { length: 1, read: Micros(read), taken, rest: Rest::default() };
        let marks = [
            mark(0, Some(Micros(3))),
            mark(10, Some(Micros(110))),
            mark(15, Some(Micros(500))),
            mark(20, Some(Micros(900))),
            mark(30, None),
        ];
        let taken = Delays::of(&marks, Some(Micros(500))).taken();
        let expected =
            Taken { chunks: 2, median: Micros(4), p99: Micros(100), longest: Micros(100), sum: Micros(103) };
        assert_eq!(taken, Some(expected));
        assert_eq!(Delays::of(&[], None).taken(), None);
    }
}
