//! Runs the checks over a recording again, as the examiner ran them while it was made.

use crate::check::{Engine, REMEMBERED, Review, Watched};
use crate::digest::summary::{Summary, Whole};
use crate::exchange::body::Side;
use crate::exchange::finding::Finding;
use crate::exchange::time::WallTime;
use crate::exchange::{ExchangeId, SessionId};
use crate::store::filter::{Filter, SessionName, Term};
use crate::store::{Error, Page, Reader};
use std::collections::BTreeMap;

/// Exchanges looked up at a time.
const PAGE: u32 = 1000;

/// Exchanges of a recording that are to be checked, session by session.
///
/// Checks over time need what was before. So the earlier exchanges of each session are read too, as many as a
/// history remembers, and those that began while the last was open. Of bodies, one exchange's are in memory
/// at a time.
#[derive(Debug)]
pub struct Recheck<'a> {
    reader: &'a Reader,
    sessions: BTreeMap<SessionId, Stretch>,
}

/// One exchange and what was found in it now.
#[derive(Debug, Clone, PartialEq)]
pub struct Rechecked {
    /// Its line; the findings in it are those of the recording.
    pub summary: Summary,
    /// What was found now.
    pub findings: Vec<Finding>,
}

/// The exchanges of one session that are asked for.
#[derive(Debug)]
struct Stretch {
    ids: Vec<ExchangeId>,
    /// When the last of them has ended.
    until: WallTime,
}

/// Exchanges that were read and not yet handed on, so that they are handed on in the order of starting.
#[derive(Debug, Default)]
struct Waiting(BTreeMap<ExchangeId, Entry>);

#[derive(Debug)]
struct Entry {
    /// `None` for one that nobody asked for.
    summary: Option<Summary>,
    /// `None` until it has ended.
    findings: Option<Vec<Finding>>,
}

impl<'a> Recheck<'a> {
    /// Those that `filter` asks for; `now` is what its times count from.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn of(reader: &'a Reader, filter: &Filter, now: WallTime) -> Result<Self, Error> {
        let mut sessions: BTreeMap<SessionId, Stretch> = BTreeMap::new();
        let mut after = Some(0);
        loop {
            let page = reader.select(filter, Page { after, before: None, limit: Some(PAGE) }, now)?;
            let Some(last) = page.last() else {
                return Ok(Self { reader, sessions });
            };
            after = Some(last.id);
            for summary in &page {
                let ended = summary.duration.map_or(WallTime(i64::MAX), |took| summary.started_at.plus(took));
                let stretch = sessions
                    .entry(summary.session)
                    .or_insert_with(|| Stretch { ids: Vec::new(), until: ended });
                stretch.ids.push(summary.id);
                stretch.until = stretch.until.max(ended);
            }
        }
    }

    /// How many exchanges are asked for.
    pub fn len(&self) -> usize {
        self.sessions.values().map(|stretch| stretch.ids.len()).sum()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Checks them and hands each to `sink`, in the order of starting within a session. `progress` is told how
    /// many have been read of those that are asked for.
    ///
    /// # Errors
    /// What SQLite or `sink` says; either ends it.
    pub fn run<E: From<Error>>(
        self,
        engine: &Engine,
        mut progress: impl FnMut(usize),
        mut sink: impl FnMut(Rechecked) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut read = 0;
        for (session, stretch) in &self.sessions {
            let mut review = Review::new(engine.clone());
            let mut waiting = Waiting::default();
            let within: Filter = Term::Session(SessionName::Number(*session)).into();
            let mut after = Some(self.first(&within, stretch)? - 1);
            'session: loop {
                let page = Page { after, before: None, limit: Some(PAGE) };
                let ids = self.reader.select_ids(&within, page, WallTime(0))?;
                let Some(last) = ids.last() else { break };
                after = Some(*last);
                for id in ids {
                    // Pruned since.
                    let Some(Whole { summary, exchange, .. }) = self.reader.exchange(id)? else { continue };
                    if summary.started_at > stretch.until {
                        break 'session;
                    }
                    let asked_for = stretch.ids.binary_search(&id).is_ok();
                    read += usize::from(asked_for);
                    progress(read);
                    waiting.begin(id, asked_for.then_some(summary));
                    let request = self.reader.body(id, Side::Request)?;
                    let response = self.reader.body(id, Side::Response)?;
                    for (id, watched) in review.take(exchange, &request, &response) {
                        waiting.end(id, watched);
                    }
                    waiting.drain().try_for_each(&mut sink)?;
                }
            }
            for (id, watched) in review.finish() {
                waiting.end(id, watched);
            }
            waiting.drain().try_for_each(&mut sink)?;
        }
        Ok(())
    }

    /// The exchange from which a session is read.
    fn first(&self, within: &Filter, stretch: &Stretch) -> Result<ExchangeId, Error> {
        let before = stretch.ids.first().copied();
        let page = Page { after: None, before, limit: u32::try_from(REMEMBERED).ok() };
        let earlier = self.reader.select_ids(within, page, WallTime(0))?;
        Ok(earlier.first().copied().or(before).unwrap_or_default())
    }
}

impl Waiting {
    fn begin(&mut self, id: ExchangeId, summary: Option<Summary>) {
        self.0.insert(id, Entry { summary, findings: None });
    }

    fn end(&mut self, id: ExchangeId, watched: Watched) {
        if let Some(entry) = self.0.get_mut(&id) {
            entry.findings = Some(watched.findings);
        }
    }

    /// Takes out what has ended, up to the first that has not.
    fn drain(&mut self) -> impl Iterator<Item = Rechecked> {
        std::iter::from_fn(|| {
            loop {
                let first = self.0.first_entry().filter(|entry| entry.get().findings.is_some())?;
                let Entry { summary, findings } = first.remove();
                if let (Some(summary), Some(findings)) = (summary, findings) {
                    return Some(Rechecked { summary, findings });
                }
            }
        })
    }
}
