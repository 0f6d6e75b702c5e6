//! What gatetap itself had to say, newest last.

use crate::exchange::text::counted;
use crate::exchange::time::WallTime;
use crate::fault::Listed;
use std::collections::VecDeque;

/// How many entries are kept.
const KEPT: usize = 500;

/// One sentence, and when it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: WallTime,
    /// How it is meant.
    pub tone: Tone,
    /// The sentence.
    pub text: String,
}

/// How a sentence is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// It is good to know.
    Told,
    /// It must not be overlooked.
    Warned,
    /// It is over.
    Mended,
}

/// The sentences.
#[derive(Debug, Default)]
pub struct Log(VecDeque<Entry>);

impl Log {
    /// The sentences, oldest first.
    pub fn entries(&self) -> &VecDeque<Entry> {
        &self.0
    }

    pub(super) fn say(&mut self, at: WallTime, tone: Tone, text: impl Into<String>) {
        self.0.push_back(Entry { at, tone, text: text.into() });
        let over = self.0.len().saturating_sub(KEPT);
        self.0.drain(..over);
    }

    /// What is wrong at present is something else, or is over.
    pub(super) fn changed(&mut self, at: WallTime, before: Option<&str>, now: Option<&str>) {
        match (before, now) {
            (_, Some(now)) if before != Some(now) => self.say(at, Tone::Warned, now),
            (Some(before), None) => self.say(at, Tone::Mended, format!("over: {before}")),
            _ => {}
        }
    }

    /// Other faults are armed than were.
    pub(super) fn armed(&mut self, at: WallTime, before: &[Listed], now: &[Listed]) {
        let is_in = |listed: &Listed, others: &[Listed]| others.iter().any(|other| other.rule == listed.rule);
        for listed in now.iter().filter(|listed| !is_in(listed, before)) {
            self.say(at, Tone::Warned, format!("fault armed: {}", listed.rule));
        }
        for listed in before.iter().filter(|listed| !is_in(listed, now)) {
            let text = format!(
                "fault disarmed: {}, after it met {} of {}",
                listed.rule,
                listed.injected,
                counted(listed.matched, "request")
            );
            self.say(at, Tone::Mended, text);
        }
    }
}
