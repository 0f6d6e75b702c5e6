//! WebSocket frames (RFC 6455 §5.2), as far as they came.

use crate::exchange::head::Headers;
use std::ops::Range;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Where it stands in the bytes of its direction, header included.
    pub place: Range<usize>,
    /// What it is.
    pub kind: Kind,
    /// It ends its message.
    pub last: bool,
    /// An extension has a say in what the payload means; mostly it is compressed then.
    pub extended: bool,
    /// The payload, unmasked; shorter than `length` where the bytes end inside it.
    pub payload: Vec<u8>,
    /// How long the payload is said to be.
    pub length: u64,
}

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// More of the message before it.
    Continuation,
    /// A message of text.
    Text,
    /// A message of bytes.
    Binary,
    /// The end of the conversation.
    Close,
    /// Are you there?
    Ping,
    /// Here I am.
    Pong,
    /// Nothing that is known.
    Other(u8),
}

impl Frame {
    /// Whether all of its payload is there.
    pub fn is_whole(&self) -> bool {
        self.payload.len() as u64 == self.length
    }
}

impl Kind {
    /// The word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Continuation => "continued",
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Close => "close",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Other(_) => "unknown",
        }
    }

    const fn of(opcode: u8) -> Self {
        match opcode {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            other => Self::Other(other),
        }
    }
}

/// The frames in the bytes of one direction. The last may be cut; bytes that end inside its header are none.
pub fn frames(bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut at = 0;
    while let Some(frame) = frame(bytes, at) {
        at = frame.place.end;
        frames.push(frame);
    }
    frames
}

fn frame(bytes: &[u8], start: usize) -> Option<Frame> {
    let rest = bytes.get(start..)?;
    let [first, second, ..] = *rest else { return None };
    let number = |range: Range<usize>| {
        let digits = rest.get(range)?;
        Some(digits.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte)))
    };
    let (length, after) = match second & 0x7f {
        126 => (number(2..4)?, 4),
        127 => (number(2..10)?, 10),
        short => (u64::from(short), 2),
    };
    let masked = second & 0x80 != 0;
    let body = if masked { after + 4 } else { after };
    let key = if masked { rest.get(after..body)? } else { &[0][..] };
    let here = rest.get(body..)?;
    let taken = usize::try_from(length).unwrap_or(usize::MAX).min(here.len());
    let payload = here.iter().take(taken).zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    Some(Frame {
        place: start..start + body + taken,
        kind: Kind::of(first & 0x0f),
        last: first & 0x80 != 0,
        extended: first & 0x70 != 0,
        payload,
        length,
    })
}

/// The frames of one direction, read as they come in pieces of any size.
#[derive(Debug, Default)]
pub struct Reader {
    /// The bytes of a header that is not whole.
    header: Vec<u8>,
    /// Payload bytes of the current frame that are still to come.
    left: u64,
    key: [u8; 4],
    /// How many bytes of the payload have come.
    at: usize,
}

/// What a piece of one direction brings of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A frame begins: its header is whole.
    Head {
        /// What it is.
        kind: Kind,
        /// It ends its message.
        last: bool,
        /// The three bits that extensions use, the first of them worth 4.
        reserved: u8,
    },
    /// Some of its payload stands here in the piece.
    Payload {
        /// Where.
        place: Range<usize>,
        /// What its bytes are masked with, in a circle from the first one on; all zero where they are not.
        key: [u8; 4],
    },
    /// The frame ends.
    End,
}

impl Reader {
    /// The parts of the next piece.
    pub fn push(&mut self, piece: &[u8]) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut at = 0;
        while at < piece.len() {
            if self.left > 0 {
                let here = usize::try_from(self.left).unwrap_or(usize::MAX).min(piece.len() - at);
                let mut key = self.key;
                key.rotate_left(self.at % 4);
                parts.push(Part::Payload { place: at..at + here, key });
                self.at = (self.at + here) % 4;
                self.left -= here as u64;
                at += here;
            } else {
                self.header.extend(piece.get(at));
                at += 1;
                let Some(head) = self.begin_frame() else { continue };
                parts.push(head);
            }
            if self.left == 0 {
                parts.push(Part::End);
            }
        }
        parts
    }

    /// Begins a frame, if its header is whole.
    fn begin_frame(&mut self) -> Option<Part> {
        let (first, second) = (*self.header.first()?, *self.header.get(1)?);
        let masked = second & 0x80 != 0;
        let lengths = match second & 0x7f {
            126 => 2..4,
            127 => 2..10,
            _ => 1..2,
        };
        let end = lengths.end + if masked { 4 } else { 0 };
        if self.header.len() < end {
            return None;
        }
        let digits = self.header.get(lengths.clone()).unwrap_or_default();
        self.left = match lengths.end {
            2 => u64::from(second & 0x7f),
            _ => digits.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)),
        };
        let key = if masked { self.header.last_chunk() } else { None };
        self.key = key.copied().unwrap_or_default();
        self.at = 0;
        self.header.clear();
        Some(Part::Head { kind: Kind::of(first & 0x0f), last: first & 0x80 != 0, reserved: first >> 4 & 7 })
    }
}

