//! The JSON of exchanges: what `ls`, `show` and the control API say to programs.
//!
//! The keys, their order and their meaning are a contract. What is not known is null, never absent;
//! times ending in `_ms` are milliseconds with the microseconds as decimals. Bytes of heads that are not
//! UTF-8 are read as Latin-1, one character a byte.

use crate::digest::EventLine;
use crate::digest::summary::{Summary, Whole};
use crate::exchange::body::{Body, Side};
use crate::exchange::credential::CredentialFacts;
use crate::exchange::delay::{added, percentile};
use crate::exchange::end::BodyEnd;
use crate::exchange::finding::Finding;
use crate::exchange::head::{Headers, InterimHead};
use crate::exchange::time::{Micros, WallTime};
use crate::exchange::tunnel::{Tunnel, TunnelId};
use crate::exchange::{Exchange, ExchangeId, SessionId};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

/// One exchange as a line.
#[derive(Debug, Serialize)]
pub struct SummaryLine<'a> {
    id: ExchangeId,
    started_at: String,
    method: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    gateway: &'a str,
    url: &'a str,
    status: Option<u16>,
    verdict: &'static str,
    streaming: bool,
    model: Option<&'a str>,
    model_answered: Option<&'a str>,
    request_id: Option<&'a str>,
    error_code: Option<&'a str>,
    finish_reason: Option<&'a str>,
    duration_ms: Option<f64>,
    ttft_ms: Option<f64>,
    tokens: Tokens,
    /// `None` where the whole exchange says the findings themselves under the same key.
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<&'a [String]>,
    fault: Option<&'a str>,
    replay_of: Option<ExchangeId>,
    credential: Option<CredentialLine<'a>>,
    client: ClientLine<'a>,
    request_bytes: u64,
    response_bytes: u64,
    session: SessionId,
}

/// One exchange, whole.
#[derive(Debug, Serialize)]
pub struct WholeLine<'a> {
    #[serde(flatten)]
    summary: SummaryLine<'a>,
    request: Message<'a>,
    /// Null where there was no answer.
    response: Option<Message<'a>>,
    timing: TimingLine,
    findings: Vec<FindingLine<'a>>,
    note: Option<&'a str>,
    /// Interim answers (1xx) that came before the answer; empty without any.
    interim: Vec<InterimLine>,
}

/// One line of a recorded stream.
#[derive(Debug, Serialize)]
pub struct EventJson<'a> {
    index: usize,
    kind: &'static str,
    event: Option<&'a str>,
    id: Option<&'a str>,
    data: &'a str,
    at_ms: Option<f64>,
    taken_ms: Option<f64>,
    chunk: usize,
    offset: u64,
    length: u64,
}

/// One tunnel as a line. `ended_by` is null where both sides closed, and while it is open.
#[derive(Debug, Serialize)]
pub struct TunnelLine<'a> {
    id: TunnelId,
    started_at: String,
    host: &'a str,
    peer: Option<&'a str>,
    connect_ms: Option<f64>,
    duration_ms: Option<f64>,
    sent_bytes: u64,
    received_bytes: u64,
    ended_by: Option<&'static str>,
    ended_detail: Option<&'a str>,
    error_code: Option<&'a str>,
    error_message: Option<&'a str>,
    session: SessionId,
}

#[derive(Debug, Serialize)]
struct Tokens {
    input: Option<u64>,
    output: Option<u64>,
    total: Option<u64>,
}

#[derive(Debug, Serialize)]
struct CredentialLine<'a> {
    scheme: Option<&'a str>,
    vendor: Option<&'a str>,
    length: u64,
    last4: Option<&'a str>,
    fingerprint: &'a str,
    defects: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct ClientLine<'a> {
    agent: Option<&'a str>,
    retry_count: Option<u32>,
    timeout_s: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    headers: Vec<(&'a str, String)>,
    /// Null where there were no such bytes, as in HTTP/2.
    raw_head: Option<String>,
    body: BodyLine<'a>,
    /// What followed the body; empty without any.
    trailers: Vec<(&'a str, String)>,
}

#[derive(Debug, Serialize)]
struct InterimLine {
    status: Option<u16>,
    at_ms: f64,
    raw_head: String,
}

#[derive(Debug, Serialize)]
struct BodyLine<'a> {
    #[serde(flatten)]
    content: Content<'a>,
    bytes: u64,
    stored: u64,
    cut: Option<CutLine>,
    /// Of the whole body, where not all of it is kept.
    sha256: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Content<'a> {
    Text(&'a str),
    Base64(String),
}

#[derive(Debug, Serialize)]
struct CutLine {
    at: u64,
    tail: u64,
}

#[derive(Debug, Serialize)]
struct TimingLine {
    connect_ms: Option<f64>,
    tls_ms: Option<f64>,
    sent_ms: Option<f64>,
    head_ms: Option<f64>,
    first_event_ms: Option<f64>,
    last_event_ms: Option<f64>,
    end_ms: Option<f64>,
    /// How long chunks were held back because the recorder was behind.
    held_ms: Option<f64>,
    added_p50_us: Option<u64>,
    added_p99_us: Option<u64>,
}

/// One finding.
#[derive(Debug, Serialize)]
pub struct FindingLine<'a> {
    check: &'a str,
    severity: &'static str,
    message: &'a str,
    evidence: &'a str,
    fix: &'a str,
    places: Vec<String>,
}

