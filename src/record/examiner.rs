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

/// How often what is known of open exchanges is told. Exchanges that end are not kept waiting.
const PAUSE: Duration = Duration::from_millis(100);

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
    /// Open exchanges that changed since they were last reported.
    changed: BTreeSet<u64>,
    results: Sender<Message>,
    /// Where spent budget is given back. Weak: this thread must not keep the recorder's queue open.
    recorder: Weak<Shared>,
}

/// Starts the thread. It ends when the sender of batches is gone, after it has judged all it was given.
pub(super) fn start(recorder: &Recorder, engine: Engine) -> std::io::Result<(Sender<Batch>, JoinHandle<()>)> {
    let (sender, batches) = mpsc::channel();
    let examiner = Examiner {
        watch: Watch::new(engine),
        changed: BTreeSet::new(),
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
        let mut report_at = Instant::now();
        loop {
            let patience = if self.changed.is_empty() {
                Duration::MAX
            } else {
                report_at.saturating_duration_since(Instant::now())
            };
            match batches.recv_timeout(patience) {
                Ok(batch) => self.take(batch),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if !self.changed.is_empty() && Instant::now() >= report_at {
                self.report_open();
                report_at = Instant::now() + PAUSE;
            }
        }
    }

    /// Takes a batch in. Exchanges that end in it are judged at once.
    fn take(&mut self, batch: Batch) {
        for seen in batch.seen {
            self.see(seen, &batch.numbers);
        }
        for (key, id) in batch.numbers {
            self.watch.numbered(key, id);
        }
        if let Some(recorder) = self.recorder.upgrade() {
            recorder.budget.free(batch.cost);
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
            Seen::RequestEnd { key, end } => self.feed(key, |watch| watch.request_end(key, end)),
            Seen::Response { key, head } => self.feed(key, |watch| watch.response_head(key, &head)),
            Seen::Chunk { key, side: Side::Request, bytes, .. } => {
                self.feed(key, |watch| watch.request_chunk(key, &bytes));
            }
            Seen::Chunk { key, side: Side::Response, bytes, read } => {
                self.feed(key, |watch| watch.response_chunk(key, &bytes, read));
            }
            Seen::Chunk { side: Side::Origin, .. } => {}
            Seen::End { key, mut exchange } => {
                self.changed.remove(&key);
                exchange.id = number(key, numbers).unwrap_or(exchange.id);
                let plain = judged_without_reading(&exchange);
                let watched = catch_unwind(AssertUnwindSafe(|| self.watch.end(key, exchange)));
                self.send(key, watched.ok().flatten().map_or(plain, Examined::from), true);
            }
        }
    }

    fn feed(&mut self, key: u64, piece: impl FnOnce(&mut Watch)) {
        self.changed.insert(key);
        if catch_unwind(AssertUnwindSafe(|| piece(&mut self.watch))).is_err() {
            self.watch.forget(key);
            self.changed.remove(&key);
        }
    }

    fn report_open(&mut self) {
        for key in std::mem::take(&mut self.changed) {
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
