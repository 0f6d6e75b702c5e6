//! Entries to exchanges: those of browsers, of other proxies, and gatetap's own.
//!
//! A HAR says less than a recording. Bodies stand in it after their content codings were undone, so the
//! headers that name these go; heads of HTTP/1 are put together again from their lines.

use crate::exchange::body::{Body, Cut, Mark, Rest};
use crate::exchange::end::{BodyEnd, Hop};
use crate::exchange::head::{Headers, RequestHead, ResponseHead, split_target};
use crate::exchange::session::Session;
use crate::exchange::time::{Micros, WallTime};
use crate::exchange::{Exchange, Timing};
use crate::export::{Piece, Read, ReadError};
use crate::gateway::profile;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as Input;

/// No body is longer than this, in bytes, where only its length is told.
const LONGEST_MISSING: u64 = 4 << 30;

/// A mark of a body that is missing is no longer than this, in bytes: a replay has to make up as much at once.
const MISSING_MARK: u64 = 1 << 20;

/// No part of an exchange takes longer than this, in milliseconds: a year.
const LONGEST_MS: f64 = 366.0 * 86_400_000.0;

/// What a file does not say, a sentence each, with the number of exchanges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lacking(pub BTreeMap<&'static str, u64>);

/// Reads a file, one entry at a time, and hands what it holds to `sink`. Says what is missing.
///
/// # Errors
/// The first mistake, with its place; what came before it has been handed over.
pub fn read<E>(input: impl Input, sink: impl FnMut(Piece) -> Result<(), E>) -> Result<Lacking, ReadError<E>> {
    let mut reading = Reading {
        sink,
        failure: None,
        lacking: Lacking::default(),
        creator: String::new(),
        has_session: false,
    };
    let mut deserializer = serde_json::Deserializer::from_reader(input);
    let read = Root(&mut reading).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    match (read, reading.failure) {
        (_, Some(failure)) => Err(ReadError::Sink(failure)),
        (Ok(()), None) => Ok(reading.lacking),
        (Err(error), None) if error.is_io() => Err(ReadError::Io(error.into())),
        (Err(error), None) => {
            let text = error.to_string();
            let message =
                text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message).to_owned();
            Err(ReadError::Malformed { line: error.line().max(1), column: error.column().max(1), message })
        }
    }
}

struct Reading<S, E> {
    sink: S,
    failure: Option<E>,
    lacking: Lacking,
    creator: String,
    has_session: bool,
}

impl<E, S: FnMut(Piece) -> Result<(), E>> Reading<S, E> {
    fn entry(&mut self, entry: Entry) -> Result<(), String> {
        let exchange = self.exchange(entry)?;
        if !std::mem::replace(&mut self.has_session, true) {
            let session = Session {
                id: 1,
                started_at: exchange.exchange.started_at,
                ended_at: None,
                program: format!("HAR of {}", self.creator.trim()),
                command: String::new(),
                upstream: String::new(),
                seed: None,
            };
            self.give(Piece::Session(session))?;
        }
        self.give(Piece::Exchange(Box::new(exchange)))
    }

    fn give(&mut self, piece: Piece) -> Result<(), String> {
        (self.sink)(piece).map_err(|error| {
            self.failure = Some(error);
            String::new()
        })
    }

    fn lacks(&mut self, what: &'static str) {
        *self.lacking.0.entry(what).or_default() += 1;
    }

    fn exchange(&mut self, entry: Entry) -> Result<Read, String> {
        let started_at: jiff::Timestamp = entry
            .started
            .parse()
            .map_err(|_not_a_time| format!("{:?} is no time in RFC 3339", entry.started))?;
        let timing = timing(&entry.timings)?;
        let url = entry.request.url.clone();
        let own = entry.own.unwrap_or_default();
        let (path, query) = split_target(&url);
        let target = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        let (request, request_bytes) = self.request_body(entry.request.post_data.as_ref(), timing.sent)?;
        let head = request_head(&entry.request, own.target.unwrap_or(target))?;
        let (response, response_bytes, answered) = self.response(&entry.response, &timing)?;
        if !entry.websocket.is_empty() {
            self.lacks("WebSocket messages are left out");
        }
        self.lacks("when each chunk came, how the bodies ended, and what gatetap sent on are not in a HAR");
        let end = match &answered {
            Some(_) => BodyEnd::Whole,
            None => BodyEnd::broken(Hop::Gateway, "the HAR has no answer"),
        };
        let exchange = Exchange {
            session: 1,
            started_at: WallTime(started_at.as_microsecond()),
            gateway: own.gateway.unwrap_or_else(|| gateway(&url)),
            url,
            response: answered,
            timing,
            request_end: Some(BodyEnd::Whole),
            response_end: Some(end),
            request_bytes,
            response_bytes,
            fault: own.fault,
            ..Exchange::of(head)
        };
        Ok(Read { exchange, request, response, altered: None, digest: None, note: entry.comment })
    }

