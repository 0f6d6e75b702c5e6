//! Attempts: what a request was sent again after.
//!
//! SDKs send no idempotency keys. Whether a request is another attempt at an earlier one is told from its
//! body, credential and path, from the client's own count of attempts where it says one, and from time: it
//! began after the other had failed. Where the same request was in flight twice, one call cannot be told from
//! another, and nothing is called an attempt.

use super::history::{Ended, History, Past};
use crate::exchange::end::Verdict;
use crate::exchange::finding::Place;
use crate::exchange::time::{Micros, WallTime};

/// An app's closing is seen so much after it closed, at most.
const CLOSING: Micros = Micros(100_000);

/// An end is seen so much after the app has seen it, at most. The head of a refusal is seen before.
const LATE: Micros = Micros(5_000);

/// Whoever waits longer calls anew.
const LONGEST_PAUSE: Micros = Micros(120_000_000);

/// So many earlier attempts are looked at.
pub(super) const MOST: usize = 32;

/// An attempt that failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) past: &'a Past,
    pub(super) ended: &'a Ended,
    /// How long after its answer the next attempt began.
    pub(super) pause: Micros,
}

/// The failed attempts that led to this one, newest first.
pub(super) fn failed_attempts<'a>(history: &'a History, own: &'a Past) -> Vec<Attempt<'a>> {
    newest(history, own, MOST)
}

/// The newest of them, among at most so many.
fn newest<'a>(history: &'a History, own: &'a Past, most: usize) -> Vec<Attempt<'a>> {
    let Some(now) = own.ended.as_ref().map(|ended| ended.at) else { return Vec::new() };
    let mut chain: Vec<Attempt<'a>> = Vec::new();
    let mut next = own;
    for past in history.attempts(own).take(most) {
        let Some(ended) = past.ended_by(now).filter(|ended| known_to(ended, next)) else {
            return Vec::new();
        };
        let pause = since(next.started_at, ended.answered_at);
        if !failed(ended.verdict) || pause > LONGEST_PAUSE || !counts_on(past, next) {
            break;
        }
        chain.push(Attempt { past, ended, pause });
        next = past;
    }
    chain
}

/// The attempt that this one repeats, if it failed.
pub(super) fn last_attempt<'a>(history: &'a History, own: &'a Past) -> Option<Attempt<'a>> {
    // The one before it tells whether the two were in flight together.
    newest(history, own, 2).into_iter().next()
}

/// How long it was waited after the last attempt, where its answer did not say how long to wait.
pub(super) fn waited(history: &History, own: &Past) -> Option<Micros> {
    let last = last_attempt(history, own)?;
    last.ended.retry_after.is_none().then_some(last.pause)
}

/// From `earlier` to `later`; zero if it is not later.
pub(super) fn since(later: WallTime, earlier: WallTime) -> Micros {
    Micros(u64::try_from(later.0.saturating_sub(earlier.0)).unwrap_or_default())
}

impl Attempt<'_> {
    /// How it failed, in a few words.
    pub(super) fn outcome(&self) -> String {
        match (self.ended.status, self.ended.verdict, self.ended.error_code.as_deref()) {
            (Some(status), Verdict::Refused, Some(code)) if code != status.to_string() => {
                format!("{status} `{code}`")
            }
            (Some(status), Verdict::Refused, _) => format!("status {status}"),
            (_, verdict, _) => format!("`{verdict}`"),
        }
    }
}

impl Past {
    /// How a finding names it.
    pub(super) fn named(&self) -> String {
        if self.id == 0 { "an earlier exchange".to_owned() } else { format!("exchange {}", self.id) }
    }

    /// The place that it is, if it is in the recording.
    pub(super) fn place(&self) -> Option<Place> {
        (self.id != 0).then_some(Place::Exchange(self.id))
    }
}

/// Whether the app could know how one went when it sent the next.
fn known_to(ended: &Ended, next: &Past) -> bool {
    let late = match ended.verdict {
        Verdict::Refused => Micros::default(),
        Verdict::CutByApp => CLOSING,
        _ => LATE,
    };
    ended.answered_at <= next.started_at.plus(late)
}

/// Whether the count of attempts goes on from one to the next, or starts anew.
fn counts_on(past: &Past, next: &Past) -> bool {
    match (past.retry_count, next.retry_count) {
        (Some(past), Some(next)) => next == 0 || past.checked_add(1) == Some(next),
        _ => true,
    }
}

fn failed(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Refused
        | Verdict::ErrorInside
        | Verdict::Incomplete
        | Verdict::CutByGateway
        | Verdict::CutByApp
        | Verdict::Failed => true,
        Verdict::Open | Verdict::Complete | Verdict::Lost => false,
    }
}
