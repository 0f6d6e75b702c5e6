//! Follows exchanges from their first byte to their last, and says what the checks find.
//!
//! The examiner feeds it with what passes, `gatetap check` with what is recorded: live and afterwards it is
//! the same code.

use super::attempts::waited;
use super::declare::Stage;
use super::engine::Engine;
use super::history::{History, Past};
use super::request_facts::RequestFacts;
use super::subject::{Context, RequestSubject, Subject};
use crate::digest::verdict::{Judgement, judge};
use crate::digest::{Digest, Digester, Text};
use crate::exchange::end::{BodyEnd, Verdict};
use crate::exchange::finding::Finding;
use crate::exchange::head::ResponseHead;
use crate::exchange::time::Micros;
use crate::exchange::{Exchange, ExchangeId, SessionId};
use crate::wire::dialect::Dialect;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};

/// Follows any number of exchanges, named by keys that the caller chooses and that grow.
#[derive(Debug, Default)]
pub struct Watch {
    engine: Engine,
    sessions: BTreeMap<SessionId, History>,
    /// Boxed: one is large, and a node of the map would hold eleven.
    open: BTreeMap<u64, Box<Open>>,
}

/// An exchange that has not ended.
#[derive(Debug)]
struct Open {
    exchange: Box<Exchange>,
    digester: Digester,
    hasher: DefaultHasher,
    /// Bytes of request body seen.
    request_bytes: u64,
    request: RequestFacts,
    /// Bytes of the request are not there to be read.
    has_gap: bool,
    /// What was found in the request; `None` until it was looked at.
    found: Option<Vec<Finding>>,
}

/// What is known of an exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    /// What was derived from it.
    pub digest: Digest,
    /// How it ended.
    pub judgement: Judgement,
    /// What the checks found.
    pub findings: Vec<Finding>,
    /// How far the checks could look.
    pub stage: Stage,
    /// What was asked and answered; `None` while it is open.
    pub text: Option<Text>,
}

impl Watch {
    /// One that runs these checks.
    pub fn new(engine: Engine) -> Self {
        Self { engine, ..Self::default() }
    }

    /// The checks it runs.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A request has arrived.
    pub fn begin(&mut self, key: u64, exchange: Box<Exchange>) {
        let history = self.sessions.entry(exchange.session).or_default();
        history.begin(Past::begun(key, &exchange));
        let open = Open {
            digester: Digester::new(&exchange.request),
            exchange,
            hasher: DefaultHasher::new(),
            request_bytes: 0,
            request: RequestFacts::default(),
            has_gap: false,
            found: None,
        };
        self.open.insert(key, Box::new(open));
    }

    /// An exchange has got its number in the recording.
    pub fn numbered(&mut self, key: u64, id: ExchangeId) {
        if let Some(open) = self.open.get_mut(&key) {
            open.exchange.id = id;
            if let Some(history) = self.sessions.get_mut(&open.exchange.session) {
                history.change(open.exchange.started_at, key, |past| past.id = id);
            }
        }
    }

    /// A chunk of the request has passed.
    pub fn request_chunk(&mut self, key: u64, bytes: &[u8]) {
        let Some(open) = self.open.get_mut(&key) else { return };
        open.digester.request_chunk(bytes);
        open.hasher.write(bytes);
        open.request_bytes += bytes.len() as u64;
    }

    /// So many bytes of the request are not there to be read.
    pub fn request_gap(&mut self, key: u64, missing: u64) {
        let Some(open) = self.open.get_mut(&key) else { return };
        open.has_gap = true;
        open.request_bytes += missing;
    }

    /// The request has ended.
    pub fn request_end(&mut self, key: u64, end: BodyEnd) {
        if let Some(open) = self.open.get_mut(&key) {
            open.exchange.request_end = Some(end);
            self.look_at_request(key);
        }
    }

    /// The answer has a head.
    pub fn response_head(&mut self, key: u64, head: &ResponseHead) {
        let Some(open) = self.open.get_mut(&key) else { return };
        open.exchange.response = Some(head.clone());
        // An answer before the request's end: the digester is about to let go of what it has.
        if open.found.is_none() {
            self.look_at_request(key);
        }
        if let Some(open) = self.open.get_mut(&key) {
            open.digester.response_head(head);
        }
    }

    /// A chunk of the answer was read.
    pub fn response_chunk(&mut self, key: u64, bytes: &[u8], read: Micros) {
        if let Some(open) = self.open.get_mut(&key) {
            open.exchange.response_bytes += bytes.len() as u64;
            open.digester.response_chunk(bytes, read);
        }
    }

    /// So many bytes of the answer are not there to be read.
    pub fn response_gap(&mut self, key: u64, missing: u64) {
        if let Some(open) = self.open.get_mut(&key) {
            open.exchange.response_bytes += missing;
            open.digester.response_gap(missing);
        }
    }

