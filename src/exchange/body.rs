//! Bodies: the raw bytes and, for each chunk, when it was read and when it was taken.

use super::time::Micros;
use std::ops::Range;

/// Which of the two bodies of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// From the app to the gateway.
    Request,
    /// From the gateway to the app.
    Response,
    /// From the gateway to a fault that altered it on its way to the app.
    Origin,
}

/// One chunk: what one read returned, and its times on both hops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The chunk's length in bytes.
    pub length: u32,
    /// When it was read from the socket it came from.
    pub read: Micros,
    /// When the socket it went to had taken all of it; `None` if it did not, or was not seen to.
    pub taken: Option<Micros>,
    /// What was yet to come of its HTTP/1 chunk.
    pub rest: Rest,
}

/// What was yet to come of an HTTP/1 chunk after a part of it was read, and how its size is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rest {
    /// So many bytes: 0 where the part ends its chunk, or there are no such chunks. Another begins after it then.
    pub bytes: u32,
    /// The digits of the size that are letters are capitals.
    pub capitals: bool,
}

/// The bytes of one body with their marks, as far as the recording holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// The bytes that are kept, in order.
    pub bytes: Vec<u8>,
    /// One mark a chunk; their lengths add up to what passed.
    pub marks: Vec<Mark>,
    /// Where bytes are missing, if some are.
    pub cut: Option<Cut>,
}

/// What was hidden in a body before it was written down. Where the body is coded, its decoded bytes are meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hidden {
    /// How many secrets there were.
    pub count: u64,
    /// How many of them the request carried as its own credential.
    pub own: u64,
    /// The offset of the first hidden byte.
    pub first: Option<u64>,
}

/// The part of a body that is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The offset of the first byte that is missing.
    pub at: u64,
    /// How many bytes are kept from after the gap.
    pub tail: u64,
}

impl Hidden {
    /// One more secret, whose first hidden byte is at `offset`; `own` if the request carried it.
    pub fn note(&mut self, offset: u64, own: bool) {
        self.count += 1;
        self.own += u64::from(own);
        self.first = Some(self.first.map_or(offset, |first| first.min(offset)));
    }

    /// All that `other` has, too.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.own += other.own;
        self.first = self.first.into_iter().chain(other.first).min();
    }
}

impl Side {
    /// The word in SQL, JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
            Self::Origin => "origin",
        }
    }
}

impl Body {
    /// How many bytes passed, those included that are not kept.
    pub fn passed(&self) -> u64 {
        self.marks.iter().map(|mark| u64::from(mark.length)).sum()
    }

    /// The offsets of the bytes that are not kept; empty where all are.
    pub fn gap(&self) -> Range<u64> {
        let passed = self.passed();
        self.cut.map_or(passed..passed, |cut| cut.at..passed.saturating_sub(cut.tail).max(cut.at))
    }

    /// The index of the chunk that holds the byte at `offset`.
    pub fn chunk_at(&self, offset: usize) -> Option<usize> {
        let mut end = 0_usize;
        self.marks.iter().position(|mark| {
            end += mark.length as usize;
            offset < end
        })
    }

    /// The chunks as slices, each with its mark. A chunk that is not kept is an empty slice.
    pub fn chunks(&self) -> impl Iterator<Item = (&[u8], Mark)> {
        let gap = self.gap();
        let mut start = 0_u64;
        self.marks.iter().map(move |mark| {
            let end = start + u64::from(mark.length);
            let kept = |at: u64| {
                usize::try_from(at.min(gap.start) + at.saturating_sub(gap.end)).unwrap_or(usize::MAX)
            };
            let slice = self.bytes.get(kept(start)..kept(end)).unwrap_or_default();
            start = end;
            (slice, *mark)
        })
    }
}

/// Puts what of `new`, which belongs at the offset `at` of a body, lies in `bytes`, which begin at `start`, in its place.
pub fn overlay(bytes: &mut [u8], start: u64, at: u64, new: &[u8]) {
    for (offset, byte) in (at..).zip(new) {
        let index = offset.checked_sub(start).and_then(|index| usize::try_from(index).ok());
        if let Some(place) = index.and_then(|index| bytes.get_mut(index)) {
            *place = *byte;
        }
    }
}
