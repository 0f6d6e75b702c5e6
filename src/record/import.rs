//! Takes in what was recorded elsewhere: all of it or nothing.
//!
//! Heads and bodies are masked as traffic is; what is derived is derived anew, and the checks run.

use super::redact::{Correction, Redactor};
use crate::check::{Engine, Review, Watched};
use crate::digest::Digest;
use crate::digest::verdict::{Judgement, judge};
use crate::exchange::body::{Body, Cut, Mark, Rest, Side};
use crate::exchange::end::Verdict;
use crate::exchange::session::Session;
use crate::exchange::time::Micros;
use crate::exchange::tunnel::Tunnel;
use crate::exchange::{Exchange, ExchangeId, SessionId};
use crate::export::{Altered, Piece, Read};
use crate::gateway::mask::mask_string;
use crate::store::{Error, Writer};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::path::Path;

/// An import on its way. Until it is finished nobody sees any of it; dropping it takes it back.
#[derive(Debug)]
pub struct Importer {
    writer: Writer,
    review: Review,
    /// The recording was empty: what comes keeps its numbers.
    keeps_numbers: bool,
    sessions: BTreeMap<SessionId, SessionId>,
    exchanges: BTreeMap<ExchangeId, ExchangeId>,
    /// What is known of exchanges that are being examined, by their new numbers.
    pending: BTreeMap<ExchangeId, Pending>,
    imported: Imported,
}

#[derive(Debug)]
struct Pending {
    exchange: Exchange,
    digest: Option<Digest>,
}

/// What was taken in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Exchanges.
    pub exchanges: u64,
    /// The number of the first and the last of them.
    pub span: Option<(ExchangeId, ExchangeId)>,
    /// Sessions.
    pub sessions: u64,
    /// Tunnels.
    pub tunnels: u64,
    /// Exchanges in which secrets were hidden.
    pub hidden: u64,
}

impl Importer {
    /// Opens or makes the recording at `path`; `engine` has the checks that are run.
    ///
    /// # Errors
    /// As for [`Writer::open`].
    pub fn begin(path: &Path, engine: Engine) -> Result<Self, Error> {
        let writer = Writer::open_for_import(path)?;
        writer.begin()?;
        Ok(Self {
            keeps_numbers: writer.is_empty()?,
            writer,
            review: Review::new(engine),
            sessions: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            pending: BTreeMap::new(),
            imported: Imported::default(),
        })
    }

    /// Takes the next piece. Exchanges and tunnels follow their session.
    pub fn take(&mut self, piece: Piece) -> Result<(), Error> {
        match piece {
            Piece::Session(session) => self.session(session),
            Piece::Exchange(read) => self.exchange(*read),
            Piece::Tunnel(tunnel) => self.tunnel(tunnel),
        }
    }

    /// Ends the import: from here on every reader sees it.
    pub fn finish(mut self) -> Result<Imported, Error> {
        for (id, watched) in std::mem::take(&mut self.review).finish() {
            self.examined(id, watched)?;
        }
        self.writer.commit()?;
        Ok(self.imported)
    }

    fn session(&mut self, mut session: Session) -> Result<(), Error> {
        let known = session.id;
        if !self.keeps_numbers {
            session.id = 0;
        }
        for text in [&mut session.command, &mut session.upstream] {
            *text = mask_string(std::mem::take(text));
        }
        let given = self.writer.insert_session(&session)?;
        self.sessions.insert(known, given);
        self.imported.sessions += 1;
        Ok(())
    }

    fn exchange(&mut self, read: Read) -> Result<(), Error> {
        let Read { exchange, mut request, mut response, mut altered, mut digest, note } = read;
        let mut redactor = Redactor::of_recorded(&exchange.request.headers, &exchange.request.target);
        if let Some(head) = &exchange.response {
            redactor.answered(&head.headers);
        }
        let plain = (exchange.clone(), request.bytes.len(), response.bytes.len());
        let mut exchange = redactor.recorded(exchange, self.writer.salt());
        let credentials = std::mem::take(&mut exchange.credentials);
        let hid_in_head =
            Exchange { credentials: plain.0.credentials.clone(), ..exchange.clone() } != plain.0;
        exchange.credentials = credentials;
        let hid_in_bodies = [(Side::Request, &mut request), (Side::Response, &mut response)]
            .map(|(side, body)| hide(&mut redactor, side, body));
        self.imported.hidden += u64::from(hid_in_head || hid_in_bodies.contains(&true));
        exchange.request_hidden.add(redactor.hidden(Side::Request));
        exchange.response_hidden.add(redactor.hidden(Side::Response));
        if let Some(Altered { origin, body }) = &mut altered {
            origin.head = redactor.origin_head(&origin.head);
            hide(&mut redactor, Side::Origin, body);
        }
        if let Some(digest) = &mut digest {
            redactor.digest(digest);
        }

        self.writer.go_on_with(self.sessions.get(&exchange.session).copied().unwrap_or_default());
        exchange.session = self.writer.session();
        let known = exchange.id;
        exchange.replay_of = exchange.replay_of.and_then(|id| self.exchanges.get(&id).copied());
        exchange.id = match (self.keeps_numbers, known) {
            (true, 1..) => self.writer.insert_exchange_as(known, &exchange)?,
            _ => self.writer.insert_exchange(&exchange)?,
        };
        self.exchanges.insert(known, exchange.id);
        if let Some(note) = note.filter(|note| !note.is_empty()) {
            self.writer.put_note(exchange.id, &mask_string(note))?;
        }
        for (side, body) in [(Side::Request, &request), (Side::Response, &response)] {
            write_body(&self.writer, exchange.id, side, body)?;
        }
        if let Some(Altered { origin, body }) = &altered {
            self.writer.put_origin(exchange.id, origin)?;
            write_body(&self.writer, exchange.id, Side::Origin, body)?;
        }
        self.imported.exchanges += 1;
        let first = self.imported.span.map_or(exchange.id, |(first, _)| first);
        self.imported.span = Some((first, exchange.id));
        self.pending.insert(exchange.id, Pending { exchange: exchange.clone(), digest });
        for (id, watched) in self.review.take(exchange, &request, &response) {
            self.examined(id, watched)?;
        }
        Ok(())
    }

