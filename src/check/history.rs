//! What was before: the exchanges of the same session, as far as checks over time need them.

use crate::digest::{Digest, Usage, rate_state};
use crate::exchange::end::Verdict;
use crate::exchange::time::{Micros, WallTime};
use crate::exchange::{Exchange, ExchangeId, SessionId};
use crate::wire::dialect::Dialect;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::request_facts::RequestFacts;

/// So many exchanges of a session are remembered.
const MOST: usize = 2_000;

/// The exchanges of one session, in the order of starting, and what was said of them.
///
/// A check sees only what had happened when its exchange ended, so that a recording that is checked later
/// gives the same findings as the traffic did.
#[derive(Debug, Default)]
pub struct History {
    past: VecDeque<Past>,
    /// The ids that each gateway listed last.
    models: BTreeMap<String, Arc<[String]>>,
    /// What need not be said again: a check's id and what it spoke of.
    said: BTreeSet<(&'static str, String)>,
}

/// One exchange, as it is remembered.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Its number in this process, by which it is found again.
    pub key: u64,
    /// Its number in the recording; 0 while it has none.
    pub id: ExchangeId,
    /// The session.
    pub session: SessionId,
    /// When it began.
    pub started_at: WallTime,
    /// The app's address without its port.
    pub peer: Option<String>,
    /// The method.
    pub method: String,
    /// The path, as the app sent it.
    pub path: String,
    /// The gateway's name.
    pub gateway: String,
    /// The host it was sent to.
    pub url: String,
    /// The fingerprint of its first credential.
    pub fingerprint: Option<String>,
    /// The `User-Agent`.
    pub agent: Option<String>,
    /// Which attempt it is, by its own word.
    pub retry_count: Option<u32>,
    /// A hash of its request body, as far as it has come. It holds in this process only.
    pub body: u64,
    /// The length of its request body, as far as it has come.
    pub request_bytes: u64,
    /// What else is known of its request, once that is there.
    pub request: RequestFacts,
    /// The API it speaks.
    pub dialect: Dialect,
    /// The model it asks.
    pub model: Option<String>,
    /// A stream was asked for.
    pub streaming: bool,
    /// How it went, once it has ended.
    pub ended: Option<Ended>,
}

/// How an exchange went.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// When.
    pub at: WallTime,
    /// The verdict.
    pub verdict: Verdict,
    /// The status; `None` if no head came.
    pub status: Option<u16>,
    /// When its head was there, counted from its start.
    pub head: Option<Micros>,
    /// When the first piece of the answer was there, counted from its start.
    pub first_token: Option<Micros>,
    /// The error's code.
    pub error_code: Option<String>,
    /// The error's message.
    pub error_message: Option<String>,
    /// The finish reason.
    pub finish_reason: Option<String>,
    /// gatetap's own error token.
    pub own_error: Option<String>,
    /// For how long the answer says to wait.
    pub retry_after: Option<Micros>,
    /// Whether the answer says that asking again helps.
    pub should_retry: Option<bool>,
    /// No more requests were left in the window, which ends after this time where that is known.
    pub none_left: Option<Option<Micros>>,
    /// How many secrets its request body held, a private key in PEM form among them.
    pub hidden: u64,
    /// Tokens.
    pub usage: Usage,
}

impl Past {
    /// A request that has begun.
    pub fn begun(key: u64, exchange: &Exchange) -> Self {
        let peer = exchange.peer.as_deref().map(|peer| peer.rsplit_once(':').map_or(peer, |(host, _)| host));
        Self {
            key,
            id: exchange.id,
            session: exchange.session,
            started_at: exchange.started_at,
            peer: peer.map(str::to_owned),
            method: exchange.request.method.clone(),
            path: exchange.request.path().to_owned(),
            gateway: exchange.gateway.clone(),
            url: exchange.url.clone(),
            fingerprint: exchange.credentials.first().map(|credential| credential.fingerprint.clone()),
            agent: exchange.request.headers.text("user-agent").map(str::to_owned),
            retry_count: None,
            body: 0,
            request_bytes: 0,
            request: RequestFacts::default(),
            dialect: Dialect::Unknown,
            model: None,
            streaming: false,
            ended: None,
        }
    }

