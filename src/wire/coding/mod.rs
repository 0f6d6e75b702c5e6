//! Content codings, undone for reading only: what is recorded and passed on stays coded.
//!
//! [`Decoder::push`] gives what each piece of a coded body holds as soon as it is there, so that an event
//! can be told from the chunk that completed it, and a body that was cut is read as far as it goes.
//! gzip's checksum is verified, zstd's is not. A name that is no known coding is passed over, as the SDKs'
//! HTTP libraries do (httpx, undici): `none` and `utf-8` mean nothing to anybody.
//!
//! Sources: RFC 9110 §8.4; RFC 1950–1952 (deflate, gzip), RFC 7932 (br), RFC 8878 (zstd).

mod inflate;
mod zstd;

use std::borrow::Cow;
use std::io::Write;

use crate::exchange::head::Headers;
use inflate::Inflate;

/// How much is decoded by default: 64 MiB.
pub const DEFAULT_CAP: usize = 64 * 1024 * 1024;

/// A content coding that can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// `gzip`, `x-gzip`
    Gzip,
    /// `deflate`: zlib by the standard, raw deflate from some servers.
    Deflate,
    /// `br`
    Brotli,
    /// `zstd`
    Zstd,
}

/// Why decoding stopped before the end of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The bytes are not what the coding says.
    Corrupt {
        /// The coding.
        coding: Coding,
        /// How many bytes of the body were given before, at most.
        at: u64,
    },
    /// The cap was reached.
    Capped,
}

/// A body, decoded as far as it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Why they end early, if known. A body that was merely cut has no problem of its own.
    pub problem: Option<Problem>,
}

/// An incremental decoder of one body.
pub struct Decoder {
    stages: Vec<Stage>,
    cap: usize,
    given: u64,
    read: u64,
    produced: usize,
    problem: Option<Problem>,
}

struct Stage {
    coding: Coding,
    kind: Kind,
    /// How many of the bytes it took last it has not read, where it stopped at them.
    left: usize,
}

enum Kind {
    Inflate(Box<Inflate>),
    /// Which of its two forms a deflate body has is told by its first two bytes.
    Undecided(Vec<u8>),
    Brotli(Box<brotli_decompressor::DecompressorWriter<Vec<u8>>>),
    Zstd(Box<zstd::Decoder>),
}

/// Why a stage stopped.
#[derive(Debug, Clone, Copy)]
enum Stop {
    /// The bytes are not what the coding says.
    Corrupt,
    /// It has given more than there is room for.
    Full,
}

impl Coding {
    /// The coding of that name, compared without case. `identity` is none.
    pub fn parse(name: &str) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("gzip") || is("x-gzip") {
            Some(Self::Gzip)
        } else if is("deflate") {
            Some(Self::Deflate)
        } else if is("br") {
            Some(Self::Brotli)
        } else if is("zstd") {
            Some(Self::Zstd)
        } else {
            None
        }
    }

    /// Whether a value of `content-encoding` names a coding that is known.
    pub fn is_in(value: &[u8]) -> bool {
        String::from_utf8_lossy(value).split(',').any(|name| Self::parse(name.trim()).is_some())
    }

    /// The name in `content-encoding`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

impl Decoder {
    /// A decoder for what `content-encoding` says; with [`DEFAULT_CAP`].
    pub fn for_headers(headers: &Headers) -> Self {
        Self::with_cap(headers, DEFAULT_CAP)
    }

    /// A decoder for what `content-encoding` says, that gives at most `cap` bytes.
    pub fn with_cap(headers: &Headers, cap: usize) -> Self {
        let mut stages: Vec<Stage> =
            names(headers).iter().filter_map(|name| Coding::parse(name)).map(Stage::new).collect();
        // The last coding applied stands last and is undone first.
        stages.reverse();
        Self { stages, cap, given: 0, read: 0, produced: 0, problem: None }
    }

    /// Whether the body is in any coding that is known.
    pub fn is_coded(&self) -> bool {
        !self.stages.is_empty()
    }

    /// All that this many first bytes of the body hold has been given; what comes after may be held back.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Why decoding stopped, if it did.
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// Decodes the next piece and appends to `out` what it yields. After a problem it yields nothing.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        self.given += piece.len() as u64;
        self.run(piece, false, out);
    }

    /// Appends to `out` what is still held back, because no more will come.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.run(&[], true, out);
    }

    fn run(&mut self, piece: &[u8], last: bool, out: &mut Vec<u8>) {
        if self.problem.is_some() {
            return;
        }
        let mut bytes = Cow::Borrowed(piece);
        let room = self.cap - self.produced;
        for stage in &mut self.stages {
            let mut next = Vec::new();
            let mut end = stage.push(&bytes, room, &mut next);
            if last && end.is_ok() {
                end = stage.finish(room, &mut next);
            }
            if let (Err(stop), None) = (end, &self.problem) {
                self.problem = Some(match stop {
                    Stop::Full => Problem::Capped,
                    Stop::Corrupt => Problem::Corrupt { coding: stage.coding, at: self.given },
                });
            }
            bytes = Cow::Owned(next);
        }
        let kept = bytes.get(..room).unwrap_or(&bytes);
        if kept.len() < bytes.len() {
            self.problem = Some(Problem::Capped);
        }
        self.produced += kept.len();
        out.extend_from_slice(kept);
        let mut left = self.stages.iter().map(Stage::left);
        let outer = left.next().unwrap_or_default();
        if self.problem != Some(Problem::Capped) && left.all(|inner| inner == 0) {
            self.read = self.given.saturating_sub(outer as u64);
        }
    }
}