    fn tunnel(&mut self, mut tunnel: Tunnel) -> Result<(), Error> {
        self.writer.go_on_with(self.sessions.get(&tunnel.session).copied().unwrap_or_default());
        if !self.keeps_numbers {
            tunnel.id = 0;
        }
        tunnel.host = mask_string(tunnel.host);
        self.writer.put_tunnel(&tunnel)?;
        self.imported.tunnels += 1;
        Ok(())
    }

    /// An exchange has been examined.
    fn examined(&mut self, id: ExchangeId, watched: Watched) -> Result<(), Error> {
        let Watched { mut digest, mut judgement, findings, text, .. } = watched;
        let pending = self.pending.remove(&id);
        if let Some(Pending { exchange, digest: Some(known) }) = pending {
            judgement = judge(&exchange, &known);
            digest = known;
        }
        if judgement.verdict == Verdict::Open {
            let evidence = "the recording ended first".to_owned();
            judgement = Judgement { verdict: Verdict::Lost, evidence };
        }
        self.writer.put_digest(id, &digest, &judgement)?;
        if let Some(text) = &text {
            self.writer.put_text(id, text)?;
        }
        self.writer.put_findings(id, &findings)
    }
}

/// Hides the secrets of a body; says whether there were any.
fn hide(redactor: &mut Redactor, side: Side, body: &mut Body) -> bool {
    let plain = Bytes::from(std::mem::take(&mut body.bytes));
    let redacted = redactor.chunk(side, &plain);
    let Some(kept) = redacted.kept else {
        // A coded body with a secret in it cannot be kept.
        if body.marks.is_empty() {
            let length = u32::try_from(plain.len()).unwrap_or(u32::MAX);
            body.marks.push(Mark { length, read: Micros(0), taken: None, rest: Rest::default() });
        }
        body.cut = Some(Cut { at: 0, tail: 0 });
        return true;
    };
    let mut bytes = kept.to_vec();
    for Correction { at, bytes: correct } in redacted.corrections.into_iter().chain(redactor.end(side)) {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        if let Some(place) = bytes.get_mut(at..at.saturating_add(correct.len())) {
            place.copy_from_slice(&correct);
        }
    }
    let hid = bytes != plain;
    body.bytes = bytes;
    hid
}

/// Writes a body as segments: where bytes are missing, a segment that is shorter than its marks, and one
/// with what follows the gap.
fn write_body(writer: &Writer, id: ExchangeId, side: Side, body: &Body) -> Result<(), Error> {
    if body.bytes.is_empty() && body.marks.is_empty() {
        return Ok(());
    }
    let Some(cut) = body.cut else {
        writer.insert_segment(id, side, 0, &body.bytes, &body.marks)?;
        return Ok(());
    };
    let gap_end = body.passed().saturating_sub(cut.tail);
    let mut start = 0_u64;
    let before = body.marks.iter().take_while(|mark| {
        let is_before = start < gap_end;
        start += u64::from(mark.length);
        is_before
    });
    let (marks_before, marks_after) = body.marks.split_at(before.count());
    let at = usize::try_from(cut.at).unwrap_or(usize::MAX).min(body.bytes.len());
    let (bytes_before, bytes_after) = body.bytes.split_at(at);
    writer.insert_segment(id, side, 0, bytes_before, marks_before)?;
    if !bytes_after.is_empty() || !marks_after.is_empty() {
        writer.insert_segment(id, side, gap_end, bytes_after, marks_after)?;
    }
    Ok(())
}
