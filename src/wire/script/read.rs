//! Captures, read.

use super::{BASE64, BODY, Capture, ESCAPED, NEXT, REQUEST_HEAD, RESPONSE_HEAD};
use crate::exchange::body::{Body, Cut, Mark, Rest, Side};
use crate::exchange::end::{BodyEnd, Hop, OwnAnswer};
use crate::exchange::head::{Headers, RequestHead, ResponseHead};
use crate::exchange::time::Micros;
use crate::exchange::{Exchange, Timing};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// Why a text is no capture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {mistake}")]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub mistake: Mistake,
}

/// What is wrong with a line of a capture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// It begins with no known word or mark.
    #[error("`{0}` is no word of a capture")]
    UnknownWord(String),
    /// Something stands where it cannot.
    #[error("{0}")]
    OutOfPlace(&'static str),
    /// An escape that there is not.
    #[error("the escape `{0}` is not known; known are \\\\ \\n \\r \\t \\xNN")]
    Escape(String),
    /// Base64 that is none.
    #[error("this is not Base64")]
    Base64,
    /// A time that is none.
    #[error("`{0}` is no time: write a number and us, ms or s")]
    Time(String),
    /// A number that is none.
    #[error("`{0}` is no number")]
    Number(String),
    /// A start line that is none.
    #[error("`{0}` is no start line")]
    StartLine(String),
    /// Nobody of that name can end anything.
    #[error("`{0}` can end nothing: write app, gateway or gatetap")]
    Hop(String),
    /// There is no request.
    #[error("there is no request: write its head after `>`")]
    NoRequest,
}

/// Reads a capture.
///
/// # Errors
/// The first line that is not understood.
pub fn read(text: &str) -> Result<Capture, Error> {
    let mut state = State::default();
    let mut last = 0;
    for (index, line) in text.split('\n').enumerate() {
        last = index + 1;
        let line = line.strip_suffix('\r').unwrap_or(line);
        state.line(line).map_err(|mistake| Error { line: last, mistake })?;
    }
    state.finish().map_err(|mistake| Error { line: last, mistake })
}

/// Reads a file of several captures. Each but the first begins with a line `exchange +TIME`, which says how
/// much later than the one before it began.
///
/// Gives each with its start, counted from the first one's.
///
/// # Errors
/// The first line that is not understood.
pub fn read_all(text: &str) -> Result<Vec<(Micros, Capture)>, Error> {
    let mut captures = Vec::new();
    let mut state = State::default();
    let (mut start, mut last) = (Micros::default(), 0);
    for (index, line) in text.split('\n').enumerate() {
        last = index + 1;
        let line = line.strip_suffix('\r').unwrap_or(line);
        let wrong = |mistake| Error { line: last, mistake };
        let Some(later) = line.strip_prefix(NEXT) else {
            state.line(line).map_err(wrong)?;
            continue;
        };
        captures.push((start, std::mem::take(&mut state).finish().map_err(wrong)?));
        let later = later.trim();
        let later = later.strip_prefix('+').ok_or_else(|| wrong(Mistake::Time(later.to_owned())))?;
        start.0 = start.0.saturating_add(time(later).map_err(wrong)?.0);
    }
    captures.push((start, state.finish().map_err(|mistake| Error { line: last, mistake })?));
    Ok(captures)
}

/// What has been read so far.
#[derive(Debug, Default)]
struct State {
    about: Vec<String>,
    begun: bool,
    gateway: Option<String>,
    url: Option<String>,
    now: Micros,
    taken: Option<Micros>,
    rest: Rest,
    request_head: Vec<u8>,
    response_head: Vec<u8>,
    sent: Option<Micros>,
    head_at: Option<Micros>,
    /// The body that content belongs to.
    side: Option<Side>,
    request: Growing,
    response: Growing,
    request_end: Option<BodyEnd>,
    end: Option<(BodyEnd, Micros)>,
    own: Option<OwnAnswer>,
}

/// A body in the making.
#[derive(Debug, Default)]
struct Growing {
    body: Body,
    /// The next bytes begin a new chunk.
    fresh: bool,
    passed: u64,
    /// Where bytes are missing, and where they are there again.
    gap: Option<(u64, u64)>,
}

