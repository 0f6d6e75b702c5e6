//! The recorder: the one hand that writes the recording.
//!
//! The forwarding path speaks to it through a [`Track`], one an exchange, whose calls push a message onto
//! a queue and return. A thread of its own takes the messages in batches: it masks secrets, keeps each
//! open exchange in memory, writes what changed in one transaction, and hands what was committed to the
//! examiner, a second thread that derives digests and verdicts and sends them back through the same queue.
//!
//! [`Recheck`] runs the same checks over a recording afterwards.
//!
//! Invariants:
//! * A call on the forwarding path never waits for the disk, and takes no lock.
//! * Nothing reaches the store before it went through [`redact`].
//! * What could not be written stays in memory and is tried again; what memory cannot hold is counted.
//! * The queue is bounded by bytes: when they are spent, [`Track::room`] holds the next chunk back.

mod added;
mod body_track;
mod budget;
mod examiner;
mod found;
mod health;
mod import;
mod line;
mod recheck;
pub mod redact;
mod seen;
mod state;
mod thread;
mod tunnel;

pub use added::WorstAdded;
pub use found::FirstFound;
pub use health::{Degraded, Health, Removed};
pub use import::{Imported, Importer};
pub use recheck::{Recheck, Rechecked};
pub use seen::{Answered, Asked};
pub use thread::{Kept, Outcome};
pub use tunnel::TunnelTrack;

use crate::check::Engine;
use crate::exchange::body::{Rest, Side};
use crate::exchange::end::BodyEnd;
use crate::exchange::head::{Headers, InterimHead};
use crate::exchange::time::{Clock, Micros};
use crate::store::Writer;
use budget::Budget;
use bytes::Bytes;
use found::SharedFound;
use health::SharedHealth;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak, mpsc};
use std::thread::JoinHandle;
use thread::Message;

/// What a recorder may use, and keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// So many bytes of a body are kept: of a longer one the first and the last.
    pub max_body: u64,
    /// No text of bodies is kept, only their structure and their lengths.
    pub redact_bodies: bool,
    /// So many bytes may wait for the disk, and to be examined, before the forwarding path is held back.
    pub queue_bytes: usize,
}

/// The forwarding path's way to the recorder thread. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queue: mpsc::Sender<Message>,
    budget: Budget,
    clock: Clock,
    /// Where the recording is.
    recording: PathBuf,
    next: AtomicU64,
    health: SharedHealth,
    found: SharedFound,
}

/// A recorder that runs. Stop it to write the last of it.
#[derive(Debug)]
pub struct Running {
    recorder: Recorder,
    thread: JoinHandle<Outcome>,
}

/// The line of one exchange to the recorder.
#[derive(Debug, Clone)]
pub struct Track {
    recorder: Recorder,
    /// The exchange's number in this process.
    key: u64,
    /// When it began, on the clock's monotonic scale.
    began: Micros,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_body: 64 << 20, redact_bodies: false, queue_bytes: 24 << 20 }
    }
}

impl Recorder {
    /// Starts the recorder's threads on an opened recording; `engine` has the checks that the examiner runs.
    ///
    /// # Errors
    /// What the system says where a thread cannot be started.
    pub fn start(writer: Writer, clock: Clock, limits: Limits, engine: Engine) -> std::io::Result<Running> {
        let (queue, messages) = mpsc::channel();
        let budget = Budget::new(limits.queue_bytes);
        let recorder = Self(Arc::new(Shared {
            queue,
            budget,
            clock,
            recording: writer.path().to_owned(),
            next: AtomicU64::new(1),
            health: SharedHealth::default(),
            found: SharedFound::default(),
        }));
        let thread = thread::start(writer, messages, &recorder, limits, engine)?;
        Ok(Running { recorder, thread })
    }

    /// The clock that everything recorded is timed with.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The recording.
    pub fn recording(&self) -> &Path {
        &self.0.recording
    }

    /// How the recording is doing.
    pub fn health(&self) -> Health {
        self.0.health.get()
    }

    /// What each check found first in this session, in the order it was found, but for the first `seen`. What is
    /// merely worth knowing is left out.
    pub fn found_after(&self, seen: usize) -> Vec<FirstFound> {
        self.0.found.after(seen)
    }

    /// Writes down that a request has arrived.
    pub fn begin(&self, mut asked: Asked) -> Track {
        asked.raw = asked.raw.as_ref().map(keep);
        let now = self.0.clock.now();
        let key = self.next_key();
        self.send(Message::Begin { key, at: now.wall, asked: Box::new(asked) });
        Track { recorder: self.clone(), key, began: now.mono }
    }

