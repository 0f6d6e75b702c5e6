//! What was before: the exchanges of the same session, as far as checks over time need them.

use crate::digest::{Answer, Digest, Usage, rate_state};
use crate::exchange::end::Verdict;
use crate::exchange::time::{Micros, WallTime};
use crate::exchange::{Exchange, ExchangeId, SessionId};
use crate::wire::dialect::Dialect;
use crate::wire::json::{Reader, Shape};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::request_facts::{RequestFacts, text_mark};

/// So many exchanges of a session are remembered.
pub const REMEMBERED: usize = 2_000;

/// So many bytes of an error's message are remembered.
const MOST_OF_A_MESSAGE: usize = 400;

/// So many of a request's tools are remembered.
const MOST_TOOLS: usize = 64;

/// Among so many of the newest, one is looked for one by one.
const FEW: usize = 8;

/// Where an exchange stands in the order of starting: its start, then its number in this process.
type At = (WallTime, u64);

/// The exchanges of one session, in the order of starting, and what was said of them.
///
/// A check sees only what had happened when its exchange ended, so that a recording that is checked later
/// gives the same findings as the traffic did. What is near in time, or asks the same, is found without looking
/// through the rest.
#[derive(Debug, Default)]
pub struct History {
    /// By [`Past::at`].
    past: VecDeque<Past>,
    /// The exchanges whose requests have the same hash, in the order of starting.
    same: HashMap<u64, VecDeque<At>>,
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
    /// Where it was sent: the full URL on the gateway side.
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
    /// What else is known of its request, once that is there; of very many tools the first.
    pub request: RequestFacts,
    /// The API it speaks.
    pub dialect: Dialect,
    /// The model it asks.
    pub model: Option<String>,
    /// A stream was asked for.
    pub streaming: bool,
    /// How it went, once it has ended.
    pub ended: Option<Ended>,
    /// How long after the answer to the attempt before it began, where it repeats one that failed.
    pub waited: Option<Micros>,
    /// [`Past::hash`], under which it is listed; 0 if it is not.
    same: u64,
}