impl State {
    fn line(&mut self, line: &str) -> Result<(), Mistake> {
        if let Some(comment) = line.strip_prefix('#') {
            if !self.begun {
                self.about.push(comment.strip_prefix(' ').unwrap_or(comment).to_owned());
            }
            return Ok(());
        }
        if line.trim().is_empty() {
            return Ok(());
        }
        self.begun = true;
        if self.end.is_some() {
            return Err(Mistake::OutOfPlace("nothing follows the end"));
        }
        if let Some(rest) = line.strip_prefix(REQUEST_HEAD) {
            if self.side.is_some() {
                return Err(Mistake::OutOfPlace("the request's head comes first"));
            }
            return content(rest, b"\r\n", &mut self.request_head);
        }
        if let Some(rest) = line.strip_prefix(RESPONSE_HEAD) {
            self.require_request()?;
            if self.side == Some(Side::Response) {
                return Err(Mistake::OutOfPlace("an answer has one head, before its body"));
            }
            self.head_at.get_or_insert(self.now);
            return content(rest, b"\r\n", &mut self.response_head);
        }
        if let Some(rest) = line.strip_prefix(BODY) {
            let mark = self.mark();
            let growing = self.growing()?;
            let mut bytes = Vec::new();
            content(rest, b"\n", &mut bytes)?;
            growing.body.bytes.extend_from_slice(&bytes);
            return growing.pass(bytes.len() as u64, mark);
        }
        if let Some(rest) = line.strip_prefix('+') {
            return self.advance(rest);
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        self.word(word, rest.trim())
    }

    fn word(&mut self, word: &str, rest: &str) -> Result<(), Mistake> {
        match word {
            "gateway" => self.gateway = Some(rest.to_owned()),
            "url" => self.url = Some(rest.to_owned()),
            "missing" => {
                let missing: u32 = rest.parse().map_err(|_error| Mistake::Number(rest.to_owned()))?;
                let mark = self.mark();
                self.growing()?.miss(missing, mark)?;
            }
            "own" => {
                let (token, message) = rest.split_once(' ').unwrap_or((rest, ""));
                self.own = Some(OwnAnswer { token: token.to_owned(), message: message.to_owned() });
            }
            "end-request" => self.request_end = Some(end(rest)?),
            "end" => {
                self.require_request()?;
                self.end = Some((end(rest)?, self.now));
            }
            _ => return Err(Mistake::UnknownWord(word.to_owned())),
        }
        Ok(())
    }

    fn advance(&mut self, rest: &str) -> Result<(), Mistake> {
        let capitals = rest.contains(" REST ");
        let (rest, bytes) = match rest.split_once(if capitals { " REST " } else { " rest " }) {
            Some((rest, more)) => {
                (rest, more.trim().parse().map_err(|_error| Mistake::Number(more.to_owned()))?)
            }
            None => (rest, 0),
        };
        let (by, taken) = match rest.split_once(" taken ") {
            Some((by, taken)) => (by, Some(time(taken)?)),
            None => (rest, None),
        };
        self.rest = Rest { bytes, capitals };
        self.now = Micros(self.now.0.saturating_add(time(by)?.0));
        self.taken = taken.map(|taken| Micros(self.now.0.saturating_add(taken.0)));
        self.request.fresh = true;
        self.response.fresh = true;
        Ok(())
    }

    fn require_request(&self) -> Result<(), Mistake> {
        if self.request_head.is_empty() { Err(Mistake::NoRequest) } else { Ok(()) }
    }

    /// The mark of a chunk that begins here, as long as nothing of it is read.
    fn mark(&self) -> Mark {
        Mark { length: 0, read: self.now, taken: self.taken, rest: self.rest }
    }

    /// The body that stands open.
    fn growing(&mut self) -> Result<&mut Growing, Mistake> {
        self.require_request()?;
        let side = if self.response_head.is_empty() { Side::Request } else { Side::Response };
        self.side = Some(side);
        Ok(match side {
            Side::Request => {
                self.sent = Some(self.now);
                &mut self.request
            }
            Side::Response | Side::Origin => &mut self.response,
        })
    }

    fn finish(self) -> Result<Capture, Mistake> {
        self.require_request()?;
        let request = request_head(self.request_head)?;
        let response =
            if self.response_head.is_empty() { None } else { Some(response_head(self.response_head)?) };
        let (response_end, end_at) = self.end.unzip();
        let exchange = Exchange {
            gateway: self.gateway.unwrap_or_else(|| "sim".to_owned()),
            url: self.url.unwrap_or_default(),
            response,
            own_answer: self.own,
            timing: Timing {
                sent: self.sent.or(Some(Micros(0))),
                head: self.head_at,
                end: end_at,
                ..Timing::default()
            },
            request_end: Some(self.request_end.unwrap_or(BodyEnd::Whole)),
            response_end,
            request_bytes: self.request.passed,
            response_bytes: self.response.passed,
            ..Exchange::of(request)
        };
        Ok(Capture {
            about: self.about.join("\n"),
            exchange,
            request: self.request.finish(),
            response: self.response.finish(),
        })
    }
}

impl Growing {
    fn pass(&mut self, length: u64, begun: Mark) -> Result<(), Mistake> {
        const TOO_LONG: Mistake = Mistake::OutOfPlace("a chunk is shorter than 4 GiB");
        let length = u32::try_from(length).map_err(|_error| TOO_LONG)?;
        self.passed += u64::from(length);
        match self.body.marks.last_mut() {
            Some(mark) if !self.fresh => {
                mark.length = mark.length.checked_add(length).ok_or(TOO_LONG)?;
            }
            _ => self.body.marks.push(Mark { length, ..begun }),
        }
        self.fresh = false;
        Ok(())
    }

