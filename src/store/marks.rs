//! Marks as a blob: three or four variable-length integers (LEB128) a chunk.
//!
//! For each chunk: four times its length, and two more where the size of its HTTP/1 chunk is written in capitals, and
//! one more where that goes on after it; the microseconds from the chunk before (the first: from the start of the exchange) to its own reading; one more than the
//! microseconds from reading to being taken, or 0 where it was not taken; and, where its HTTP/1 chunk goes on,
//! how many bytes of that were yet to come.

use crate::exchange::body::{Mark, Rest};
use crate::exchange::time::Micros;

/// The blob for `marks`.
pub(super) fn encode(marks: &[Mark]) -> Vec<u8> {
    let mut blob = Vec::with_capacity(marks.len() * 6);
    let mut before = 0;
    for mark in marks {
        let rest = mark.rest;
        put(
            &mut blob,
            u64::from(mark.length) << 2 | u64::from(rest.capitals) << 1 | u64::from(rest.bytes > 0),
        );
        put(&mut blob, mark.read.0.saturating_sub(before));
        before = mark.read.0;
        put(&mut blob, mark.taken.map_or(0, |taken| taken.since(mark.read).0 + 1));
        if rest.bytes > 0 {
            put(&mut blob, u64::from(rest.bytes));
        }
    }
    blob
}

/// The marks in `blob`; stops at the first that is damaged.
pub(super) fn decode(mut blob: &[u8]) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut before = 0_u64;
    while let (Some(length), Some(gap), Some(taken)) = (take(&mut blob), take(&mut blob), take(&mut blob)) {
        let rest = if length & 1 == 1 { take(&mut blob) } else { Some(0) };
        let Some(bytes) = rest else { break };
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let read = before.saturating_add(gap);
        before = read;
        marks.push(Mark {
            length: u32::try_from(length >> 2).unwrap_or(u32::MAX),
            read: Micros(read),
            taken: taken.checked_sub(1).map(|delay| Micros(read.saturating_add(delay))),
            rest: Rest { bytes, capitals: length & 2 == 2 },
        });
    }
    marks
}

fn put(blob: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        blob.push(number as u8 | 0x80);
        number >>= 7;
    }
    blob.push(number as u8);
}

fn take(blob: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = blob.split_first()?;
        *blob = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_goes_in_comes_out(raw in prop::collection::vec(
            (1_u32.., 0_u64..1 << 40, prop::option::of(0_u64..1 << 40), prop_oneof![Just(0), any::<u32>()]), 0..40,
        )) {
            let mut at = 0;
            let marks: Vec<Mark> = raw
                .into_iter()
                .map(|(length, gap, taken, bytes)| {
                    let rest = Rest { bytes, capitals: bytes & 1 == 1 };
                    at += gap;
                    Mark { length, read: Micros(at), taken: taken.map(|delay| Micros(at + delay)), rest }
                })
                .collect();
            prop_assert_eq!(decode(&encode(&marks)), marks);
        }

        #[test]
        fn any_bytes_are_read_without_panic(blob in prop::collection::vec(any::<u8>(), 0..200)) {
            decode(&blob);
        }
    }
}
