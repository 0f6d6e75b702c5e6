//! The HTTP/1.1 reader that the fakes share. It keeps the raw bytes, and keeps chunks apart.
//!
//! It reads what well-formed peers send and reports the rest as an error: a fake that silently repaired
//! its input could not show what a proxy did to it.

/// The head of a request or of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its bytes, with the empty line at the end.
    pub raw: Vec<u8>,
}

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Nothing follows the head.
    Nothing,
    /// So many bytes.
    Length(usize),
    /// Chunks, up to the empty one.
    Chunked,
    /// Everything up to the end of the connection.
    UntilClose,
}

/// What a body is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// One whole HTTP chunk; or, where the body is not chunked, what was there.
    Data(Vec<u8>),
    /// The body is whole. Holds the raw trailer lines, empty where there were none.
    End(Vec<u8>),
}

/// Takes the pieces of one body off a buffer, as they become whole.
#[derive(Debug)]
pub struct BodyReader {
    framing: Framing,
    last_chunk_seen: bool,
    ended: bool,
}

impl Head {
    /// Takes a whole head off the front of `buffer`, if one is there.
    pub fn take_from(buffer: &mut Vec<u8>) -> Option<Self> {
        let end = find(buffer, b"\r\n\r\n")? + 4;
        Some(Self { raw: buffer.drain(..end).collect() })
    }

    /// The first line.
    pub fn start_line(&self) -> String {
        self.lines().next().unwrap_or_default()
    }

    /// The second word of the first line as a number: the status of an answer.
    #[track_caller]
    pub fn status(&self) -> u16 {
        let line = self.start_line();
        line.split(' ')
            .nth(1)
            .and_then(|word| word.parse().ok())
            .unwrap_or_else(|| panic!("no status in {line:?}"))
    }

    /// The second word of the first line: the target of a request.
    pub fn target(&self) -> String {
        self.start_line().split(' ').nth(1).unwrap_or_default().to_owned()
    }

    /// Name and value of every header, in order, names as they were written.
    pub fn headers(&self) -> Vec<(String, String)> {
        self.lines()
            .skip(1)
            .filter_map(|line| {
                let (name, value) = line.split_once(':')?;
                Some((name.to_owned(), value.trim().to_owned()))
            })
            .collect()
    }

    /// The first value of `name`, compared without case.
    pub fn header(&self, name: &str) -> Option<String> {
        let mut headers = self.headers().into_iter();
        headers.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// How the body of this request is framed.
    pub fn request_framing(&self) -> Result<Framing, String> {
        Ok(self.named_framing()?.unwrap_or(Framing::Nothing))
    }

    /// How the body of this answer is framed. Not for an answer to `HEAD`, which has none.
    pub fn answer_framing(&self) -> Result<Framing, String> {
        match self.status() {
            100..200 | 204 | 304 => Ok(Framing::Nothing),
            _ => Ok(self.named_framing()?.unwrap_or(Framing::UntilClose)),
        }
    }

    fn named_framing(&self) -> Result<Option<Framing>, String> {
        if let Some(coding) = self.header("transfer-encoding") {
            return if coding.eq_ignore_ascii_case("chunked") {
                Ok(Some(Framing::Chunked))
            } else {
                Err(format!("transfer-encoding {coding:?}"))
            };
        }
        let Some(length) = self.header("content-length") else {
            return Ok(None);
        };
        match length.parse() {
            Ok(length) => Ok(Some(Framing::Length(length))),
            Err(_) => Err(format!("content-length {length:?}")),
        }
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        let text = String::from_utf8_lossy(&self.raw).into_owned();
        let lines: Vec<_> = text.split("\r\n").map(str::to_owned).collect();
        lines.into_iter()
    }
}

impl BodyReader {
    /// A reader at the start of a body.
    pub const fn new(framing: Framing) -> Self {
        Self { framing, last_chunk_seen: false, ended: false }
    }

    /// How this body is framed.
    pub const fn framing(&self) -> Framing {
        self.framing
    }