    fn miss(&mut self, missing: u32, begun: Mark) -> Result<(), Mistake> {
        let start = self.passed;
        self.pass(u64::from(missing), begun)?;
        match &mut self.gap {
            None => self.gap = Some((start, self.passed)),
            Some((_, end)) if *end == start => *end = self.passed,
            Some(_) => return Err(Mistake::OutOfPlace("a body has one gap at most")),
        }
        Ok(())
    }

    fn finish(mut self) -> Body {
        self.body.cut = self.gap.map(|(at, end)| Cut { at, tail: self.passed - end });
        self.body
    }
}

/// The bytes of a line of content, after its mark.
fn content(rest: &str, line_end: &[u8], out: &mut Vec<u8>) -> Result<(), Mistake> {
    if let Some(rest) = rest.strip_prefix(ESCAPED) {
        return unescape(rest.strip_prefix(' ').unwrap_or(rest), out);
    }
    if let Some(rest) = rest.strip_prefix(BASE64) {
        let bytes = STANDARD.decode(rest.trim()).map_err(|_error| Mistake::Base64)?;
        out.extend_from_slice(&bytes);
        return Ok(());
    }
    match rest.strip_prefix(' ') {
        Some(text) => out.extend_from_slice(text.as_bytes()),
        None if rest.is_empty() => {}
        None => return Err(Mistake::OutOfPlace("a space, `~` or `=` follows the mark")),
    }
    out.extend_from_slice(line_end);
    Ok(())
}

fn unescape(text: &str, out: &mut Vec<u8>) -> Result<(), Mistake> {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let escape = chars.next();
        let byte = match escape {
            Some('\\') => Some(b'\\'),
            Some('n') => Some(b'\n'),
            Some('r') => Some(b'\r'),
            Some('t') => Some(b'\t'),
            Some('x') => {
                let digits: String = chars.by_ref().take(2).collect();
                u8::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 2)
            }
            _ => None,
        };
        match byte {
            Some(byte) => out.push(byte),
            None => return Err(Mistake::Escape(format!("\\{}", escape.map_or(String::new(), String::from)))),
        }
    }
    Ok(())
}

/// A number and its unit, exact to the microsecond.
fn time(text: &str) -> Result<Micros, Mistake> {
    let wrong = || Mistake::Time(text.to_owned());
    let text = text.trim();
    let unit = [("us", 0_usize), ("ms", 3), ("s", 6)];
    let (number, digits) = unit
        .into_iter()
        .find_map(|(unit, digits)| Some((text.strip_suffix(unit)?, digits)))
        .ok_or_else(wrong)?;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > digits || !all_digits(whole) || !all_digits(part) {
        return Err(wrong());
    }
    format!("{whole}{part:0<digits$}").parse().map(Micros).map_err(|_error| wrong())
}

fn end(text: &str) -> Result<BodyEnd, Mistake> {
    if text.is_empty() || text == "whole" {
        return Ok(BodyEnd::Whole);
    }
    let (name, detail) = text.split_once(' ').unwrap_or((text, ""));
    Hop::parse(name).map(|by| BodyEnd::broken(by, detail)).ok_or_else(|| Mistake::Hop(name.to_owned()))
}

/// The head with its empty line, its start line, its header lines.
fn head(mut raw: Vec<u8>) -> (Bytes, String, Headers) {
    if !raw.ends_with(b"\r\n\r\n") && !raw.ends_with(b"\n\n") {
        raw.extend_from_slice(b"\r\n");
    }
    let line = raw.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
    let raw = Bytes::from(raw);
    let headers = Headers::from_raw_head(&raw);
    (raw, line, headers)
}

fn request_head(raw: Vec<u8>) -> Result<RequestHead, Mistake> {
    let (raw, line, headers) = head(raw);
    let mut words = line.splitn(2, ' ');
    let (method, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (target, version) = rest.rsplit_once(' ').ok_or_else(|| Mistake::StartLine(line.clone()))?;
    Ok(RequestHead {
        method: method.to_owned(),
        target: target.to_owned(),
        version: version.to_owned(),
        headers,
        raw: version.starts_with("HTTP/1").then_some(raw),
    })
}

fn response_head(raw: Vec<u8>) -> Result<ResponseHead, Mistake> {
    let (raw, line, headers) = head(raw);
    let mut words = line.splitn(3, ' ');
    let version = words.next().unwrap_or_default();
    let status = words.next().and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| Mistake::StartLine(line.clone()))?;
    Ok(ResponseHead {
        status,
        version: version.to_owned(),
        headers,
        raw: version.starts_with("HTTP/1").then_some(raw),
    })
}
