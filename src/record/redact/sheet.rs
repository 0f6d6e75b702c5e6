//! The copy of a chunk that is written down, and what changes in chunks that may be written already.

use super::escapes::LONGEST_TWICE;
use crate::exchange::body::Hidden;
use bytes::Bytes;

/// What stands for a byte of a secret.
pub(super) const HIDDEN: u8 = b'*';

/// One character of a text, with the bytes of the body that spell it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    /// The character, where it is ASCII; any byte beyond ASCII otherwise.
    pub(super) byte: u8,
    at: u64,
    raw: [u8; LONGEST_TWICE],
    /// How far after the first each of its bytes stands: a text that comes in pieces may be cut inside of one.
    offsets: [u32; LONGEST_TWICE],
    length: u8,
}

/// Bytes of a body that turned out otherwise than they were given out before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The offset of the first one in the body.
    pub at: u64,
    /// What stands there.
    pub bytes: Vec<u8>,
}

/// A chunk on its way to the recording. It is copied only if something in it is hidden.
#[derive(Debug)]
pub(super) struct Sheet<'a> {
    start: u64,
    plain: &'a Bytes,
    masked: Option<Vec<u8>>,
    corrections: Vec<Correction>,
    hidden: Hidden,
}

impl Unit {
    /// A character that stands for itself.
    pub(super) fn plain(byte: u8, at: u64) -> Self {
        let mut raw = [0; LONGEST_TWICE];
        let [first, ..] = &mut raw;
        *first = byte;
        Self { byte, at, raw, offsets: [0; LONGEST_TWICE], length: 1 }
    }

    /// The character `byte`, spelled by `spelling` at `at`; `None` if that is too long.
    pub(super) fn spelled(byte: u8, spelling: &[u8], at: u64) -> Option<Self> {
        let mut raw = [0; LONGEST_TWICE];
        raw.get_mut(..spelling.len())?.copy_from_slice(spelling);
        let offsets = std::array::from_fn(|index| index as u32);
        Some(Self { byte, at, raw, offsets, length: spelling.len() as u8 })
    }

    /// The character `byte`, spelled by these units; `None` if they are too long, or too far apart.
    pub(super) fn of_units(byte: u8, units: &[Self]) -> Option<Self> {
        let at = units.first()?.at;
        let mut whole = Self { length: 0, ..Self::plain(byte, at) };
        for (place, raw) in units.iter().flat_map(Self::places) {
            let index = usize::from(whole.length);
            *whole.raw.get_mut(index)? = raw;
            *whole.offsets.get_mut(index)? = u32::try_from(place.checked_sub(at)?).ok()?;
            whole.length += 1;
        }
        Some(whole)
    }

    /// Whether it is spelled by an escape.
    pub(super) fn is_spelled(&self) -> bool {
        self.length > 1
    }

    /// The bytes that spell it, each with where it stands.
    fn places(&self) -> impl Iterator<Item = (u64, u8)> {
        let offsets = self.offsets.iter().map(|offset| self.at + u64::from(*offset));
        offsets.zip(self.raw).take(usize::from(self.length))
    }
}

impl<'a> Sheet<'a> {
    /// The chunk `plain`, which begins at the offset `start` of its body.
    pub(super) fn new(start: u64, plain: &'a Bytes) -> Self {
        Self { start, plain, masked: None, corrections: Vec::new(), hidden: Hidden::default() }
    }

    /// Notes that a secret begins, of which this is the first character to be hidden.
    pub(super) fn note(&mut self, unit: &Unit, own: bool) {
        self.hidden.note(unit.at, own);
    }

    /// What has been noted.
    pub(super) fn hidden(&self) -> Hidden {
        self.hidden
    }

    /// Hides a character.
    pub(super) fn hide(&mut self, unit: &Unit) {
        for (at, _) in unit.places() {
            self.set(at, HIDDEN);
        }
    }

    /// Shows a character that was hidden.
    pub(super) fn show(&mut self, unit: &Unit) {
        for (at, byte) in unit.places() {
            self.set(at, byte);
        }
    }

    /// The bytes to be written, and what has to be written anew before them.
    pub(super) fn finish(self) -> (Bytes, Vec<Correction>) {
        (self.masked.map_or_else(|| self.plain.clone(), Bytes::from), self.corrections)
    }

    fn set(&mut self, at: u64, byte: u8) {
        if let Some(index) = at.checked_sub(self.start) {
            let masked = self.masked.get_or_insert_with(|| self.plain.to_vec());
            if let Some(place) = usize::try_from(index).ok().and_then(|index| masked.get_mut(index)) {
                *place = byte;
            }
            return;
        }
        match self.corrections.last_mut() {
            Some(last) if last.at + last.bytes.len() as u64 == at => last.bytes.push(byte),
            _ => self.corrections.push(Correction { at, bytes: vec![byte] }),
        }
    }
}
