//! What a check looks at.

use super::history::{History, Past};
use super::request_facts::RequestFacts;
use crate::digest::verdict::Judgement;
use crate::digest::{Answer, Digest, RateState, Sdk, StreamFacts, rate_state};
use crate::exchange::Exchange;
use crate::exchange::credential::CredentialFacts;
use crate::exchange::end::Verdict;
use crate::exchange::head::{Headers, ResponseHead};
use crate::exchange::time::Micros;
use crate::gateway::profile::{Profile, profile};
use crate::wire::coding::Problem;
use crate::wire::dialect::Dialect;
use serde_json::Value;
use std::ops::Deref;

/// What is known of an exchange at every stage.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The exchange. At the request's stage, with the recording at hand, the rest of it is known too; a check
    /// of that stage does not look at it.
    pub exchange: &'a Exchange,
    /// What was derived.
    pub digest: &'a Digest,
    /// The exchanges of the same session.
    pub history: &'a History,
    /// What the history remembers of this one.
    pub own: &'a Past,
    /// The gateway by the name under which it is known: that of the one it plays or answers like, where it does.
    pub gateway: &'a str,
}

/// A request that is there.
#[derive(Debug, Clone, Copy)]
pub struct RequestSubject<'a> {
    /// What is known at every stage.
    pub context: Context<'a>,
    /// Its body, decoded.
    pub body: &'a [u8],
    /// The body as JSON, if it is.
    pub json: Option<&'a Value>,
    /// Whether the body arrived whole and is kept whole.
    pub whole: bool,
    /// What later stages know of it.
    pub facts: &'a RequestFacts,
}

/// An exchange with its answer: whole, or as far as it has come.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// What is known at every stage.
    pub context: Context<'a>,
    /// How it ended, and why.
    pub judgement: &'a Judgement,
    /// What is kept of the request.
    pub request: &'a RequestFacts,
    /// What the model said.
    pub answer: &'a Answer,
    /// How the stream came; all zero of a plain answer.
    pub stream: &'a StreamFacts,
    /// The plain answer, decoded, as far as it is kept: empty of a stream.
    pub plain: &'a [u8],
    /// Why the answer could not be decoded to its end, where it could not.
    pub coding_problem: Option<&'a Problem>,
}

impl<'a> Context<'a> {
    /// The profile of the gateway. The simulator has that of the gateway it plays.
    pub fn profile(&self) -> Option<&'static Profile> {
        profile(self.gateway)
    }

    /// Whether it goes to that gateway, to a simulation of it, or to one that answers like it.
    pub fn is_gateway(&self, name: &str) -> bool {
        self.gateway == name
    }

    /// The exchanges that began before this one, newest first.
    pub fn before(&self) -> impl Iterator<Item = &'a Past> {
        self.history.before(self.own)
    }

    /// The earlier attempts at the same request, newest first.
    pub fn attempts(&self) -> impl Iterator<Item = &'a Past> {
        self.history.attempts(self.own)
    }

    /// The path, as the app sent it, without a route's prefix `/@NAME`.
    pub fn path(&self) -> &'a str {
        let path = self.exchange.request.path();
        let Some(routed) = path.strip_prefix("/@") else {
            return path;
        };
        routed.find('/').and_then(|at| routed.get(at..)).unwrap_or("/")
    }

    /// The API it speaks.
    pub fn dialect(&self) -> Dialect {
        self.digest.dialect
    }

    /// Whether this is a call of an API, and not a page, an icon or a probe of something else.
    pub fn is_api_call(&self) -> bool {
        self.digest.dialect != Dialect::Unknown || self.path().starts_with("/v1/")
    }

    /// The request's headers, secrets masked.
    pub fn headers(&self) -> &'a Headers {
        &self.exchange.request.headers
    }

    /// Which SDK asks, if it says so.
    pub fn sdk(&self) -> Option<Sdk> {
        Sdk::of(self.headers())
    }

    /// The `User-Agent`.
    pub fn agent(&self) -> Option<&'a str> {
        self.digest.client.agent.as_deref()
    }

    /// What is kept of its credentials, in order of appearance.
    pub fn credentials(&self) -> &'a [CredentialFacts] {
        &self.exchange.credentials
    }
}

impl<'a> Subject<'a> {
    /// The head of the answer, if there is one.
    pub fn head(&self) -> Option<&'a ResponseHead> {
        self.context.exchange.response.as_ref()
    }

    /// The status of the answer; 0 if there is none.
    pub fn status(&self) -> u16 {
        self.head().map_or(0, |head| head.status)
    }

    /// How it ended.
    pub fn verdict(&self) -> Verdict {
        self.judgement.verdict
    }

    /// What the answer says about limits.
    pub fn rate(&self) -> RateState {
        let exchange = self.context.exchange;
        let now = exchange.started_at.plus(exchange.timing.head.unwrap_or_default());
        self.head().map(|head| rate_state(&head.headers, self.plain, now)).unwrap_or_default()
    }

    /// How long it took, or has taken until the last event.
    pub fn took(&self) -> Micros {
        let exchange = self.context.exchange;
        exchange.timing.end.or(self.context.digest.last_event).unwrap_or_default()
    }

    /// Whether the answer is an event stream, or JSON lines.
    pub fn is_stream(&self) -> bool {
        self.context.digest.events > 0 || self.context.digest.comments > 0
    }

    /// When the request was sent; 0 if that is not known.
    pub fn sent(&self) -> Micros {
        self.context.exchange.timing.sent.unwrap_or_default()
    }
}

impl<'a> Deref for RequestSubject<'a> {
    type Target = Context<'a>;

    fn deref(&self) -> &Context<'a> {
        &self.context
    }
}

impl<'a> Deref for Subject<'a> {
    type Target = Context<'a>;

    fn deref(&self) -> &Context<'a> {
        &self.context
    }
}