/// Whether a frame may begin with this byte, where extensions use no more than these of its three bits.
pub fn may_begin(byte: u8, extensions: u8) -> bool {
    (byte >> 4 & 7) & !extensions == 0 && !matches!(Kind::of(byte & 0x0f), Kind::Other(_))
}

/// The extensions that an answer's `Sec-WebSocket-Extensions` agree on, without their parameters (RFC 6455 §9.1).
pub fn extensions(headers: &Headers) -> Vec<String> {
    let names = |value: &[u8]| {
        let text = String::from_utf8_lossy(value).to_ascii_lowercase();
        let name = |extension: &str| extension.split(';').next().unwrap_or_default().trim().to_owned();
        text.split(',').map(name).filter(|name| !name.is_empty()).collect::<Vec<_>>()
    };
    headers.all("sec-websocket-extensions").flat_map(|value| names(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard_are_read() {
        // RFC 6455 §5.7.
        let cases: [(&[u8], Kind, bool, &[u8]); 6] = [
            (b"\x81\x05Hello", Kind::Text, true, b"Hello"),
            (b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", Kind::Text, true, b"Hello"),
            (b"\x01\x03Hel", Kind::Text, false, b"Hel"),
            (b"\x80\x02lo", Kind::Continuation, true, b"lo"),
            (b"\x89\x05Hello", Kind::Ping, true, b"Hello"),
            (b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", Kind::Pong, true, b"Hello"),
        ];
        for (bytes, kind, last, payload) in cases {
            let found = frames(bytes);
            let [frame] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!((frame.kind, frame.last, frame.payload.as_slice()), (kind, last, payload));
            assert!(frame.is_whole() && frame.place == (0..bytes.len()), "{frame:?}");
        }
        let long = [&b"\x82\x7e\x01\x00"[..], &[7; 256]].concat();
        assert_eq!((frames(&long)[0].length, frames(&long)[0].is_whole()), (256, true));
        let longer = [&b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"[..], &vec![7; 65536]].concat();
        assert_eq!(frames(&longer)[0].payload.len(), 65536);
    }

    #[test]
    fn whatever_comes_is_read_as_far_as_it_goes() {
        let two = b"\x81\x02hi\x88\x00";
        for end in 0..=two.len() {
            let found = frames(&two[..end]);
            assert_eq!(found.len(), [0, 0, 1, 1, 1, 1, 2][end], "{end}");
            assert_eq!(found.first().is_some_and(Frame::is_whole), end >= 4, "{end}");
        }
        assert_eq!(frames(b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04x")[0].payload, b"y");
        assert!(frames(b"\xc1\x00")[0].extended);
    }

    #[test]
    fn payloads_are_unmasked_however_the_pieces_are_cut() {
        let (middle, long) = ("x".repeat(200), "x".repeat(70_000));
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for (nth, text) in ["Hello", "", &middle, &long].into_iter().enumerate() {
            let key = [nth as u8, 0x21, 0xfa, 7];
            bytes.push(0x81);
            match text.len() {
                short @ 0..126 => bytes.push(0x80 | short as u8),
                medium @ 126..65_536 => {
                    bytes.push(0xfe);
                    bytes.extend((medium as u16).to_be_bytes());
                }
                long => {
                    bytes.push(0xff);
                    bytes.extend((long as u64).to_be_bytes());
                }
            }
            bytes.extend(key);
            bytes.extend(text.bytes().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
            expected.extend(text.bytes());
        }
        // One from a gateway, which masks nothing.
        bytes.extend(b"\x81\x02hi");
        expected.extend(b"hi");
        for size in [1, 2, 3, 7, 1000, bytes.len()] {
            assert!(payloads(bytes.chunks(size)) == (expected.clone(), 5), "in pieces of {size}");
        }
    }

    /// The payloads of one direction, unmasked, and how many frames have ended.
    fn payloads<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, usize) {
        let (mut reader, mut out, mut ended) = (Reader::default(), Vec::new(), 0);
        for piece in pieces {
            for part in reader.push(piece) {
                match part {
                    Part::Head { .. } => {}
                    Part::Payload { place, key } => {
                        out.extend(piece[place].iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
                    }
                    Part::End => ended += 1,
                }
            }
        }
        (out, ended)
    }

    #[test]
    fn what_frames_may_begin_with_and_which_extensions_were_agreed_on() {
        for (byte, extensions, may) in [
            (0x81, 0, true),
            (0xc1, 0, false),
            (0xc1, 4, true),
            (b'e', 0, false),
            (0x83, 0, false),
            (0, 0, true),
        ] {
            assert_eq!(may_begin(byte, extensions), may, "{byte:x}");
        }
        let values = ["Permessage-Deflate; client_max_window_bits=10, x-mine", "more"];
        let headers: Headers = values.map(|value| ("Sec-WebSocket-Extensions", value)).into_iter().collect();
        assert_eq!(extensions(&headers), ["permessage-deflate", "x-mine", "more"]);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_taken_and_give_no_more_than_they_are(bytes: Vec<u8>, at: usize) {
            let (first, rest) = bytes.split_at(at.checked_rem(bytes.len() + 1).unwrap_or(0));
            let (out, ended) = payloads([first, rest]);
            proptest::prop_assert_eq!(&(out.clone(), ended), &payloads([&bytes[..]]));
            proptest::prop_assert!(out.len() <= bytes.len());
        }
    }
}