/// The codings that `content-encoding` names and nobody knows: they are passed over.
pub fn unknown(headers: &Headers) -> Vec<String> {
    names(headers).into_iter().filter(|name| Coding::parse(name).is_none()).collect()
}

/// What `content-encoding` names, but for `identity`, in the order the codings were applied.
fn names(headers: &Headers) -> Vec<String> {
    let names = |value: &[u8]| {
        let text = String::from_utf8_lossy(value).into_owned();
        let named = |name: &&str| !name.is_empty() && !name.eq_ignore_ascii_case("identity");
        text.split(',').map(str::trim).filter(named).map(str::to_owned).collect::<Vec<_>>()
    };
    headers.all("content-encoding").flat_map(|value| names(value)).collect()
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let codings: Vec<&str> = self.stages.iter().map(|stage| stage.coding.as_str()).collect();
        f.debug_struct("Decoder")
            .field("codings", &codings)
            .field("given", &self.given)
            .field("produced", &self.produced)
            .field("problem", &self.problem)
            .finish_non_exhaustive()
    }
}

/// Decodes a body whose head is `headers`, up to `cap` bytes.
pub fn decode(headers: &Headers, body: &[u8], cap: usize) -> Decoded {
    let mut decoder = Decoder::with_cap(headers, cap);
    let mut bytes = Vec::new();
    // Small steps keep what one step can blow up to within bounds.
    for piece in body.chunks(STEP) {
        decoder.push(piece, &mut bytes);
    }
    decoder.finish(&mut bytes);
    Decoded { bytes, problem: decoder.problem }
}

/// How much of a coded body is decoded in one step.
const STEP: usize = 4096;

impl Stage {
    fn new(coding: Coding) -> Self {
        let kind = match coding {
            Coding::Gzip => Kind::Inflate(Box::new(Inflate::gzip())),
            Coding::Deflate => Kind::Undecided(Vec::new()),
            Coding::Brotli => {
                Kind::Brotli(Box::new(brotli_decompressor::DecompressorWriter::new(Vec::new(), STEP)))
            }
            Coding::Zstd => Kind::Zstd(Box::default()),
        };
        Self { coding, kind, left: 0 }
    }

    /// How many of the last bytes it took have given nothing yet.
    fn left(&self) -> usize {
        self.left
            + match &self.kind {
                Kind::Inflate(decoder) => decoder.left(),
                Kind::Undecided(start) => start.len(),
                Kind::Brotli(_) => 0,
                Kind::Zstd(decoder) => decoder.left(),
            }
    }

    /// Decodes `piece`; stops soon after `room` bytes. What was decoded before corrupt bytes is given too.
    fn push(&mut self, piece: &[u8], room: usize, out: &mut Vec<u8>) -> Result<(), Stop> {
        if let Kind::Undecided(start) = &mut self.kind {
            start.extend_from_slice(piece);
            let [first, second, ..] = start[..] else {
                return Ok(());
            };
            let start = std::mem::take(start);
            // RFC 1950: the method is 8, and the two bytes as a number are a multiple of 31.
            let zlib = first & 0x0f == 8 && (u16::from(first) << 8 | u16::from(second)) % 31 == 0;
            self.kind = Kind::Inflate(Box::new(Inflate::deflate(zlib)));
            return self.push(&start, room, out);
        }
        self.left = piece.len();
        for step in piece.chunks(STEP) {
            match &mut self.kind {
                Kind::Undecided(_) => {}
                Kind::Inflate(decoder) => {
                    // It says itself what it has not read of a step.
                    self.left -= step.len();
                    decoder.push(step, room, out)?;
                }
                Kind::Brotli(decoder) => {
                    unbrotli(decoder, step, out)?;
                    self.left -= step.len();
                }
                Kind::Zstd(decoder) => {
                    self.left -= step.len();
                    decoder.push(step, room, out)?;
                }
            }
            if out.len() > room {
                return Err(Stop::Full);
            }
        }
        Ok(())
    }

    fn finish(&mut self, room: usize, out: &mut Vec<u8>) -> Result<(), Stop> {
        match &mut self.kind {
            Kind::Zstd(decoder) => decoder.finish(room, out),
            _ => Ok(()),
        }
    }
}

/// Writes `step` to a brotli decoder and takes what it has put out.
fn unbrotli(
    decoder: &mut brotli_decompressor::DecompressorWriter<Vec<u8>>,
    step: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Stop> {
    let mut rest = step;
    let mut end = Ok(());
    while !rest.is_empty() {
        match decoder.write(rest) {
            // The coded data is over; what follows is not part of it.
            Ok(0) => break,
            Ok(taken) => rest = rest.get(taken..).unwrap_or_default(),
            Err(_) => {
                end = Err(Stop::Corrupt);
                break;
            }
        }
    }
    out.append(decoder.get_mut());
    end
}
