//! How evenly a stream came, in words and bars.

use crate::digest::{Digest, EventLine, Rhythm};
use crate::exchange::Timing;
use crate::exchange::text::counted;

/// The longest bar of the histogram.
const WIDEST: usize = 32;

/// Fewer gaps say nothing as bars.
const FEWEST: usize = 8;

/// The lines of the section; none for a stream of fewer than two events.
pub(super) fn lines(events: &[EventLine], digest: &Digest, timing: &Timing) -> Vec<String> {
    let Some(rhythm) = Rhythm::of(events) else {
        return Vec::new();
    };
    let mut lines = vec![
        format!(
            "{} in {}, {:.1} to a read, {} at most",
            counted(rhythm.events, "event"),
            counted(rhythm.reads, "read"),
            rhythm.events_per_read(),
            rhythm.most_in_a_read
        ),
        format!(
            "gaps: half within {}, 99 % within {}, the longest {} after event {}",
            rhythm.median, rhythm.p99, rhythm.longest, rhythm.longest_after
        ),
    ];
    let sent = timing.sent.unwrap_or_default();
    let took = timing.end.or(digest.last_event).map(|end| end.since(sent)).unwrap_or_default();
    let mut more = Vec::new();
    if let Some(ratio) = rhythm.burst_ratio(took) {
        more.push(format!("spread over {:.0} % of {took}", ratio * 100.0));
    }
    if let (Some(tokens), Some(first), Some(last)) =
        (digest.usage.output, digest.first_token, digest.last_event)
        && let Some(rate) = Rhythm::tokens_per_second(tokens, first, last)
    {
        more.push(format!("{rate:.1} tokens a second"));
    }
    if !more.is_empty() {
        lines.push(more.join(", "));
    }
    if rhythm.histogram.iter().sum::<usize>() >= FEWEST {
        lines.extend(bars(&rhythm));
    }
    lines
}

/// One bar for each length of gap that there is, and those between.
fn bars(rhythm: &Rhythm) -> Vec<String> {
    let bars = &rhythm.histogram;
    let most = bars.iter().copied().max().unwrap_or_default().max(1);
    let first = bars.iter().position(|count| *count > 0).unwrap_or_default();
    let last = bars.iter().rposition(|count| *count > 0).unwrap_or_default();
    bars.iter()
        .enumerate()
        .take(last + 1)
        .skip(first)
        .map(|(bar, count)| {
            let name = match Rhythm::upper_edge(bar) {
                Some(edge) => format!("< {edge}"),
                None => "longer".to_owned(),
            };
            let length = (count * WIDEST).div_ceil(most);
            format!("{name:>11}  {:<WIDEST$} {count}", "█".repeat(length)).trim_end().to_owned()
        })
        .collect()
}
