//! How evenly the events of a stream came.

use super::{EventKind, EventLine};
use crate::exchange::delay::percentile;
use crate::exchange::time::Micros;

/// The edges of the bars of the histogram of gaps, in microseconds; the last bar has no upper edge.
const EDGES: [u64; 8] = [1_000, 5_000, 20_000, 50_000, 100_000, 300_000, 1_000_000, 5_000_000];

/// How many bars the histogram of gaps has.
const BARS: usize = EDGES.len() + 1;

/// The rhythm of a stream, from its events with their times.
#[derive(Debug, Clone, PartialEq)]
pub struct Rhythm {
    /// Events.
    pub events: usize,
    /// Reads that completed at least one.
    pub reads: usize,
    /// The most events that one read completed.
    pub most_in_a_read: usize,
    /// Half of the gaps between two events are not longer.
    pub median: Micros,
    /// 99 of 100 gaps are not longer.
    pub p99: Micros,
    /// The longest gap.
    pub longest: Micros,
    /// The number of the event before the longest gap, from 1.
    pub longest_after: usize,
    /// From the first event to the last.
    pub span: Micros,
    /// How many gaps are how long; see [`Rhythm::bar`].
    pub histogram: [usize; BARS],
}

impl Rhythm {
    /// The rhythm of these events; `None` of fewer than two.
    pub fn of(lines: &[EventLine]) -> Option<Self> {
        let events = lines.iter().filter(|line| line.kind == EventKind::Event);
        let times: Vec<(Micros, usize, usize)> =
            events.filter_map(|line| line.at.map(|at| (at, line.chunk, line.number))).collect();
        let ((first, ..), (last, ..)) = (times.first()?, times.last()?);
        let gaps: Vec<Micros> =
            times.iter().zip(times.iter().skip(1)).map(|((a, ..), (b, ..))| b.since(*a)).collect();
        // The first of several that are equally long.
        let (longest_at, longest) =
            gaps.iter().enumerate().max_by(|(i, a), (j, b)| a.cmp(b).then(j.cmp(i)))?;
        let mut sorted = gaps.clone();
        sorted.sort_unstable();
        let mut histogram = [0; BARS];
        for gap in &gaps {
            if let Some(bar) = histogram.get_mut(Self::bar(*gap)) {
                *bar += 1;
            }
        }
        let (mut reads, mut most_in_a_read) = (0, 0);
        for read in times.chunk_by(|(_, a, _), (_, b, _)| a == b) {
            reads += 1;
            most_in_a_read = most_in_a_read.max(read.len());
        }
        Some(Self {
            events: times.len(),
            reads,
            most_in_a_read,
            median: percentile(&sorted, 50)?,
            p99: percentile(&sorted, 99)?,
            longest: *longest,
            longest_after: times.get(longest_at)?.2,
            span: last.since(*first),
            histogram,
        })
    }

    /// The bar of the histogram that a gap belongs to.
    pub fn bar(gap: Micros) -> usize {
        EDGES.iter().position(|edge| gap.0 < *edge).unwrap_or(EDGES.len())
    }

    /// The upper edge of a bar; `None` of the last one.
    pub fn upper_edge(bar: usize) -> Option<Micros> {
        EDGES.get(bar).copied().map(Micros)
    }

    /// Events for each read that completed any.
    pub fn events_per_read(&self) -> f64 {
        self.events as f64 / self.reads.max(1) as f64
    }

    /// The share of the time since the request was sent (`took`) that the events spread over: 0 where all
    /// came at once at the end.
    pub fn burst_ratio(&self, took: Micros) -> Option<f64> {
        (took.0 > 0).then(|| (self.span.0 as f64 / took.0 as f64).min(1.0))
    }

    /// Tokens a second, of an answer of `tokens` tokens whose first came at `first_token` and whose last
    /// event at `last_event`.
    pub fn tokens_per_second(tokens: u64, first_token: Micros, last_event: Micros) -> Option<f64> {
        let span = last_event.since(first_token);
        // What came at once was held back somewhere: the figure would say nothing about the model.
        (span.0 >= 50_000 && tokens > 1).then(|| tokens as f64 / (span.0 as f64 / 1e6))
    }

    /// Whether a gap is worth a mark: ten times the median, and a second at least.
    pub fn is_long(&self, gap: Micros) -> bool {
        gap.0 >= 1_000_000 && gap.0 >= self.median.0.saturating_mul(10)
    }
}
