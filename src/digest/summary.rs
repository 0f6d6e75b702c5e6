//! One exchange as a line: what `ls`, the live view's list and the exports show of it.

use super::Digest;
use crate::exchange::credential::CredentialFacts;
use crate::exchange::end::Verdict;
use crate::exchange::finding::{Finding, Severity};
use crate::exchange::time::{Micros, WallTime};
use crate::exchange::{Exchange, ExchangeId, SessionId};

/// One exchange as a line. Holds no body and no head.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Its number in the recording.
    pub id: ExchangeId,
    /// The run that recorded it.
    pub session: SessionId,
    /// When it began.
    pub started_at: WallTime,
    /// The method, as sent.
    pub method: String,
    /// The path, as the app sent it.
    pub path: String,
    /// The query without its `?`, secrets masked.
    pub query: Option<String>,
    /// The gateway's name.
    pub gateway: String,
    /// The URL on the gateway side, secrets masked.
    pub url: String,
    /// The status the app got; `None` until there is one.
    pub status: Option<u16>,
    /// How it ended.
    pub verdict: Verdict,
    /// The `x-gatetap-error` token, where gatetap answered by itself.
    pub own_error: Option<String>,
    /// What was derived from it.
    pub digest: Digest,
    /// How long it took; `None` while it is open.
    pub duration: Option<Micros>,
    /// The ids of the checks that fired.
    pub findings: Vec<String>,
    /// How bad the worst finding is.
    pub severity: Option<Severity>,
    /// The name of the fault that was injected.
    pub fault: Option<String>,
    /// The exchange that this one sends again.
    pub replay_of: Option<ExchangeId>,
    /// What a person noted of it; secrets masked.
    pub note: Option<String>,
    /// The first credential it carried.
    pub credential: Option<CredentialFacts>,
    /// Bytes of request body.
    pub request_bytes: u64,
    /// Bytes of response body.
    pub response_bytes: u64,
}

/// One exchange with everything but its bodies.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// Its line.
    pub summary: Summary,
    /// Its heads, times and ends.
    pub exchange: Exchange,
    /// What the checks found.
    pub findings: Vec<Finding>,
}