    fn request_body(&mut self, data: Option<&PostData>, sent: Option<Micros>) -> Result<(Body, u64), String> {
        let Some(data) = data else { return Ok((Body::default(), 0)) };
        let Some(text) = &data.text else {
            if !data.params.is_empty() {
                self.lacks("the request's form is there as parameters only, so its body is not known");
            }
            return Ok((Body::default(), 0));
        };
        let bytes = octets(text, data.encoding.as_deref())?;
        let length = bytes.len() as u64;
        Ok((body(bytes, 0, sent), length))
    }

    fn response(
        &mut self,
        response: &Response,
        timing: &Timing,
    ) -> Result<(Body, u64, Option<ResponseHead>), String> {
        if response.status <= 0 {
            return Ok((Body::default(), 0, None));
        }
        let status = u16::try_from(response.status).ok().filter(|status| (100..=999).contains(status));
        let status = status.ok_or_else(|| format!("{} is no status", response.status))?;
        let version = version(&response.version);
        let mut lines = headers(&response.headers)?;
        let is_coded = lines.first("content-encoding").is_some();
        lines.lines_mut().retain(|(name, _)| {
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            !(is("content-encoding") || is("transfer-encoding") || is_coded && is("content-length"))
        });
        if is_coded {
            self.lacks("the answer's body is there decoded: the headers that name its codings are left out");
        }
        let content = &response.content;
        let bytes = match &content.text {
            Some(text) => octets(text, content.encoding.as_deref())?,
            None => Vec::new(),
        };
        let size = u64::try_from(content.size).unwrap_or_default();
        let lacks_body = content.text.is_none() && size > 0 && status != 101;
        if lacks_body && size > LONGEST_MISSING {
            let most = LONGEST_MISSING >> 30;
            return Err(format!("an answer of {size} bytes is longer than any that is read: {most} GiB"));
        }
        if lacks_body {
            self.lacks("the answer's body is missing");
        }
        let passed = if lacks_body { size } else { bytes.len() as u64 };
        let start = format!("{version} {status} {}", response.reason);
        let raw = raw(&version, start.trim_end(), &lines)?;
        let missing = passed - bytes.len() as u64;
        let head = ResponseHead { status, version, headers: lines, raw };
        Ok((body(bytes, missing, timing.end), passed, Some(head)))
    }
}

/// A body of one chunk; its last bytes may be missing.
fn body(bytes: Vec<u8>, missing: u64, read: Option<Micros>) -> Body {
    let mut marks = Vec::new();
    for (mut left, longest) in [(bytes.len() as u64, u64::from(u32::MAX)), (missing, MISSING_MARK)] {
        while left > 0 {
            let length = u32::try_from(left.min(longest)).unwrap_or(u32::MAX);
            marks.push(Mark { length, read: read.unwrap_or_default(), taken: None, rest: Rest::default() });
            left -= u64::from(length);
        }
    }
    let cut = (missing > 0).then_some(Cut { at: bytes.len() as u64, tail: 0 });
    Body { bytes, marks, cut }
}

fn octets(text: &str, encoding: Option<&str>) -> Result<Vec<u8>, String> {
    match encoding {
        Some("base64") => BASE64.decode(text).map_err(|error| format!("a body is not Base64: {error}")),
        None | Some("" | "utf-8" | "utf8") => Ok(text.as_bytes().to_vec()),
        Some(other) => Err(format!("a body is in the encoding {other:?}, which is not known here")),
    }
}

fn request_head(request: &Request, target: String) -> Result<RequestHead, String> {
    let version = version(&request.version);
    let headers = headers(&request.headers)?;
    let start = format!("{} {target} {version}", request.method);
    let raw = raw(&version, &start, &headers)?;
    Ok(RequestHead { method: request.method.clone(), target, version, headers, raw })
}

fn raw(version: &str, start: &str, headers: &Headers) -> Result<Option<Bytes>, String> {
    if start.contains(['\r', '\n']) {
        return Err("a start line holds a line break".to_owned());
    }
    let head = || [start.as_bytes(), b"\r\n", &headers.to_block(), b"\r\n"].concat().into();
    Ok(version.starts_with("HTTP/1").then(head))
}

fn headers(pairs: &[Pair]) -> Result<Headers, String> {
    let mut lines = Vec::with_capacity(pairs.len());
    // Browsers list the pseudo-headers of HTTP/2 too; the URL and the status say the same.
    for Pair { name, value } in pairs.iter().filter(|pair| !pair.name.starts_with(':')) {
        // Some join a header that was repeated with line feeds.
        for value in value.split('\n') {
            if name.contains(['\r', '\n']) || value.contains('\r') {
                return Err(format!("the header {name:?} holds a line break"));
            }
            lines.push((name.clone(), Bytes::copy_from_slice(value.trim().as_bytes())));
        }
    }
    Ok(lines.into_iter().collect())
}

