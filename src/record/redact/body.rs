//! The copy of one body that is written down.
//!
//! Masking keeps every length, so offsets and marks are those of the wire. A chunk is given out at once:
//! where it ends in what may be the start of a secret, that start is hidden, and shown by a
//! [`Correction`] when the next chunk says that it was none.
//!
//! A coded body (gzip and its kin) cannot be masked in place. It is decoded on the side; from the chunk on
//! in which a secret shows, it is not kept. So are the frames that an app sends over a WebSocket, which it masks.

use super::events::Events;
use super::raw::RawText;
use super::secrets::Secrets;
use super::sheet::{Correction, Sheet};
use super::structure::Structure;
use crate::exchange::body::Hidden;
use crate::exchange::head::Headers;
use crate::wire::coding::Decoder;
use crate::wire::media;
use crate::wire::websocket::Unmasker;
use bytes::Bytes;

/// What of a chunk is written down.
#[derive(Debug, Default)]
pub struct Redacted {
    /// The bytes, as many as passed; `None` where they cannot be kept.
    pub kept: Option<Bytes>,
    /// What has to be written anew of the bytes before.
    pub corrections: Vec<Correction>,
}

/// One body on its way to the recording.
#[derive(Debug)]
pub(super) struct BodyMask {
    text: TextMask,
    coded: Option<Box<Coded>>,
    /// No text is kept.
    structure: Option<Structure>,
}

/// A text on its way to the recording.
#[derive(Debug, Default)]
pub(super) struct TextMask {
    passed: u64,
    hidden: Hidden,
    raw: RawText,
    events: Option<Box<Events>>,
}

#[derive(Debug)]
struct Coded {
    decoder: Undo,
    is_withheld: bool,
}

/// What is undone to see a body's text.
#[derive(Debug)]
enum Undo {
    /// Its content codings.
    Coding(Decoder),
    /// The mask of WebSocket frames.
    Mask(Unmasker),
}

impl BodyMask {
    /// For a body that these header lines announce; `redacts` if its text may not be kept.
    pub(super) fn new(headers: &Headers, is_answer: bool, redacts: bool) -> Self {
        let decoder = Some(Decoder::for_headers(headers)).filter(Decoder::is_coded);
        let may_stream = is_answer && !media::is_json(headers);
        Self {
            text: TextMask { events: may_stream.then(Box::default), ..TextMask::default() },
            coded: decoder
                .map(|decoder| Box::new(Coded { decoder: Undo::Coding(decoder), is_withheld: redacts })),
            structure: redacts.then(Structure::default),
        }
    }

    /// WebSocket frames follow, whose payloads are masked.
    pub(super) fn becomes_frames(&mut self) {
        let is_withheld = self.structure.is_some();
        self.coded = Some(Box::new(Coded { decoder: Undo::Mask(Unmasker::default()), is_withheld }));
    }

    /// Whether the body is coded: what is given to the examiner then is what passed.
    pub(super) fn is_coded(&self) -> bool {
        self.coded.is_some()
    }

    /// What was hidden so far.
    pub(super) fn hidden(&self) -> Hidden {
        self.text.hidden
    }

    /// Whether reading may leave a part out and go on behind it. What is coded, or kept as structure alone, is read whole.
    pub(super) fn may_skip(&self) -> bool {
        self.coded.is_none() && self.structure.is_none()
    }

    /// Goes on at the offset `at` of the body. A secret that began in what was left out is not known for one: what comes
    /// first is read, but not to be kept.
    pub(super) fn skip_to(&mut self, at: u64) {
        if at == self.text.passed {
            return;
        }
        let TextMask { hidden, events, .. } = std::mem::take(&mut self.text);
        let events = events.map(|_| Box::default());
        self.text = TextMask { passed: at, hidden, events, ..TextMask::default() };
    }

    /// Takes the next chunk.
    pub(super) fn push(&mut self, chunk: &Bytes, secrets: &Secrets) -> Redacted {
        if let Some(coded) = &mut self.coded {
            if !coded.is_withheld {
                let mut decoded = Vec::new();
                match &mut coded.decoder {
                    Undo::Coding(decoder) => decoder.push(chunk, &mut decoded),
                    Undo::Mask(unmasker) => unmasker.push(chunk, &mut decoded),
                }
                let decoded = Bytes::from(decoded);
                let (masked, _) = self.text.push(&decoded, secrets);
                // What is not copied is not masked.
                coded.is_withheld = masked.as_ptr() != decoded.as_ptr();
            }
            let kept = (!coded.is_withheld).then(|| chunk.clone());
            return Redacted { kept, corrections: Vec::new() };
        }
        let (masked, corrections) = self.text.push(chunk, secrets);
        match &mut self.structure {
            None => Redacted { kept: Some(masked), corrections },
            Some(structure) => {
                let mut bytes = masked.to_vec();
                structure.push(&mut bytes);
                // A correction would show text.
                Redacted { kept: Some(bytes.into()), corrections: Vec::new() }
            }
        }
    }

    /// The body has ended.
    pub(super) fn end(&mut self, secrets: &Secrets) -> Vec<Correction> {
        let corrections = self.text.end(secrets);
        if self.coded.is_some() || self.structure.is_some() { Vec::new() } else { corrections }
    }
}

impl TextMask {
    /// Takes the next piece; gives its copy, and what changes before it.
    pub(super) fn push(&mut self, piece: &Bytes, secrets: &Secrets) -> (Bytes, Vec<Correction>) {
        let mut sheet = Sheet::new(self.passed, piece);
        match &mut self.events {
            Some(events) => {
                events.push(piece, &mut self.raw, secrets, &mut sheet);
                events.cover(secrets, &mut sheet);
            }
            None => self.raw.push(piece, self.passed, secrets, &mut sheet),
        }
        self.raw.cover(secrets, &mut sheet);
        self.passed += piece.len() as u64;
        self.hidden.add(sheet.hidden());
        sheet.finish()
    }

    /// The text has ended.
    pub(super) fn end(&mut self, secrets: &Secrets) -> Vec<Correction> {
        let nothing = Bytes::new();
        let mut sheet = Sheet::new(self.passed, &nothing);
        if let Some(events) = &mut self.events {
            events.end(secrets, &mut sheet);
        }
        self.raw.end(secrets, &mut sheet);
        self.hidden.add(sheet.hidden());
        sheet.finish().1
    }
}
