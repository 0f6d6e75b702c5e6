//! The rules that are armed, and how often they were met.

use super::catalogue::{self, Fault};
use super::limit::Limiter;
use super::plan::Plan;
use super::rule::{Facts, Rule};
use crate::exchange::time::Micros;
use ring::digest::{Context, Digest, SHA256};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many stories are remembered; of more, the oldest are forgotten.
const STORIES: usize = 16 << 10;

/// The rules that are armed. Shared by all who forward, arm and look.
#[derive(Debug)]
pub struct Armed {
    seed: u64,
    any: AtomicBool,
    state: Mutex<State>,
}

/// What makes one request the same as another: a client that tries again sends the same method, path and
/// body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Story([u8; 32]);

/// One armed rule, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The rule.
    pub rule: Rule,
    /// How many requests it was for.
    pub matched: u64,
    /// How many of them met the fault.
    pub injected: u64,
    /// How long it stays armed; `None` until it is disarmed.
    pub left: Option<Micros>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<ArmedRule>,
    attempts: Attempts,
    next: u64,
}

#[derive(Debug)]
struct ArmedRule {
    number: u64,
    rule: Rule,
    fault: Fault,
    since: Micros,
    matched: u64,
    injected: u64,
    limiter: Limiter,
}

/// How often each story was told to each rule.
#[derive(Debug, Default)]
struct Attempts {
    counts: HashMap<Key, u64>,
    order: VecDeque<Key>,
}

/// A rule and a story.
type Key = [u8; 32];

impl Story {
    /// The story of a request.
    pub fn new(method: &str, path: &str, body: &[u8]) -> Self {
        Self(hash([method.as_bytes(), path.as_bytes(), body]))
    }
}

