//! The copy of one direction of a WebSocket that is written down.
//!
//! Frames are told apart, and what the frames of a message hold is read as one text, in which secrets are hidden where
//! they stand; heads stay as they are. What an app sends is masked by a key of its frame: it is read without the
//! mask and written with it. A message that is compressed (RFC 7692) cannot be masked in place: it is decompressed on
//! the side, and nothing is kept from the chunk on in which a secret shows. The same holds from where the bytes
//! are no frames any more, or are those of an extension that is not known.

use super::body::{Redacted, TextMask};
use super::events::Events;
use super::raw::RawText;
use super::secrets::Secrets;
use super::sheet::{Correction, HIDDEN, Sheet};
use crate::exchange::body::Hidden;
use crate::exchange::head::Headers;
use crate::wire::websocket::{Kind, Part, Reader, extensions, may_begin};
use crate::wire::websocket_deflate::{Inflater, NotDeflate};
use bytes::Bytes;
use std::collections::VecDeque;

/// The bit of a frame's head that says that its message is compressed. RFC 7692 §6.
const COMPRESSED: u8 = 4;

/// A correction that begins longer ago than so many bytes shows nothing.
const MOST_PADS: usize = 64 << 10;

/// One direction on its way to the recording.
#[derive(Debug)]
pub(super) struct Frames {
    reader: Reader,
    /// Where the next chunk begins.
    passed: u64,
    /// What the last bytes are masked with, so that corrections are, too.
    pads: VecDeque<u8>,
    /// The current message; `None` between messages.
    message: Option<Message>,
    /// The current frame is one between those of a message.
    is_control: bool,
    /// The current frame is the last of its message.
    is_last: bool,
    events: Events,
    raw: RawText,
    control: RawText,
    /// Agreed on: messages may be compressed.
    inflate: Option<Inflater>,
    /// What the compressed messages hold.
    inflated: TextMask,
    hidden: Hidden,
    is_withheld: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    AsItIs,
    Compressed,
}

/// What stands in a chunk is not to be kept.
struct Withhold;

impl Frames {
    /// For a direction of what the head of this answer agrees to.
    pub(super) fn new(answer: &Headers, withholds: bool) -> Self {
        let extensions = extensions(answer);
        let (inflates, others): (Vec<_>, Vec<_>) =
            extensions.iter().partition(|name| *name == "permessage-deflate");
        Self {
            reader: Reader::default(),
            passed: 0,
            pads: VecDeque::new(),
            message: None,
            is_control: false,
            is_last: false,
            events: Events::default(),
            raw: RawText::default(),
            control: RawText::default(),
            inflate: (!inflates.is_empty()).then(Inflater::default),
            inflated: TextMask::of_stream(),
            hidden: Hidden::default(),
            is_withheld: withholds || !others.is_empty(),
        }
    }

    /// Whether `first`, the first bytes of the direction, begin no frame: something else is spoken.
    pub(super) fn are_none(&self, first: &[u8]) -> bool {
        let bits = if self.inflate.is_some() { COMPRESSED } else { 0 };
        self.passed == 0 && !self.is_withheld && first.first().is_some_and(|byte| !may_begin(*byte, bits))
    }

    /// What was hidden so far.
    pub(super) fn hidden(&self) -> Hidden {
        let mut hidden = self.hidden;
        hidden.add(self.inflated.hidden());
        hidden
    }

    /// Takes the next chunk.
    pub(super) fn push(&mut self, chunk: &Bytes, secrets: &Secrets) -> Redacted {
        if self.is_withheld {
            return Redacted::default();
        }
        let parts = self.reader.push(chunk);
        let (plain, pads) = unmasked(chunk, &parts);
        let start = self.passed;
        self.passed += chunk.len() as u64;
        let mut sheet = Sheet::new(start, &plain);
        let read = parts.iter().try_for_each(|part| self.read(part, &plain, start, secrets, &mut sheet));
        self.events.cover(secrets, &mut sheet);
        self.raw.cover(secrets, &mut sheet);
        self.control.cover(secrets, &mut sheet);
        self.hidden.add(sheet.hidden());
        let (hidden, corrections) = sheet.finish();
        let corrections = self.masked(corrections, start);
        self.pads.extend(&pads);
        self.pads.drain(..self.pads.len().saturating_sub(MOST_PADS));
        if read.is_err() {
            self.is_withheld = true;
            return Redacted { kept: None, corrections };
        }
        let kept = if hidden.as_ptr() == plain.as_ptr() {
            chunk.clone()
        } else {
            hidden.iter().zip(&pads).map(|(byte, pad)| byte ^ pad).collect::<Vec<_>>().into()
        };
        Redacted { kept: Some(kept), corrections }
    }

