//! Heads on their way from one hop to the other: what concerns one hop only is left out, everything else
//! stays as it stood.

use crate::exchange::time::Micros;
use crate::fault;
use crate::gateway::set_header::SetHeader;
use crate::proxy::foreign::{FETCH_SITE, Page};
use crate::proxy::kept;
use crate::replay::{Miss, OWN_HEADER, OwnWord};
use crate::wire::http1::{Field, Framing, Head, Problem, RequestLine, StatusLine};
use bytes::Bytes;
use std::collections::BTreeSet;

/// The head of a request, understood.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) head: Head,
    pub(super) method: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) minor: u8,
    pub(super) framing: Framing,
    /// The app would send another request on this connection.
    pub(super) keep: bool,
    /// It asks for another protocol (RFC 9110 §7.8); the upgrade to HTTP/2 is not among them.
    pub(super) upgrade: bool,
}

/// The head of an answer, understood.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: Head,
    pub(super) status: u16,
    pub(super) minor: u8,
    pub(super) framing: Framing,
    /// The gateway would take another request on this connection.
    pub(super) keep: bool,
}

impl Request {
    /// Understands a head.
    ///
    /// # Errors
    /// Where it could be read in two ways.
    pub(super) fn parse(raw: Bytes) -> Result<Self, Problem> {
        let head = Head::request(raw)?;
        let line = RequestLine::parse(head.start_line())?;
        if head.all("host").count() > 1 {
            return Err(Problem::Hosts);
        }
        let framing = Framing::of_request(&head, line.minor)?;
        let upgrade = line.minor == 1
            && head.has_token("connection", "upgrade")
            && head.all("upgrade").next().is_some()
            && !head.has_token("upgrade", "h2c");
        let (method, target, minor) = (line.method.to_vec(), line.target.to_vec(), line.minor);
        let keep = keeps(&head, minor);
        Ok(Self { head, method, target, minor, framing, keep, upgrade })
    }

    /// The path and query it asks for: an absolute target loses its scheme and authority.
    ///
    /// Every byte is one `char`; [`bytes_of`] turns the text back into them.
    pub(super) fn path(&self) -> String {
        let text: String = self.target.iter().copied().map(char::from).collect();
        match absolute(&text) {
            None => text,
            Some((_, path)) if path.starts_with('/') => path.to_owned(),
            Some((_, query)) => format!("/{query}"),
        }
    }

    /// The scheme and the authority of an absolute target: what a client says to its proxy.
    pub(super) fn origin(&self) -> Option<String> {
        let text: String = self.target.iter().copied().map(char::from).collect();
        absolute(&text).map(|(origin, _)| origin.to_owned())
    }

    /// What it says of the page that sends it.
    pub(super) fn page(&self) -> Page<'_> {
        let header = |name| self.head.all(name).next().map(|field| field.value);
        Page { origin: header("origin"), site: header(FETCH_SITE), host: header("host") }
    }

    /// The head for the gateway, which is asked for `target` under the name of `host`; under the name that
    /// the app says where that is `None`. What is `set` takes the place of the app's.
    pub(super) fn forward(&self, target: &[u8], host: Option<&[u8]>, set: &[SetHeader]) -> Bytes {
        let mut out = Vec::with_capacity(self.head.raw().len() + host.map_or(0, <[u8]>::len) + 16);
        out.extend_from_slice(&self.method);
        out.push(b' ');
        out.extend_from_slice(target);
        out.extend_from_slice(if self.minor == 0 { b" HTTP/1.0\r\n" } else { b" HTTP/1.1\r\n" });
        if let (Some(host), None) = (host, self.head.all("host").next()) {
            push_line(&mut out, b"Host", host);
        }
        let hop = HopByHop::of(&self.head, self.upgrade);
        let mut length_said = false;
        for field in self.head.fields() {
            if let (true, Some(host)) = (field.is("host"), host) {
                push_line(&mut out, field.name, host);
            } else if field.is("content-length") || field.is("transfer-encoding") {
                let again = field.is("content-length") && std::mem::replace(&mut length_said, true);
                if again {
                    continue;
                }
                push_plain(&mut out, &field);
            } else if !hop.drops(&field)
                && !field.is(fault::HEADER)
                && !set.iter().any(|set| field.is(set.name.as_str()))
            {
                push_plain(&mut out, &field);
            }
        }
        for set in set {
            push_line(&mut out, set.name.as_str().as_bytes(), set.value.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.into()
    }
}

impl Answer {
    /// Understands the head of an answer to a request of `method`.
    ///
    /// # Errors
    /// Where nobody could say what it is.
    pub(super) fn parse(raw: Bytes, method: &[u8]) -> Result<Self, Problem> {
        let head = Head::answer(raw)?;
        let StatusLine { status, minor } = StatusLine::parse(head.start_line())?;
        let framing = Framing::of_answer(&head, method, status);
        let keep = keeps(&head, minor) && framing != Framing::UntilClose;
        Ok(Self { head, status, minor, framing, keep })
    }

    /// Whether a final answer follows.
    pub(super) fn is_interim(&self) -> bool {
        matches!(self.status, 100..200) && self.status != 101
    }

    /// How long the gateway says that it waits for the next request.
    pub(super) fn patience(&self) -> Option<Micros> {
        kept::patience(self.head.tokens("keep-alive"))
    }

    /// What a replay that knows `word` says instead of an answer.
    pub(super) fn own(&self, word: &OwnWord) -> Option<Miss> {
        self.head.fields().filter(|field| field.is(OWN_HEADER)).find_map(|field| word.hear(field.value))
    }

    /// Whether the chunks have to be taken apart, because the app's HTTP/1.0 knows none.
    pub(super) fn dechunks_for(&self, app_minor: u8) -> bool {
        app_minor == 0 && self.framing == Framing::Chunked
    }

    /// The head for an app of this minor version.
    pub(super) fn forward(&self, app_minor: u8) -> Bytes {
        let hop = HopByHop::of(&self.head, self.status == 101);
        let drops = |field: &Field<'_>| {
            let misleads = field.is("transfer-encoding") && self.dechunks_for(app_minor)
                || field.is("content-length") && self.framing == Framing::Chunked;
            // Whoever is asked for a login has to know how.
            let asks = self.status == 407 && field.is("proxy-authenticate");
            misleads || hop.drops(field) && !asks
        };
        if !self.head.fields().any(|field| drops(&field)) {
            return self.head.raw().clone();
        }
        let mut out = Vec::with_capacity(self.head.raw().len());
        out.extend_from_slice(self.head.lead());
        out.extend_from_slice(self.head.start_line());
        out.extend_from_slice(b"\r\n");
        for field in self.head.fields().filter(|field| !drops(field)) {
            out.extend_from_slice(field.line);
            out.extend_from_slice(field.line_end);
        }
        out.extend_from_slice(b"\r\n");
        out.into()
    }
}

