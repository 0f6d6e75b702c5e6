//! gatetap's own answers: given only where there is no answer to pass on.

use crate::exchange::end::OwnAnswer;
use crate::exchange::text::causes;
use crate::replay::Miss;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use std::error::Error;
use std::{fmt, io};

/// The header that marks an own answer.
const ERROR_HEADER: HeaderName = HeaderName::from_static("x-gatetap-error");

/// The header that tells SDKs whether to try again.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Why there is no answer to pass on. The tokens are promised stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// The gateway's name could not be resolved.
    DnsNotFound,
    /// Nobody listens there.
    ConnectionRefused,
    /// The connection was reset before there was an answer.
    ConnectionReset,
    /// No connection came about in time.
    ConnectTimeout,
    /// No TLS came about.
    TlsFailed,
    /// The gateway closed without an answer.
    ClosedBeforeResponse,
    /// What came is no HTTP.
    BadResponse,
    /// The request had come through gatetap already.
    Loop,
    /// `x-gatetap-fault` asks for something that is no fault.
    BadFault,
    /// `/@NAME/` names no configured gateway.
    UnknownRoute,
    /// A method or a form of target that this proxy does not serve.
    UnsupportedRequest,
    /// What the app sent is no request, or could be read as two different ones.
    BadRequest,
    /// The request's head is longer than is read.
    HeadTooLong,
    /// The request's head did not become whole in time.
    SlowRequest,
    /// Nothing in the recording that is replayed answers the request.
    ReplayMiss,
}

/// A failure to get an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct Failure {
    pub(super) token: Token,
    pub(super) message: String,
    /// What a replay says of it.
    miss: Option<Box<Miss>>,
}

impl Token {
    /// Every token, in the order of the documentation.
    pub const ALL: [Self; 15] = [
        Self::DnsNotFound,
        Self::ConnectionRefused,
        Self::ConnectionReset,
        Self::ConnectTimeout,
        Self::TlsFailed,
        Self::ClosedBeforeResponse,
        Self::BadResponse,
        Self::Loop,
        Self::BadFault,
        Self::UnknownRoute,
        Self::UnsupportedRequest,
        Self::BadRequest,
        Self::HeadTooLong,
        Self::SlowRequest,
        Self::ReplayMiss,
    ];

