//! The recorder thread: takes messages in batches, writes what changed in one transaction.

use super::examiner::{self, Seen};
use super::line::{Examined, Line};
use super::seen::{Answered, Asked};
use super::tunnel::TunnelLines;
use super::{Recorder, redact};
use crate::exchange::body::Side;
use crate::exchange::end::BodyEnd;
use crate::exchange::time::{Micros, WallTime};
use crate::exchange::tunnel::{Tunnel, TunnelId};
use crate::store::{Error, Writer};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long messages gather before they are written. Senders wake nobody meanwhile.
const BATCH: Duration = Duration::from_millis(8);

/// How long a failed transaction waits before it is tried again.
const RETRY: Duration = Duration::from_millis(250);

/// How many bytes may wait in memory while writing fails; the rest is given up and counted.
const DEGRADED_BYTES: usize = 256 << 20;

/// One thing that happened.
#[derive(Debug)]
pub(super) enum Message {
    Begin { key: u64, at: WallTime, asked: Box<Asked> },
    Answered { key: u64, answered: Box<Answered> },
    Chunk { key: u64, side: Side, bytes: Bytes, read: Micros },
    Taken { key: u64, side: Side, chunks: u32, at: Micros },
    Held { key: u64, time: Micros },
    Ended { key: u64, side: Side, end: BodyEnd, at: Micros },
    Examined { key: u64, examined: Box<Examined>, last: bool },
    Tunnel { key: u64, tunnel: Box<Tunnel> },
    Stop { at: WallTime },
}

/// How a recording went.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many exchanges were written.
    pub exchanges: u64,
    /// What the first failure was, if one did not heal or bytes were lost.
    pub failure: Option<String>,
    /// How many bytes of bodies could not be kept.
    pub lost_bytes: u64,
}

/// What a transaction wrote: exchanges and tunnels, by their keys.
type Committed = (Vec<(u64, super::line::Written)>, Vec<(u64, TunnelId)>);

struct State {
    writer: Writer,
    recorder: std::sync::Weak<super::Shared>,
    lines: BTreeMap<u64, Line>,
    tunnels: TunnelLines,
    /// The lines that changed since the last commit.
    changed: BTreeSet<u64>,
    /// What the examiner gets once it is committed.
    outbox: Vec<Seen>,
    /// Queued bytes to give back once they are written.
    spent: usize,
    outcome: Outcome,
    /// Writing failed the last time.
    degraded: bool,
}

impl Outcome {
    /// Whether everything that passed is in the recording.
    pub fn is_whole(&self) -> bool {
        self.failure.is_none() && self.lost_bytes == 0
    }

    pub(crate) fn panicked() -> Self {
        Self { failure: Some("the recorder thread panicked".to_owned()), ..Self::default() }
    }
}

/// Starts the recorder thread and the examiner's.
pub(super) fn start(
    writer: Writer,
    messages: Receiver<Message>,
    recorder: &Recorder,
) -> std::io::Result<JoinHandle<Outcome>> {
    let (examiner, examining) = examiner::start(recorder.0.queue.clone())?;
    let state = State {
        writer,
        recorder: Arc::downgrade(&recorder.0),
        lines: BTreeMap::new(),
        tunnels: TunnelLines::default(),
        changed: BTreeSet::new(),
        outbox: Vec::new(),
        spent: 0,
        outcome: Outcome::default(),
        degraded: false,
    };
    thread::Builder::new()
        .name("gatetap-recorder".to_owned())
        .spawn(move || state.run(&messages, examiner, examining))
}

impl State {
    fn run(
        mut self,
        messages: &Receiver<Message>,
        examiner: Sender<Vec<Seen>>,
        examining: JoinHandle<()>,
    ) -> Outcome {
        let stopped_at = loop {
            let first = if self.degraded {
                match messages.recv_timeout(RETRY) {
                    Ok(message) => Some(message),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => break None,
                }
            } else {
                match messages.recv() {
                    Ok(message) => Some(message),
                    Err(mpsc::RecvError) => break None,
                }
            };
            let mut stop = first.and_then(|message| self.take(message));
            if stop.is_none() {
                thread::sleep(BATCH);
            }
            while let Ok(message) = messages.try_recv() {
                stop = self.take(message).or(stop);
            }
            self.write();
            self.forward(&examiner);
            if stop.is_some() {
                break stop;
            }
        };
        // The examiner ends when it has judged everything; its last words are in the queue then.
        drop(examiner);
        if examining.join().is_err() {
            self.outcome.failure.get_or_insert_with(|| "the examiner thread panicked".to_owned());
        }
        while let Ok(message) = messages.try_recv() {
            self.take(message);
        }
        self.write();
        if self.degraded {
            self.give_up();
        }
        if let Err(error) = self.writer.end_session(stopped_at.unwrap_or(WallTime(0))) {
            self.outcome.failure.get_or_insert_with(|| chain(&error));
        }
        self.outcome
    }

