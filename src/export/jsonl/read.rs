//! Lines to exchanges.

use super::VERSION;
use super::line::{
    BodyLine, CredentialLine, EndLine, ExchangeLine, HeaderLine, InterimLine, Line, MarkLine, Octets,
    OriginLine, OwnAnswerLine, RequestLine, SessionLine, TunnelLine,
};
use crate::exchange::body::{Body, Cut, Hidden, Mark, Rest};
use crate::exchange::credential::{CredentialFacts, Defect};
use crate::exchange::end::{BodyEnd, Hop, OwnAnswer};
use crate::exchange::head::{Headers, InterimHead, RequestHead, ResponseHead};
use crate::exchange::origin::Origin;
use crate::exchange::session::Session;
use crate::exchange::time::{Micros, WallTime};
use crate::exchange::tunnel::Tunnel;
use crate::exchange::{Exchange, Timing};
use crate::export::{Altered, Piece, Read, ReadError};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::io::BufRead;

/// No line is longer: two bodies of the largest size that is kept by default fit in many times over.
const LONGEST_LINE: u64 = 2 << 30;

/// Reads a file, one line at a time, and hands what it holds to `sink`.
///
/// # Errors
/// The first mistake, with its place; what came before it has been handed over.
pub fn read<E>(
    input: impl BufRead,
    mut sink: impl FnMut(Piece) -> Result<(), E>,
) -> Result<(), ReadError<E>> {
    let mut lines = Lines { input, number: 0, line: Vec::new() };
    if !lines.next()? {
        return Err(lines.wrong("the file is empty"));
    }
    let header: HeaderLine = lines.parse()?;
    if header.gatetap != "recording" {
        return Err(lines.wrong("this is not a recording of gatetap"));
    }
    if header.version != VERSION {
        let sentence = format!("version {} of the format is not known here, only {VERSION}", header.version);
        return Err(lines.wrong(&sentence));
    }
    let mut seen = Seen::default();
    let mut has_ended = false;
    while lines.next()? {
        if lines.line.trim_ascii().is_empty() {
            continue;
        }
        if has_ended {
            return Err(lines.wrong("nothing may follow the line that ends the file"));
        }
        let piece = match lines.parse::<Line, E>()? {
            Line::End(_) => {
                has_ended = true;
                continue;
            }
            line => seen.piece(line).map_err(|sentence| lines.wrong(&sentence))?,
        };
        sink(piece).map_err(ReadError::Sink)?;
    }
    if has_ended { Ok(()) } else { Err(lines.wrong("the file is cut off: its last line is {\"end\":{}}")) }
}

struct Lines<R> {
    input: R,
    number: usize,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Goes to the next line; false at the end.
    fn next<E>(&mut self) -> Result<bool, ReadError<E>> {
        self.line.clear();
        let mut limited = std::io::Read::take(&mut self.input, LONGEST_LINE);
        let length = limited.read_until(b'\n', &mut self.line).map_err(ReadError::Io)?;
        self.number += usize::from(length > 0 || self.number == 0);
        if length as u64 == LONGEST_LINE {
            return Err(self.wrong("the line is too long"));
        }
        Ok(length > 0)
    }

    fn parse<T: DeserializeOwned, E>(&self) -> Result<T, ReadError<E>> {
        serde_json::from_slice(&self.line).map_err(|error| {
            let text = error.to_string();
            // The line is known here, and is always 1 there.
            let message = text.split(" at line ").next().unwrap_or_default().to_owned();
            ReadError::Malformed { line: self.number, column: error.column().max(1), message }
        })
    }

    fn wrong<E>(&self, sentence: &str) -> ReadError<E> {
        ReadError::Malformed { line: self.number, column: 1, message: sentence.to_owned() }
    }
}

/// The numbers that have come.
#[derive(Debug, Default)]
struct Seen {
    sessions: BTreeSet<i64>,
    exchanges: BTreeSet<i64>,
    tunnels: BTreeSet<i64>,
}

impl Seen {
    fn piece(&mut self, line: Line) -> Result<Piece, String> {
        let unique = |is_new: bool, what: &str, id: i64| match id {
            1.. if is_new => Ok(()),
            1.. => Err(format!("the number of {what} was given before: {id}")),
            _ => Err(format!("the number of {what} is at least 1")),
        };
        match line {
            Line::Session(line) => {
                unique(self.sessions.insert(line.id), "a session", line.id)?;
                Ok(Piece::Session(session(line)?))
            }
            Line::Exchange(line) => {
                unique(self.exchanges.insert(line.id), "an exchange", line.id)?;
                self.known(line.session)?;
                Ok(Piece::Exchange(Box::new(exchange(*line)?)))
            }
            Line::Tunnel(line) => {
                unique(self.tunnels.insert(line.id), "a tunnel", line.id)?;
                self.known(line.session)?;
                Ok(Piece::Tunnel(tunnel(line)?))
            }
            Line::End(_) => Err("the file has ended".to_owned()),
        }
    }