    /// The value of `x-gatetap-error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DnsNotFound => "dns-not-found",
            Self::ConnectionRefused => "connection-refused",
            Self::ConnectionReset => "connection-reset",
            Self::ConnectTimeout => "connect-timeout",
            Self::TlsFailed => "tls-failed",
            Self::ClosedBeforeResponse => "closed-before-response",
            Self::BadResponse => "bad-response",
            Self::Loop => "loop",
            Self::BadFault => "bad-fault",
            Self::UnknownRoute => "unknown-route",
            Self::UnsupportedRequest => "unsupported-request",
            Self::BadRequest => "bad-request",
            Self::HeadTooLong => "head-too-long",
            Self::SlowRequest => "slow-request",
            Self::ReplayMiss => Miss::TOKEN,
        }
    }

    /// What it means, in a sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::DnsNotFound => "The gateway's name has no address, or nobody could be asked for it.",
            Self::ConnectionRefused => {
                "Nothing listens at the gateway's address, a firewall refused, or the outgoing proxy let nobody through."
            }
            Self::ConnectionReset => "The connection was reset before the gateway had answered.",
            Self::ConnectTimeout => "No connection to the gateway came about in time.",
            Self::TlsFailed => {
                "TLS with the gateway failed: a certificate that is not believed, one for another name, or no TLS there."
            }
            Self::ClosedBeforeResponse => "The gateway closed the connection without a word of an answer.",
            Self::BadResponse => "What the gateway sent is no HTTP answer.",
            Self::Loop => "The request had come through this gatetap before: it would go round for ever.",
            Self::BadFault => "`x-gatetap-fault` in the request asks for something that is no fault.",
            Self::UnknownRoute => {
                "The path begins with `/@NAME/`, and no gateway is configured under that name."
            }
            Self::UnsupportedRequest => "A method or a form of target that gatetap does not serve.",
            Self::BadRequest => {
                "What the app sent is no HTTP request, or could be read as two different ones."
            }
            Self::HeadTooLong => "The request's head is longer than gatetap reads.",
            Self::SlowRequest => "The request's head did not become whole in time.",
            Self::ReplayMiss => "Nothing in the recording that is replayed answers this request.",
        }
    }

    /// What to do about it, in a sentence.
    pub const fn fix(self) -> &'static str {
        match self {
            Self::DnsNotFound => {
                "Look for a typing mistake in `--upstream`, and see whether this machine is online."
            }
            Self::ConnectionRefused => {
                "See that the gateway runs where `--upstream` points, port included, and look at `HTTPS_PROXY`."
            }
            Self::ConnectionReset | Self::ClosedBeforeResponse => {
                "Send it again; if it goes on, look for a firewall, a VPN or a proxy between here and the gateway."
            }
            Self::ConnectTimeout => {
                "See whether this machine is online and the gateway can be reached without gatetap: `curl` its base URL."
            }
            Self::TlsFailed => {
                "Behind a proxy that opens TLS, name its CA with `--ca`; for a plain server, write `http://`."
            }
            Self::BadResponse => "See that the port of `--upstream` is one that speaks HTTP.",
            Self::Loop => {
                "Point `--upstream` at the gateway, not at gatetap, and see what `HTTPS_PROXY` names."
            }
            Self::BadFault => {
                "Correct the header; the message names the place, and `gatetap faults list` lists every fault."
            }
            Self::UnknownRoute => "Name the gateway with `--route NAME=URL`, or correct the base URL.",
            Self::UnsupportedRequest => "Send it to the gateway itself.",
            Self::BadRequest => {
                "Look at the bytes with `gatetap show`; a well-kept HTTP client does not write such."
            }
            Self::HeadTooLong => "See what fills the headers: cookies, or a prompt in the URL.",
            Self::SlowRequest => "See why the app stops in the middle of its own request.",
            Self::ReplayMiss => {
                "The message names the nearest recorded request and what differs: name what changes from run to run with `--volatile`, loosen `--match`, or record it anew."
            }
        }
    }

    /// Whether nobody can say where the next request on the connection would begin.
    pub(super) const fn closes(self) -> bool {
        matches!(self, Self::BadRequest | Self::HeadTooLong | Self::SlowRequest)
    }

    /// Whether the same request can only fail again: what is not recorded or not configured will not be
    /// at the next attempt.
    const fn is_lasting(self) -> bool {
        matches!(
            self,
            Self::Loop | Self::BadFault | Self::UnknownRoute | Self::UnsupportedRequest | Self::ReplayMiss
        )
    }

    /// The status it comes with.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::ConnectTimeout => StatusCode::GATEWAY_TIMEOUT,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::HeadTooLong => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::SlowRequest => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        }
    }
}

impl Failure {
    pub(super) fn new(token: Token, message: impl Into<String>) -> Self {
        Self { token, message: message.into(), miss: None }
    }

    /// The gateway closed without an answer.
    pub(super) fn closed_unanswered(gateway: &str) -> Self {
        let message = format!("{gateway} closed the connection before it answered");
        Self::new(Token::ClosedBeforeResponse, message)
    }

    /// The connection was reset before there was an answer.
    pub(super) fn reset_unanswered(gateway: &str) -> Self {
        Self::new(Token::ConnectionReset, format!("{gateway} reset the connection before it answered"))
    }

    /// What came is no HTTP.
    pub(super) fn not_http(gateway: &str, why: &dyn fmt::Display) -> Self {
        let message = format!("{gateway} answered with something that is not HTTP: {why}");
        Self::new(Token::BadResponse, message)
    }