    /// What is known of an exchange that has not ended.
    pub fn so_far(&mut self, key: u64) -> Option<Watched> {
        let open = self.open.get_mut(&key)?;
        let history = self.sessions.entry(open.exchange.session).or_default();
        let digest = open.digester.digest().clone();
        let judgement = Judgement { verdict: Verdict::Open, ..judge(&open.exchange, &digest) };
        let mut findings = open.found.clone().unwrap_or_default();
        let own = history.entry(open.exchange.started_at, key)?;
        if open.exchange.response.is_some() {
            findings.extend(self.engine.stream(&open.subject(
                &self.engine,
                &digest,
                &judgement,
                history,
                own,
            )));
        }
        self.engine.hush(&mut findings, &open.exchange.gateway, history, false);
        let stage = if open.exchange.response.is_some() { Stage::Stream } else { Stage::Request };
        Some(Watched { digest, judgement, findings, stage, text: None })
    }

    /// An exchange has ended.
    pub fn end(&mut self, key: u64, exchange: Box<Exchange>) -> Option<Watched> {
        let early = self.open.get(&key).and_then(|open| open.found.as_ref()).is_some();
        if let Some(open) = self.open.get_mut(&key) {
            open.exchange = exchange;
            if !early {
                self.look_at_request(key);
            }
        }
        let mut open = self.open.remove(&key)?;
        let history = self.sessions.entry(open.exchange.session).or_default();
        open.digester.response_end(open.exchange.timing.end.unwrap_or_default());
        let digest = open.digester.digest().clone();
        let judgement = judge(&open.exchange, &digest);
        let text = open.digester.text();
        let answer = open.digester.answer();
        if digest.dialect == Dialect::Models && judgement.verdict == Verdict::Complete {
            history.list(&open.exchange.gateway, &answer.listed);
        }
        let started_at = open.exchange.started_at;
        history.change(started_at, key, |past| {
            open.asked(past, &digest);
            let (answer, plain) = (open.digester.known_answer(), open.digester.plain());
            past.ended(&open.exchange, &digest, answer, judgement.verdict, plain);
        });
        if let Some(waited) = history.entry(started_at, key).and_then(|own| waited(history, own)) {
            history.change(started_at, key, |past| past.waited = Some(waited));
        }
        let mut findings = open.found.take().unwrap_or_default();
        let own = own(history, key, &open.exchange);
        findings.extend(self.engine.end(&open.subject(&self.engine, &digest, &judgement, history, &own)));
        self.engine.hush(&mut findings, &open.exchange.gateway, history, true);
        Some(Watched { digest, judgement, findings, stage: Stage::End, text: Some(text) })
    }

    /// Forgets an exchange: reading it failed.
    pub fn forget(&mut self, key: u64) {
        self.open.remove(&key);
    }

    fn look_at_request(&mut self, key: u64) {
        let Some(open) = self.open.get_mut(&key) else { return };
        let history = self.sessions.entry(open.exchange.session).or_default();
        open.digester.request_end();
        let digest = open.digester.digest().clone();
        let body = open.digester.request_body();
        let json: Option<Value> = serde_json::from_slice(body).ok();
        open.request = json.as_ref().map(RequestFacts::of).unwrap_or_default();
        let started_at = open.exchange.started_at;
        history.change(started_at, key, |past| open.asked(past, &digest));
        let own = own(history, key, &open.exchange);
        let gateway = self.engine.known_as(&open.exchange.gateway);
        let subject = RequestSubject {
            context: Context { exchange: &open.exchange, digest: &digest, history, own: &own, gateway },
            body,
            json: json.as_ref(),
            whole: open.exchange.request_end == Some(BodyEnd::Whole) && !open.has_gap,
            facts: &open.request,
        };
        open.found = Some(self.engine.request(&subject));
    }
}

/// The entry of an exchange in the history; a new one where that has forgotten it.
fn own<'a>(history: &'a History, key: u64, exchange: &Exchange) -> Cow<'a, Past> {
    history
        .entry(exchange.started_at, key)
        .map_or_else(|| Cow::Owned(Past::begun(key, exchange)), Cow::Borrowed)
}

impl Open {
    /// Tells the history what is known of the request.
    fn asked(&self, past: &mut Past, digest: &Digest) {
        past.body = self.hasher.finish();
        past.request_bytes = self.request_bytes;
        past.asked(digest, &self.request);
    }

    fn subject<'a>(
        &'a mut self,
        engine: &Engine,
        digest: &'a Digest,
        judgement: &'a Judgement,
        history: &'a History,
        own: &'a Past,
    ) -> Subject<'a> {
        // Reading the answer is what needs the digester to change; what is read stays.
        self.digester.answer();
        let gateway = engine.known_as(&self.exchange.gateway);
        Subject {
            context: Context { exchange: &self.exchange, digest, history, own, gateway },
            judgement,
            request: &self.request,
            answer: self.digester.known_answer(),
            stream: self.digester.stream(),
            plain: self.digester.plain(),
            coding_problem: self.digester.coding_problem(),
        }
    }
}
