//! One body on its way into the recording: what of it is not written yet, and what of it is kept.

use super::redact::{Correction, Redacted};
use crate::exchange::ExchangeId;
use crate::exchange::body::{Mark, Rest, Side, overlay};
use crate::exchange::delay::Delays;
use crate::exchange::time::Micros;
use crate::store::{Error, SegmentId, Writer};
use bytes::Bytes;
use ring::digest::{Context, SHA256};
use std::collections::VecDeque;

/// No row holds more bytes than this, unless a single chunk does.
const SEGMENT_BYTES: usize = 1 << 20;

/// A secret that reaches into the kept end of a long body is found if it begins no further before it.
const LEAD_BYTES: u64 = 64 << 10;

/// How much of a body is kept: its first bytes, and of a longer one its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keep {
    /// So many bytes from the start; whole chunks only.
    pub(super) head: u64,
    /// So many bytes from the end; whole chunks only.
    pub(super) tail: u64,
}

/// A body, chunk by chunk. Every chunk leaves its mark; a chunk beyond what is kept leaves no bytes.
pub(super) struct BodyTrack {
    keep: Keep,
    /// Bytes that have passed.
    passed: u64,
    /// Of all bytes, kept or not.
    hash: Context,
    /// Chunks that are not written yet; those that are not kept without their bytes.
    pending: Vec<(Bytes, Mark)>,
    pending_bytes: usize,
    /// The offset of the first pending chunk.
    start: u64,
    /// How many of the pending chunks the socket has taken.
    taken: usize,
    /// Written segments that hold chunks which the socket had not taken yet.
    untaken: VecDeque<WrittenSegment>,
    /// The last chunks of a body that is longer than what is kept.
    tail: VecDeque<(Bytes, Mark)>,
    tail_bytes: u64,
    /// How many chunks of the tail the socket has taken.
    tail_taken: usize,
    /// The chunks of the tail are not masked yet.
    is_deferred: bool,
    /// Chunks right before the tail that are not kept, unmasked as well.
    lead: VecDeque<Bytes>,
    lead_bytes: u64,
    /// Not all of it is kept.
    has_gap: bool,
    /// What has to be written anew of written rows.
    corrections: Vec<Correction>,
    /// Of all chunks but those taken last.
    added: Delays,
    /// When the last ones were taken, and how much later each than it was read.
    last_added: (Micros, Vec<Micros>),
}

impl std::fmt::Debug for BodyTrack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyTrack").field("passed", &self.passed).finish_non_exhaustive()
    }
}

/// A row, and the marks in it that may still change.
#[derive(Debug)]
pub(super) struct WrittenSegment {
    id: SegmentId,
    marks: Vec<Mark>,
    /// How many of its chunks are taken.
    taken: usize,
    /// The row has to be written again.
    dirty: bool,
}

impl Keep {
    /// At most `limit` bytes; of a longer body half of that, but no more than a mebibyte, from its end.
    pub(super) fn of(limit: u64) -> Self {
        let tail = (limit / 2).min(1 << 20);
        Self { head: limit - tail, tail }
    }

    /// A body up to this length is kept whole.
    fn limit(self) -> u64 {
        self.head + self.tail
    }
}

impl BodyTrack {
    pub(super) fn new(keep: Keep) -> Self {
        Self {
            keep,
            passed: 0,
            hash: Context::new(&SHA256),
            pending: Vec::new(),
            pending_bytes: 0,
            start: 0,
            taken: 0,
            untaken: VecDeque::new(),
            tail: VecDeque::new(),
            tail_bytes: 0,
            tail_taken: 0,
            is_deferred: false,
            lead: VecDeque::new(),
            lead_bytes: 0,
            has_gap: false,
            corrections: Vec::new(),
            added: Delays::default(),
            last_added: (Micros::default(), Vec::new()),
        }
    }

    /// A chunk was read: `wire`, of which `kept` may be written; `rest` of its HTTP/1 chunk is yet to come.
    pub(super) fn chunk(&mut self, wire: &[u8], kept: Option<Bytes>, rest: Rest, read: Micros) {
        let length = wire.len() as u64;
        let mark = Mark { length: u32::try_from(length).unwrap_or(u32::MAX), read, taken: None, rest };
        self.hash.update(wire);
        self.has_gap |= kept.is_none();
        let bytes = kept.unwrap_or_default();
        let before = self.passed;
        self.passed += length;
        if self.tail.is_empty() && before + length <= self.keep.head {
            self.pending_bytes += bytes.len();
            self.pending.push((bytes, mark));
            return;
        }
        self.tail_bytes += length;
        self.tail.push_back((bytes, mark));
        while self.passed > self.keep.limit() && self.tail_bytes > self.keep.tail {
            let Some((skipped, mark)) = self.tail.pop_front() else { break };
            self.has_gap = true;
            self.tail_bytes -= u64::from(mark.length);
            self.tail_taken = self.tail_taken.saturating_sub(1);
            if self.is_deferred {
                self.leave_out(skipped);
            }
            self.queue(Bytes::new(), mark);
        }
    }

