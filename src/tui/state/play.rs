//! A recorded stream, played on the screen in its own time.

use super::EventRow;
use crate::exchange::time::{Micros, WallTime};

/// How fast streams can be played, in quarters of their own speed.
const SPEEDS: [u64; 4] = [1, 4, 16, 64];

/// The playing of a stream: what of it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Play {
    /// The time in the stream, counted from the start of the exchange.
    pub at: Micros,
    /// How many events are shown.
    pub shown: usize,
    /// Whether time passes.
    pub running: bool,
    /// The index of its speed.
    speed: usize,
    /// Until when time was counted; `None` until it was told what time it is.
    told: Option<WallTime>,
}

impl Play {
    /// From the first event on: what passed before it is not waited for.
    pub(super) fn new(events: &[EventRow]) -> Self {
        let at = events.iter().find_map(|row| row.at).unwrap_or_default();
        Self { at, shown: reached(events, at).max(1), running: true, speed: 1, told: None }
    }

    /// Its speed in words: `×1`.
    pub fn speed(&self) -> &'static str {
        ["×¼", "×1", "×4", "×16"].get(self.speed).copied().unwrap_or("×1")
    }

    /// Whether everything is shown.
    pub fn has_ended(&self, events: &[EventRow]) -> bool {
        self.shown >= events.len()
    }

    /// How long it is to the next event.
    pub fn next_in(&self, events: &[EventRow]) -> Option<Micros> {
        Some(events.get(self.shown)?.at?.since(self.at))
    }

    /// Lets time pass up to `now`; says whether something moved.
    pub(super) fn pass(&mut self, events: &[EventRow], now: WallTime) -> bool {
        let since = self.told.replace(now).map_or(0, |told| now.0.saturating_sub(told.0));
        let passed = u64::try_from(since).unwrap_or_default();
        if !self.running || self.has_ended(events) {
            return false;
        }
        let quarters = SPEEDS.get(self.speed).copied().unwrap_or(4);
        self.at = Micros(self.at.0.saturating_add(passed.saturating_mul(quarters) / 4));
        self.shown = self.shown.max(reached(events, self.at));
        if let (true, Some(last)) = (self.has_ended(events), events.iter().rev().find_map(|row| row.at)) {
            self.at = last;
        }
        true
    }

    /// Stops, or goes on; at the end, from the start again.
    pub(super) fn toggle(&mut self, events: &[EventRow]) {
        if self.has_ended(events) {
            *self = Self { speed: self.speed, ..Self::new(events) };
        } else {
            self.running = !self.running;
        }
    }

    pub(super) fn faster(&mut self) {
        self.speed = (self.speed + 1).min(SPEEDS.len() - 1);
    }

    pub(super) fn slower(&mut self) {
        self.speed = self.speed.saturating_sub(1);
    }

    /// Shows exactly so many events, and stops there.
    pub(super) fn put(&mut self, events: &[EventRow], shown: usize) {
        self.running = false;
        self.shown = shown.clamp(1, events.len().max(1));
        self.at = events.get(self.shown - 1).and_then(|row| row.at).unwrap_or(self.at);
    }
}

/// How many events had come by then.
fn reached(events: &[EventRow], at: Micros) -> usize {
    events.partition_point(|row| row.at.is_none_or(|then| then <= at))
}
