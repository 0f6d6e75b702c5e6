//! gatetap's own answers: given only where there is no answer to pass on.

use crate::exchange::end::OwnAnswer;
use crate::replay::Miss;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use std::error::Error;
use std::io;

/// The header that marks an own answer.
const ERROR_HEADER: HeaderName = HeaderName::from_static("x-gatetap-error");

/// The header that tells SDKs whether to try again.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Why there is no answer to pass on. The tokens are promised stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    DnsNotFound,
    ConnectionRefused,
    ConnectionReset,
    ConnectTimeout,
    TlsFailed,
    ClosedBeforeResponse,
    BadResponse,
    Loop,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) token: Token,
    pub(super) message: String,
    /// What a replay says of it.
    miss: Option<Box<Miss>>,
}

impl Token {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::DnsNotFound => "dns-not-found",
            Self::ConnectionRefused => "connection-refused",
            Self::ConnectionReset => "connection-reset",
            Self::ConnectTimeout => "connect-timeout",
            Self::TlsFailed => "tls-failed",
            Self::ClosedBeforeResponse => "closed-before-response",
            Self::BadResponse => "bad-response",
            Self::Loop => "loop",
            Self::UnknownRoute => "unknown-route",
            Self::UnsupportedRequest => "unsupported-request",
            Self::BadRequest => "bad-request",
            Self::HeadTooLong => "head-too-long",
            Self::SlowRequest => "slow-request",
            Self::ReplayMiss => Miss::TOKEN,
        }
    }

    /// Whether nobody can say where the next request on the connection would begin.
    pub(super) const fn closes(self) -> bool {
        matches!(self, Self::BadRequest | Self::HeadTooLong | Self::SlowRequest)
    }

    const fn status(self) -> StatusCode {
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

    /// What hyper's client said before there was an answer.
    pub(super) fn from_hyper(error: &hyper::Error, gateway: &str) -> Self {
        if let Some(reason) = http2_error(error).filter(|error| error.is_remote()).and_then(h2::Error::reason)
        {
            let message = format!("{gateway} reset the stream before it answered: {reason}");
            return Self::new(Token::ConnectionReset, message);
        }
        let reset = matches!(
            io_kind(error),
            Some(
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted
            )
        );
        if reset {
            Self::new(Token::ConnectionReset, format!("{gateway} reset the connection before it answered"))
        } else if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
            Self::new(
                Token::ClosedBeforeResponse,
                format!("{gateway} closed the connection before it answered"),
            )
        } else {
            Self::new(
                Token::BadResponse,
                format!("{gateway} answered with something that is not HTTP: {}", causes(error)),
            )
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
        if self.miss.is_some() {
            // What is not recorded will not be at the next attempt: the SDKs of OpenAI and Anthropic heed this.
            response.headers_mut().insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        response
    }

    /// The same as bytes, for a connection that is closed after it.
    pub(super) fn raw_answer(&self, status: StatusCode) -> Vec<u8> {
        let answer = self.answer(false);
        let reason = status.canonical_reason().unwrap_or_default();
        let mut raw = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
        for (name, value) in answer.headers() {
            raw.extend_from_slice(name.as_str().as_bytes());
            raw.extend_from_slice(b": ");
            raw.extend_from_slice(value.as_bytes());
            raw.extend_from_slice(b"\r\n");
        }
        let length = answer.body().len();
        raw.extend_from_slice(format!("content-length: {length}\r\nconnection: close\r\n\r\n").as_bytes());
        raw.extend_from_slice(answer.body());
        raw
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

/// An error and all that caused it, in one line.
pub(super) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