/// One finding, with the exchange that it was made in.
#[derive(Debug, Serialize)]
pub struct FoundLine<'a> {
    exchange: ExchangeId,
    #[serde(flatten)]
    finding: FindingLine<'a>,
    method: &'a str,
    path: &'a str,
    gateway: &'a str,
    status: Option<u16>,
    verdict: &'static str,
    started_at: String,
}

impl<'a> SummaryLine<'a> {
    /// The line of `summary`.
    pub fn new(summary: &'a Summary) -> Self {
        let digest = &summary.digest;
        Self {
            id: summary.id,
            started_at: rfc3339(summary.started_at),
            method: &summary.method,
            path: &summary.path,
            query: summary.query.as_deref(),
            gateway: &summary.gateway,
            url: &summary.url,
            status: summary.status,
            verdict: summary.verdict.as_str(),
            streaming: digest.streaming,
            model: digest.model.as_deref(),
            model_answered: digest.model_answered.as_deref(),
            request_id: digest.request_id.as_deref(),
            error_code: digest.error_code.as_deref(),
            finish_reason: digest.finish_reason.as_deref(),
            duration_ms: milliseconds(summary.duration),
            ttft_ms: milliseconds(digest.first_token),
            tokens: Tokens {
                input: digest.usage.input,
                output: digest.usage.output,
                total: digest.usage.total,
            },
            findings: Some(&summary.findings),
            fault: summary.fault.as_deref(),
            replay_of: summary.replay_of,
            credential: summary.credential.as_ref().map(CredentialLine::new),
            client: ClientLine {
                agent: digest.client.agent.as_deref(),
                retry_count: digest.client.retry_count,
                timeout_s: digest.client.timeout_s,
            },
            request_bytes: summary.request_bytes,
            response_bytes: summary.response_bytes,
            session: summary.session,
        }
    }
}

impl<'a> WholeLine<'a> {
    /// The line of `whole` with its two bodies.
    pub fn new(whole: &'a Whole, request: &'a Body, response: &'a Body) -> Self {
        let exchange = &whole.exchange;
        let timing = &exchange.timing;
        let digest = &whole.summary.digest;
        let added = added(&response.marks);
        Self {
            summary: SummaryLine { findings: None, ..SummaryLine::new(&whole.summary) },
            request: Message::new(exchange, Side::Request, &exchange.request.headers, request),
            response: exchange
                .response
                .as_ref()
                .map(|head| Message::new(exchange, Side::Response, &head.headers, response)),
            timing: TimingLine {
                connect_ms: milliseconds(timing.connect),
                tls_ms: milliseconds(timing.tls),
                sent_ms: milliseconds(timing.sent),
                head_ms: milliseconds(timing.head),
                first_event_ms: milliseconds(digest.first_event),
                last_event_ms: milliseconds(digest.last_event),
                end_ms: milliseconds(timing.end),
                held_ms: milliseconds(timing.held),
                added_p50_us: percentile(&added, 50).map(|delay| delay.0),
                added_p99_us: percentile(&added, 99).map(|delay| delay.0),
            },
            findings: whole.findings.iter().map(FindingLine::new).collect(),
            note: whole.summary.note.as_deref(),
            interim: exchange.interim.iter().map(InterimLine::new).collect(),
        }
    }
}

impl<'a> FoundLine<'a> {
    /// The line of a `finding` in the exchange of `summary`.
    pub fn new(summary: &'a Summary, finding: &'a Finding) -> Self {
        Self {
            exchange: summary.id,
            finding: FindingLine::new(finding),
            method: &summary.method,
            path: &summary.path,
            gateway: &summary.gateway,
            status: summary.status,
            verdict: summary.verdict.as_str(),
            started_at: rfc3339(summary.started_at),
        }
    }
}

