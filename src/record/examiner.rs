//! The examiner: a thread that derives digests and verdicts from what the recorder has committed.

use super::line::Examined;
use super::thread::Message;
use super::{LiftAtEnd, Recorder, Shared};
use crate::digest::Digester;
use crate::digest::verdict::{Judgement, judge};
use crate::exchange::Exchange;
use crate::exchange::body::Side;
use crate::exchange::end::Verdict;
use crate::exchange::head::{RequestHead, ResponseHead};
use crate::exchange::time::Micros;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
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
    Begin { key: u64, head: Box<RequestHead> },
    Response { key: u64, head: Box<ResponseHead> },
    Chunk { key: u64, side: Side, bytes: Bytes, read: Micros },
    End { key: u64, exchange: Box<Exchange> },
}

/// What was committed in one transaction.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) seen: Vec<Seen>,
    /// What it holds of the queue's budget.
    pub(super) cost: usize,
}

#[derive(Debug)]
struct Examiner {
    open: BTreeMap<u64, Digester>,
    /// Open exchanges that changed since they were last reported.
    changed: BTreeSet<u64>,
    results: Sender<Message>,
    /// Where spent budget is given back. Weak: this thread must not keep the recorder's queue open.
    recorder: Weak<Shared>,
}

/// Starts the thread. It ends when the sender of batches is gone, after it has judged all it was given.
pub(super) fn start(recorder: &Recorder) -> std::io::Result<(Sender<Batch>, JoinHandle<()>)> {
    let (sender, batches) = mpsc::channel();
    let examiner = Examiner {
        open: BTreeMap::new(),
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
            self.see(seen);
        }
        if let Some(recorder) = self.recorder.upgrade() {
            recorder.budget.free(batch.cost);
        }
    }

    /// Broken traffic must not stop the examiner: an exchange on which the reader itself fails is judged
    /// by what is known without it.
    fn see(&mut self, seen: Seen) {
        match seen {
            Seen::Begin { key, head } => {
                self.open.insert(key, Digester::new(&head));
            }
            Seen::Response { key, head } => self.feed(key, |digester| digester.response_head(&head)),
            Seen::Chunk { key, side: Side::Request, bytes, .. } => {
                self.feed(key, |digester| digester.request_chunk(&bytes));
            }
            Seen::Chunk { key, side: Side::Response, bytes, read } => {
                self.feed(key, |digester| digester.response_chunk(&bytes, read));
            }
            Seen::Chunk { side: Side::Origin, .. } => {}
            Seen::End { key, exchange } => {
                self.changed.remove(&key);
                let mut digester = self.open.remove(&key);
                let examined = catch_unwind(AssertUnwindSafe(|| examined(&exchange, digester.as_mut())))
                    .unwrap_or_else(|_| examined(&exchange, None));
                self.send(key, examined, true);
            }
        }
    }

    fn feed(&mut self, key: u64, piece: impl FnOnce(&mut Digester)) {
        let Some(digester) = self.open.get_mut(&key) else {
            return;
        };
        self.changed.insert(key);
        if catch_unwind(AssertUnwindSafe(|| piece(digester))).is_err() {
            self.open.remove(&key);
            self.changed.remove(&key);
        }
    }

    fn report_open(&mut self) {
        for key in std::mem::take(&mut self.changed) {
            let Some(digester) = self.open.get_mut(&key) else { continue };
            let Ok(digest) = catch_unwind(AssertUnwindSafe(|| digester.digest().clone())) else { continue };
            let judgement = Judgement { verdict: Verdict::Open, evidence: "it has not ended".to_owned() };
            self.send(key, Examined { digest, judgement, findings: None, text: None }, false);
        }
    }

    fn send(&self, key: u64, examined: Examined, last: bool) {
        drop(self.results.send(Message::Examined { key, examined: Box::new(examined), last }));
    }
}

fn examined(exchange: &Exchange, digester: Option<&mut Digester>) -> Examined {
    let (digest, text) = digester.map_or_else(Default::default, |digester| {
        digester.response_end(exchange.timing.end.unwrap_or_default());
        (digester.digest().clone(), Some(digester.text()))
    });
    let judgement = judge(exchange, &digest);
    Examined { digest, judgement, findings: None, text }
}
