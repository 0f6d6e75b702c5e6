//! The recorder thread: takes messages in batches, has each batch written, hands it to the examiner.

use super::added::WorstAdded;
use super::examiner::{self, Batch};
use super::line::Examined;
use super::seen::{Answered, Asked};
use super::state::State;
use super::{LiftAtEnd, Limits, Recorder};
use crate::check::Engine;
use crate::exchange::body::{Rest, Side};
use crate::exchange::end::BodyEnd;
use crate::exchange::head::{Headers, InterimHead};
use crate::exchange::time::{Micros, WallTime};
use crate::exchange::tunnel::Tunnel;
use crate::store::Writer;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long messages gather before they are written. Senders wake nobody meanwhile.
const GATHER: Duration = Duration::from_millis(20);

/// A batch that holds so much is written without waiting for more.
const BATCH_BYTES: usize = 4 << 20;

/// A batch that took so long to take in is written, though more may have come meanwhile: what comes faster than it is
/// taken in would never be.
const TAKE_IN: Duration = Duration::from_millis(20);

/// How long a failed transaction waits before it is tried again.
const RETRY: Duration = Duration::from_millis(250);

/// How often it is looked whether the recording is still in its place while nothing passes.
const LOOK: Duration = Duration::from_secs(1);

/// One thing that happened.
#[derive(Debug)]
pub(super) enum Message {
    Begin { key: u64, at: WallTime, asked: Box<Asked> },
    Interim { key: u64, head: InterimHead },
    Answered { key: u64, answered: Box<Answered> },
    Injected { key: u64, fault: String },
    Origin { key: u64, head: Bytes },
    Chunk { key: u64, side: Side, bytes: Bytes, rest: Rest, read: Micros },
    Taken { key: u64, side: Side, chunks: u32, at: Micros },
    Trailers { key: u64, side: Side, lines: Box<Headers> },
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
    /// The stream whose chunks were passed on latest, if there was a stream.
    pub worst_added: Option<WorstAdded>,
    /// What the limits on earlier sessions came to meanwhile.
    pub retention: Kept,
}

/// What the limits on earlier sessions came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// So many exchanges are gone.
    pub pruned: u64,
    /// Why pruning failed, if it did the last time.
    pub failure: Option<String>,
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
    limits: Limits,
    engine: Engine,
) -> std::io::Result<JoinHandle<Outcome>> {
    let (examiner, examining) = examiner::start(recorder, engine)?;
    let state = State::new(writer, limits, Arc::downgrade(&recorder.0));
    let lift = LiftAtEnd(Arc::downgrade(&recorder.0));
    thread::Builder::new().name("gatetap-recorder".to_owned()).spawn(move || {
        let _lift = lift;
        run(state, &messages, examiner, examining)
    })
}

fn run(
    mut state: State,
    messages: &Receiver<Message>,
    examiner: Sender<Batch>,
    examining: JoinHandle<()>,
) -> Outcome {
    let mut backlog = false;
    let stopped_at = loop {
        let mut stop = None;
        if !backlog {
            match messages.recv_timeout(if state.is_degraded() { RETRY } else { LOOK }) {
                Ok(message) => stop = state.take(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break None,
            }
            if stop.is_none() {
                thread::sleep(GATHER);
            }
        }
        backlog = false;
        let began = Instant::now();
        while let Ok(message) = messages.try_recv() {
            stop = state.take(message).or(stop);
            if stop.is_none() && (state.batch_bytes() >= BATCH_BYTES || began.elapsed() >= TAKE_IN) {
                backlog = true;
                break;
            }
        }
        state.write();
        if let Some(batch) = state.batch() {
            // An examiner that is gone shows when it is joined.
            drop(examiner.send(batch));
        }
        if stop.is_some() {
            break stop;
        }
    };
    // The examiner ends when it has judged everything; its last words are in the queue then.
    drop(examiner);
    if examining.join().is_err() {
        state.fail("the examiner thread panicked");
    }
    while let Ok(message) = messages.try_recv() {
        state.take(message);
    }
    state.write();
    state.finish(stopped_at)
}

impl Message {
    /// What it takes from the queue's budget: about the memory it holds until it is examined. Small ones
    /// that come with another are free.
    pub(super) fn cost(&self) -> usize {
        let head = |raw: Option<&Bytes>| 2048 + 2 * raw.map_or(0, Bytes::len);
        match self {
            Self::Begin { asked, .. } => head(asked.raw.as_ref()),
            Self::Answered { answered, .. } => head(answered.raw.as_ref()),
            Self::Interim { head: InterimHead { raw, .. }, .. } => head(Some(raw)),
            Self::Chunk { bytes, .. } => 256 + bytes.len(),
            _ => 0,
        }
    }
}