/// The protocol as a recording names it.
fn version(written: &str) -> String {
    match written.to_ascii_lowercase().as_str() {
        "http/2" | "http/2.0" | "h2" => "HTTP/2",
        "http/3" | "http/3.0" | "h3" => "HTTP/3",
        "http/1.0" => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
    .to_owned()
}

/// The name of the gateway that the URL leads to: a known one's, else the authority.
fn gateway(url: &str) -> String {
    let authority = |url: &str| -> String {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.rsplit('@').next().unwrap_or_default().to_owned()
    };
    let wanted = authority(url);
    let known = profile::profiles().iter().find(|profile| authority(&profile.base_url) == wanted);
    known.map_or(wanted, |profile| profile.name.clone())
}

fn timing(timings: &Timings) -> Result<Timing, String> {
    let tls = us(timings.ssl)?;
    let connect = us(timings.connect)?;
    let before = [us(timings.blocked)?, us(timings.dns)?, connect, us(timings.send)?];
    let sent: u64 = before.into_iter().flatten().sum();
    let head = us(timings.wait)?.map(|wait| sent + wait);
    let end = head.unwrap_or(sent) + us(timings.receive)?.unwrap_or_default();
    Ok(Timing {
        connect: connect.map(|connect| Micros(connect.saturating_sub(tls.unwrap_or_default()))),
        tls: tls.map(Micros),
        reused: None,
        sent: Some(Micros(sent)),
        head: head.map(Micros),
        end: Some(Micros(end)),
        held: None,
        taken: None,
    })
}

/// Milliseconds in microseconds; -1 stands for what does not apply.
fn us(ms: Option<f64>) -> Result<Option<u64>, String> {
    match ms.filter(|ms| *ms >= 0.0) {
        Some(ms) if ms > LONGEST_MS => Err(format!("a timing of {ms:e} ms is longer than a year")),
        ms => Ok(ms.map(|ms| (ms * 1000.0).round() as u64)),
    }
}

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(rename = "startedDateTime")]
    started: String,
    request: Request,
    response: Response,
    #[serde(default)]
    timings: Timings,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default, rename = "_webSocketMessages")]
    websocket: Vec<IgnoredAny>,
    #[serde(default, rename = "_gatetap")]
    own: Option<Own>,
}

#[derive(Debug, Deserialize)]
struct Request {
    method: String,
    url: String,
    #[serde(default, rename = "httpVersion")]
    version: String,
    #[serde(default)]
    headers: Vec<Pair>,
    #[serde(default, rename = "postData")]
    post_data: Option<PostData>,
}

#[derive(Debug, Deserialize)]
struct PostData {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
    #[serde(default)]
    params: Vec<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Response {
    status: i64,
    #[serde(default, rename = "statusText")]
    reason: String,
    #[serde(default, rename = "httpVersion")]
    version: String,
    #[serde(default)]
    headers: Vec<Pair>,
    #[serde(default)]
    content: Content,
}

#[derive(Debug, Default, Deserialize)]
struct Content {
    #[serde(default)]
    size: i64,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Pair {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Debug, Default, Deserialize)]
struct Timings {
    #[serde(default)]
    blocked: Option<f64>,
    #[serde(default)]
    dns: Option<f64>,
    #[serde(default)]
    connect: Option<f64>,
    #[serde(default)]
    ssl: Option<f64>,
    #[serde(default)]
    send: Option<f64>,
    #[serde(default)]
    wait: Option<f64>,
    #[serde(default)]
    receive: Option<f64>,
}

/// What gatetap itself wrote down.
#[derive(Debug, Default, Deserialize)]
struct Own {
    #[serde(default)]
    gateway: Option<String>,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    fault: Option<String>,
}

#[derive(Default, Deserialize)]
struct Creator {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

/// `{"log": …}`
struct Root<'a, S, E>(&'a mut Reading<S, E>);
/// `{"creator": …, "entries": …}`
struct Log<'a, S, E>(&'a mut Reading<S, E>);
/// `[…]`
struct Entries<'a, S, E>(&'a mut Reading<S, E>);

impl<'de, E, S: FnMut(Piece) -> Result<(), E>> DeserializeSeed<'de> for Root<'_, S, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, E, S: FnMut(Piece) -> Result<(), E>> Visitor<'de> for Root<'_, S, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a HAR: an object with `log`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut has_log = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "log" && !has_log {
                has_log = true;
                map.next_value_seed(Log(&mut *self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if has_log { Ok(()) } else { Err(A::Error::custom("there is no `log`: this is not a HAR")) }
    }
}

impl<'de, E, S: FnMut(Piece) -> Result<(), E>> DeserializeSeed<'de> for Log<'_, S, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, E, S: FnMut(Piece) -> Result<(), E>> Visitor<'de> for Log<'_, S, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the log of a HAR")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut has_entries = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "creator" => {
                    let Creator { name, version } = map.next_value()?;
                    self.0.creator = [name, version].join(" ");
                }
                "entries" if !has_entries => {
                    has_entries = true;
                    map.next_value_seed(Entries(&mut *self.0))?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if has_entries { Ok(()) } else { Err(A::Error::custom("the log has no `entries`")) }
    }
}

impl<'de, E, S: FnMut(Piece) -> Result<(), E>> DeserializeSeed<'de> for Entries<'_, S, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, E, S: FnMut(Piece) -> Result<(), E>> Visitor<'de> for Entries<'_, S, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(entry) = entries.next_element::<Entry>()? {
            self.0.entry(entry).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}
