//! One exchange in the recorder's memory: what is known of it, and what of that is not written yet.

use super::body_track::{BodyTrack, Keep, WrittenSegment};
use super::redact::Redactor;
use super::seen::Answered;
use crate::digest::verdict::Judgement;
use crate::digest::{Digest, Text};
use crate::exchange::body::{Rest, Side};
use crate::exchange::end::BodyEnd;
use crate::exchange::finding::Finding;
use crate::exchange::head::{Headers, InterimHead, ResponseHead};
use crate::exchange::origin::Origin;
use crate::exchange::time::Micros;
use crate::exchange::{Exchange, ExchangeId, SessionId, Timing};
use crate::store::{Error, Writer};
use bytes::Bytes;

/// So much is kept of the interim answers of one exchange.
const INTERIM_BYTES: usize = 64 << 10;

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
    /// There are findings in the recording.
    has_findings: bool,
    tracks: [BodyTrack; 3],
    /// So much more of the interim answers is kept.
    interim_left: usize,
    /// What the origin sent, where a fault altered it.
    origin: Option<Origin>,
    origin_dirty: bool,
    redactor: Redactor,
}

/// What the examiner found out.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) digest: Digest,
    pub(super) judgement: Judgement,
    pub(super) findings: Vec<Finding>,
    /// What was asked and answered, once all of it is known.
    pub(super) text: Option<Text>,
}

/// What a transaction wrote of a line; becomes true when it is committed.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) id: ExchangeId,
    /// Whether there are findings now, where that was written.
    has_findings: Option<bool>,
    segments: [Vec<WrittenSegment>; 3],
}

impl Line {
    pub(super) fn new(exchange: Exchange, redactor: Redactor, keep: Keep) -> Self {
        let tracks = [BodyTrack::new(keep), BodyTrack::new(keep), BodyTrack::new(keep)];
        Self {
            exchange,
            dirty: true,
            examined: None,
            judged: false,
            has_findings: false,
            tracks,
            interim_left: INTERIM_BYTES,
            origin: None,
            origin_dirty: false,
            redactor,
        }
    }

    /// An interim answer came.
    pub(super) fn interim(&mut self, head: &InterimHead) {
        if let Some(left) = self.interim_left.checked_sub(head.raw.len()) {
            self.interim_left = left;
            self.exchange.interim.push(self.redactor.interim(head));
            self.dirty = true;
        } else if std::mem::take(&mut self.interim_left) > 0 {
            log::warn!(target: "recorder", "{}: not all interim answers are kept", self.exchange.url);
        }
    }

    /// The answer has a head. Gives it without its secrets.
    pub(super) fn answered(&mut self, answered: Answered) -> ResponseHead {
        let head = self.redactor.response_head(&answered);
        self.redactor.answered(&head.headers);
        let upgrade = head.headers.text("upgrade").unwrap_or_default();
        if head.status == 101 && upgrade.eq_ignore_ascii_case("websocket") {
            self.redactor.becomes_frames(&head.headers);
        }
        self.exchange.response = Some(head.clone());
        self.exchange.timing = Timing { held: self.exchange.timing.held, ..answered.timing };
        self.exchange.own_answer = answered.own.map(|mut own| {
            self.redactor.text(&mut own.message);
            own
        });
        self.dirty = true;
        head
    }

    /// The origin has answered with this head; the app gets another answer.
    pub(super) fn origin(&mut self, head: &Bytes) {
        self.origin = Some(Origin { head: self.redactor.origin_head(head), end: None });
        self.origin_dirty = true;
    }

    /// The examiner has something to say.
    pub(super) fn examined(&mut self, mut examined: Examined) {
        self.redactor.digest(&mut examined.digest);
        self.redactor.text(&mut examined.judgement.evidence);
        for finding in &mut examined.findings {
            for text in [&mut finding.message, &mut finding.evidence, &mut finding.fix] {
                self.redactor.text(text);
            }
        }
        examined.text = examined.text.and_then(|text| self.redactor.full_text(text));
        self.examined = Some(examined);
    }

    /// A chunk was read; `rest` of its HTTP/1 chunk is yet to come. Gives what the examiner may see of it.
    pub(super) fn chunk(&mut self, side: Side, bytes: &Bytes, rest: Rest, read: Micros) -> Bytes {
        let length = bytes.len() as u64;
        match side {
            Side::Request => self.exchange.request_bytes += length,
            Side::Response => self.exchange.response_bytes += length,
            Side::Origin => {}
        }
        if self.redactor.may_skip(side) && self.track(side).is_beyond_head(length) {
            self.track(side).defer(bytes, rest, read);
            return bytes.clone();
        }
        let redacted = self.redactor.chunk(side, bytes);
        self.count_hidden(side);
        let shown = match &redacted.kept {
            Some(kept) if !self.redactor.is_coded(side) => kept.clone(),
            _ => bytes.clone(),
        };
        let track = self.track(side);
        track.correct(redacted.corrections);
        track.chunk(bytes, redacted.kept, rest, read);
        shown
    }

    /// The socket took the next `chunks` chunks.
    pub(super) fn taken(&mut self, side: Side, chunks: u32, at: Micros) {
        let track = self.track(side);
        for _ in 0..chunks {
            track.take_one(at);
        }
    }

    /// These lines followed a body.
    pub(super) fn trailers(&mut self, side: Side, lines: &Headers) {
        let lines = self.redactor.trailers(lines);
        match side {
            Side::Request => self.exchange.request_trailers = lines,
            Side::Response | Side::Origin => self.exchange.response_trailers = lines,
        }
        self.dirty = true;
    }

