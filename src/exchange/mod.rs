//! The model: one request and all that answered it.
//!
//! Plain data that every other room speaks in: heads as they stood on the wire, bodies as chunks with
//! their marks, how each side ended, what is kept of a credential, what a check found.
//!
//! Invariant: nothing here reads a socket, a file or a clock (the one clock is the injected
//! [`time::Clock`]), and nothing here depends on another room.

pub mod body;
pub mod credential;
pub mod delay;
pub mod end;
pub mod finding;
pub mod head;
pub mod nearest;
pub mod origin;
pub mod session;
pub mod text;
pub mod time;
pub mod tunnel;

use body::{Hidden, Side};
use credential::CredentialFacts;
use delay::Taken;
use end::{BodyEnd, Hop, OwnAnswer};
use head::{RequestHead, ResponseHead};
use time::{Micros, WallTime};

/// The number of an exchange inside one recording: SQLite's row id, counted from 1.
pub type ExchangeId = i64;

/// The number of a session inside one recording.
pub type SessionId = i64;

/// One exchange without its bodies: what was asked, what came back, when, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Its number in the recording.
    pub id: ExchangeId,
    /// The run that recorded it.
    pub session: SessionId,
    /// When the first byte of the request head was there.
    pub started_at: WallTime,
    /// The app's socket address; `None` where gatetap did not see the app itself: a file told of the exchange.
    pub peer: Option<String>,
    /// The name of the gateway it went to, from configuration.
    pub gateway: String,
    /// Where it was sent: the full URL on the gateway side.
    pub url: String,
    /// The request as the app sent it, secrets masked.
    pub request: RequestHead,
    /// The headers as they went to the gateway, secrets masked; `None` until they did.
    pub sent: Option<head::Headers>,
    /// The interim answers (1xx) that the gateway sent before it, in order; HTTP/1 only.
    pub interim: Vec<head::InterimHead>,
    /// The answer's head, as the app got it.
    pub response: Option<ResponseHead>,
    /// Set when gatetap answered by itself, because there was no answer to pass on.
    pub own_answer: Option<OwnAnswer>,
    /// When things happened, counted from `started_at`.
    pub timing: Timing,
    /// How the request body ended; `None` while it is open.
    pub request_end: Option<BodyEnd>,
    /// How the response ended; `None` while it is open.
    pub response_end: Option<BodyEnd>,
    /// The lines that followed the request body, secrets masked; empty without any.
    pub request_trailers: head::Headers,
    /// The lines that followed the response body, secrets masked; empty without any.
    pub response_trailers: head::Headers,
    /// The SHA-256 of the whole request body, where not all of it is kept.
    pub request_sha256: Option<[u8; 32]>,
    /// The SHA-256 of the whole response body, where not all of it is kept.
    pub response_sha256: Option<[u8; 32]>,
    /// Bytes of request body seen.
    pub request_bytes: u64,
    /// Bytes of response body seen.
    pub response_bytes: u64,
    /// What was hidden in the request body.
    pub request_hidden: Hidden,
    /// What was hidden in the response body.
    pub response_hidden: Hidden,
    /// What is kept of the credentials it carried, in order of appearance.
    pub credentials: Vec<CredentialFacts>,
    /// The name of the fault that was injected.
    pub fault: Option<String>,
    /// The exchange that this one sends again.
    pub replay_of: Option<ExchangeId>,
}

impl Exchange {
    /// An exchange of which nothing but its request is known, and that is in no recording.
    pub fn of(request: RequestHead) -> Self {
        Self {
            id: 0,
            session: 0,
            started_at: WallTime(0),
            peer: None,
            gateway: String::new(),
            url: String::new(),
            request,
            sent: None,
            interim: Vec::new(),
            response: None,
            own_answer: None,
            timing: Timing::default(),
            request_end: None,
            response_end: None,
            request_trailers: head::Headers::default(),
            response_trailers: head::Headers::default(),
            request_sha256: None,
            response_sha256: None,
            request_bytes: 0,
            response_bytes: 0,
            request_hidden: Hidden::default(),
            response_hidden: Hidden::default(),
            credentials: Vec::new(),
            fault: None,
            replay_of: None,
        }
    }

    /// What was hidden in the body of `side`.
    pub fn hidden_in(&self, side: Side) -> Hidden {
        match side {
            Side::Request => self.request_hidden,
            Side::Response => self.response_hidden,
            Side::Origin => Hidden::default(),
        }
    }

    /// How the body of `side` ended; `None` while it is open.
    pub fn end_of(&self, side: Side) -> Option<&BodyEnd> {
        match side {
            Side::Request => self.request_end.as_ref(),
            Side::Origin => None,
            Side::Response => self.response_end.as_ref(),
        }
    }

    /// How many bytes of a body have passed.
    pub fn bytes_of(&self, side: Side) -> u64 {
        match side {
            Side::Request => self.request_bytes,
            Side::Response => self.response_bytes,
            Side::Origin => 0,
        }
    }

    /// The SHA-256 of a whole body, where not all of it is kept.
    pub fn sha256_of(&self, side: Side) -> Option<&[u8; 32]> {
        match side {
            Side::Request => self.request_sha256.as_ref(),
            Side::Response => self.response_sha256.as_ref(),
            Side::Origin => None,
        }
    }

    /// Who ended the response early, if anybody did.
    pub fn broken_by(&self) -> Option<Hop> {
        self.response_end.as_ref().and_then(BodyEnd::broken_by)
    }
}

/// When things happened on the gateway side, in microseconds since the exchange began.
///
/// `None` is *not known or not yet*; the first three stay `None` on a reused connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// How long TCP took to connect, name resolution included.
    pub connect: Option<Micros>,
    /// How long the TLS handshake took.
    pub tls: Option<Micros>,
    /// Whether the connection had carried an exchange before.
    pub reused: Option<bool>,
    /// When the request was handed to the gateway's connection.
    pub sent: Option<Micros>,
    /// When the response head was there.
    pub head: Option<Micros>,
    /// When the exchange ended.
    pub end: Option<Micros>,
    /// For how long chunks were held back because the recorder's queue was full.
    pub held: Option<Micros>,
    /// How much later than they were read the app's socket took the chunks of the answer. Derived from the
    /// marks, for the checks; `None` where nobody did.
    pub taken: Option<Taken>,
}
