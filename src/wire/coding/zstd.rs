//! zstd, with all that the complete blocks hold given at once.
//!
//! The decoder below keeps a whole window back until its frame ends, which for a stream is mostly
//! everything. So the frame is closed after the last complete block with an empty one of our own, and
//! decoded anew from its start when more has come. While the body is small that is done for every piece;
//! a large one is taken in steps that grow with it, so that the work stays in proportion.

use super::Stop;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Up to this much coded body, every piece is decoded as it comes.
const EAGER: usize = 64 * 1024;
/// Beyond it, a piece is decoded once the body has grown by one part in this many.
const GROWTH: usize = 16;
/// An empty last block, and room for a checksum, which is not verified.
const CLOSING: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];
const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
/// RFC 9659 §3: over HTTP no window is larger than 8 MiB.
const LARGEST_WINDOW: u64 = 8 * 1024 * 1024;
/// RFC 8878 §3.1.1: at most 4 bytes of magic number and 14 of header.
const LONGEST_HEADER: usize = 18;

/// An incremental decoder of a row of frames.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The coded bytes since the start of the current frame.
    frame: Vec<u8>,
    /// Decoded bytes of the current frame that were given already.
    given: usize,
    /// The length of `frame` when it was last decoded.
    decoded_at: usize,
    /// How much of `frame` its complete blocks were when it was last decoded.
    read: usize,
}

impl Decoder {
    /// Appends to `out` what `piece` completes; stops soon after `room` bytes.
    pub(super) fn push(&mut self, piece: &[u8], room: usize, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.frame.extend_from_slice(piece);
        let grown = self.frame.len() - self.decoded_at.min(self.frame.len());
        if self.frame.len() > EAGER && grown < self.decoded_at / GROWTH {
            return Ok(());
        }
        self.decode(room, out)
    }

    /// How many of the last bytes have given nothing yet: their block is not complete, or was left for later.
    pub(super) fn left(&self) -> usize {
        self.frame.len().saturating_sub(self.read)
    }

    /// Appends to `out` what complete blocks are still held back.
    pub(super) fn finish(&mut self, room: usize, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.decode(room, out)
    }

    fn decode(&mut self, room: usize, out: &mut Vec<u8>) -> Result<(), Stop> {
        loop {
            self.decoded_at = self.frame.len();
            self.read = 0;
            if let Some(length) = skippable(&self.frame) {
                if self.frame.len() < length {
                    return Ok(());
                }
                self.frame.drain(..length);
                continue;
            }
            let frame = Frame::decode(&self.frame, self.given.saturating_add(room))?;
            let fresh = frame.bytes.get(self.given..).unwrap_or_default();
            out.extend_from_slice(fresh);
            self.given += fresh.len();
            if frame.corrupt {
                return Err(Stop::Corrupt);
            }
            self.read = frame.read;
            match frame.length {
                Some(length) if length > 0 => {
                    self.frame.drain(..length.min(self.frame.len()));
                    self.given = 0;
                    self.read = 0;
                }
                _ => return Ok(()),
            }
            if self.frame.is_empty() {
                self.decoded_at = 0;
                return Ok(());
            }
        }
    }
}

/// What one pass over a frame gave.
struct Frame {
    bytes: Vec<u8>,
    /// How long its complete blocks are, with its header.
    read: usize,
    /// The frame's coded length, once it is whole.
    length: Option<usize>,
    /// A block is not what its header says.
    corrupt: bool,
}

impl Frame {
    fn decode(source: &[u8], cap: usize) -> Result<Self, Stop> {
        let waiting = Self { bytes: Vec::new(), read: 0, length: None, corrupt: false };
        if !source.starts_with(&MAGIC) {
            return if source.len() < MAGIC.len() && MAGIC.starts_with(source) || may_be_skippable(source) {
                Ok(waiting)
            } else {
                Err(Stop::Corrupt)
            };
        }
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(LARGEST_WINDOW);
        let mut rest = source;
        if decoder.init(&mut rest).is_err() {
            return if source.len() < LONGEST_HEADER { Ok(waiting) } else { Err(Stop::Corrupt) };
        }
        // RFC 8878 §3.1.1.1.1: the third bit of the descriptor tells of a checksum.
        let checksum = if source.get(4).is_some_and(|descriptor| descriptor & 4 != 0) { 4 } else { 0 };
        let mut bytes = Vec::new();
        let mut last = false;
        let mut corrupt = false;
        while !last
            && !corrupt
            && bytes.len() <= cap
            && let Some((length, is_last)) = block(rest)
        {
            last = is_last;
            let (block, tail) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            let source = std::io::Read::chain(block, [0_u8; 4].as_slice());
            corrupt = decoder.decode_blocks(source, BlockDecodingStrategy::UptoBlocks(1)).is_err();
            rest = tail;
            bytes.extend(decoder.collect().unwrap_or_default());
        }
        if !last || corrupt {
            corrupt |=
                decoder.decode_blocks(CLOSING.as_slice(), BlockDecodingStrategy::UptoBlocks(1)).is_err();
            bytes.extend(decoder.collect().unwrap_or_default());
        }
        let length = (last && rest.len() >= checksum).then(|| source.len() - rest.len() + checksum);
        Ok(Self { bytes, read: source.len() - rest.len(), length, corrupt })
    }
}

/// The coded length of the block that begins `source`, if it is all there, and whether it is the last.
fn block(source: &[u8]) -> Option<(usize, bool)> {
    let header = source.first_chunk::<3>()?;
    let header = u32::from_le_bytes([header[0], header[1], header[2], 0]);
    let size = (header >> 3) as usize;
    // RFC 8878 §3.1.1.2.2: a run holds one byte, whatever its size.
    let content = if header >> 1 & 3 == 1 { 1 } else { size };
    let length = 3 + content;
    (source.len() >= length).then_some((length, header & 1 == 1))
}

/// The length of the skippable frame that begins `source`.
fn skippable(source: &[u8]) -> Option<usize> {
    let head = source.first_chunk::<8>()?;
    may_be_skippable(head).then(|| {
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        8 + size as usize
    })
}

fn may_be_skippable(source: &[u8]) -> bool {
    const REST: [u8; 3] = [0x2a, 0x4d, 0x18];
    let (Some(first), rest) = (source.first(), source.get(1..).unwrap_or_default()) else {
        return true;
    };
    let seen = rest.len().min(REST.len());
    first & 0xf0 == 0x50 && rest.get(..seen) == REST.get(..seen)
}
