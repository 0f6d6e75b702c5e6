//! One exchange in the recorder's memory: what is known of it, and what of that is not written yet.

use crate::digest::Digest;
use crate::digest::verdict::Judgement;
use crate::exchange::body::{Mark, Side};
use crate::exchange::finding::Finding;
use crate::exchange::time::Micros;
use crate::exchange::{Exchange, ExchangeId};
use crate::store::{Error, SegmentId, Writer};
use bytes::Bytes;
use std::collections::VecDeque;

/// No row holds more bytes than this, unless a single chunk does.
const SEGMENT_BYTES: usize = 1 << 20;

/// An exchange that is still of interest: open, or ended and not yet judged.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) exchange: Exchange,
    /// The row has to be written again.
    pub(super) dirty: bool,
    /// The latest digest, until it is written.
    pub(super) examined: Option<Examined>,
    /// The digest of the ended exchange has come: there will be no more.
    pub(super) judged: bool,
    tracks: [BodyTrack; 2],
}

/// What the examiner found out.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) digest: Digest,
    pub(super) judgement: Judgement,
    pub(super) findings: Option<Vec<Finding>>,
}

/// What a transaction wrote of a line; becomes true when it is committed.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) id: ExchangeId,
    segments: [Vec<WrittenSegment>; 2],
}

#[derive(Debug, Default)]
struct BodyTrack {
    /// Chunks that are not written yet.
    pending: Vec<(Bytes, Mark)>,
    pending_bytes: usize,
    /// The offset of the first pending byte.
    start: u64,
    /// Written segments that hold chunks which the socket had not taken yet.
    untaken: VecDeque<WrittenSegment>,
    /// How many of the pending chunks are taken.
    taken: usize,
}

#[derive(Debug)]
struct WrittenSegment {
    id: SegmentId,
    marks: Vec<Mark>,
    /// How many of its chunks are taken.
    taken: usize,
    /// The row has to be written again.
    dirty: bool,
}

impl Line {
    pub(super) fn new(exchange: Exchange) -> Self {
        Self { exchange, dirty: true, examined: None, judged: false, tracks: Default::default() }
    }

    /// A chunk was read.
    pub(super) fn chunk(&mut self, side: Side, bytes: Bytes, read: Micros) {
        let length = bytes.len() as u64;
        match side {
            Side::Request => self.exchange.request_bytes += length,
            Side::Response => self.exchange.response_bytes += length,
        }
        let track = self.track(side);
        track.pending_bytes += bytes.len();
        let mark = Mark { length: u32::try_from(length).unwrap_or(u32::MAX), read, taken: None };
        track.pending.push((bytes, mark));
    }

    /// The socket took the next `chunks` chunks.
    pub(super) fn taken(&mut self, side: Side, chunks: u32, at: Micros) {
        let track = self.track(side);
        for _ in 0..chunks {
            track.take_one(at);
        }
    }

    /// Whether there is anything to write.
    pub(super) fn is_dirty(&self) -> bool {
        self.dirty
            || self.examined.is_some()
            || self
                .tracks
                .iter()
                .any(|track| !track.pending.is_empty() || track.untaken.iter().any(|segment| segment.dirty))
    }

    /// Whether both bodies have ended.
    pub(super) fn has_ended(&self) -> bool {
        self.exchange.request_end.is_some() && self.exchange.response_end.is_some()
    }

    /// Bytes of chunks that wait to be written.
    pub(super) fn pending_bytes(&self) -> usize {
        self.tracks.iter().map(|track| track.pending_bytes).sum()
    }

    /// Gives up the chunks that wait to be written, and says how many bytes that were.
    pub(super) fn give_up_pending(&mut self) -> usize {
        self.tracks.iter_mut().map(BodyTrack::give_up).sum()
    }

    /// Writes what changed, inside a transaction. Nothing in here changes before [`Line::settle`].
    pub(super) fn write(&self, writer: &Writer) -> Result<Written, Error> {
        let mut written = Written { id: self.exchange.id, ..Written::default() };
        if written.id == 0 {
            written.id = writer.insert_exchange(&self.exchange)?;
        } else if self.dirty {
            writer.update_exchange(&self.exchange)?;
        }
        for (side, slot) in [(Side::Request, 0), (Side::Response, 1)] {
            let (Some(track), Some(segments)) = (self.tracks.get(slot), written.segments.get_mut(slot))
            else {
                continue;
            };
            for segment in track.untaken.iter().filter(|segment| segment.dirty) {
                writer.set_marks(segment.id, &segment.marks)?;
            }
            *segments = track.write_pending(writer, written.id, side)?;
        }
        if let Some(examined) = &self.examined {
            writer.put_digest(written.id, &examined.digest, &examined.judgement)?;
            if let Some(findings) = examined.findings.as_deref().filter(|findings| !findings.is_empty()) {
                writer.put_findings(written.id, findings)?;
            }
        }
        Ok(written)
    }

    /// What was written is committed.
    pub(super) fn settle(&mut self, written: Written) {
        self.exchange.id = written.id;
        self.dirty = false;
        self.examined = None;
        for (track, segments) in self.tracks.iter_mut().zip(written.segments) {
            track.settle(segments);
        }
    }

    fn track(&mut self, side: Side) -> &mut BodyTrack {
        let [request, response] = &mut self.tracks;
        match side {
            Side::Request => request,
            Side::Response => response,
        }
    }
}

impl BodyTrack {
    fn take_one(&mut self, at: Micros) {
        for segment in &mut self.untaken {
            if let Some(mark) = segment.marks.get_mut(segment.taken) {
                mark.taken = Some(at);
                segment.taken += 1;
                segment.dirty = true;
                return;
            }
        }
        if let Some((_, mark)) = self.pending.get_mut(self.taken) {
            mark.taken = Some(at);
            self.taken += 1;
        }
    }

    fn write_pending(
        &self,
        writer: &Writer,
        id: ExchangeId,
        side: Side,
    ) -> Result<Vec<WrittenSegment>, Error> {
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

    /// The chunks from `index` on that fit into one row; one at least.
    fn segment_from(&self, index: usize) -> &[(Bytes, Mark)] {
        let rest = self.pending.get(index..).unwrap_or_default();
        let mut bytes = 0;
        let fitting = rest.iter().take_while(|(chunk, _)| {
            bytes += chunk.len();
            bytes <= SEGMENT_BYTES
        });
        let count = fitting.count().max(1);
        rest.get(..count).unwrap_or(rest)
    }

    fn settle(&mut self, segments: Vec<WrittenSegment>) {
        self.start += self.pending.iter().map(|(bytes, _)| bytes.len() as u64).sum::<u64>();
        self.pending.clear();
        self.pending_bytes = 0;
        self.taken = 0;
        for segment in &mut self.untaken {
            segment.dirty = false;
        }
        self.untaken.extend(segments);
        self.untaken.retain(|segment| segment.taken < segment.marks.len());
    }

    fn give_up(&mut self) -> usize {
        let bytes = std::mem::take(&mut self.pending_bytes);
        self.start += bytes as u64;
        self.pending.clear();
        self.taken = 0;
        bytes
    }
}