    fn known(&self, session: i64) -> Result<(), String> {
        let known = self.sessions.contains(&session);
        known.then_some(()).ok_or_else(|| format!("session {session} has no line before this one"))
    }
}

fn session(line: SessionLine) -> Result<Session, String> {
    Ok(Session {
        id: line.id,
        started_at: wall(&line.started_at)?,
        ended_at: line.ended_at.as_deref().map(wall).transpose()?,
        program: line.program,
        command: line.command,
        upstream: line.upstream,
        seed: line.seed,
    })
}

fn exchange(line: ExchangeLine) -> Result<Read, String> {
    let timing = &line.timing;
    let (request, request_trailers, request_end) = body(&line.request.body, "request")?;
    let (response, response_trailers, response_end) = body(&line.response.body, "response")?;
    let sha256 = |body: &BodyLine| body.sha256.as_deref().map(hash).transpose();
    let request_sha256 = sha256(&line.request.body)?;
    let response_sha256 = sha256(&line.response.body)?;
    let answered = match line.response.head {
        None => None,
        Some(head) => {
            if !(100..=999).contains(&head.status) {
                return Err(format!("{} is no status", head.status));
            }
            let start = format!("{} {}", head.version, head.status);
            let (headers, raw) = head_of(head.headers, head.raw_head, &head.version, &start)?;
            Some(ResponseHead { status: head.status, version: head.version, headers, raw })
        }
    };
    let (request_hidden, response_hidden) = (hidden(&line.request.body), hidden(&line.response.body));
    let altered = line.origin.map(altered).transpose()?;
    let exchange = Exchange {
        request_hidden,
        response_hidden,
        id: line.id,
        session: line.session,
        started_at: wall(&line.started_at)?,
        peer: line.peer,
        gateway: line.gateway,
        url: line.url,
        request_bytes: line.request.body.bytes,
        response_bytes: line.response.body.bytes,
        request: request_head(line.request)?,
        sent: line.sent.map(headers).transpose()?,
        response: answered,
        own_answer: line.own_answer.map(own_answer),
        timing: Timing {
            connect: timing.connect_us.map(Micros),
            tls: timing.tls_us.map(Micros),
            reused: timing.reused,
            sent: timing.sent_us.map(Micros),
            head: timing.head_us.map(Micros),
            end: timing.end_us.map(Micros),
            held: timing.held_us.map(Micros),
            taken: None,
        },
        request_end,
        response_end,
        request_trailers,
        response_trailers,
        interim: line
            .response
            .interim
            .into_iter()
            .map(|InterimLine { at_us, raw_head }| InterimHead { at: Micros(at_us), raw: raw_head.0.into() })
            .collect(),
        request_sha256,
        response_sha256,
        credentials: line.credentials.into_iter().map(credential).collect::<Result<_, _>>()?,
        fault: line.fault,
        replay_of: line.replay_of,
    };
    Ok(Read { exchange, request, response, altered, digest: line.digest, note: line.note })
}

fn altered(line: OriginLine) -> Result<Altered, String> {
    let (body, _, end) = body(&line.body, "origin")?;
    Ok(Altered { origin: Origin { head: line.raw_head.0.into(), end }, body })
}

fn hidden(line: &BodyLine) -> Hidden {
    line.hidden.as_ref().map_or_else(Hidden::default, |hidden| Hidden {
        count: hidden.count,
        own: hidden.own,
        first: hidden.first,
    })
}

fn request_head(line: RequestLine) -> Result<RequestHead, String> {
    let start = format!("{} {} {}", line.method, line.target, line.version);
    if start.contains(['\r', '\n']) {
        return Err("a request line holds no line break".to_owned());
    }
    let (headers, raw) = head_of(line.headers, line.raw_head, &line.version, &start)?;
    Ok(RequestHead { method: line.method, target: line.target, version: line.version, headers, raw })
}

/// The header lines of a head and its bytes, which are made up where HTTP/1 has to have some.
fn head_of(
    lines: Vec<(String, Octets)>,
    raw: Option<Octets>,
    version: &str,
    start: &str,
) -> Result<(Headers, Option<Bytes>), String> {
    let headers = headers(lines)?;
    let is_raw = version.starts_with("HTTP/1");
    match raw {
        Some(_) if !is_raw => Err(format!("{version} has no raw head")),
        Some(Octets(raw)) => {
            let raw = Bytes::from(raw);
            if Headers::from_raw_head(&raw) != headers {
                return Err("raw_head and headers do not agree".to_owned());
            }
            Ok((headers, Some(raw)))
        }
        None if is_raw => {
            let raw = Bytes::from([start.as_bytes(), b"\r\n", &headers.to_block(), b"\r\n"].concat());
            Ok((Headers::from_raw_head(&raw), Some(raw)))
        }
        None => Ok((headers, None)),
    }
}

