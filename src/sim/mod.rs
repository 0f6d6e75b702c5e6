//! The offline gateway: answers like NexoRouter, OpenRouter, OpenAI or Anthropic, needs no key and no
//! network, and is lifelike in time.
//!
//! A request is checked in this order: path, method, credential, JSON, model, ranges, size, rate, quota.
//! What no vendor documents is assumed; [`assumptions`] lists it, and a request with the header
//! `x-sim-assumed` is told in a header of that name which of it the answer rests on. The texts are nonsense
//! with a seed: the same seed, model and conversation give the same answer, streamed or not.
//!
//! # Profiles
//!
//! | profile | base path | what it serves |
//! |---|---|---|
//! | `nexorouter` | `/v1` | models, Chat Completions |
//! | `openrouter` | `/api/v1` | models, key, Chat Completions, Completions, Responses, Messages, embeddings |
//! | `openai` | `/v1` | models, Chat Completions, Completions, Responses, embeddings |
//! | `anthropic` | `/v1` | models, Messages, counting tokens |
//!
//! # Keys
//!
//! Any key is good but those that begin with `sk-sim-disabled` or `sk-sim-expired`, `sk-sim-broke` (no quota)
//! and `sk-sim-scope` (only the profile's first model exists for it: [`SCOPED_MODEL`] in the default one).
//!
//! # Scenarios
//!
//! A [`Scenario`] scripts answers: by request and by number, in the text of the captures
//! ([`crate::wire::script`]), broken ends included, byte for byte and at their times. What it does not script
//! the profile answers.
//!
//! # Behaviors
//!
//! The request header `x-sim-behavior: NAME[,key=value]…`, or the model `sim-NAME`, makes an answer go
//! wrong. An event is one block of the stream; counts and times below are the defaults.
//!
//! | name | what happens |
//! |---|---|
//! | `rate-limited,times=2,retry_after=7` | 429 for the first attempts with the same body, then the answer |
//! | `cut,after=8` | the socket closes after that many events, without the last chunk |
//! | `buffered` | every event is held back and comes in one piece at the end |
//! | `stall,after=8,seconds=30` | silence, then the rest; `seconds=forever` never goes on |
//! | `no-finish` | a clean end without finish reason and terminal event |
//! | `error-inside,after=8,code=upstream_error` | status 200, and the error as an event or as the body |
//!
//! The model `sim-offset` says in every event when it was sent: twenty pieces, 250 ms apart, `t+0.25 `,
//! `t+0.50 `, … after the head.
//!
//! Invariants: generating stops when the client leaves; nothing waits when [`Options::speed`] is
//! infinite; ids and texts depend on the seed, the order of requests and their bodies, never on time;
//! usage counts four bytes for a token.

mod answer;
mod ask;
mod behavior;
mod completion;
mod headers;
mod json;
mod pace;
mod playback;
mod profile;
mod refusal;
mod route;
mod scenario;
mod schema;
mod server;
mod tell;
mod tools;
mod writer;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use pace::Pace;
pub use profile::{Assumption, assumptions};
pub use scenario::{Error as ScenarioError, Scenario};
pub use server::Simulator;

use crate::exchange::time::Clock;

/// The one model that a `sk-sim-scope` key may use in the default profile.
pub const SCOPED_MODEL: &str = "deepseek-v4-flash";

/// The profile of a simulator that is told of none.
pub const DEFAULT_PROFILE: &str = "nexorouter";

/// How the simulator behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// The gateway that it answers like, by the name of its profile.
    pub profile: &'static str,
    /// What texts, times and ids are drawn from.
    pub seed: u64,
    /// How many times faster than life; infinite for no waiting at all.
    pub speed: f64,
    /// What is set of an answer's timing.
    pub pace: Pace,
    /// Where `created` and the ends of rate windows come from.
    pub clock: Clock,
    /// The estimated input tokens that one request may hold.
    pub max_input_tokens: u64,
    /// Answers that are scripted; the profile gives the others.
    pub scenario: Option<Arc<Scenario>>,
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

/// What all requests to one simulator share.
#[derive(Debug)]
struct Shared {
    options: Options,
    profile: profile::Profile,
    requests: AtomicU64,
    finished: AtomicU64,
    abandoned: AtomicU64,
    attempts: Mutex<HashMap<u64, u64>>,
}

/// Counts an answer under way as finished or abandoned.
#[derive(Debug)]
struct Generation {
    shared: Arc<Shared>,
    done: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            profile: DEFAULT_PROFILE,
            seed: 0,
            speed: 1.0,
            pace: Pace::default(),
            clock: Clock::system(),
            max_input_tokens: 128_000,
            scenario: None,
        }
    }
}

impl Options {
    /// How long `lifelike` takes at this speed.
    fn scaled(&self, lifelike: Duration) -> Duration {
        crate::play::scaled(lifelike, self.speed)
    }
}

impl Shared {
    /// Above this many different bodies the attempts are forgotten.
    const REMEMBERED_BODIES: usize = 10_000;

    fn new(options: Options) -> Self {
        Self {
            profile: profile::Profile::of(options.profile),
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

    /// The number of one more request, counted from 1.
    fn count_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
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
    fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), done: false }
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
