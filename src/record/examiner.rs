//! The examiner: a thread that derives digests and verdicts from what the recorder has committed.

use super::line::Examined;
use super::thread::Message;
use super::{LiftAtEnd, Recorder, Shared};
use crate::check::{Engine, Watch, Watched};
use crate::digest::Digest;
use crate::digest::verdict::judge;
use crate::exchange::body::Side;
use crate::exchange::end::BodyEnd;
use crate::exchange::head::ResponseHead;
use crate::exchange::time::Micros;
use crate::exchange::{Exchange, ExchangeId};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often what is new of open exchanges is told: that the request is there, the answer's head, its first
/// bytes. Exchanges that end are not kept waiting.
const PAUSE: Duration = Duration::from_millis(100);

/// How often an exchange is told of that only goes on. What it says is read anew each time, and written.
const LONG_PAUSE: Duration = Duration::from_secs(1);

/// After so many things that were looked at, their share of the queue's budget is given back.
const STRETCH: usize = 64;

/// One thing that was committed, in the order it happened.
#[derive(Debug)]
pub(super) enum Seen {
    Begin { key: u64, exchange: Box<Exchange> },
    RequestEnd { key: u64, end: BodyEnd },
    Response { key: u64, head: Box<ResponseHead> },
    Chunk { key: u64, side: Side, bytes: Bytes, read: Micros },
    End { key: u64, exchange: Box<Exchange> },
}

/// What was committed in one transaction.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The exchanges that have got their numbers.
    pub(super) numbers: Vec<(u64, ExchangeId)>,
    pub(super) seen: Vec<Seen>,
    /// What it holds of the queue's budget.
    pub(super) cost: usize,
}

#[derive(Debug)]
struct Examiner {
    watch: Watch,
    /// Open exchanges of which there is something new to report.
    news: BTreeSet<u64>,
    /// Open exchanges that have gone on since they were last reported.
    went_on: BTreeSet<u64>,
    /// Open exchanges whose answers have begun.
    answering: BTreeSet<u64>,
    results: Sender<Message>,
    /// Where spent budget is given back. Weak: this thread must not keep the recorder's queue open.
    recorder: Weak<Shared>,
}

/// Starts the thread. It ends when the sender of batches is gone, after it has judged all it was given.
pub(super) fn start(recorder: &Recorder, engine: Engine) -> std::io::Result<(Sender<Batch>, JoinHandle<()>)> {
    let (sender, batches) = mpsc::channel();
    let examiner = Examiner {
        watch: Watch::new(engine),
        news: BTreeSet::new(),
        went_on: BTreeSet::new(),
        answering: BTreeSet::new(),
        results: recorder.0.queue.clone(),
        recorder: Arc::downgrade(&recorder.0),
    };
    let thread = thread::Builder::new().name("gatetap-examiner".to_owned()).spawn(move || {
        let _lift = LiftAtEnd(Weak::clone(&examiner.recorder));
        examiner.run(&batches);
    })?;
    Ok((sender, thread))
}

