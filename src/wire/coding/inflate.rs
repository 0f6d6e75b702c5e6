//! gzip and deflate, with what stood before corrupt bytes given.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::Stop;

/// How much room is made for each step of the output.
const STEP: usize = 16 * 1024;
/// A gzip header holds names of any length; longer than this it is none.
const LONGEST_HEADER: usize = 64 * 1024;

/// An incremental decoder of gzip members, a zlib stream, or raw deflate.
pub(super) struct Inflate {
    gzip: bool,
    engine: Decompress,
    crc: Crc,
    state: State,
    /// Whether a member has ended, so that bytes of another kind may follow, and are overlooked.
    ended: bool,
    /// How many of the last bytes are not read.
    left: usize,
}

enum State {
    /// In a gzip header, of which these bytes are there.
    Header(Vec<u8>),
    /// In the deflated data.
    Data,
    /// In a gzip trailer, of which these bytes are there.
    Trailer(Vec<u8>),
    /// Past the end.
    Over,
}

impl Inflate {
    /// A decoder of a row of gzip members.
    pub(super) fn gzip() -> Self {
        Self { gzip: true, ..Self::with(State::Header(Vec::new()), false) }
    }

    /// A decoder of a zlib stream, or of raw deflate.
    pub(super) fn deflate(zlib: bool) -> Self {
        Self::with(State::Data, zlib)
    }

    fn with(state: State, zlib: bool) -> Self {
        Self { gzip: false, engine: Decompress::new(zlib), crc: Crc::new(), state, ended: false, left: 0 }
    }

    /// How many of the bytes that were pushed last have given nothing: more has to come, or they are corrupt.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// Appends to `out` what `piece` yields; stops soon after `room` bytes.
    pub(super) fn push(&mut self, piece: &[u8], room: usize, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.left = piece.len();
        while self.left > 0 {
            let rest = piece.get(piece.len() - self.left..).unwrap_or_default();
            let used = match &mut self.state {
                State::Over => rest.len(),
                State::Data => self.inflate(rest, room, out)?,
                State::Header(bytes) => {
                    let before = bytes.len();
                    bytes.extend_from_slice(rest);
                    match header_length(bytes) {
                        Ok(Some(length)) => {
                            self.engine.reset(false);
                            self.crc.reset();
                            self.state = State::Data;
                            length - before
                        }
                        Ok(None) if bytes.len() > LONGEST_HEADER => return Err(Stop::Corrupt),
                        Ok(None) => {
                            self.left = bytes.len();
                            return Ok(());
                        }
                        Err(_) if self.ended => {
                            self.state = State::Over;
                            rest.len()
                        }
                        Err(stop) => return Err(stop),
                    }
                }
                State::Trailer(bytes) => {
                    let wanted = (8 - bytes.len()).min(rest.len());
                    bytes.extend_from_slice(rest.get(..wanted).unwrap_or_default());
                    if let Some(trailer) = bytes.first_chunk::<8>() {
                        let [a, b, c, d, ..] = *trailer;
                        let expected = u32::from_le_bytes([a, b, c, d]);
                        self.ended = true;
                        self.state = State::Header(Vec::new());
                        if expected != self.crc.sum() {
                            // All before it was given.
                            self.left -= wanted;
                            return Err(Stop::Corrupt);
                        }
                    }
                    wanted
                }
            };
            self.left -= used.min(self.left);
        }
        Ok(())
    }

    /// Inflates until the data ends or nothing more comes of `input`; says how much of it was used.
    fn inflate(&mut self, input: &[u8], room: usize, out: &mut Vec<u8>) -> Result<usize, Stop> {
        let start = self.engine.total_in();
        loop {
            let used = (self.engine.total_in() - start) as usize;
            let rest = input.get(used..).unwrap_or_default();
            let (taken, given) = (self.engine.total_in(), out.len());
            out.reserve(STEP);
            let status = self.engine.decompress_vec(rest, out, FlushDecompress::None);
            self.crc.update(out.get(given..).unwrap_or_default());
            if out.len() > room {
                return Err(Stop::Full);
            }
            let used = (self.engine.total_in() - start) as usize;
            match status {
                Err(_) => return Err(Stop::Corrupt),
                Ok(Status::StreamEnd) => {
                    self.state = if self.gzip { State::Trailer(Vec::new()) } else { State::Over };
                    return Ok(used);
                }
                Ok(Status::Ok | Status::BufError) => {
                    let idle = self.engine.total_in() == taken && out.len() == given;
                    if idle {
                        // Without progress, and with room left, the input is used up.
                        return Ok(input.len());
                    }
                }
            }
        }
    }
}

/// The length of the gzip header that begins `bytes`, once it is all there. RFC 1952 §2.3.
fn header_length(bytes: &[u8]) -> Result<Option<usize>, Stop> {
    const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
    const HEADER_CRC: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let seen = bytes.len().min(MAGIC.len());
    if bytes.get(..seen) != MAGIC.get(..seen) {
        return Err(Stop::Corrupt);
    }
    let (Some(flags), Some(_)) = (bytes.get(3), bytes.get(9)) else {
        return Ok(None);
    };
    let mut length = 10;
    if flags & EXTRA != 0 {
        let Some([low, high]) = bytes.get(length..).and_then(|rest| rest.first_chunk()) else {
            return Ok(None);
        };
        length += 2 + usize::from(u16::from_le_bytes([*low, *high]));
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let rest = bytes.get(length..).unwrap_or_default();
            let Some(zero) = memchr::memchr(0, rest) else {
                return Ok(None);
            };
            length += zero + 1;
        }
    }
    if flags & HEADER_CRC != 0 {
        length += 2;
    }
    Ok((length <= bytes.len()).then_some(length))
}