    /// What hyper's client said before there was an answer.
    pub(super) fn from_hyper(error: &hyper::Error, gateway: &str) -> Self {
        if let Some(reason) = http2_error(error).filter(|error| error.is_remote()).and_then(h2::Error::reason)
        {
            let message = format!("{gateway} reset the stream before it answered: {reason}");
            return Self::new(Token::ConnectionReset, message);
        }
        let kind = io_kind(error);
        let reset = matches!(
            kind,
            Some(
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted
            )
        );
        // Many close a TLS connection without saying so in TLS.
        let ended = kind == Some(io::ErrorKind::UnexpectedEof);
        if reset {
            Self::reset_unanswered(gateway)
        } else if ended || error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
            Self::closed_unanswered(gateway)
        } else {
            Self::not_http(gateway, &causes(error))
        }
    }

    /// The answer the app gets, in the shape that its SDK prints.
    pub(super) fn answer(&self, anthropic: bool) -> Response<Bytes> {
        let message = format!("gatetap: {}", self.message);
        // The code is what the digest finds, so it stands in both shapes.
        let code = self.token.as_str();
        let mut error = if anthropic {
            serde_json::json!({ "type": "gatetap_error", "message": message, "code": code })
        } else {
            serde_json::json!({ "message": message, "type": "gatetap_error", "param": null, "code": code })
        };
        if let (Some(miss), Some(error)) = (&self.miss, error.as_object_mut()) {
            error.insert("nearest".to_owned(), serde_json::json!(miss.nearest));
        }
        let body = if anthropic {
            serde_json::json!({ "type": "error", "error": error })
        } else {
            serde_json::json!({ "error": error })
        };
        let mut response = json(self.status(), &body, Some(code));
        if self.token.is_lasting() {
            // The SDKs of OpenAI and Anthropic heed this, and otherwise try every 5xx again.
            response.headers_mut().insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        response
    }

    /// The status it is answered with.
    pub(super) fn status(&self) -> StatusCode {
        let said = self.miss.as_ref().and_then(|miss| StatusCode::from_u16(miss.status).ok());
        said.unwrap_or_else(|| self.token.status())
    }

    pub(super) fn own(&self) -> OwnAnswer {
        OwnAnswer { token: self.token.as_str().to_owned(), message: self.message.clone() }
    }
}

impl From<Miss> for Failure {
    fn from(miss: Miss) -> Self {
        let message = miss.message.clone();
        Self { token: Token::ReplayMiss, message, miss: Some(Box::new(miss)) }
    }
}

/// A JSON answer of gatetap's own, marked with `token` where it stands for a failure.
pub(super) fn json(
    status: StatusCode,
    body: &serde_json::Value,
    token: Option<&'static str>,
) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("{body}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(token) = token {
        response.headers_mut().insert(ERROR_HEADER, HeaderValue::from_static(token));
    }
    response
}

/// An answer of gatetap's own as bytes, to a request of that method; without `keep` it says that the connection
/// ends.
pub(super) fn rendered(response: &Response<Bytes>, method: &[u8], keep: bool) -> Bytes {
    let reason = response.status().canonical_reason().unwrap_or_default();
    let mut out = format!("HTTP/1.1 {} {reason}\r\n", response.status().as_str()).into_bytes();
    for (name, value) in response.headers() {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("{CONTENT_LENGTH}: {}\r\n", response.body().len()).as_bytes());
    if !keep {
        out.extend_from_slice(b"connection: close\r\n");
    }
    out.extend_from_slice(b"\r\n");
    if method != b"HEAD" {
        out.extend_from_slice(response.body());
    }
    out.into()
}

/// Whether the gateway has said that it has processed nothing of the request (RFC 9113 §8.7): it refused
/// the stream, or named a stream before it as the last one when it said farewell.
pub(super) fn says_unprocessed(error: &hyper::Error) -> bool {
    http2_error(error).is_some_and(|error| {
        let reason = error.reason();
        error.is_remote()
            && (error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM)
                || error.is_go_away() && reason == Some(h2::Reason::NO_ERROR))
    })
}

fn http2_error(error: &hyper::Error) -> Option<&h2::Error> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(http2) = error.downcast_ref() {
            return Some(http2);
        }
        cause = error.source();
    }
    None
}

/// The kind of the I/O error that caused `error`, if one did.
pub(super) fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        cause = error.source();
    }
    None
}