impl Examiner {
    fn run(mut self, batches: &Receiver<Batch>) {
        let (mut news_at, mut all_at) = (Instant::now(), Instant::now());
        loop {
            let due = match (self.news.is_empty(), self.went_on.is_empty()) {
                (false, _) => Some(news_at),
                (true, false) => Some(all_at),
                (true, true) => None,
            };
            let patience = due.map_or(Duration::MAX, |due| due.saturating_duration_since(Instant::now()));
            match batches.recv_timeout(patience) {
                Ok(batch) => self.take(batch),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            if !self.went_on.is_empty() && now >= all_at {
                let went_on = std::mem::take(&mut self.went_on);
                self.news.extend(went_on);
                (news_at, all_at) = (now, now + LONG_PAUSE);
            }
            if !self.news.is_empty() && now >= news_at {
                self.report_open();
                news_at = now + PAUSE;
            }
        }
    }

    /// Takes a batch in. Exchanges that end in it are judged at once.
    fn take(&mut self, batch: Batch) {
        // Who waits for room need not wait for all of a large batch.
        let share = batch.cost / (batch.seen.len() / STRETCH + 1);
        let mut unfreed = batch.cost;
        for (nth, seen) in batch.seen.into_iter().enumerate() {
            self.see(seen, &batch.numbers);
            if nth % STRETCH == STRETCH - 1 {
                self.free(share);
                unfreed -= share;
            }
        }
        for (key, id) in batch.numbers {
            self.watch.numbered(key, id);
        }
        self.free(unfreed);
    }

    /// Gives so much of the queue's budget back.
    fn free(&self, cost: usize) {
        if let Some(recorder) = self.recorder.upgrade() {
            recorder.budget.free(cost);
        }
    }

    /// Broken traffic must not stop the examiner: an exchange on which the reader itself fails is judged
    /// by what is known without it.
    fn see(&mut self, seen: Seen, numbers: &[(u64, ExchangeId)]) {
        match seen {
            Seen::Begin { key, mut exchange } => {
                exchange.id = number(key, numbers).unwrap_or(exchange.id);
                self.watch.begin(key, exchange);
            }
            Seen::RequestEnd { key, end } => {
                self.news.insert(key);
                self.feed(key, |watch| watch.request_end(key, end));
            }
            Seen::Response { key, head } => {
                self.news.insert(key);
                self.feed(key, |watch| watch.response_head(key, &head));
            }
            Seen::Chunk { key, side: Side::Request, bytes, .. } => {
                self.feed(key, |watch| watch.request_chunk(key, &bytes));
            }
            Seen::Chunk { key, side: Side::Response, bytes, read } => {
                if self.answering.insert(key) {
                    self.news.insert(key);
                }
                self.feed(key, |watch| watch.response_chunk(key, &bytes, read));
            }
            Seen::Chunk { side: Side::Origin, .. } => {}
            Seen::End { key, mut exchange } => {
                self.drop_open(key);
                exchange.id = number(key, numbers).unwrap_or(exchange.id);
                let plain = judged_without_reading(&exchange);
                let watched = catch_unwind(AssertUnwindSafe(|| self.watch.end(key, exchange)));
                self.send(key, watched.ok().flatten().map_or(plain, Examined::from), true);
            }
        }
    }

    fn feed(&mut self, key: u64, piece: impl FnOnce(&mut Watch)) {
        self.went_on.insert(key);
        if catch_unwind(AssertUnwindSafe(|| piece(&mut self.watch))).is_err() {
            self.watch.forget(key);
            self.drop_open(key);
        }
    }

    fn drop_open(&mut self, key: u64) {
        for keys in [&mut self.news, &mut self.went_on, &mut self.answering] {
            keys.remove(&key);
        }
    }

    fn report_open(&mut self) {
        for key in std::mem::take(&mut self.news) {
            self.went_on.remove(&key);
            let so_far = catch_unwind(AssertUnwindSafe(|| self.watch.so_far(key)));
            if let Ok(Some(watched)) = so_far {
                self.send(key, Examined::from(watched), false);
            }
        }
    }

    fn send(&self, key: u64, examined: Examined, last: bool) {
        drop(self.results.send(Message::Examined { key, examined: Box::new(examined), last }));
    }
}

/// The number that an exchange has got in this transaction.
fn number(key: u64, numbers: &[(u64, ExchangeId)]) -> Option<ExchangeId> {
    let at = numbers.binary_search_by_key(&key, |(key, _)| *key).ok()?;
    numbers.get(at).map(|(_, id)| *id)
}

impl From<Watched> for Examined {
    fn from(watched: Watched) -> Self {
        let Watched { digest, judgement, findings, text, .. } = watched;
        Self { digest, judgement, findings, text }
    }
}

/// What can be said of an exchange whose bodies cannot be read.
fn judged_without_reading(exchange: &Exchange) -> Examined {
    let digest = Digest::default();
    Examined { judgement: judge(exchange, &digest), digest, findings: Vec::new(), text: None }
}