/// The origin of an absolute target, and what follows it.
fn absolute(target: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = target.split_once("://")?;
    if !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) || scheme.is_empty() {
        return None;
    }
    let authority = rest.find(['/', '?']).unwrap_or(rest.len());
    target.split_at_checked(target.len() - rest.len() + authority)
}

/// A head without the lines of that name.
pub(super) fn without(head: &Bytes, name: &str) -> Bytes {
    let mut out = Vec::with_capacity(head.len());
    for line in head.split_inclusive(|&byte| byte == b'\n') {
        let own = line.split(|&byte| byte == b':').next().unwrap_or_default();
        if !own.eq_ignore_ascii_case(name.as_bytes()) {
            out.extend_from_slice(line);
        }
    }
    out.into()
}

/// A head with one more line.
pub(super) fn with(head: &Bytes, name: &str, value: &str) -> Bytes {
    let lines = head.strip_suffix(b"\r\n").unwrap_or(head);
    [lines, name.as_bytes(), b": ", value.as_bytes(), b"\r\n\r\n"].concat().into()
}

/// The bytes that [`Request::path`] made characters of. What no byte can be came from configuration.
pub(super) fn bytes_of(path: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(path.len());
    for character in path.chars() {
        match u8::try_from(u32::from(character)) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// The headers of one message that concern its own hop only.
///
/// `Connection: close` and `Connection: keep-alive` pass: gatetap does on each hop what the other hop
/// agreed on, so they are true there as well. An upgrade passes too.
struct HopByHop {
    named: BTreeSet<Vec<u8>>,
    /// `Connection` says nothing that is wrong on the other hop.
    connection_passes: bool,
    upgrade: bool,
}

impl HopByHop {
    fn of(head: &Head, upgrade: bool) -> Self {
        const NEVER: [&[u8]; 8] = [
            b"",
            b"close",
            b"keep-alive",
            b"upgrade",
            b"te",
            b"host",
            b"content-length",
            b"transfer-encoding",
        ];
        let tokens = || head.tokens("connection").map(<[u8]>::to_ascii_lowercase);
        let passing =
            |token: &[u8]| token == b"close" || token == b"keep-alive" || upgrade && token == b"upgrade";
        Self {
            connection_passes: tokens().all(|token| passing(&token)),
            named: tokens().filter(|token| !NEVER.contains(&token.as_slice())).collect(),
            upgrade,
        }
    }

    fn drops(&self, field: &Field<'_>) -> bool {
        let name = field.name.to_ascii_lowercase();
        match name.as_slice() {
            b"connection" => {
                let closes = field
                    .value
                    .split(|&byte| byte == b',')
                    .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"));
                let says_only_that = closes && !field.value.contains(&b',');
                !(self.connection_passes || says_only_that)
            }
            b"te" => !field
                .value
                .split(|&byte| byte == b',')
                .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"trailers")),
            b"upgrade" => !self.upgrade,
            b"keep-alive" | b"proxy-authenticate" | b"proxy-authorization" | b"proxy-connection" => true,
            name => self.named.contains(name),
        }
    }
}

/// Whether the sender of a message would go on with the connection.
fn keeps(head: &Head, minor: u8) -> bool {
    if head.has_token("connection", "close") {
        return false;
    }
    minor == 1 || head.has_token("connection", "keep-alive")
}

/// A header line as it stood, on one line.
fn push_plain(out: &mut Vec<u8>, field: &Field<'_>) {
    let odd = field.line.contains(&b'\t') || field.line.ends_with(b" ");
    if field.folded {
        push_line(out, field.name, &field.unfolded());
    } else if odd && (field.is("content-length") || field.is("transfer-encoding")) {
        // White space that some reader might not see as such never stands around what frames a body.
        push_line(out, field.name, field.value);
    } else {
        out.extend_from_slice(field.line);
        out.extend_from_slice(b"\r\n");
    }
}

fn push_line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