    /// Takes one message in; says when to stop, if it is time to.
    fn take(&mut self, message: Message) -> Option<WallTime> {
        let key = match message {
            Message::Stop { at } => return Some(at),
            Message::Tunnel { key, tunnel } => {
                self.tunnels.take(key, *tunnel);
                return None;
            }
            Message::Begin { key, at, asked } => {
                let exchange = redact::exchange(*asked, at, self.writer.session(), self.writer.salt());
                self.outbox.push(Seen::Begin { key, head: Box::new(exchange.request.clone()) });
                self.lines.insert(key, Line::new(exchange));
                key
            }
            Message::Answered { key, answered } => {
                let line = self.lines.get_mut(&key)?;
                let head = redact::response_head(&answered);
                let held = line.exchange.timing.held;
                self.outbox.push(Seen::Response { key, head: Box::new(head.clone()) });
                line.exchange.response = Some(head);
                line.exchange.timing = answered.timing;
                line.exchange.timing.held = held;
                line.exchange.own_answer = answered.own;
                line.dirty = true;
                key
            }
            Message::Chunk { key, side, bytes, read } => {
                self.spent += bytes.len();
                let line = self.lines.get_mut(&key)?;
                self.outbox.push(Seen::Chunk { key, side, bytes: bytes.clone(), read });
                line.chunk(side, bytes, read);
                key
            }
            Message::Taken { key, side, chunks, at } => {
                self.lines.get_mut(&key)?.taken(side, chunks, at);
                key
            }
            Message::Held { key, time } => {
                let held = &mut self.lines.get_mut(&key)?.exchange.timing.held;
                *held = Some(Micros(held.unwrap_or_default().0 + time.0));
                key
            }
            Message::Ended { key, side, end, at } => {
                let line = self.lines.get_mut(&key)?;
                match side {
                    Side::Request => line.exchange.request_end = Some(end),
                    Side::Response => {
                        line.exchange.response_end = Some(end);
                        line.exchange.timing.end = Some(at);
                    }
                }
                line.dirty = true;
                if line.has_ended() {
                    self.outbox.push(Seen::End { key, exchange: Box::new(line.exchange.clone()) });
                }
                key
            }
            Message::Examined { key, examined, last } => {
                let line = self.lines.get_mut(&key)?;
                line.examined = Some(*examined);
                line.judged |= last;
                key
            }
        };
        self.changed.insert(key);
        None
    }

    /// Writes every line that changed, in one transaction; on failure all of it stays to be tried again.
    fn write(&mut self) {
        match self.transaction() {
            Ok((written, tunnels)) => {
                self.degraded = false;
                self.tunnels.settle(tunnels);
                for (key, written) in written {
                    let Some(line) = self.lines.get_mut(&key) else {
                        continue;
                    };
                    if line.exchange.id == 0 {
                        self.outcome.exchanges += 1;
                    }
                    line.settle(written);
                    if line.judged {
                        self.lines.remove(&key);
                    }
                }
                self.changed.clear();
            }
            Err(error) => {
                self.writer.roll_back();
                self.degraded = true;
                let waiting: usize = self.lines.values().map(Line::pending_bytes).sum();
                if waiting > DEGRADED_BYTES {
                    self.outcome.failure.get_or_insert_with(|| chain(&error));
                    self.give_up();
                }
            }
        }
        if let Some(shared) = self.recorder.upgrade() {
            shared.budget.free(std::mem::take(&mut self.spent));
        }
    }

    fn transaction(&self) -> Result<Committed, Error> {
        let lines = || self.changed.iter().filter_map(|key| Some((*key, self.lines.get(key)?)));
        if !self.tunnels.is_dirty() && !lines().any(|(_, line)| line.is_dirty()) {
            return Ok(Committed::default());
        }
        self.writer.begin()?;
        let written = lines()
            .filter(|(_, line)| line.is_dirty())
            .map(|(key, line)| Ok((key, line.write(&self.writer)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        let tunnels = self.tunnels.write(&self.writer)?;
        self.writer.commit()?;
        Ok((written, tunnels))
    }

    /// Gives up the chunks that cannot be written, and counts them.
    fn give_up(&mut self) {
        let lost: usize = self.lines.values_mut().map(Line::give_up_pending).sum();
        self.outcome.lost_bytes += lost as u64;
        self.outcome.failure.get_or_insert_with(|| "the recording could not be written".to_owned());
    }

    fn forward(&mut self, examiner: &Sender<Vec<Seen>>) {
        if !self.outbox.is_empty() {
            // An examiner that is gone shows when it is joined.
            drop(examiner.send(std::mem::take(&mut self.outbox)));
        }
    }
}

/// An error with everything that caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
