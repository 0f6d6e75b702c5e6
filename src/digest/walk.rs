//! A recorded body as the pieces it passed in, with its gap.

use crate::exchange::body::{Body, Mark};
use std::ops::Range;

/// A part of one chunk.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// Bytes that are kept.
    Kept(&'a [u8]),
    /// So many that are not.
    Missing(u64),
}

/// Calls `visit` with every part of a body in order, the index of its chunk and the chunk's mark.
/// Bytes without a mark come as one last chunk.
pub fn walk(body: &Body, mut visit: impl FnMut(Part<'_>, usize, Option<Mark>)) {
    let Range { start: gap, end: gap_end } = body.gap();
    let kept = |from: u64, to: u64, shift: u64| {
        let at = |place: u64| usize::try_from(place - shift).unwrap_or(usize::MAX).min(body.bytes.len());
        body.bytes.get(at(from)..at(to)).unwrap_or_default()
    };
    let mut start = 0_u64;
    for (index, mark) in body.marks.iter().enumerate() {
        let end = start + u64::from(mark.length);
        if start < gap {
            visit(Part::Kept(kept(start, end.min(gap), 0)), index, Some(*mark));
        }
        let missing = end.min(gap_end).saturating_sub(start.max(gap));
        if missing > 0 {
            visit(Part::Missing(missing), index, Some(*mark));
        }
        let tail = start.max(gap_end);
        if tail < end {
            visit(Part::Kept(kept(tail, end, gap_end - gap)), index, Some(*mark));
        }
        start = end;
    }
    let marked = usize::try_from(body.passed() - (gap_end - gap)).unwrap_or(usize::MAX);
    if let Some(rest) = body.bytes.get(marked..).filter(|rest| !rest.is_empty()) {
        visit(Part::Kept(rest), body.marks.len(), None);
    }
}