impl<'a> EventJson<'a> {
    /// The line of `event`.
    pub fn new(event: &'a EventLine) -> Self {
        Self {
            index: event.index,
            kind: event.kind.as_str(),
            event: event.event.as_deref(),
            id: event.id.as_deref(),
            data: &event.data,
            at_ms: milliseconds(event.at),
            taken_ms: milliseconds(event.taken),
            chunk: event.chunk,
            offset: event.offset,
            length: event.length,
        }
    }
}

impl<'a> TunnelLine<'a> {
    /// The line of `tunnel`.
    pub fn new(tunnel: &'a Tunnel) -> Self {
        let (ended_by, ended_detail) = match &tunnel.ended {
            Some(BodyEnd::Broken { by, detail }) => (Some(by.as_str()), Some(detail.as_str())),
            Some(BodyEnd::Whole) | None => (None, None),
        };
        Self {
            id: tunnel.id,
            started_at: rfc3339(tunnel.started_at),
            host: &tunnel.host,
            peer: tunnel.peer.as_deref(),
            connect_ms: milliseconds(tunnel.connect),
            duration_ms: milliseconds(tunnel.end),
            sent_bytes: tunnel.sent_bytes,
            received_bytes: tunnel.received_bytes,
            ended_by,
            ended_detail,
            error_code: tunnel.failure.as_ref().map(|own| own.token.as_str()),
            error_message: tunnel.failure.as_ref().map(|own| own.message.as_str()),
            session: tunnel.session,
        }
    }
}

impl<'a> CredentialLine<'a> {
    fn new(facts: &'a CredentialFacts) -> Self {
        Self {
            scheme: facts.scheme.as_deref(),
            vendor: facts.vendor.as_deref(),
            length: facts.length,
            last4: facts.last4.as_deref(),
            fingerprint: &facts.fingerprint,
            defects: facts.defects.iter().map(|defect| defect.as_str()).collect(),
        }
    }
}

impl<'a> Message<'a> {
    fn new(exchange: &'a Exchange, side: Side, headers: &'a Headers, body: &'a Body) -> Self {
        let response = exchange.response.as_ref();
        let (raw, trailers) = match side {
            Side::Request => (exchange.request.raw.as_ref(), &exchange.request_trailers),
            Side::Response | Side::Origin => {
                (response.and_then(|head| head.raw.as_ref()), &exchange.response_trailers)
            }
        };
        Self {
            headers: lines(headers),
            raw_head: raw.map(|raw| head_text(raw)),
            body: BodyLine::new(exchange, side, body),
            trailers: lines(trailers),
        }
    }
}

impl InterimLine {
    fn new(head: &InterimHead) -> Self {
        Self { status: head.status(), at_ms: head.at.as_ms(), raw_head: head_text(&head.raw) }
    }
}

impl<'a> BodyLine<'a> {
    fn new(exchange: &Exchange, side: Side, body: &'a Body) -> Self {
        let stored = body.bytes.len() as u64;
        Self {
            content: std::str::from_utf8(&body.bytes)
                .map_or_else(|_| Content::Base64(BASE64.encode(&body.bytes)), Content::Text),
            bytes: exchange.bytes_of(side).max(stored),
            stored,
            cut: body.cut.map(|cut| CutLine { at: cut.at, tail: cut.tail }),
            sha256: exchange.sha256_of(side).map(|hash| hex(hash)),
        }
    }
}

/// Bytes as hexadecimal digits, as `sha256sum` prints them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or_default());
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or_default());
        text
    })
}

impl<'a> FindingLine<'a> {
    /// The line of `finding`.
    pub fn new(finding: &'a Finding) -> Self {
        Self {
            check: &finding.check,
            severity: finding.severity.as_str(),
            message: &finding.message,
            evidence: &finding.evidence,
            fix: &finding.fix,
            places: finding.places.iter().map(ToString::to_string).collect(),
        }
    }
}

fn lines(headers: &Headers) -> Vec<(&str, String)> {
    headers.iter().map(|(name, value)| (name.as_str(), head_text(value))).collect()
}

/// RFC 3339 in UTC with microseconds.
pub fn rfc3339(at: WallTime) -> String {
    jiff::Timestamp::from_microsecond(at.0)
        .map_or_else(|_| format!("@{}us", at.0), |timestamp| format!("{timestamp:.6}"))
}

/// The bytes of a head as text: UTF-8, else Latin-1.
pub fn head_text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

fn milliseconds(time: Option<Micros>) -> Option<f64> {
    time.map(Micros::as_ms)
}