    /// Tells whoever watches that an app got nowhere that wanted to speak TLS with gatetap itself.
    pub fn no_tls(&self, reason: &str) {
        self.0.health.change(|health| health.no_tls = Some(reason.to_owned()));
    }

    fn next_key(&self) -> u64 {
        self.0.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A recorder thread that is gone has said so in its outcome; there is nobody left to tell.
    fn send(&self, message: Message) {
        self.0.budget.spend(message.cost());
        drop(self.0.queue.send(message));
    }
}

impl Running {
    /// The way to the recorder thread.
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// Writes what is still queued, ends the session and the threads.
    pub fn stop(self) -> Outcome {
        self.recorder.send(Message::Stop { at: self.recorder.clock().now().wall });
        self.thread.join().unwrap_or_else(|_| Outcome::panicked())
    }
}

impl Track {
    /// The exchange's number in this process; what the sockets name it by.
    pub fn key(&self) -> u64 {
        self.key
    }

    /// Microseconds since this exchange began.
    pub fn now(&self) -> Micros {
        self.recorder.0.clock.mono().since(self.began)
    }

    /// Writes down the head of the answer.
    pub fn answered(&self, mut answered: Answered) {
        answered.raw = answered.raw.as_ref().map(keep);
        self.recorder.send(Message::Answered { key: self.key, answered: Box::new(answered) });
    }

    /// Writes down the head of an interim answer.
    pub fn interim(&self, head: &Bytes) {
        let head = InterimHead { at: self.now(), raw: keep(head) };
        self.recorder.send(Message::Interim { key: self.key, head });
    }

    /// Writes down that a fault is injected.
    pub fn injected(&self, fault: &str) {
        self.recorder.send(Message::Injected { key: self.key, fault: fault.to_owned() });
    }

    /// Writes down the head of the answer that a fault alters on its way.
    pub fn origin(&self, head: &Bytes) {
        self.recorder.send(Message::Origin { key: self.key, head: keep(head) });
    }

    /// Writes down a chunk that was just read.
    pub fn chunk(&self, side: Side, bytes: &Bytes) {
        self.part(side, bytes, Rest::default());
    }

    /// Writes down what was just read of an HTTP/1 chunk, of which this is yet to come.
    pub fn part(&self, side: Side, bytes: &Bytes, rest: Rest) {
        let bytes = keep(bytes);
        self.recorder.send(Message::Chunk { key: self.key, side, bytes, rest, read: self.now() });
    }

    /// Writes down that the socket has taken the next `chunks` chunks of `side`.
    pub fn taken(&self, side: Side, chunks: u32) {
        self.recorder.send(Message::Taken { key: self.key, side, chunks, at: self.now() });
    }

    /// Writes down the lines that followed a body. Before its end is.
    pub fn trailers(&self, side: Side, lines: Headers) {
        self.recorder.send(Message::Trailers { key: self.key, side, lines: Box::new(lines) });
    }

    /// Writes down how a body ended. Once a side.
    pub fn ended(&self, side: Side, end: BodyEnd) {
        self.recorder.send(Message::Ended { key: self.key, side, end, at: self.now() });
    }

    /// Whether the queue has room for another chunk.
    pub fn has_room(&self) -> bool {
        self.recorder.0.budget.has_room()
    }

    /// Waits until the queue has room, and writes down for how long.
    pub async fn room(self) {
        let from = self.now();
        self.recorder.0.budget.room().await;
        self.recorder.send(Message::Held { key: self.key, time: self.now().since(from) });
    }
}

/// Lifts the queue's bound when the thread that holds it ends, however it ends: traffic must not wait for
/// a thread that is gone.
#[derive(Debug)]
struct LiftAtEnd(Weak<Shared>);

impl Drop for LiftAtEnd {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.budget.lift();
        }
    }
}

/// Bytes as the queue keeps them. Few are copied: sharing it would pin the whole buffer that it
/// was read into for as long as it waits.
fn keep(bytes: &Bytes) -> Bytes {
    const SHARE_FROM: usize = 16 << 10;
    if bytes.len() < SHARE_FROM { Bytes::copy_from_slice(bytes) } else { bytes.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_chunk_does_not_pin_the_buffer_it_was_read_into() {
        let buffer = Bytes::from(vec![b'x'; 64 << 10]);
        let (small, large) = (buffer.slice(..100), buffer.slice(..20 << 10));
        let (kept_small, kept_large) = (keep(&small), keep(&large));
        assert_eq!((&kept_small, &kept_large), (&small, &large));
        assert_ne!(kept_small.as_ptr(), small.as_ptr());
        assert_eq!(kept_large.as_ptr(), large.as_ptr());
        drop((small, large, kept_large));
        assert!(buffer.is_unique());
    }
}
