//! What the forwarding path saw of a request and of its answer, secrets and all. It lives in memory only:
//! [`super::redact`] turns it into what may be kept.

use crate::exchange::end::OwnAnswer;
use crate::exchange::head::Headers;
use crate::exchange::{ExchangeId, Timing};
use crate::gateway::set_header::SetHeader;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Version};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// A request that has arrived and is about to be sent on.
pub struct Asked {
    /// The app's address.
    pub peer: SocketAddr,
    /// The gateway's name.
    pub gateway: Arc<str>,
    /// The URL on the gateway side.
    pub url: String,
    /// The method.
    pub method: Method,
    /// The target, as the app sent it.
    pub target: String,
    /// The protocol of the app's side.
    pub version: Version,
    /// The headers, as the app sent them.
    pub headers: HeaderMap,
    /// The bytes of the head, where the protocol has such bytes.
    pub raw: Option<Bytes>,
    /// The headers, as they go to the gateway; `None` where nothing is sent.
    pub sent: Option<Headers>,
    /// What configuration has set in them.
    pub set: Arc<[SetHeader]>,
    /// The fault that is injected.
    pub fault: Option<String>,
    /// The exchange that this one sends again.
    pub replay_of: Option<ExchangeId>,
}

/// The head of an answer, as the app is about to get it.
pub struct Answered {
    /// The status.
    pub status: StatusCode,
    /// The protocol of the gateway's side.
    pub version: Version,
    /// The headers, as the gateway sent them.
    pub headers: HeaderMap,
    /// The bytes of the head, where the protocol has such bytes.
    pub raw: Option<Bytes>,
    /// Set where gatetap answers by itself.
    pub own: Option<OwnAnswer>,
    /// What the gateway side took; `head` among it.
    pub timing: Timing,
}

/// Says nothing that could be a secret.
impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked")
            .field("gateway", &self.gateway)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Says nothing that could be a secret.
impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered").field("status", &self.status).finish_non_exhaustive()
    }
}