    /// Masks the last chunks of a long body: only now it is known which those are.
    fn mask_tail(&mut self, side: Side) {
        if let Some((start, lead)) = self.track(side).take_lead() {
            self.redactor.skip_to(side, start);
            for bytes in lead {
                self.redactor.chunk(side, &bytes);
            }
        }
        for index in 0..self.track(side).deferred() {
            let Some(bytes) = self.track(side).tail_chunk(index) else { break };
            let redacted = self.redactor.chunk(side, &bytes);
            self.track(side).mask_tail_chunk(index, redacted);
        }
    }

    /// A body ended.
    pub(super) fn ended(&mut self, side: Side, end: BodyEnd, at: Micros) {
        self.mask_tail(side);
        let corrections = self.redactor.end(side);
        self.count_hidden(side);
        self.track(side).correct(corrections);
        let end = match end {
            BodyEnd::Broken { by, mut detail } => {
                self.redactor.text(&mut detail);
                BodyEnd::Broken { by, detail }
            }
            BodyEnd::Whole => end,
        };
        let hash = self.track(side).end();
        match side {
            Side::Request => {
                self.exchange.request_end = Some(end);
                self.exchange.request_sha256 = hash;
            }
            Side::Response => {
                self.exchange.response_end = Some(end);
                self.exchange.response_sha256 = hash;
                self.exchange.timing.end = Some(at);
            }
            Side::Origin => {
                if let Some(origin) = &mut self.origin {
                    origin.end = Some(end);
                }
                self.origin_dirty = true;
                return;
            }
        }
        self.dirty = true;
    }

    /// The exchange as the examiner gets it at its end.
    pub(super) fn for_examiner(&self) -> Exchange {
        let mut exchange = self.exchange.clone();
        let end = exchange.timing.end;
        let [_, response, _] = &self.tracks;
        exchange.timing.taken = response.added(end).taken();
        exchange
    }

    /// Whether there is anything to write.
    pub(super) fn is_dirty(&self) -> bool {
        self.dirty
            || self.origin_dirty
            || self.examined.is_some()
            || self.tracks.iter().any(BodyTrack::is_dirty)
    }

    /// Whether both bodies have ended.
    pub(super) fn has_ended(&self) -> bool {
        self.exchange.request_end.is_some() && self.exchange.response_end.is_some()
    }

    /// Bytes of chunks that wait to be written.
    pub(super) fn pending_bytes(&self) -> usize {
        self.tracks.iter().map(BodyTrack::pending_bytes).sum()
    }

    /// 99 of 100 chunks of the answer were passed on within this time.
    pub(super) fn added_p99(&self) -> Option<Micros> {
        let [_, response, _] = &self.tracks;
        response.added_p99()
    }

    /// Gives up the chunks that wait to be written, and says how many bytes that were.
    pub(super) fn give_up_pending(&mut self) -> usize {
        self.tracks.iter_mut().map(BodyTrack::give_up).sum()
    }

    /// The recording was started anew: everything has to be written again. What was written is gone; says
    /// how many bytes that were.
    pub(super) fn start_anew(&mut self, session: SessionId) -> u64 {
        self.exchange.id = 0;
        self.exchange.session = session;
        self.dirty = true;
        self.origin_dirty = self.origin.is_some();
        self.has_findings = false;
        self.tracks.iter_mut().map(BodyTrack::start_anew).sum()
    }

    /// Writes what changed, inside a transaction. Nothing in here changes before [`Line::settle`].
    pub(super) fn write(&self, writer: &Writer) -> Result<Written, Error> {
        let mut written = Written { id: self.exchange.id, ..Written::default() };
        if written.id == 0 {
            written.id = writer.insert_exchange(&self.exchange)?;
        } else if self.dirty {
            writer.update_exchange(&self.exchange)?;
        }
        if let (true, Some(origin)) = (self.origin_dirty, &self.origin) {
            writer.put_origin(written.id, origin)?;
        }
        for (side, slot) in [(Side::Request, 0), (Side::Response, 1), (Side::Origin, 2)] {
            let (Some(track), Some(segments)) = (self.tracks.get(slot), written.segments.get_mut(slot))
            else {
                continue;
            };
            *segments = track.write(writer, written.id, side)?;
        }
        if let Some(examined) = &self.examined {
            writer.put_digest(written.id, &examined.digest, &examined.judgement)?;
            if let Some(text) = &examined.text {
                writer.put_text(written.id, text)?;
            }
            if self.has_findings || !examined.findings.is_empty() {
                writer.put_findings(written.id, &examined.findings)?;
                written.has_findings = Some(!examined.findings.is_empty());
            }
        }
        Ok(written)
    }

    /// What was written is committed.
    pub(super) fn settle(&mut self, written: Written) {
        self.exchange.id = written.id;
        self.dirty = false;
        self.origin_dirty = false;
        self.has_findings = written.has_findings.unwrap_or(self.has_findings);
        self.examined = None;
        for (track, segments) in self.tracks.iter_mut().zip(written.segments) {
            track.settle(segments);
        }
    }

    fn count_hidden(&mut self, side: Side) {
        let hidden = self.redactor.hidden(side);
        match side {
            Side::Request => self.exchange.request_hidden = hidden,
            Side::Response => self.exchange.response_hidden = hidden,
            Side::Origin => {}
        }
    }

    fn track(&mut self, side: Side) -> &mut BodyTrack {
        let [request, response, origin] = &mut self.tracks;
        match side {
            Side::Request => request,
            Side::Response => response,
            Side::Origin => origin,
        }
    }
}
