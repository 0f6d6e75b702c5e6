//! Compressed messages of a WebSocket (RFC 7692), decompressed as they come.

use flate2::{Decompress, FlushDecompress, Status};

/// How much is given at once.
const STEP: usize = 16 << 10;

/// No message gives more: 64 MiB.
const MOST: u64 = 64 << 20;

/// What a sender leaves out at the end of each message. RFC 7692 §7.2.2.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// The compressed messages of one direction, one after another. What one holds may refer to those before it.
#[derive(Debug)]
pub struct Inflater {
    engine: Decompress,
    /// How much the current message has given.
    given: u64,
}

/// The bytes are not compressed, or give too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message is not compressed as RFC 7692 says, or gives more than 64 MiB")]
pub struct NotDeflate;

impl Default for Inflater {
    fn default() -> Self {
        Self { engine: Decompress::new(false), given: 0 }
    }
}

impl Inflater {
    /// Gives to `sink` what the next bytes of the current message hold.
    ///
    /// # Errors
    /// [`NotDeflate`]; nothing can be read after that.
    pub fn push(&mut self, mut piece: &[u8], mut sink: impl FnMut(Vec<u8>)) -> Result<(), NotDeflate> {
        loop {
            let mut out = Vec::with_capacity(STEP);
            let before = self.engine.total_in();
            let status = self.engine.decompress_vec(piece, &mut out, FlushDecompress::None);
            let used = usize::try_from(self.engine.total_in() - before).unwrap_or(usize::MAX);
            piece = piece.get(used..).unwrap_or_default();
            let is_idle = used == 0 && out.is_empty();
            self.given += out.len() as u64;
            if !out.is_empty() {
                sink(out);
            }
            match status {
                Err(_) => return Err(NotDeflate),
                Ok(_) if self.given > MOST => return Err(NotDeflate),
                // A sender may end a message with a last block: the next begins anew. RFC 7692 §7.2.3.4.
                Ok(Status::StreamEnd) => self.engine.reset(false),
                Ok(Status::Ok | Status::BufError) if is_idle => return Ok(()),
                Ok(Status::Ok | Status::BufError) => {}
            }
        }
    }

    /// The current message ends: gives to `sink` what of it is left.
    ///
    /// # Errors
    /// The same.
    pub fn end_message(&mut self, sink: impl FnMut(Vec<u8>)) -> Result<(), NotDeflate> {
        self.push(&TAIL, sink)?;
        self.given = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inflater: &mut Inflater, message: &[u8], step: usize) -> Result<Vec<u8>, NotDeflate> {
        let mut out = Vec::new();
        for piece in message.chunks(step) {
            inflater.push(piece, |given| out.extend(given))?;
        }
        inflater.end_message(|given| out.extend(given))?;
        Ok(out)
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        // RFC 7692 §7.2.3: one block; sharing the window; no compression; a last block; two blocks.
        let one = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
        let cases: [&[&[u8]]; 5] = [
            &[one],
            &[one, b"\xf2\x00\x11\x00\x00"],
            &[b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"],
            &[b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", one],
            &[b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"],
        ];
        for messages in cases {
            for step in [1, 3, 100] {
                let mut inflater = Inflater::default();
                for message in messages {
                    assert_eq!(read(&mut inflater, message, step).unwrap(), b"Hello", "{messages:x?}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_compressed_and_what_never_ends_is_told() {
        assert_eq!(read(&mut Inflater::default(), b"\x07 plain", 3), Err(NotDeflate));
        let mut bomb = flate2::Compress::new(flate2::Compression::best(), false);
        let mut coded = Vec::with_capacity(1 << 20);
        let zeros = vec![0; 70 << 20];
        bomb.compress_vec(&zeros, &mut coded, flate2::FlushCompress::Sync).unwrap();
        assert_eq!(Inflater::default().push(&coded, drop), Err(NotDeflate));
    }
}
