//! The bytes of a body, as they come.

use super::head::is_token;
use super::{Framing, Problem};
use crate::exchange::body::Rest;
use std::ops::Range;

/// Trailers, or a chunk's extension, longer than this are not read.
const LINE_LIMIT: usize = 16 << 10;

/// Follows a body through the bytes of a connection: which of them are data, and where it ends.
///
/// Strict, it takes nothing that another reader could take for something else. Kind, it goes on whatever
/// comes: what it cannot follow any more has its end where the connection has.
#[derive(Debug, Clone)]
pub struct BodyReader {
    state: State,
    strict: bool,
    /// The bytes of the extension or of the trailers so far.
    line: Vec<u8>,
    /// The size of this chunk is written in capitals.
    capitals: bool,
    lost: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Length(u64),
    UntilClose,
    /// A chunk's size, of which so many digits are read.
    Size {
        value: u64,
        digits: u8,
    },
    Extension {
        size: u64,
    },
    /// The line feed after a size line.
    SizeEnd {
        size: u64,
    },
    Chunk(u64),
    /// The line end after a chunk's data.
    ChunkEnd {
        carriage_return: bool,
    },
    Trailers,
    Whole,
}

impl BodyReader {
    /// A reader at the start of a request's body: strict.
    pub fn request(framing: Framing) -> Self {
        Self::new(framing, true)
    }

    /// A reader at the start of an answer's body: kind.
    pub fn answer(framing: Framing) -> Self {
        Self::new(framing, false)
    }

    fn new(framing: Framing, strict: bool) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Whole,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size { value: 0, digits: 0 },
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, strict, line: Vec::new(), capitals: false, lost: false }
    }

    /// Whether the body has ended by its framing.
    pub fn is_whole(&self) -> bool {
        self.state == State::Whole
    }

    /// Whether the body is whole if the connection ends here.
    pub fn may_end_here(&self) -> bool {
        self.is_whole() || (self.state == State::UntilClose && !self.lost)
    }

    /// The trailer lines of a body that is whole, as they stood; empty without any.
    pub fn trailers(&self) -> &[u8] {
        &self.line
    }

    /// Takes bytes off the front of `bytes` as far as they belong to the body; says how many. `data` is
    /// called with the place of every piece of data among them, and with what is yet to come of its chunk; no piece
    /// spans two chunks.
    ///
    /// # Errors
    /// Only where it is strict.
    pub fn read(&mut self, bytes: &[u8], mut data: impl FnMut(Range<usize>, Rest)) -> Result<usize, Problem> {
        let mut at = 0;
        while at < bytes.len() && self.state != State::Whole {
            let rest = bytes.get(at..).unwrap_or_default();
            match self.state {
                State::Length(left) | State::Chunk(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    let left = left - here as u64;
                    let is_chunk = matches!(self.state, State::Chunk(_));
                    let bytes = if is_chunk { u32::try_from(left).unwrap_or(u32::MAX) } else { 0 };
                    data(at..at + here, Rest { bytes, capitals: self.capitals });
                    at += here;
                    self.state = self.after_data(left);
                }
                State::UntilClose => {
                    data(at..bytes.len(), Rest::default());
                    at = bytes.len();
                }
                _ => {
                    let Some(&byte) = rest.first() else { break };
                    match self.framing_byte(byte) {
                        Ok(()) => at += 1,
                        Err(problem) if self.strict => return Err(problem),
                        Err(_) => {
                            self.lost = true;
                            self.state = State::UntilClose;
                        }
                    }
                }
            }
        }
        Ok(at)
    }

    fn after_data(&self, left: u64) -> State {
        match (self.state, left) {
            (State::Length(_), 0) => State::Whole,
            (State::Length(_), left) => State::Length(left),
            (_, 0) => State::ChunkEnd { carriage_return: false },
            (_, left) => State::Chunk(left),
        }
    }

    fn framing_byte(&mut self, byte: u8) -> Result<(), Problem> {
        self.state = match (self.state, byte) {
            (State::Size { value, digits }, digit) if digit.is_ascii_hexdigit() => {
                if digits >= 15 {
                    return Err(Problem::ChunkSize);
                }
                self.capitals = digit.is_ascii_uppercase() || self.capitals && digits > 0;
                let digit = char::from(digit).to_digit(16).unwrap_or_default();
                State::Size { value: value << 4 | u64::from(digit), digits: digits + 1 }
            }
            (State::Size { digits: 0, .. }, _) => return Err(Problem::ChunkSize),
            (State::Size { value, .. }, b'\r') => State::SizeEnd { size: value },
            (State::Size { value, .. }, b';') => State::Extension { size: value },
            (State::Size { value, .. }, b' ' | b'\t') if !self.strict => State::Extension { size: value },
            (State::Size { value, .. } | State::Extension { size: value }, b'\n') if !self.strict => {
                self.after_size(value)
            }
            (State::Size { .. }, _) => return Err(Problem::ChunkSize),
            (State::Extension { size }, b'\r') => State::SizeEnd { size },
            (State::Extension { size }, byte) => {
                self.line.push(byte);
                if self.line.len() > LINE_LIMIT || byte < b' ' && byte != b'\t' || byte == 0x7f {
                    return Err(Problem::ChunkExtension);
                }
                State::Extension { size }
            }
            (State::SizeEnd { size }, b'\n') => self.after_size(size),
            (State::SizeEnd { .. }, _) => return Err(Problem::ChunkExtension),
            (State::ChunkEnd { carriage_return: false }, b'\r') => State::ChunkEnd { carriage_return: true },
            (State::ChunkEnd { carriage_return }, b'\n') if carriage_return || !self.strict => {
                State::Size { value: 0, digits: 0 }
            }
            (State::ChunkEnd { .. }, _) => return Err(Problem::ChunkEnd),
            (State::Trailers, byte) => {
                self.line.push(byte);
                if self.line.len() > LINE_LIMIT {
                    return Err(Problem::Trailers);
                }
                if byte == b'\n' { self.trailer_line()? } else { State::Trailers }
            }
            (state, _) => state,
        };
        Ok(())
    }

    fn after_size(&mut self, size: u64) -> State {
        self.line.clear();
        if size == 0 { State::Trailers } else { State::Chunk(size) }
    }

    /// A line of the trailers is whole.
    fn trailer_line(&mut self) -> Result<State, Problem> {
        let before = self.line.strip_suffix(b"\n").unwrap_or_default();
        let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let line = before.get(start..).unwrap_or_default();
        let stripped = line.strip_suffix(b"\r");
        if self.strict && stripped.is_none() {
            return Err(Problem::Trailers);
        }
        let line = stripped.unwrap_or(line);
        if line.is_empty() {
            self.line.truncate(start);
            return Ok(State::Whole);
        }
        if self.strict {
            let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
            let named =
                !name.is_empty() && name.len() < line.len() && name.iter().all(|&byte| is_token(byte));
            let clean = line.iter().all(|&byte| byte >= b' ' && byte != 0x7f || byte == b'\t');
            if !named || !clean {
                return Err(Problem::Trailers);
            }
        }
        Ok(State::Trailers)
    }
}