    /// Whether the next chunk, of `length` bytes, will be kept only if the body ends soon.
    pub(super) fn is_beyond_head(&self, length: u64) -> bool {
        !self.tail.is_empty() || self.passed + length > self.keep.head
    }

    /// A chunk beyond the head was read. It is masked when the body ends, if it is kept then.
    pub(super) fn defer(&mut self, wire: &Bytes, rest: Rest, read: Micros) {
        self.is_deferred = true;
        self.chunk(wire, Some(wire.clone()), rest, read);
    }

    /// How many chunks of the tail are to be masked.
    pub(super) fn deferred(&self) -> usize {
        if self.is_deferred { self.tail.len() } else { 0 }
    }

    /// The chunks before the tail that are to be read first, and the offset of the first one; `None` where nothing is
    /// missing before the tail.
    pub(super) fn take_lead(&mut self) -> Option<(u64, VecDeque<Bytes>)> {
        let lead = std::mem::take(&mut self.lead);
        let start = self.passed.saturating_sub(self.tail_bytes + self.lead_bytes);
        (!lead.is_empty()).then_some((start, lead))
    }

    /// A chunk of the tail, unmasked.
    pub(super) fn tail_chunk(&self, index: usize) -> Option<Bytes> {
        self.tail.get(index).map(|(bytes, _)| bytes.clone())
    }

    /// What may be written of a chunk of the tail.
    pub(super) fn mask_tail_chunk(&mut self, index: usize, redacted: Redacted) {
        self.has_gap |= redacted.kept.is_none();
        if let Some((bytes, _)) = self.tail.get_mut(index) {
            *bytes = redacted.kept.unwrap_or_default();
        }
        self.correct(redacted.corrections);
    }

    /// Bytes that have passed turned out otherwise. Those that wait are changed where they are.
    pub(super) fn correct(&mut self, corrections: Vec<Correction>) {
        for mut correction in corrections {
            let written = self.start.saturating_sub(correction.at);
            let written = usize::try_from(written).unwrap_or(usize::MAX).min(correction.bytes.len());
            let waiting = correction.bytes.split_off(written);
            let mut start = self.start;
            let at = correction.at + written as u64;
            for (bytes, mark) in self.pending.iter_mut().chain(&mut self.tail) {
                patch(bytes, start, at, &waiting);
                start += u64::from(mark.length);
            }
            if !correction.bytes.is_empty() {
                self.corrections.push(correction);
            }
        }
    }

    /// The body has ended: its last chunks are known.
    ///
    /// Gives the SHA-256 of the whole where not all of it is kept.
    pub(super) fn end(&mut self) -> Option<[u8; 32]> {
        for (bytes, mark) in std::mem::take(&mut self.tail) {
            self.pending_bytes += bytes.len();
            self.queue(bytes, mark);
        }
        (self.tail_bytes, self.tail_taken) = (0, 0);
        self.has_gap.then(|| self.hash.clone().finish().as_ref().try_into().unwrap_or_default())
    }

    /// The socket took the next chunk.
    pub(super) fn take_one(&mut self, at: Micros) {
        let Some(mark) = self.next_untaken() else { return };
        mark.taken = Some(at);
        let delay = at.since(mark.read);
        let (last, delays) = &mut self.last_added;
        if *last != at {
            *last = at;
            for delay in delays.drain(..) {
                self.added.add(delay);
            }
        }
        delays.push(delay);
    }

    /// How much later than they were read the chunks were taken, of those that were before `end`.
    pub(super) fn added(&self, end: Option<Micros>) -> Delays {
        let mut added = self.added.clone();
        let (last, delays) = &self.last_added;
        if end.is_none_or(|end| *last < end) {
            for delay in delays {
                added.add(*delay);
            }
        }
        added
    }

    /// 99 of 100 chunks were taken within this time after they were read.
    pub(super) fn added_p99(&self) -> Option<Micros> {
        self.added(None).p99()
    }

    /// The mark of the first chunk that is not taken; it is about to be.
    fn next_untaken(&mut self) -> Option<&mut Mark> {
        let written = self.untaken.iter_mut().find(|segment| segment.taken < segment.marks.len());
        if let Some(segment) = written {
            segment.taken += 1;
            segment.dirty = true;
            return segment.marks.get_mut(segment.taken - 1);
        }
        if self.taken < self.pending.len() {
            self.taken += 1;
            return self.pending.get_mut(self.taken - 1).map(|(_, mark)| mark);
        }
        let (_, mark) = self.tail.get_mut(self.tail_taken)?;
        self.tail_taken += 1;
        Some(mark)
    }

    /// Whether there is anything to write.
    pub(super) fn is_dirty(&self) -> bool {
        !self.pending.is_empty()
            || !self.corrections.is_empty()
            || self.untaken.iter().any(|segment| segment.dirty)
    }

