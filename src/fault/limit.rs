//! A real limiter: requests and estimated tokens a minute, for each key, told in the gateway's own style.

use super::plan::{Context, LiveHead};
use super::stream::{Frame, Steps, Transform};
use super::value::{Kind, Parameter, With};
use crate::exchange::time::{Micros, WallTime};
use crate::gateway::errors::{self, ErrorCode};
use bytes::Bytes;
use std::collections::HashMap;

/// The name of the rule.
pub const NAME: &str = "limit";

/// What it takes.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter { name: "rpm", kind: Kind::Count, default: "60", meaning: "requests a minute and key" },
    Parameter {
        name: "tpm",
        kind: Kind::Count,
        default: "none",
        meaning: "estimated input tokens a minute and key: a quarter of the body's bytes",
    },
];

/// A window begins with its first request.
const WINDOW: Micros = Micros(60_000_000);

/// So many keys are told apart; with more, all begin anew.
const KEYS: usize = 4096;

/// What the keys have used of their minute.
#[derive(Debug, Default)]
pub(super) struct Limiter(HashMap<u64, Window>);

#[derive(Debug, Clone, Copy)]
struct Window {
    from: Micros,
    requests: u64,
    tokens: u64,
}

/// What a key may still do in this minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    requests: u64,
    requests_left: u64,
    /// Of tokens, where they are limited.
    tokens: Option<(u64, u64)>,
    /// How long the minute goes on.
    reset: Micros,
    /// What this request has too many of.
    pub(super) over: Option<Over>,
}

/// What there is too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    Requests,
    Tokens,
}

/// Says in an answer's head what is left.
#[derive(Debug)]
pub(super) struct Remaining(pub(super) Vec<(String, String)>);

impl Limiter {
    /// Takes a request of so many tokens off a key's minute, where it fits in.
    pub(super) fn take(&mut self, with: &With, key: u64, tokens: u64, now: Micros) -> Allowance {
        if self.0.len() >= KEYS && !self.0.contains_key(&key) {
            self.0.clear();
        }
        let fresh = Window { from: now, requests: 0, tokens: 0 };
        let window = self.0.entry(key).or_insert(fresh);
        if now.since(window.from) >= WINDOW {
            *window = fresh;
        }
        let tpm = with.count("tpm");
        let usual = tpm.map_or(60, |_| u64::MAX);
        let rpm = with.count("rpm").unwrap_or(usual);
        let over = if window.requests >= rpm {
            Some(Over::Requests)
        } else if tpm.is_some_and(|tpm| window.tokens.saturating_add(tokens) > tpm) {
            Some(Over::Tokens)
        } else {
            window.requests += 1;
            window.tokens = window.tokens.saturating_add(tokens);
            None
        };
        Allowance {
            requests: rpm,
            requests_left: rpm.saturating_sub(window.requests),
            tokens: tpm.map(|tpm| (tpm, tpm.saturating_sub(window.tokens))),
            reset: Micros(window.from.0 + WINDOW.0).since(now),
            over,
        }
    }
}

impl Allowance {
    /// Whole seconds until the next minute begins; one at least.
    pub(super) fn retry_after(&self) -> u64 {
        self.reset.0.div_ceil(1_000_000).max(1)
    }

    /// The error that says what there is too much of.
    pub(super) fn error(&self, gateway: &str) -> Option<&'static ErrorCode> {
        let tokens =
            (self.over == Some(Over::Tokens)).then(|| errors::lookup(gateway, "token_rate_limit_exceeded"));
        tokens.flatten().or_else(|| errors::with_status(gateway, 429).next())
    }

    /// The headers in which the gateway says it. A gateway that sends none with what succeeds sends none.
    pub(super) fn headers(&self, context: &Context<'_>) -> Vec<(String, String)> {
        let header = |name: &str, value: String| (name.to_owned(), value);
        let reset = WallTime(context.asked.now.0).plus(self.reset);
        let seconds = format!("{}s", self.retry_after());
        let limited = self.requests != u64::MAX;
        let mut out = Vec::new();
        match context.asked.gateway {
            "openrouter" if self.over.is_none() => {}
            "openrouter" => {
                out.push(header("X-RateLimit-Limit", self.requests.to_string()));
                out.push(header("X-RateLimit-Remaining", self.requests_left.to_string()));
                out.push(header("X-RateLimit-Reset", (reset.0 / 1000).to_string()));
            }
            "openai" => {
                if limited {
                    out.push(header("x-ratelimit-limit-requests", self.requests.to_string()));
                    out.push(header("x-ratelimit-remaining-requests", self.requests_left.to_string()));
                    out.push(header("x-ratelimit-reset-requests", seconds.clone()));
                }
                if let Some((tokens, left)) = self.tokens {
                    out.push(header("x-ratelimit-limit-tokens", tokens.to_string()));
                    out.push(header("x-ratelimit-remaining-tokens", left.to_string()));
                    out.push(header("x-ratelimit-reset-tokens", seconds));
                }
            }
            "anthropic" => {
                let at = jiff::Timestamp::from_second(reset.0.div_euclid(1_000_000))
                    .map(|at| at.to_string())
                    .unwrap_or_default();
                if limited {
                    out.push(header("anthropic-ratelimit-requests-limit", self.requests.to_string()));
                    out.push(header(
                        "anthropic-ratelimit-requests-remaining",
                        self.requests_left.to_string(),
                    ));
                    out.push(header("anthropic-ratelimit-requests-reset", at.clone()));
                }
                if let Some((tokens, left)) = self.tokens {
                    out.push(header("anthropic-ratelimit-tokens-limit", tokens.to_string()));
                    out.push(header("anthropic-ratelimit-tokens-remaining", left.to_string()));
                    out.push(header("anthropic-ratelimit-tokens-reset", at));
                }
            }
            // NexoRouter documents two names, and no unit: they speak of what is nearest to its end.
            _ => {
                let (limit, left) = match (self.over, self.tokens) {
                    (Some(Over::Tokens), Some((tokens, left))) => (tokens, left),
                    (_, Some((tokens, left))) if !limited => (tokens, left),
                    _ => (self.requests, self.requests_left),
                };
                out.push(header("x-ratelimit-limit", limit.to_string()));
                out.push(header("x-ratelimit-remaining", left.to_string()));
            }
        }
        out
    }
}

impl Transform for Remaining {
    fn takes(&self, _head: &LiveHead) -> bool {
        true
    }

    fn head(&mut self, head: &mut LiveHead, _out: &mut Steps) {
        head.framing = head.origin;
        for (name, value) in self.0.drain(..) {
            head.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(&name));
            head.headers.push((name, Bytes::from(value)));
        }
    }

    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        out.write(frame.bytes);
    }
}