    /// The next piece that stands whole at the front of `buffer`; `None` where more bytes are needed, and
    /// after the end.
    pub fn next(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Piece>, String> {
        if self.ended {
            return Ok(None);
        }
        match self.framing {
            Framing::Nothing | Framing::Length(0) => Ok(Some(self.end(Vec::new()))),
            _ if buffer.is_empty() => Ok(None),
            Framing::Length(left) => {
                let taken = left.min(buffer.len());
                self.framing = Framing::Length(left - taken);
                Ok(Some(Piece::Data(buffer.drain(..taken).collect())))
            }
            Framing::UntilClose => Ok(Some(Piece::Data(std::mem::take(buffer)))),
            Framing::Chunked if self.last_chunk_seen => Ok(self.trailers(buffer)),
            Framing::Chunked => self.chunk(buffer),
        }
    }

    fn chunk(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Piece>, String> {
        let Some(line_end) = find(buffer, b"\r\n") else {
            return Ok(None);
        };
        let line = String::from_utf8_lossy(&buffer[..line_end]).into_owned();
        let digits = line.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(digits, 16) else {
            return Err(format!("chunk size {line:?}"));
        };
        let start = line_end + 2;
        if size == 0 {
            buffer.drain(..start);
            self.last_chunk_seen = true;
            return Ok(self.trailers(buffer));
        }
        let end = start + size;
        match buffer.get(end..end + 2) {
            None => Ok(None),
            Some(b"\r\n") => {
                let data = buffer[start..end].to_vec();
                buffer.drain(..end + 2);
                Ok(Some(Piece::Data(data)))
            }
            Some(other) => Err(format!("{other:?} after a chunk of {size}")),
        }
    }

    fn trailers(&mut self, buffer: &mut Vec<u8>) -> Option<Piece> {
        if buffer.starts_with(b"\r\n") {
            buffer.drain(..2);
            return Some(self.end(Vec::new()));
        }
        let end = find(buffer, b"\r\n\r\n")? + 2;
        let trailers = buffer.drain(..end).collect();
        buffer.drain(..2);
        Some(self.end(trailers))
    }

    fn end(&mut self, trailers: Vec<u8>) -> Piece {
        self.ended = true;
        Piece::End(trailers)
    }
}

/// One HTTP chunk around `data`.
pub fn chunk(data: impl AsRef<[u8]>) -> Vec<u8> {
    let data = data.as_ref();
    let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
    chunk.extend_from_slice(data);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[test]
fn a_head_keeps_its_bytes_and_leaves_the_rest() {
    let mut buffer = b"HTTP/1.1 429 Slow Down\r\nX-Case:  kept \r\n\r\nbody".to_vec();
    let head = Head::take_from(&mut buffer).unwrap();
    assert_eq!(head.raw, b"HTTP/1.1 429 Slow Down\r\nX-Case:  kept \r\n\r\n");
    assert_eq!(head.status(), 429);
    assert_eq!(head.headers(), [("X-Case".to_owned(), "kept".to_owned())]);
    assert_eq!(head.header("x-case").as_deref(), Some("kept"));
    assert_eq!(buffer, b"body");
    assert_eq!(Head::take_from(&mut b"HTTP/1.1 200 OK\r\n".to_vec()), None);
}

#[test]
fn framings_are_told_apart() {
    let framing = |lines: &str| {
        let head = Head { raw: format!("{lines}\r\n\r\n").into_bytes() };
        (head.request_framing(), head.answer_framing())
    };
    for (lines, request, answer) in [
        ("HTTP/1.1 200 OK", Framing::Nothing, Framing::UntilClose),
        ("HTTP/1.1 204 No Content", Framing::Nothing, Framing::Nothing),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5", Framing::Length(5), Framing::Length(5)),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", Framing::Chunked, Framing::Chunked),
    ] {
        assert_eq!(framing(lines), (Ok(request), Ok(answer)), "{lines}");
    }
    assert!(framing("HTTP/1.1 200 OK\r\ncontent-length: five").0.is_err());
}

#[test]
fn chunks_come_out_as_they_were_cut_however_they_arrive() {
    let wire = [chunk("ab"), chunk("c"), b"0\r\nx-sum: 1\r\n\r\nnext".to_vec()].concat();
    let expected =
        [Piece::Data(b"ab".to_vec()), Piece::Data(b"c".to_vec()), Piece::End(b"x-sum: 1\r\n".to_vec())];
    for split in 0..=wire.len() {
        let mut reader = BodyReader::new(Framing::Chunked);
        let mut buffer = wire[..split].to_vec();
        let mut pieces = Vec::new();
        while let Some(piece) = reader.next(&mut buffer).unwrap() {
            pieces.push(piece);
        }
        buffer.extend_from_slice(&wire[split..]);
        while let Some(piece) = reader.next(&mut buffer).unwrap() {
            pieces.push(piece);
        }
        assert_eq!(pieces, expected, "split at {split}");
        assert_eq!(buffer, b"next", "split at {split}");
    }
}

#[test]
fn broken_chunks_are_an_error() {
    for wire in ["zz\r\n", "2\r\nabc\r\n"] {
        let mut reader = BodyReader::new(Framing::Chunked);
        assert!(reader.next(&mut wire.as_bytes().to_vec()).is_err(), "{wire:?}");
    }
}