impl Armed {
    /// Nothing is armed; everything random will come from `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, any: AtomicBool::new(false), state: Mutex::default() }
    }

    /// Whether any rule is armed.
    pub fn is_any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Arms these rules in place of all others.
    pub fn replace(&self, rules: Vec<Rule>, now: Micros) {
        let mut state = self.lock();
        for armed in state.rules.drain(..) {
            log::info!(target: "faults", "disarmed: {}", armed.rule);
        }
        self.add(&mut state, rules, now);
    }

    /// Arms these rules beside the others.
    pub fn arm(&self, rules: Vec<Rule>, now: Micros) {
        let mut state = self.lock();
        self.add(&mut state, rules, now);
    }

    /// Disarms every rule of this fault; says how many there were.
    pub fn disarm(&self, fault: &str) -> usize {
        let mut state = self.lock();
        let before = state.rules.len();
        state.rules.retain(|armed| armed.rule.fault != fault && armed.rule.to_string() != fault);
        self.any.store(!state.rules.is_empty(), Ordering::Relaxed);
        let gone = before - state.rules.len();
        if gone > 0 {
            log::info!(target: "faults", "disarmed: {fault}");
        }
        gone
    }

    /// The rules that are armed at `now`, in the order in which they are asked.
    pub fn list(&self, now: Micros) -> Vec<Listed> {
        let mut state = self.lock();
        self.expire(&mut state, now);
        let listed = |armed: &ArmedRule| Listed {
            rule: armed.rule.clone(),
            matched: armed.matched,
            injected: armed.injected,
            left: armed
                .rule
                .when
                .lasting
                .map(|lasting| Micros(armed.since.0 + Micros::from(lasting).0).since(now)),
        };
        state.rules.iter().map(listed).collect()
    }

    /// What happens to a request: what its own header asks for, else what the first rule says that means
    /// it; `None` if nothing does.
    pub fn draw(&self, own: &[Rule], facts: &Facts<'_>, story: Story, now: Micros) -> Option<Plan> {
        let mut state = self.lock();
        self.expire(&mut state, now);
        let State { rules, attempts, .. } = &mut *state;
        for rule in own {
            let Some(fault) = catalogue::find(&rule.fault) else { continue };
            if !means(rule, &fault, facts) {
                continue;
            }
            let text = rule.to_string();
            let attempt = attempts.count(hash([b"header", text.as_bytes(), &story.0]));
            if rule.when.counts(attempt, attempt)
                && let Some(plan) = self.plan(rule, &fault, story, attempt)
            {
                return Some(plan);
            }
        }
        let mut within = None;
        for armed in rules {
            if !means(&armed.rule, &armed.fault, facts) {
                continue;
            }
            armed.matched += 1;
            if armed.fault == Fault::Limit {
                let plan = armed.limit(facts, now);
                if plan.is_refusal() {
                    armed.injected += 1;
                    return Some(plan);
                }
                within.get_or_insert(plan);
                continue;
            }
            let number = armed.number.to_be_bytes();
            let attempt = attempts.count(hash([b"rule", &number, &story.0]));
            if armed.rule.when.counts(attempt, armed.matched)
                && let Some(plan) = self.plan(&armed.rule, &armed.fault, story, attempt)
            {
                armed.injected += 1;
                return Some(plan);
            }
        }
        within
    }

    /// The plan that a rule makes for an attempt; `None` where chance says no.
    fn plan(&self, rule: &Rule, fault: &Fault, story: Story, attempt: u64) -> Option<Plan> {
        let text = rule.to_string();
        let drawn = hash([&self.seed.to_be_bytes(), text.as_bytes(), &story.0, &attempt.to_be_bytes()]);
        let seed = u64::from_be_bytes(drawn.first_chunk().copied().unwrap_or_default());
        let chance = rule.when.chance.unwrap_or(1.0);
        // 53 bits make every double in [0, 1) equally likely: 0 is never met, 1 always.
        let at = (seed >> 11) as f64 / (1_u64 << 53) as f64;
        (at < chance).then(|| Plan {
            name: rule.fault.clone(),
            fault: fault.clone(),
            with: rule.with.clone(),
            seed: seed.rotate_left(17),
            allowance: None,
        })
    }

    fn add(&self, state: &mut State, rules: Vec<Rule>, now: Micros) {
        for rule in rules {
            // What was read names a fault that there is.
            let Some(fault) = catalogue::find(&rule.fault) else { continue };
            state.next += 1;
            let number = state.next;
            log::info!(target: "faults", "armed: {rule}");
            state.rules.push(ArmedRule {
                number,
                rule,
                fault,
                since: now,
                matched: 0,
                injected: 0,
                limiter: Limiter::default(),
            });
        }
        self.any.store(!state.rules.is_empty(), Ordering::Relaxed);
    }

    /// Disarms what has had its time.
    fn expire(&self, state: &mut State, now: Micros) {
        state.rules.retain(|armed| {
            armed.rule.when.lasting.is_none_or(|lasting| now.since(armed.since) < Micros::from(lasting))
        });
        self.any.store(!state.rules.is_empty(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole even where its holder panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ArmedRule {
    /// What its limiter says of a request.
    fn limit(&mut self, facts: &Facts<'_>, now: Micros) -> Plan {
        let tokens = facts.bytes.div_ceil(4);
        let allowance = self.limiter.take(&self.rule.with, facts.key_id, tokens, now);
        Plan {
            name: self.rule.fault.clone(),
            fault: self.fault.clone(),
            with: self.rule.with.clone(),
            seed: self.number,
            allowance: Some(allowance),
        }
    }
}

impl Attempts {
    /// Counts one more; says how many that makes.
    fn count(&mut self, key: Key) -> u64 {
        if let Some(count) = self.counts.get_mut(&key) {
            *count += 1;
            return *count;
        }
        if self.order.len() >= STORIES
            && let Some(oldest) = self.order.pop_front()
        {
            self.counts.remove(&oldest);
        }
        self.order.push_back(key);
        self.counts.insert(key, 1);
        1
    }
}

/// Whether a rule is for a request. A fault of streams is for requests that ask for one.
fn means(rule: &Rule, fault: &Fault, facts: &Facts<'_>) -> bool {
    rule.when.matches(facts) && (facts.stream || !fault.needs_stream())
}

/// The SHA-256 of some parts, whose ends count.
fn hash<const N: usize>(parts: [&[u8]; N]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let digest: Digest = context.finish();
    digest.as_ref().try_into().unwrap_or_default()
}