/// How an exchange went.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// When.
    pub at: WallTime,
    /// When the app could tell how: of a refusal the time of its head, else the end.
    pub answered_at: WallTime,
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
    /// The error's stable kind, where its code is another word.
    pub error_kind: Option<String>,
    /// The error's message, of a very long one the beginning.
    pub error_message: Option<String>,
    /// `error.availability.retryable` (OpenRouter).
    pub retryable: Option<bool>,
    /// `error.metadata.limit_source` (OpenRouter): whose limit it was.
    pub limit_source: Option<String>,
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
    /// How many bytes of text it said, and a hash of that: compare with
    /// [`RequestFacts::last_answer`].
    pub answer: Option<(u64, u64)>,
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
            waited: None,
            same: 0,
        }
    }

    /// Takes in what is known of a request that is there.
    pub(super) fn asked(&mut self, digest: &Digest, request: &RequestFacts) {
        self.dialect = digest.dialect;
        self.model.clone_from(&digest.model);
        self.streaming = digest.streaming;
        self.retry_count = digest.client.retry_count;
        self.request = request.clone();
        self.request.tools.truncate(MOST_TOOLS);
    }

    /// Takes in how it ended.
    pub(super) fn ended(
        &mut self,
        exchange: &Exchange,
        digest: &Digest,
        answer: &Answer,
        verdict: Verdict,
        plain: &[u8],
    ) {
        self.id = exchange.id;
        self.request_bytes = exchange.request_bytes;
        if let Some([a, b, c, d, e, f, g, h, ..]) = exchange.request_sha256 {
            // Not all of the body is there to be read again: its own hash names it, now and later.
            self.body = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        }
        let head_at = exchange.started_at.plus(exchange.timing.head.unwrap_or_default());
        // Only of an error the body says anything about limits and retries.
        let is_refused = exchange.response.as_ref().is_some_and(|head| head.status >= 400);
        let is_error = is_refused || digest.error_code.is_some() || digest.error_message.is_some();
        let error = if is_error { plain } else { &[] };
        let rate = exchange.response.as_ref().map(|head| rate_state(&head.headers, error, head_at));
        let rate = rate.unwrap_or_default();
        let spent = rate.windows.iter().find(|window| window.remaining == Some(0));
        let at = exchange.started_at.plus(exchange.timing.end.unwrap_or_default());
        self.ended = Some(Ended {
            at,
            answered_at: if verdict == Verdict::Refused { head_at.min(at) } else { at },
            verdict,
            status: exchange.response.as_ref().map(|head| head.status),
            head: exchange.timing.head,
            first_token: digest.first_token,
            error_code: digest.error_code.clone(),
            error_kind: digest.error_kind.clone(),
            error_message: digest.error_message.as_deref().map(beginning),
            retryable: in_error(error, "availability", "retryable").and_then(|mut value| value.truth()),
            limit_source: in_error(error, "metadata", "limit_source").and_then(|mut value| {
                (value.shape() == Shape::Text).then(|| value.text())?.map(|text| beginning(&text))
            }),
            finish_reason: digest.finish_reason.clone(),
            own_error: exchange.own_answer.as_ref().map(|own| own.token.clone()),
            retry_after: rate.retry_after,
            should_retry: rate.should_retry,
            none_left: spent.map(|window| window.resets_in),
            hidden: exchange.request_hidden.count + u64::from(self.request.private_key),
            usage: digest.usage,
            answer: text_mark(&answer.text),
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

    /// Where it stands in the order of starting.
    fn at(&self) -> At {
        (self.started_at, self.key)
    }

    /// What [`Past::repeats`] compares, hashed; 0 of a request without a body, which repeats none.
    fn hash(&self) -> u64 {
        if self.request_bytes == 0 {
            return 0;
        }
        let mut hasher = DefaultHasher::new();
        let Self { body, request_bytes, method, path, gateway, fingerprint, .. } = self;
        (body, request_bytes, method, path, gateway, fingerprint).hash(&mut hasher);
        hasher.finish()
    }

    /// How it went, if it had ended at `time`.
    pub fn ended_by(&self, time: WallTime) -> Option<&Ended> {
        self.ended.as_ref().filter(|ended| ended.at <= time)
    }
}

impl History {
    /// Every exchange that had begun at `time`, in the order of starting, newest last.
    pub fn until(&self, time: WallTime) -> impl DoubleEndedIterator<Item = &Past> {
        self.past.range(..self.past.partition_point(|past| past.started_at <= time))
    }

    /// The exchanges that began before this one, newest first. Its own entry is not among them.
    pub fn before<'a>(&'a self, own: &Past) -> impl Iterator<Item = &'a Past> {
        self.past.range(..self.place(own.at())).rev()
    }

    /// Those of them that began at most `window` before it.
    pub fn within<'a>(&'a self, own: &Past, window: Micros) -> impl Iterator<Item = &'a Past> {
        let from = WallTime(own.started_at.0.saturating_sub_unsigned(window.0));
        self.before(own).take_while(move |past| past.started_at >= from)
    }

    /// The earlier attempts at the same request, newest first.
    pub fn attempts<'a>(&'a self, own: &'a Past) -> impl Iterator<Item = &'a Past> {
        let at = own.at();
        let same = self.same.get(&own.same);
        let earlier = same.map(|same| same.range(..same.partition_point(|known| *known < at)));
        let mut newer = self.place(at);
        earlier.into_iter().flatten().rev().filter_map(move |at| {
            newer = self.place_among(newer, *at);
            self.past.get(newer).filter(|past| past.at() == *at)
        })
    }

    /// The ids that the gateway listed last, if it did.
    pub fn models(&self, gateway: &str) -> Option<&[String]> {
        self.models.get(gateway).map(AsRef::as_ref)
    }

    /// The entry of the exchange that began then, with that number in this process.
    pub(super) fn entry(&self, started_at: WallTime, key: u64) -> Option<&Past> {
        self.past.get(self.index((started_at, key))?)
    }

    /// Changes the entry of the exchange that began then, with that number in this process.
    pub(super) fn change(&mut self, started_at: WallTime, key: u64, change: impl FnOnce(&mut Past)) {
        let at = (started_at, key);
        let Some(past) = self.index(at).and_then(|index| self.past.get_mut(index)) else { return };
        change(past);
        let (before, now) = (past.same, past.hash());
        past.same = now;
        if before != now {
            self.unlist(before, at);
        }
        if before != now && now != 0 {
            let same = self.same.entry(now).or_default();
            same.insert(same.partition_point(|known| *known < at), at);
        }
    }

    pub(super) fn begin(&mut self, past: Past) {
        // Two connections hand their requests over in any order.
        let at = past.at();
        self.past.insert(self.place(at), past);
        if self.past.len() > REMEMBERED
            && let Some(oldest) = self.past.pop_front()
        {
            self.unlist(oldest.same, oldest.at());
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

    /// How many began before `at`.
    fn place(&self, at: At) -> usize {
        self.place_among(self.past.len(), at)
    }

    /// How many of the first `count` began before `at`. Mostly all but a few did.
    fn place_among(&self, count: usize, at: At) -> usize {
        let newer = self.past.range(..count).rev().take(FEW).take_while(|past| past.at() >= at).count();
        if newer < FEW {
            return count.saturating_sub(newer);
        }
        self.past.partition_point(|past| past.at() < at)
    }

    fn index(&self, at: At) -> Option<usize> {
        let place = self.place(at);
        (self.past.get(place)?.at() == at).then_some(place)
    }

    fn unlist(&mut self, hash: u64, at: At) {
        if let Some(same) = self.same.get_mut(&hash) {
            if let Ok(index) = same.binary_search(&at) {
                same.remove(index);
            }
            if same.is_empty() {
                self.same.remove(&hash);
            }
        }
    }
}

/// A member of one of the objects that an error has in it.
fn in_error<'a>(plain: &'a [u8], object: &str, member: &str) -> Option<Reader<'a>> {
    Reader::new(plain).member("error")?.member(object)?.member(member)
}

fn beginning(text: &str) -> String {
    text.char_indices().take_while(|(at, _)| *at < MOST_OF_A_MESSAGE).map(|(_, c)| c).collect()
}