fn headers(lines: Vec<(String, Octets)>) -> Result<Headers, String> {
    for (name, Octets(value)) in &lines {
        if name.contains(['\r', '\n']) || value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            return Err(format!("the header {name:?} holds a line break"));
        }
    }
    Ok(lines.into_iter().map(|(name, Octets(value))| (name, value)).collect())
}

fn body(line: &BodyLine, side: &str) -> Result<(Body, Headers, Option<BodyEnd>), String> {
    let marks: Vec<Mark> = line.marks.iter().map(mark).collect();
    let mut before = Micros(0);
    for Mark { read, taken, .. } in &marks {
        if *read < before || taken.is_some_and(|taken| taken < *read) {
            return Err(format!("the times of the {side}'s marks go back"));
        }
        before = *read;
    }
    let kept = line.content.0.len() as u64;
    let body = Body {
        bytes: line.content.0.clone(),
        marks,
        cut: line.cut.as_ref().map(|cut| Cut { at: cut.at, tail: cut.tail }),
    };
    let fits = match body.cut {
        Some(cut) => cut.at.checked_add(cut.tail) == Some(kept) && kept < body.passed(),
        None => body.marks.is_empty() || kept == body.passed(),
    };
    if !fits {
        return Err(format!("the {side}'s content, cut and marks do not add up"));
    }
    let trailers = line.trailers.iter().map(|(name, value)| (name, value.0.clone())).collect();
    Ok((body, trailers, line.end.as_ref().map(end).transpose()?))
}

fn mark(line: &MarkLine) -> Mark {
    let (length, read, taken, rest) = match *line {
        MarkLine::End(length, read, taken) => (length, read, taken, Rest::default()),
        MarkLine::Part(length, read, taken, bytes, capitals) => {
            (length, read, taken, Rest { bytes, capitals })
        }
    };
    Mark { length, read: Micros(read), taken: taken.map(Micros), rest }
}

fn end(line: &EndLine) -> Result<BodyEnd, String> {
    match line {
        EndLine::Whole => Ok(BodyEnd::Whole),
        EndLine::Broken { by, detail } => {
            let hop = Hop::parse(by).ok_or_else(|| format!("{by:?} is none of app, gateway, gatetap"))?;
            Ok(BodyEnd::Broken { by: hop, detail: detail.clone() })
        }
    }
}

fn own_answer(line: OwnAnswerLine) -> OwnAnswer {
    OwnAnswer { token: line.token, message: line.message }
}

fn credential(line: CredentialLine) -> Result<CredentialFacts, String> {
    let defect = |word: &String| Defect::parse(word).ok_or_else(|| format!("there is no defect {word:?}"));
    if line.last4.as_deref().is_some_and(|last| last.chars().count() > 4) {
        return Err("last4 has more than four characters".to_owned());
    }
    Ok(CredentialFacts {
        place: line.place,
        scheme: line.scheme,
        vendor: line.vendor,
        length: line.length,
        last4: line.last4,
        fingerprint: line.fingerprint,
        defects: line.defects.iter().map(defect).collect::<Result<_, _>>()?,
    })
}

fn tunnel(line: TunnelLine) -> Result<Tunnel, String> {
    Ok(Tunnel {
        id: line.id,
        session: line.session,
        started_at: wall(&line.started_at)?,
        peer: line.peer,
        host: line.host,
        connect: line.connect_us.map(Micros),
        end: line.end_us.map(Micros),
        sent_bytes: line.sent_bytes,
        received_bytes: line.received_bytes,
        ended: line.end.as_ref().map(end).transpose()?,
        failure: line.failure.map(own_answer),
    })
}

/// A moment as it is written: RFC 3339.
fn wall(text: &str) -> Result<WallTime, String> {
    let timestamp: jiff::Timestamp =
        text.parse().map_err(|_not_a_time| format!("{text:?} is no time in RFC 3339"))?;
    Ok(WallTime(timestamp.as_microsecond()))
}

fn hash(text: &str) -> Result<[u8; 32], String> {
    let digit = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..32).map(|at| digit(2 * at)).collect();
    let whole = bytes.filter(|_| text.len() == 64).and_then(|bytes| bytes.try_into().ok());
    whole.ok_or_else(|| format!("{text:?} is no SHA-256"))
}