    /// Takes in what is known of a request that is there.
    pub(super) fn asked(&mut self, digest: &Digest, request: &RequestFacts) {
        self.dialect = digest.dialect;
        self.model.clone_from(&digest.model);
        self.streaming = digest.streaming;
        self.retry_count = digest.client.retry_count;
        self.request = request.clone();
    }

    /// Takes in how it ended.
    pub(super) fn ended(&mut self, exchange: &Exchange, digest: &Digest, verdict: Verdict, plain: &[u8]) {
        self.id = exchange.id;
        let head_at = exchange.started_at.plus(exchange.timing.head.unwrap_or_default());
        let rate = exchange.response.as_ref().map(|head| rate_state(&head.headers, plain, head_at));
        let rate = rate.unwrap_or_default();
        let spent = rate.windows.iter().find(|window| window.remaining == Some(0));
        self.ended = Some(Ended {
            at: exchange.started_at.plus(exchange.timing.end.unwrap_or_default()),
            verdict,
            status: exchange.response.as_ref().map(|head| head.status),
            head: exchange.timing.head,
            first_token: digest.first_token,
            error_code: digest.error_code.clone(),
            error_message: digest.error_message.clone(),
            finish_reason: digest.finish_reason.clone(),
            own_error: exchange.own_answer.as_ref().map(|own| own.token.clone()),
            retry_after: rate.retry_after,
            should_retry: rate.should_retry,
            none_left: spent.map(|window| window.resets_in),
            hidden: exchange.request_hidden.count + u64::from(self.request.private_key),
            usage: digest.usage,
        });
    }

    /// Whether this is the same request as `other`: credential, method, path and body.
    pub fn repeats(&self, other: &Self) -> bool {
        self.body == other.body
            && self.request_bytes == other.request_bytes
            && self.request_bytes > 0
            && self.method == other.method
            && self.path == other.path
            && self.gateway == other.gateway
            && self.fingerprint == other.fingerprint
    }

    /// How it went, if it had ended at `time`.
    pub fn ended_by(&self, time: WallTime) -> Option<&Ended> {
        self.ended.as_ref().filter(|ended| ended.at <= time)
    }
}

impl History {
    /// Every exchange that had begun at `time`, in the order of starting, newest last.
    pub fn until(&self, time: WallTime) -> impl DoubleEndedIterator<Item = &Past> {
        self.past.iter().filter(move |past| past.started_at <= time)
    }

    /// The exchanges that began before this one, newest first. Its own entry is not among them.
    pub fn before<'a>(&'a self, own: &'a Past) -> impl Iterator<Item = &'a Past> {
        let earlier = move |past: &&Past| (past.started_at, past.key) < (own.started_at, own.key);
        self.past.iter().rev().filter(earlier)
    }

    /// The earlier attempts at the same request, newest first.
    pub fn attempts<'a>(&'a self, own: &'a Past) -> impl Iterator<Item = &'a Past> {
        self.before(own).filter(|past| own.repeats(past))
    }

    /// The entry of the exchange with that number in this process.
    pub fn entry(&self, key: u64) -> Option<&Past> {
        self.past.iter().rev().find(|past| past.key == key)
    }

    /// The ids that the gateway listed last, if it did.
    pub fn models(&self, gateway: &str) -> Option<&[String]> {
        self.models.get(gateway).map(AsRef::as_ref)
    }

    pub(super) fn entry_mut(&mut self, key: u64) -> Option<&mut Past> {
        self.past.iter_mut().rev().find(|past| past.key == key)
    }

    pub(super) fn begin(&mut self, past: Past) {
        // Two connections hand their requests over in any order.
        let at = self.past.partition_point(|known| known.started_at <= past.started_at);
        self.past.insert(at, past);
        if self.past.len() > MOST {
            self.past.pop_front();
        }
    }

    pub(super) fn list(&mut self, gateway: &str, models: &[String]) {
        self.models.insert(gateway.to_owned(), models.into());
    }

    /// Notes that a check has spoken of this; false if it had before.
    pub(super) fn say(&mut self, check: &'static str, of: &str) -> bool {
        self.said.insert((check, of.to_owned()))
    }

    pub(super) fn has_said(&self, check: &'static str, of: &str) -> bool {
        self.said.contains(&(check, of.to_owned()))
    }
}
