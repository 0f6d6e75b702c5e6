//! The copy of one body that is written down.
//!
//! Masking keeps every length, so offsets and marks are those of the wire. A chunk is given out at once:
//! where it ends in what may be the start of a secret, that start is hidden, and shown by a
//! [`Correction`] when the next chunk says that it was none.
//!
//! A coded body cannot be masked in place: [`Coded`] says what of it is kept. What the frames of a WebSocket hold is
//! told by [`Frames`].

use super::coded::Coded;
use super::events::Events;
use super::frames::Frames;
use super::raw::RawText;
use super::secrets::Secrets;
use super::sheet::{Correction, Sheet};
use super::structure::Structure;
use crate::exchange::body::Hidden;
use crate::exchange::head::Headers;
use crate::wire::coding::Decoder;
use crate::wire::media;
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
    frames: Option<Box<Frames>>,
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

impl BodyMask {
    /// For a body that these header lines announce; `redacts` if its text may not be kept.
    pub(super) fn new(headers: &Headers, is_answer: bool, redacts: bool) -> Self {
        let may_stream = is_answer && !media::is_json(headers);
        let text = || TextMask { events: may_stream.then(Box::default), ..TextMask::default() };
        let decoder = Some(Decoder::for_headers(headers)).filter(Decoder::is_coded);
        Self {
            text: text(),
            coded: decoder.map(|decoder| Box::new(Coded::new(decoder, text(), redacts))),
            frames: None,
            structure: redacts.then(Structure::default),
        }
    }

    /// WebSocket frames follow, as the head of this answer agrees to.
    pub(super) fn becomes_frames(&mut self, answer: &Headers) {
        self.frames = Some(Box::new(Frames::new(answer, self.structure.is_some())));
    }

    /// Whether the body is coded: what is given to the examiner then is what passed.
    pub(super) fn is_coded(&self) -> bool {
        self.coded.is_some()
    }

    /// What was hidden so far.
    pub(super) fn hidden(&self) -> Hidden {
        if let Some(frames) = &self.frames {
            return frames.hidden();
        }
        let coded = self.coded.as_ref().map(|coded| coded.hidden());
        coded.filter(|hidden| hidden.count > 0).unwrap_or(self.text.hidden)
    }

    /// Whether reading may leave a part out and go on behind it. What is coded, in frames, or kept as structure
    /// alone, is read whole.
    pub(super) fn may_skip(&self) -> bool {
        self.coded.is_none() && self.frames.is_none() && self.structure.is_none()
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
        self.frames.take_if(|frames| frames.are_none(chunk));
        if let Some(frames) = &mut self.frames {
            return frames.push(chunk, secrets);
        }
        if self.coded.as_ref().is_some_and(|coded| coded.is_withheld()) {
            return Redacted::default();
        }
        let (masked, corrections) = self.text.push(chunk, secrets);
        if let Some(coded) = &mut self.coded {
            let redacted = coded.push(chunk, (masked, corrections), secrets);
            if coded.is_plain() {
                self.coded = None;
            }
            return redacted;
        }
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
        if let Some(frames) = &mut self.frames {
            return frames.end(secrets);
        }
        let corrections = self.text.end(secrets);
        match &mut self.coded {
            Some(coded) => coded.end(corrections, secrets),
            None if self.structure.is_some() => Vec::new(),
            None => corrections,
        }
    }
}

impl TextMask {
    /// For what may be a stream.
    pub(super) fn of_stream() -> Self {
        Self { events: Some(Box::default()), ..Self::default() }
    }

    /// What was hidden so far.
    pub(super) fn hidden(&self) -> Hidden {
        self.hidden
    }

    /// Takes the next piece; whether nothing in it had to be hidden.
    pub(super) fn is_clean(&mut self, piece: Vec<u8>, secrets: &Secrets) -> bool {
        let piece = Bytes::from(piece);
        let (masked, _) = self.push(&piece, secrets);
        // What is not copied is not masked.
        masked.as_ptr() == piece.as_ptr()
    }

    /// Takes the next piece; gives its copy, and what changes before it.
    pub(super) fn push(&mut self, piece: &Bytes, secrets: &Secrets) -> (Bytes, Vec<Correction>) {
        let mut sheet = Sheet::new(self.passed, piece);
        match &mut self.events {
            Some(events) => {
                events.push(piece, self.passed, &mut self.raw, secrets, &mut sheet);
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
