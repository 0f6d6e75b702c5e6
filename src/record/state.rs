//! What the recorder thread holds in memory, and how it gets into the file.

use super::added::WorstAdded;
use super::body_track::Keep;
use super::examiner::{Batch, Seen};
use super::found::Known;
use super::health::{Degraded, Removed};
use super::line::{Line, Written};
use super::thread::{Message, Outcome};
use super::tunnel::TunnelLines;
use super::{Limits, Shared, redact};
use crate::exchange::ExchangeId;
use crate::exchange::body::Side;
use crate::exchange::text::causes;
use crate::exchange::time::{Micros, WallTime};
use crate::exchange::tunnel::TunnelId;
use crate::store::{Error, Writer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Weak;

/// How many bytes may wait in memory while writing fails; the rest is given up and counted.
const DEGRADED_BYTES: usize = 64 << 20;

/// What a transaction wrote: exchanges and tunnels, by their keys.
type Committed = (Vec<(u64, Written)>, Vec<(u64, TunnelId)>);

/// The exchanges that are still of interest, and the writer.
#[derive(Debug)]
pub(super) struct State {
    writer: Writer,
    recorder: Weak<Shared>,
    /// Boxed: one is large, and a node of the map would hold eleven.
    lines: BTreeMap<u64, Box<Line>>,
    tunnels: TunnelLines,
    /// How much of each body is kept.
    keep: Keep,
    /// No text of bodies is kept.
    redact_bodies: bool,
    /// The lines that changed since the last commit.
    changed: BTreeSet<u64>,
    /// What the examiner gets once it is committed.
    outbox: Batch,
    /// The exchanges that have got their numbers since the last batch, by key.
    numbers: Vec<(u64, ExchangeId)>,
    outcome: Outcome,
    /// The checks that have found something.
    found: Known,
    /// Writing failed the last time.
    degraded: bool,
    /// The recording was not in its place the last time.
    missing: bool,
}

impl State {
    pub(super) fn new(writer: Writer, limits: Limits, recorder: Weak<Shared>) -> Self {
        Self {
            writer,
            recorder,
            lines: BTreeMap::new(),
            tunnels: TunnelLines::default(),
            keep: Keep::of(limits.max_body),
            redact_bodies: limits.redact_bodies,
            changed: BTreeSet::new(),
            outbox: Batch::default(),
            numbers: Vec::new(),
            outcome: Outcome::default(),
            found: Known::default(),
            degraded: false,
            missing: false,
        }
    }

    /// Whether writing failed the last time.
    pub(super) fn is_degraded(&self) -> bool {
        self.degraded
    }

    /// About how much memory the batch holds that is being gathered.
    pub(super) fn batch_bytes(&self) -> usize {
        self.outbox.cost
    }

    /// What the examiner has not been given yet.
    pub(super) fn batch(&mut self) -> Option<Batch> {
        let mut batch = std::mem::take(&mut self.outbox);
        batch.numbers = std::mem::take(&mut self.numbers);
        (!batch.seen.is_empty() || batch.cost > 0).then_some(batch)
    }

    /// Takes one message in; says when to stop, if it is time to.
    pub(super) fn take(&mut self, message: Message) -> Option<WallTime> {
        self.outbox.cost += message.cost();
        let key = match message {
            Message::Stop { at } => return Some(at),
            Message::Tunnel { key, tunnel } => {
                self.tunnels.take(key, *tunnel);
                return None;
            }
            Message::Begin { key, at, asked } => {
                let (session, salt) = (self.writer.session(), self.writer.salt());
                let (redactor, exchange) =
                    redact::Redactor::begin(*asked, self.redact_bodies, at, session, salt);
                self.outbox.seen.push(Seen::Begin { key, exchange: Box::new(exchange.clone()) });
                self.lines.insert(key, Box::new(Line::new(exchange, redactor, self.keep)));
                key
            }
            Message::Interim { key, head } => {
                self.lines.get_mut(&key)?.interim(&head);
                key
            }
            Message::Answered { key, answered } => {
                let line = self.lines.get_mut(&key)?;
                let head = Box::new(line.answered(*answered));
                self.outbox.seen.push(Seen::Response { key, head });
                key
            }
            Message::Injected { key, fault } => {
                let line = self.lines.get_mut(&key)?;
                line.exchange.fault = Some(fault);
                line.dirty = true;
                key
            }
            Message::Origin { key, head } => {
                self.lines.get_mut(&key)?.origin(&head);
                key
            }
            Message::Chunk { key, side, bytes, rest, read } => {
                let line = self.lines.get_mut(&key)?;
                let bytes = line.chunk(side, &bytes, rest, read);
                // What the app did not get has no part in what is derived.
                if side != Side::Origin {
                    self.outbox.seen.push(Seen::Chunk { key, side, bytes, read });
                }
                key
            }
            Message::Taken { key, side, chunks, at } => {
                self.lines.get_mut(&key)?.taken(side, chunks, at);
                key
            }
            Message::Trailers { key, side, lines } => {
                self.lines.get_mut(&key)?.trailers(side, &lines);
                key
            }
            Message::Held { key, time } => {
                let held = &mut self.lines.get_mut(&key)?.exchange.timing.held;
                *held = Some(Micros(held.unwrap_or_default().0 + time.0));
                key
            }
            Message::Ended { key, side, end, at } => {
                let line = self.lines.get_mut(&key)?;
                line.ended(side, end, at);
                if side == Side::Request
                    && let Some(end) = &line.exchange.request_end
                {
                    self.outbox.seen.push(Seen::RequestEnd { key, end: end.clone() });
                }
                if line.has_ended() {
                    self.outbox.seen.push(Seen::End { key, exchange: Box::new(line.for_examiner()) });
                }
                key
            }
            Message::Examined { key, examined, last } => {
                let line = self.lines.get_mut(&key)?;
                line.examined(*examined);
                line.judged |= last;
                key
            }
        };
        self.changed.insert(key);
        None
    }

    /// Writes every line that changed, in one transaction; on failure all of it stays to be tried again.
    pub(super) fn write(&mut self) {
        let written = self.stay_in_place().and_then(|()| self.transaction());
        match written {
            Ok((written, tunnels)) => {
                self.tunnels.settle(tunnels);
                for (key, written) in written {
                    let Some(line) = self.lines.get_mut(&key) else { continue };
                    if line.exchange.id == 0 {
                        self.outcome.exchanges += 1;
                        self.numbers.push((key, written.id));
                    }
                    if let (true, Some(examined)) = (line.judged, &line.examined) {
                        for first in self.found.sift(written.id, &examined.findings) {
                            if let Some(shared) = self.recorder.upgrade() {
                                shared.found.add(first);
                            }
                        }
                    }
                    line.settle(written);
                    if line.judged {
                        let worst = &mut self.outcome.worst_added;
                        if let Some(p99) = line.added_p99()
                            && worst.is_none_or(|known| known.p99 < p99)
                        {
                            *worst = Some(WorstAdded { exchange: line.exchange.id, p99 });
                        }
                        self.lines.remove(&key);
                    }
                }
                self.changed.clear();
                if std::mem::take(&mut self.degraded) {
                    log::info!(target: "recorder", "writing works again");
                    self.tell(|health, _| health.degraded = None);
                }
            }
            Err(error) => {
                self.writer.roll_back();
                let reason = causes(&error);
                if !std::mem::replace(&mut self.degraded, true) {
                    log::error!(target: "recorder", "nothing can be written: {reason}");
                    self.tell(|health, now| {
                        health.degraded = Some(Degraded { since: now, reason: reason.clone() });
                    });
                }
                let waiting: usize = self.lines.values().map(|line| line.pending_bytes()).sum();
                if waiting > DEGRADED_BYTES {
                    self.give_up(&reason);
                }
            }
        }
    }

    /// Notes the first thing that went wrong for good.
    pub(super) fn fail(&mut self, reason: &str) {
        self.outcome.failure.get_or_insert_with(|| reason.to_owned());
    }

    /// Ends the session.
    pub(super) fn finish(mut self, at: Option<WallTime>) -> Outcome {
        if self.degraded {
            self.write();
        }
        if self.degraded {
            self.give_up("the recording could not be written");
        }
        if let Err(error) = self.writer.end_session(at.unwrap_or(WallTime(0))) {
            self.outcome.failure.get_or_insert_with(|| causes(&error));
        }
        self.outcome
    }

    /// Starts the file anew where it was taken away: what is written into a removed file is lost to
    /// everybody.
    fn stay_in_place(&mut self) -> Result<(), Error> {
        if self.writer.is_in_place() {
            self.missing = false;
            return Ok(());
        }
        // Whoever takes it away may be about to take its log as well, which must not be that of the new one.
        if !std::mem::replace(&mut self.missing, true) {
            return Err(Error::Missing { path: self.writer.path().to_owned() });
        }
        self.writer.start_anew()?;
        self.tunnels.start_anew();
        let (mut lost, mut gone) = (0, std::mem::take(&mut self.outcome.exchanges));
        for (key, line) in &mut self.lines {
            // It is counted again when it is written again.
            gone = gone.saturating_sub(u64::from(line.exchange.id != 0));
            lost += line.start_anew(self.writer.session());
            self.changed.insert(*key);
        }
        self.tell(|health, now| {
            let before = health.removed.map_or(0, |removed| removed.exchanges);
            health.removed = Some(Removed { since: now, exchanges: before + gone });
        });
        let removed = self.recorder.upgrade().and_then(|shared| shared.health.get().removed);
        self.lose(lost, &removed.map_or_else(String::new, |removed| removed.to_string()));
        Ok(())
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
    fn give_up(&mut self, reason: &str) {
        let lost: usize = self.lines.values_mut().map(|line| line.give_up_pending()).sum();
        self.fail(reason);
        self.lose(lost as u64, reason);
    }

    fn lose(&mut self, bytes: u64, reason: &str) {
        self.fail(reason);
        self.outcome.lost_bytes += bytes;
        let lost = self.outcome.lost_bytes;
        self.tell(|health, _| health.lost_bytes = lost);
    }

    fn tell(&self, change: impl FnOnce(&mut super::health::Health, WallTime)) {
        if let Some(shared) = self.recorder.upgrade() {
            let now = shared.clock.now().wall;
            shared.health.change(|health| change(health, now));
        }
    }
}