    /// The direction has ended.
    pub(super) fn end(&mut self, secrets: &Secrets) -> Vec<Correction> {
        let nothing = Bytes::new();
        let mut sheet = Sheet::new(self.passed, &nothing);
        self.events.end(secrets, &mut sheet);
        self.raw.end(secrets, &mut sheet);
        self.control.end(secrets, &mut sheet);
        self.hidden.add(sheet.hidden());
        let corrections = sheet.finish().1;
        if self.is_withheld { Vec::new() } else { self.masked(corrections, self.passed) }
    }

    fn read(
        &mut self,
        part: &Part,
        plain: &[u8],
        start: u64,
        secrets: &Secrets,
        sheet: &mut Sheet<'_>,
    ) -> Result<(), Withhold> {
        match part {
            Part::Head { kind, last, reserved } => {
                self.is_last = *last;
                self.begin(*kind, *reserved)?;
            }
            Part::Payload { place, .. } => {
                let bytes = plain.get(place.clone()).unwrap_or_default();
                let start = start + place.start as u64;
                match self.message {
                    _ if self.is_control => self.control.push(bytes, start, secrets, sheet),
                    Some(Message::Compressed) => self.inflate(Some(bytes), secrets)?,
                    _ => self.events.push(bytes, start, &mut self.raw, secrets, sheet),
                }
            }
            Part::End if self.is_control => {
                self.control.end(secrets, sheet);
                self.is_control = false;
            }
            Part::End if self.is_last => {
                if self.message.take() == Some(Message::Compressed) {
                    self.inflate(None, secrets)?;
                } else {
                    self.events.end_line(secrets, sheet);
                    self.raw.end(secrets, sheet);
                }
            }
            Part::End => {}
        }
        Ok(())
    }

    /// A frame begins.
    fn begin(&mut self, kind: Kind, reserved: u8) -> Result<(), Withhold> {
        match (kind, reserved, self.message) {
            (Kind::Close | Kind::Ping | Kind::Pong, 0, _) => self.is_control = true,
            (Kind::Continuation, 0, Some(_)) => {}
            (Kind::Text | Kind::Binary, 0, None) => self.message = Some(Message::AsItIs),
            (Kind::Text | Kind::Binary, COMPRESSED, None) if self.inflate.is_some() => {
                self.message = Some(Message::Compressed);
            }
            _ => return Err(Withhold),
        }
        Ok(())
    }

    /// Reads bytes of a compressed message, or its end.
    fn inflate(&mut self, bytes: Option<&[u8]>, secrets: &Secrets) -> Result<(), Withhold> {
        let inflater = self.inflate.as_mut().ok_or(Withhold)?;
        let mut is_clean = true;
        let sink = |piece| is_clean = self.inflated.is_clean(piece, secrets) && is_clean;
        if let Some(bytes) = bytes {
            inflater.push(bytes, sink)?;
        } else {
            inflater.end_message(sink)?;
            // The next message is another line.
            is_clean = self.inflated.is_clean(b"\n".to_vec(), secrets) && is_clean;
        }
        is_clean.then_some(()).ok_or(Withhold)
    }

    /// The corrections as they are masked, where the chunk at `start` comes next. What has passed too long ago is
    /// not shown any more, and hidden all the same.
    fn masked(&self, corrections: Vec<Correction>, start: u64) -> Vec<Correction> {
        let first = start.saturating_sub(self.pads.len() as u64);
        let masked = |correction: Correction| {
            let bytes = (correction.at..).zip(&correction.bytes).map(|(at, byte)| {
                let pad = at.checked_sub(first).and_then(|index| usize::try_from(index).ok());
                pad.and_then(|index| self.pads.get(index)).map_or(HIDDEN, |pad| byte ^ pad)
            });
            Correction { at: correction.at, bytes: bytes.collect() }
        };
        corrections.into_iter().map(masked).collect()
    }
}

/// The bytes of a chunk of these parts without the masks, and the masks: 0 where there is none.
fn unmasked(chunk: &Bytes, parts: &[Part]) -> (Bytes, Vec<u8>) {
    let mut pads = vec![0; chunk.len()];
    let mut is_masked = false;
    for part in parts {
        let Part::Payload { place, key } = part else { continue };
        if *key == [0; 4] {
            continue;
        }
        is_masked = true;
        let place = pads.get_mut(place.clone()).unwrap_or_default();
        for (pad, key) in place.iter_mut().zip(key.iter().cycle()) {
            *pad = *key;
        }
    }
    if !is_masked {
        return (chunk.clone(), pads);
    }
    let plain = chunk.iter().zip(&pads).map(|(byte, pad)| byte ^ pad).collect::<Vec<_>>().into();
    (plain, pads)
}

impl From<NotDeflate> for Withhold {
    fn from(_: NotDeflate) -> Self {
        Self
    }
}