    /// Bytes of chunks that wait to be written.
    pub(super) fn pending_bytes(&self) -> usize {
        self.pending_bytes
    }

    /// Writes what is not written yet. Nothing in here changes before [`BodyTrack::settle`].
    pub(super) fn write(
        &self,
        writer: &Writer,
        id: ExchangeId,
        side: Side,
    ) -> Result<Vec<WrittenSegment>, Error> {
        for segment in self.untaken.iter().filter(|segment| segment.dirty) {
            writer.set_marks(segment.id, &segment.marks)?;
        }
        for Correction { at, bytes } in &self.corrections {
            writer.correct_segments(id, side, *at, bytes)?;
        }
        let mut segments = Vec::new();
        let mut start = self.start;
        let mut index = 0;
        while index < self.pending.len() {
            let chunks = self.segment_from(index);
            let marks: Vec<Mark> = chunks.iter().map(|(_, mark)| *mark).collect();
            let row = match chunks {
                [(only, _)] => writer.insert_segment(id, side, start, only, &marks)?,
                several => {
                    let bytes = several.iter().map(|(bytes, _)| bytes.as_ref()).collect::<Vec<_>>().concat();
                    writer.insert_segment(id, side, start, &bytes, &marks)?
                }
            };
            start += marks.iter().map(|mark| u64::from(mark.length)).sum::<u64>();
            let taken = self.taken.saturating_sub(index).min(marks.len());
            index += marks.len();
            segments.push(WrittenSegment { id: row, marks, taken, dirty: false });
        }
        Ok(segments)
    }

    /// What was written is committed.
    pub(super) fn settle(&mut self, segments: Vec<WrittenSegment>) {
        self.start += self.pending.iter().map(|(_, mark)| u64::from(mark.length)).sum::<u64>();
        self.pending.clear();
        self.corrections.clear();
        self.pending_bytes = 0;
        self.taken = 0;
        for segment in &mut self.untaken {
            segment.dirty = false;
        }
        self.untaken.extend(segments);
        self.untaken.retain(|segment| segment.taken < segment.marks.len());
    }

    /// Gives up the bytes that wait to be written, keeps their marks, and says how many bytes that were.
    pub(super) fn give_up(&mut self) -> usize {
        for (bytes, _) in &mut self.pending {
            *bytes = Bytes::new();
        }
        std::mem::take(&mut self.pending_bytes)
    }

    /// What was written is gone: one gap stands for it. Says how long it is.
    pub(super) fn start_anew(&mut self) -> u64 {
        let lost = std::mem::take(&mut self.start);
        self.untaken.clear();
        self.corrections.clear();
        let mut left = lost;
        let mut gap = Vec::new();
        while left > 0 {
            let length = u32::try_from(left).unwrap_or(u32::MAX);
            gap.push((
                Bytes::new(),
                Mark { length, read: Micros(0), taken: Some(Micros(0)), rest: Rest::default() },
            ));
            left -= u64::from(length);
        }
        self.taken += gap.len();
        self.pending.splice(0..0, gap);
        lost
    }

    /// A chunk of the tail is not kept. The last such ones stay for a while.
    fn leave_out(&mut self, bytes: Bytes) {
        self.lead_bytes += bytes.len() as u64;
        self.lead.push_back(bytes);
        while let Some(first) = self.lead.front().map(|first| first.len() as u64)
            && self.lead_bytes - first >= LEAD_BYTES
        {
            self.lead.pop_front();
            self.lead_bytes -= first;
        }
    }

    fn queue(&mut self, bytes: Bytes, mark: Mark) {
        // Chunks are taken in order: where this one is, all before it are.
        self.taken += usize::from(mark.taken.is_some());
        self.pending.push((bytes, mark));
    }

    /// The chunks from `index` on that fit into one row; one at least. Bytes and gaps do not mix.
    fn segment_from(&self, index: usize) -> &[(Bytes, Mark)] {
        let rest = self.pending.get(index..).unwrap_or_default();
        let is_gap = rest.first().is_some_and(|(bytes, _)| bytes.is_empty());
        let mut bytes = 0;
        let fitting = rest.iter().take_while(|(chunk, _)| {
            bytes += chunk.len();
            chunk.is_empty() == is_gap && bytes <= SEGMENT_BYTES
        });
        let count = fitting.count().max(1);
        rest.get(..count).unwrap_or(rest)
    }
}

/// Puts what of `new`, which belongs at the offset `at`, lies in `bytes`, which begin at `start`, in place.
fn patch(bytes: &mut Bytes, start: u64, at: u64, new: &[u8]) {
    let end = start + bytes.len() as u64;
    if new.is_empty() || at >= end || at + new.len() as u64 <= start {
        return;
    }
    let mut patched = bytes.to_vec();
    overlay(&mut patched, start, at, new);
    *bytes = patched.into();
}
