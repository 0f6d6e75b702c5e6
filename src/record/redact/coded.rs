//! The copy of a coded body (gzip and its kin) that is written down.
//!
//! It is decoded on the side, and not kept from the chunk on in which a secret shows: there is no hiding one inside
//! of it. What has not been decoded yet stands hidden until it has been. So what is kept was decoded and clean, or is
//! hidden, and where decoding stops, because the bytes are corrupt or there are too many, keeping stops with it.
//!
//! The label may be wrong. So the bytes are read as a plain text as well, and a body that is text where it should be
//! coded is kept as text.

use super::body::{Redacted, TextMask};
use super::secrets::Secrets;
use super::sheet::{Correction, HIDDEN};
use crate::exchange::body::Hidden;
use crate::wire::coding::{Decoder, Problem};
use crate::wire::utf8::Utf8;
use bytes::Bytes;

/// So many bytes may wait to be decoded; with more, nothing is kept.
const MOST_HELD: usize = 8 << 20;

/// One coded body on its way to the recording.
#[derive(Debug)]
pub(super) struct Coded {
    decoder: Decoder,
    /// What it holds.
    text: TextMask,
    held: Held,
    looks: Looks,
    passed: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It decodes, and nothing secret has shown.
    Clean,
    /// It is a text, whatever it says.
    Plain,
    /// Nothing more is kept.
    Withheld,
}

/// The last bytes, as they may be written; they stand hidden as long as they are here.
#[derive(Debug, Default)]
struct Held {
    /// The offset of the first.
    at: u64,
    bytes: Vec<u8>,
}

/// Whether bytes that come in pieces are those of a text.
#[derive(Debug, Default)]
struct Looks {
    utf8: Utf8,
    is_other: bool,
}

impl Coded {
    /// For a body in these codings; `withholds` if none of it may be kept.
    pub(super) fn new(decoder: Decoder, text: TextMask, withholds: bool) -> Self {
        let state = if withholds { State::Withheld } else { State::Clean };
        Self { decoder, text, held: Held::default(), looks: Looks::default(), passed: 0, state }
    }

    /// Whether it has turned out to be no coded body at all.
    pub(super) fn is_plain(&self) -> bool {
        self.state == State::Plain
    }

    /// Whether nothing more of it is kept.
    pub(super) fn is_withheld(&self) -> bool {
        self.state == State::Withheld
    }

    /// What was hidden in what it holds.
    pub(super) fn hidden(&self) -> Hidden {
        self.text.hidden()
    }

    /// Takes the next chunk, with its copy and the corrections as a plain text has them.
    pub(super) fn push(
        &mut self,
        chunk: &Bytes,
        (masked, corrections): (Bytes, Vec<Correction>),
        secrets: &Secrets,
    ) -> Redacted {
        let corrections = self.held.correct(corrections);
        let start = self.passed;
        self.passed += chunk.len() as u64;
        self.looks.push(chunk);
        let mut decoded = Vec::new();
        self.decoder.push(chunk, &mut decoded);
        let is_clean = self.text.is_clean(decoded, secrets);
        let read = match self.decoder.problem() {
            _ if !is_clean => None,
            None => Some(self.decoder.read()),
            Some(Problem::Corrupt { .. }) if self.looks.is_text() => {
                self.state = State::Plain;
                Some(self.passed)
            }
            Some(_) => {
                self.state = State::Withheld;
                Some(self.decoder.read()).filter(|read| *read >= self.passed)
            }
        };
        let Some(read) = read else {
            self.state = State::Withheld;
            return Redacted { kept: None, corrections };
        };
        let mut corrections = corrections;
        corrections.extend(self.held.release(read));
        let shown = usize::try_from(read.saturating_sub(start)).unwrap_or(usize::MAX).min(masked.len());
        let kept = self.held.hold(start, masked, shown);
        if self.held.bytes.len() > MOST_HELD {
            self.state = State::Withheld;
        }
        Redacted { kept: Some(kept), corrections }
    }

    /// The body has ended; `corrections` are those of a plain text.
    pub(super) fn end(&mut self, corrections: Vec<Correction>, secrets: &Secrets) -> Vec<Correction> {
        if self.state == State::Withheld {
            return Vec::new();
        }
        let mut corrections = self.held.correct(corrections);
        let mut decoded = Vec::new();
        self.decoder.finish(&mut decoded);
        if self.text.is_clean(decoded, secrets) {
            corrections.extend(self.held.release(self.decoder.read()));
        }
        corrections
    }
}

impl Held {
    /// Puts corrections in place; gives those of bytes that are not held.
    fn correct(&mut self, corrections: Vec<Correction>) -> Vec<Correction> {
        let mut others = Vec::new();
        for Correction { at, mut bytes } in corrections {
            if self.bytes.is_empty() {
                others.push(Correction { at, bytes });
                continue;
            }
            let before = usize::try_from(self.at.saturating_sub(at)).unwrap_or(usize::MAX).min(bytes.len());
            let here = bytes.split_off(before);
            let index = usize::try_from((at + before as u64).saturating_sub(self.at)).unwrap_or(usize::MAX);
            for (place, byte) in self.bytes.iter_mut().skip(index).zip(here) {
                *place = byte;
            }
            if !bytes.is_empty() {
                others.push(Correction { at, bytes });
            }
        }
        others
    }

    /// Lets go of what stands before the offset `end`, to be shown.
    fn release(&mut self, end: u64) -> Option<Correction> {
        let count = usize::try_from(end.saturating_sub(self.at)).unwrap_or(usize::MAX).min(self.bytes.len());
        let rest = self.bytes.split_off(count);
        let bytes = std::mem::replace(&mut self.bytes, rest);
        let at = self.at;
        self.at += count as u64;
        (!bytes.is_empty()).then_some(Correction { at, bytes })
    }

    /// The bytes at the offset `start`, of which the first `shown` are; the others are held.
    fn hold(&mut self, start: u64, bytes: Bytes, shown: usize) -> Bytes {
        let rest = bytes.get(shown..).unwrap_or_default();
        if rest.is_empty() {
            return bytes;
        }
        if self.bytes.is_empty() {
            self.at = start + shown as u64;
        }
        self.bytes.extend_from_slice(rest);
        let mut kept = bytes.to_vec();
        kept.get_mut(shown..).unwrap_or_default().fill(HIDDEN);
        kept.into()
    }
}

impl Looks {
    fn push(&mut self, bytes: &[u8]) {
        let is_control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r');
        self.is_other = self.is_other || bytes.iter().any(is_control) || self.utf8.push(bytes).is_some();
    }

    fn is_text(&self) -> bool {
        !self.is_other
    }
}
