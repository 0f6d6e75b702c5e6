//! The offline gateway: answers like NexoRouter, needs no key and no network, and is lifelike in time.
//!
//! It serves `GET /v1/models`, `POST /v1/chat/completions` and their CORS preflights, and checks a
//! request in this order: path, method, credential, JSON, model, ranges, size, rate, quota. What
//! NexoRouter does not document (every detail of its streams, and some statuses) is *assumed* to be as
//! OpenAI has it. The texts are nonsense with a seed: the same seed,
//! model and messages give the same answer, streamed or not.
//!
//! # Keys
//!
//! Any `Bearer` key is good but those that begin with `sk-sim-disabled` or `sk-sim-expired` (401),
//! `sk-sim-broke` (402 on a completion) and `sk-sim-scope` (only [`SCOPED_MODEL`] exists for it).
//!
//! # Behaviors
//!
//! The request header `x-sim-behavior: NAME[,key=value]…`, or the model `sim-NAME`, makes an answer go
//! wrong. An event is one `data:` block; counts and times below are the defaults.
//!
//! | name | what happens |
//! |---|---|
//! | `rate-limited,times=2,retry_after=7` | 429 for the first attempts with the same body, then the answer |
//! | `cut,after=8` | the socket closes after that many events, without the last chunk |
//! | `buffered` | every event is held back and comes in one piece at the end |
//! | `stall,after=8,seconds=30` | silence, then the rest; `seconds=forever` never goes on |
//! | `no-finish` | a clean end without finish reason and `[DONE]` |
//! | `error-inside,after=8,code=upstream_error` | status 200, and the error as an event or as the body |
//!
//! The model `sim-offset` says in every event when it was sent: twenty pieces, 250 ms apart, `t+0.25 `,
//! `t+0.50 `, … after the head.
//!
//! Invariants: generating stops when the client leaves; nothing waits when [`Options::speed`] is
//! infinite; ids and texts depend on the seed, the order of requests and their bodies, never on time;
//! usage counts four bytes for a token.

mod answer;
mod behavior;
mod completion;
mod playback;
mod request;
mod schema;
mod script;
mod server;
mod tools;
mod writer;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use server::Simulator;

use crate::exchange::time::Clock;

/// The one model that a `sk-sim-scope` key may use.
pub const SCOPED_MODEL: &str = "deepseek-v4-flash";

/// How the simulator behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// What texts, times and ids are drawn from.
    pub seed: u64,
    /// How many times faster than life; infinite for no waiting at all.
    pub speed: f64,
    /// Where `created` comes from.
    pub clock: Clock,
    /// The estimated input tokens that one request may hold.
    pub max_input_tokens: u64,
}

/// What a simulator has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests answered, refusals among them.
    pub requests: u64,
    /// Answers that were sent to their end.
    pub finished: u64,
    /// Answers that stopped because the client left.
    pub abandoned: u64,
}

/// A model that the simulator offers.
#[derive(Debug, Clone, Copy)]
struct Model {
    id: &'static str,
    /// Milliseconds before the first token, at least and at most.
    first_token: (u64, u64),
    /// Milliseconds a token, at least and at most.
    token: (u64, u64),
}

const fn model(id: &'static str, first_token: (u64, u64), token: (u64, u64)) -> Model {
    Model { id, first_token, token }
}

const USUAL_FIRST: (u64, u64) = (250, 600);
const USUAL_TOKEN: (u64, u64) = (12, 40);

/// The models on offer. The first three are in NexoRouter's documentation; `sim-NAME` are behaviors.
const MODELS: &[Model] = &[
    model("deepseek-v4-flash", (140, 320), (8, 24)),
    model("gpt-4o-mini", (250, 600), (12, 40)),
    model("Qwen/Qwen-Plus", (300, 800), (15, 50)),
    model("deepseek-v4-pro", (500, 1400), (20, 60)),
    model("gpt-4o", (350, 900), (15, 45)),
    model("sim-offset", USUAL_FIRST, USUAL_TOKEN),
    model("sim-rate-limited", USUAL_FIRST, USUAL_TOKEN),
    model("sim-cut", USUAL_FIRST, USUAL_TOKEN),
    model("sim-buffered", USUAL_FIRST, USUAL_TOKEN),
    model("sim-stall", USUAL_FIRST, USUAL_TOKEN),
    model("sim-no-finish", USUAL_FIRST, USUAL_TOKEN),
    model("sim-error-inside", USUAL_FIRST, USUAL_TOKEN),
];

/// What all requests to one simulator share.
#[derive(Debug)]
struct Shared {
    options: Options,
    requests: AtomicU64,
    finished: AtomicU64,
    abandoned: AtomicU64,
    attempts: Mutex<HashMap<u64, u64>>,
}

/// Counts an answer under way as finished or abandoned.
#[derive(Debug)]
struct Generation {
    shared: std::sync::Arc<Shared>,
    done: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 0, speed: 1.0, clock: Clock::system(), max_input_tokens: 128_000 }
    }
}

impl Options {
    /// How long `lifelike` takes at this speed.
    fn scaled(&self, lifelike: Duration) -> Duration {
        if self.speed.is_finite() && self.speed > 0.0 {
            Duration::try_from_secs_f64(lifelike.as_secs_f64() / self.speed).unwrap_or(lifelike)
        } else {
            Duration::ZERO
        }
    }
}

impl Shared {
    /// Above this many different bodies the attempts are forgotten.
    const REMEMBERED_BODIES: usize = 10_000;

    fn new(options: Options) -> Self {
        Self {
            options,
            requests: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
            attempts: Mutex::default(),
        }
    }

    fn counts(&self) -> Counts {
        Counts {
            requests: self.requests.load(Ordering::Relaxed),
            finished: self.finished.load(Ordering::Relaxed),
            abandoned: self.abandoned.load(Ordering::Relaxed),
        }
    }

    /// Which attempt with this body this is, counted from 1.
    fn attempt(&self, body: u64) -> u64 {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.len() >= Self::REMEMBERED_BODIES {
            attempts.clear();
        }
        let attempt = attempts.entry(body).or_default();
        *attempt += 1;
        *attempt
    }
}

impl Generation {
    fn new(shared: &std::sync::Arc<Shared>) -> Self {
        Self { shared: std::sync::Arc::clone(shared), done: false }
    }

    fn finish(&mut self) {
        self.done = true;
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        let counter = if self.done { &self.shared.finished } else { &self.shared.abandoned };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// FNV-1a over `bytes`, begun at `seed`: stable over releases, which the standard hasher is not.
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let start = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xCBF2_9CE4_8422_2325;
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3))
}

/// Tokens by the rule of thumb of four bytes each, rounded up.
const fn estimated_tokens(bytes: u64) -> u64 {
    bytes.div_ceil(4)
}
