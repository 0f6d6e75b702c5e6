//! The loader: a thread that owns the [`Reader`] and reads what the screen is interested in.
//!
//! It looks for a new commit every 50 ms, and ever less often, down to every 250 ms, while nothing comes; a look
//! costs one number from shared memory. When there is one, or when the interest changes, it answers with one [`Loaded`]. After a read
//! that took long it waits longer, so that a large recording slows the screen down and never the machine.

use super::bell::Outbox;
use super::copy;
use super::prepare::prepare;
use super::questions;
use super::state::{
    Answer, Ask, CopyWhat, Detail, Failure, Interest, Loaded, Matching, Msg, PAGE, Repeats, Rows, Wanted,
};
use super::totals::Totals;
use crate::digest::compare::{Compared, Comparison};
use crate::digest::summary::{Summary, Whole};
use crate::exchange::body::{Body, Side};
use crate::exchange::end::Verdict;
use crate::exchange::text::causes;
use crate::exchange::time::Clock;
use crate::exchange::{ExchangeId, SessionId};
use crate::export::Exported;
use crate::live::probes::probes;
use crate::store::filter::{Filter, State};
use crate::store::{self, Counted, NEAR, Page, Reader};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often a new commit is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// How often it is looked for at least, once nothing has come for long.
const RESTING_LOOK: Duration = Duration::from_millis(250);

/// How much longer than the pause between two looks it has been quiet.
const QUIETER: u32 = 40;

/// How often a recording that cannot be opened is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// The longest wait after a slow read.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// How far matches of a filter are counted.
const COUNTED: usize = 10_000;

/// How many exchanges are counted first, and then in one go, so that nothing else has to wait for long.
const FIRST_COUNTED: u32 = 2_000;
const TOTALS_PAGE: u32 = 16_000;

/// A recording up to this size is counted anew whenever it grows; of a larger one only what is new.
const RECOUNTED: u64 = 20_000;

/// Of how many exchanges it is remembered what they repeat.
const REPEATS: usize = 10_000;

/// Of so many requests of one length before another it is looked whether they failed.
const ALIKE: usize = 2;

/// How many exchanges that may come to match are looked at again.
const UNSETTLED: usize = 300;

/// Reads a recording, one [`Interest`] at a time. The thread is a loop around it.
#[derive(Debug)]
pub struct Loader {
    reader: Reader,
    clock: Clock,
    version: Option<i64>,
    interest: Interest,
    /// The exchange last given out for the pane.
    given: Option<Arc<Detail>>,
    /// What had no rows, as long as the recording stays as it is.
    exhausted: Option<(i64, Filter, Page)>,
    /// What was read in another order last, and of which filter.
    ordered: Option<(Filter, Wanted)>,
    /// What exchanges may be the next attempt at.
    repeats: BTreeMap<ExchangeId, Vec<ExchangeId>>,
    /// Whether exchanges failed, by what may be the same request.
    alike: HashMap<(SessionId, String, u64), BTreeMap<ExchangeId, bool>>,
    matching: Option<(i64, Filter, Matching)>,
    /// What had not ended when it was last looked at.
    unsettled: Vec<ExchangeId>,
    completed: Option<(String, usize)>,
    answered: Option<Ask>,
    totals: Option<Counting>,
}

/// Totals on the way.
#[derive(Debug)]
struct Counting {
    filter: Filter,
    version: i64,
    /// The first exchange that was open when the counting began. It and those after it are counted anew.
    open: ExchangeId,
    /// What those before it amount to.
    settled: Totals,
    totals: Totals,
    /// All of them were counted before, and shown.
    is_shown: bool,
}

impl Loader {
    /// A loader on an opened recording. The clock is for filters that count back from now.
    pub fn new(reader: Reader, clock: Clock) -> Self {
        Self {
            reader,
            clock,
            version: None,
            interest: Interest::default(),
            given: None,
            exhausted: None,
            ordered: None,
            repeats: BTreeMap::new(),
            alike: HashMap::new(),
            matching: None,
            unsettled: Vec::new(),
            completed: None,
            answered: None,
            totals: None,
        }
    }

    /// Reads from now on what `interest` says.
    pub fn watch(&mut self, interest: Interest) {
        if interest.detail.is_none() {
            self.given = None;
        }
        let is_same = Interest { complete: None, ask: None, ..interest.clone() }
            == Interest { complete: None, ask: None, ..self.interest.clone() };
        if interest.ask != self.interest.ask {
            (self.answered, self.totals) = (None, None);
        }
        self.interest = interest;
        if !is_same {
            self.version = None;
        }
    }

    /// What is of interest, if it may have changed since the last call.
    pub fn look(&mut self) -> Result<Option<Loaded>, store::Error> {
        let version = self.reader.version()?;
        if self.version == Some(version) {
            return Ok(None);
        }
        let (late, gone) = self.settled()?;
        let rows = self.rows(version)?;
        let refreshed = self.reader.summaries_of(&self.interest.refresh)?;
        let loaded = Loaded {
            count: self.reader.count()?,
            open: self.reader.open_exchanges()?.len(),
            filter: self.interest.filter.clone(),
            matching: self.count_matching(version)?,
            repeats: self.repeats(rows.rows.iter().chain(&refreshed))?,
            rows,
            refreshed,
            late,
            gone,
            detail: self.detail()?,
            recording: self.interest.recording.clone(),
        };
        self.version = Some(version);
        Ok(Some(loaded))
    }

    /// An answer to what is asked, if there is one that was not given.
    pub fn answer(&mut self) -> Result<Option<Answer>, store::Error> {
        if let Some((line, cursor)) = &self.interest.complete {
            if self.completed != self.interest.complete {
                let completion = self.reader.complete(line, *cursor)?;
                self.completed.clone_from(&self.interest.complete);
                return Ok(self.completed.clone().map(|asked| Answer::Completion(asked, completion)));
            }
        } else {
            self.completed = None;
        }
        let Some(ask) = self.interest.ask.clone() else {
            return Ok(None);
        };
        if ask == Ask::Totals {
            return self.count();
        }
        if self.answered.as_ref() == Some(&ask) {
            return Ok(None);
        }
        self.answered = Some(ask.clone());
        Ok(match ask {
            Ask::Copy(id, what) => {
                let read = self.whole(id)?;
                let evidence = self.reader.evidence(id)?;
                let probes = if what == CopyWhat::Support { probes(&self.reader)? } else { BTreeMap::new() };
                let text = read.and_then(|(whole, request, response)| {
                    let one = Exported { whole, evidence, request, response, altered: None };
                    copy::text(what, &one, probes)
                });
                Some(Answer::Text(id, what, text))
            }
            Ask::Compare(a, b) => {
                let both = self.whole(a)?.zip(self.whole(b)?);
                let comparison = both.map(|(a, b)| {
                    let compared = |(whole, request, response)| Compared { whole, request, response };
                    Arc::new(Comparison::of(compared((&a.0, &a.1, &a.2)), compared((&b.0, &b.1, &b.2))))
                });
                Some(Answer::Comparison(a, b, comparison))
            }
            Ask::Sessions => Some(Answer::Sessions(questions::sessions(&self.reader)?)),
            Ask::Recordings => Some(Answer::Recordings(questions::recordings_beside(self.reader.path()))),
            Ask::Totals => None,
        })
    }

    /// Whether there is more to count at once.
    pub fn is_busy(&self) -> bool {
        self.interest.ask == Some(Ask::Totals)
            && self.totals.as_ref().is_some_and(|counting| !counting.totals.is_whole)
    }

    fn whole(&self, id: ExchangeId) -> Result<Option<(Whole, Body, Body)>, store::Error> {
        let Some(whole) = self.reader.exchange(id)? else {
            return Ok(None);
        };
        let request = self.reader.body(id, Side::Request)?;
        let response = self.reader.body(id, Side::Response)?;
        Ok(Some((whole, request, response)))
    }

    /// Counts a page more; nothing, if all was counted and the recording is as it was.
    fn count(&mut self) -> Result<Option<Answer>, store::Error> {
        let version = self.reader.version()?;
        let filter = self.interest.filter.clone();
        let mut counting = match self.totals.take().filter(|counting| counting.filter == filter) {
            Some(counting) if !counting.totals.is_whole => counting,
            Some(counting) if counting.version == version => {
                self.totals = Some(counting);
                return Ok(None);
            }
            Some(counting) => self.count_on(counting, version)?,
            None => Counting::new(filter.clone(), version, self.first_open()?),
        };
        let page = counting.next_page();
        let now = self.clock.now().wall;
        let counted = self.reader.tally(&filter, page, now, |row| counting.add(row))?;
        counting.totals.is_whole = page.limit.is_some_and(|limit| counted < limit as usize);
        if counting.totals.is_whole {
            counting.totals.limits = questions::limits(&self.reader, &filter, now)?;
            counting.is_shown = true;
        }
        // What is shown is not taken back to be counted in sight a second time.
        let is_news = counting.totals.is_whole || !counting.is_shown;
        let answer = is_news.then(|| Answer::Totals(Arc::new(counting.totals.clone())));
        self.totals = Some(counting);
        Ok(answer)
    }

    /// Goes on where a count had ended, after the recording has changed.
    fn count_on(&self, counting: Counting, version: i64) -> Result<Counting, store::Error> {
        let open = self.first_open()?;
        let settled = &counting.settled;
        // What was deleted shows where all is counted; of a filter it shows when it is counted next.
        let is_sound = settled.exchanges > RECOUNTED
            && (!counting.filter.is_everything()
                || settled.last.map(|last| self.reader.count_up_to(last)).transpose()?
                    == Some(settled.exchanges));
        let is_shown = counting.is_shown;
        let anew = Counting::new(counting.filter, version, open);
        let settled = if is_sound { counting.settled } else { Totals::default() };
        Ok(Counting { totals: settled.clone(), settled, is_shown, ..anew })
    }

    fn first_open(&self) -> Result<ExchangeId, store::Error> {
        Ok(self.reader.open_exchanges()?.first().copied().unwrap_or(ExchangeId::MAX))
    }

    fn rows(&mut self, version: i64) -> Result<Rows, store::Error> {
        let limit = Some(PAGE as u32);
        let wanted = self.interest.wanted;
        let before = self.interest.until.map(|id| id.saturating_add(1));
        let page = match wanted {
            Wanted::Nothing => return Ok(Rows::default()),
            Wanted::Ordered(..) => return self.ordered(wanted),
            Wanted::Newest => Page { before, limit, ..Page::default() },
            Wanted::Oldest => Page { after: Some(ExchangeId::MIN), before, limit },
            Wanted::After(id) => Page { after: Some(id), before, limit },
            Wanted::Before(id) => Page { before: Some(id), limit, ..Page::default() },
            Wanted::UpTo(id) => Page { before: Some(id.saturating_add(1)), limit, ..Page::default() },
        };
        let asked = (version, self.interest.filter.clone(), page);
        if self.exhausted.as_ref() == Some(&asked) {
            return Ok(Rows { wanted, at_start: true, at_end: true, ..Rows::default() });
        }
        let rows = self.reader.select(&self.interest.filter, page, self.clock.now().wall)?;
        self.exhausted = rows.is_empty().then_some(asked);
        let is_last_page = rows.len() < PAGE;
        Ok(Rows { wanted, rows, at_start: is_last_page, at_end: is_last_page })
    }

    /// The rows of a part in another order. On a screen that stands still they are read once.
    fn ordered(&mut self, wanted: Wanted) -> Result<Rows, store::Error> {
        let asked = (self.interest.filter.clone(), wanted);
        if self.interest.until.is_some() && self.ordered.as_ref() == Some(&asked) {
            return Ok(Rows::default());
        }
        let until = self.interest.until.unwrap_or(ExchangeId::MAX);
        let rows = questions::ordered(&self.reader, &asked.0, wanted, until, self.clock.now().wall)?;
        self.ordered = Some(asked);
        Ok(rows)
    }

    /// What rows may be the next attempt at, of those that are another attempt.
    /// Of one that goes on, not all of the request may be there to compare.
    fn repeats<'a>(&mut self, rows: impl Iterator<Item = &'a Summary>) -> Result<Repeats, store::Error> {
        if self.repeats.len() > REPEATS {
            self.repeats.clear();
        }
        let mut repeats = Repeats::new();
        for row in rows {
            if !self.may_repeat(row) {
                continue;
            }
            let before = match self.repeats.get(&row.id) {
                Some(known) => known.clone(),
                None => self.reader.attempts_before(row.id)?,
            };
            if row.verdict != Verdict::Open {
                self.repeats.insert(row.id, before.clone());
            }
            repeats.push((row.id, before));
        }
        Ok(repeats)
    }

    /// Whether a row may be another attempt: its client says so, or one of the nearest that may have asked for
    /// the same failed. Which of them are attempts the recording tells, and asking it takes longer.
    fn may_repeat(&mut self, row: &Summary) -> bool {
        if self.alike.len() > REPEATS {
            self.alike.clear();
        }
        let alike = self.alike.entry((row.session, row.url.clone(), row.request_bytes)).or_default();
        if alike.len() > PAGE {
            alike.clear();
        }
        let mut before = alike.range(row.id.saturating_sub(NEAR)..row.id).rev().take(ALIKE);
        let follows_failure = before.any(|(_, has_failed)| *has_failed);
        alike.insert(row.id, State::is_error(row.verdict) || row.verdict == Verdict::CutByApp);
        row.digest.client.retry_count.map_or(follows_failure, |count| count > 0)
    }

    fn count_matching(&mut self, version: i64) -> Result<Option<Matching>, store::Error> {
        let filter = &self.interest.filter;
        if filter.is_everything() {
            return Ok(None);
        }
        if let Some((_, _, matching)) =
            self.matching.as_ref().filter(|(then, of, _)| *then == version && of == filter)
        {
            return Ok(Some(*matching));
        }
        let page = Page { limit: Some(COUNTED as u32), ..Page::default() };
        let count = self.reader.select_ids(filter, page, self.clock.now().wall)?.len();
        let matching = Matching { count, at_least: count == COUNTED };
        self.matching = Some((version, filter.clone(), matching));
        Ok(Some(matching))
    }

    /// Of the exchanges that were or are open, and of those in sight: the lines of those that the filter
    /// asks for, and the numbers of those in sight that it does not.
    fn settled(&mut self) -> Result<(Vec<Summary>, Vec<ExchangeId>), store::Error> {
        let filter = &self.interest.filter;
        if filter.is_everything() || self.interest.until.is_some() {
            self.unsettled.clear();
            return Ok((Vec::new(), Vec::new()));
        }
        let open = self.reader.open_exchanges()?;
        let newest = |ids: &[ExchangeId]| ids.iter().rev().take(UNSETTLED).copied().collect::<Vec<_>>();
        let asked: BTreeSet<ExchangeId> = newest(&self.unsettled)
            .into_iter()
            .chain(newest(&open))
            .chain(newest(&self.interest.refresh))
            .collect();
        self.unsettled = open;
        let asked: Vec<ExchangeId> = asked.into_iter().collect();
        let matching = self.reader.select_of(filter, &asked, self.clock.now().wall)?;
        let is_matching = |id: &ExchangeId| matching.binary_search_by_key(id, |row| row.id).is_ok();
        let gone = newest(&self.interest.refresh).into_iter().filter(|id| !is_matching(id)).collect();
        Ok((matching, gone))
    }

    /// The exchange in the pane, if it is not the one given out last. Bodies of an exchange that has ended
    /// do not change and are read once.
    fn detail(&mut self) -> Result<Option<Arc<Detail>>, store::Error> {
        let Some(id) = self.interest.detail else {
            return Ok(None);
        };
        let given = self.given.as_ref().filter(|given| given.id() == id);
        if self.interest.until.is_some() && given.is_some() {
            return Ok(None);
        }
        let Some(mut whole) = self.reader.exchange(id)? else {
            return Ok(None);
        };
        // The worst first: it is what the list shows.
        whole.findings.sort_by_key(|finding| Reverse(finding.severity));
        let has_ended = |whole: &Whole| whole.summary.verdict != Verdict::Open;
        let evidence = self.reader.evidence(id)?;
        let attempts = questions::attempts(&self.reader, id)?;
        let detail = match given {
            Some(given) if given.whole == whole && given.attempts == attempts && has_ended(&whole) => {
                return Ok(None);
            }
            Some(given) if has_ended(&given.whole) => {
                Detail { whole, evidence, attempts, ..Detail::clone(given) }
            }
            _ => {
                let request = self.reader.body(id, Side::Request)?;
                let response = self.reader.body(id, Side::Response)?;
                Detail { attempts, ..prepare(whole, evidence, request, response) }
            }
        };
        if given.is_some_and(|given| **given == detail) {
            return Ok(None);
        }
        let detail = Arc::new(detail);
        self.given = Some(Arc::clone(&detail));
        Ok(Some(detail))
    }
}

impl Counting {
    fn new(filter: Filter, version: i64, open: ExchangeId) -> Self {
        let (settled, totals) = Default::default();
        Self { filter, version, open, settled, totals, is_shown: false }
    }

    fn add(&mut self, row: &Counted<'_>) {
        if row.id < self.open {
            self.settled.add(row);
        }
        self.totals.add(row);
    }

    fn next_page(&self) -> Page {
        let limit = if self.totals.exchanges == 0 { FIRST_COUNTED } else { TOTALS_PAGE };
        Page { after: Some(self.totals.last.unwrap_or(ExchangeId::MIN)), limit: Some(limit), before: None }
    }
}

/// Reads until nobody listens any more.
pub(super) fn run(path: &Path, clock: &Clock, interests: &Receiver<Interest>, msgs: &Outbox) {
    let mut loader: Option<Loader> = None;
    let mut latest = Interest::default();
    let mut wait = Duration::ZERO;
    let mut moved = clock.mono();
    loop {
        match newest(interests, wait) {
            Ok(Some(interest)) => {
                if interest.recording != latest.recording {
                    loader = None;
                }
                latest = interest;
                moved = clock.mono();
                if let Some(loader) = &mut loader {
                    loader.watch(latest.clone());
                }
            }
            Ok(None) => {}
            Err(Gone) => return,
        }
        let began = clock.mono();
        let outcome = match &mut loader {
            Some(loader) => loader.look(),
            None => Reader::open(latest.recording.as_deref().unwrap_or(path)).and_then(|reader| {
                let opened = loader.insert(Loader::new(reader, clock.clone()));
                opened.watch(latest.clone());
                opened.look()
            }),
        };
        let answer = loader.as_mut().map_or(Ok(None), Loader::answer);
        let took: Duration = clock.mono().since(began).into();
        wait = pause(clock.mono().since(moved).into(), took);
        if loader.as_ref().is_some_and(Loader::is_busy) {
            wait = took;
        }
        let mut news = Vec::new();
        for outcome in [
            outcome.map(|loaded| loaded.map(|loaded| Msg::Loaded(Box::new(loaded)))),
            answer.map(|answer| answer.map(Msg::Answered)),
        ] {
            match outcome {
                Ok(msg) => news.extend(msg),
                Err(error) => {
                    // Another file may stand there by now.
                    loader = None;
                    wait = RETRY;
                    news.push(Msg::Failed(Failure::of(&error)));
                }
            }
        }
        for msg in news {
            moved = clock.mono();
            if !msgs.send(msg) {
                return;
            }
        }
    }
}

/// How long to wait before the next look, after one that `took` so long, where nothing has come for `quiet`.
pub fn pause(quiet: Duration, took: Duration) -> Duration {
    let rest = (quiet / QUIETER).clamp(LOOK, RESTING_LOOK);
    took.saturating_mul(3).clamp(rest, LONGEST_WAIT)
}

struct Gone;

/// The newest interest, waited for no longer than `wait`.
fn newest(interests: &Receiver<Interest>, wait: Duration) -> Result<Option<Interest>, Gone> {
    match interests.recv_timeout(wait) {
        Ok(interest) => Ok(Some(interests.try_iter().last().unwrap_or(interest))),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => Err(Gone),
    }
}

impl Failure {
    /// What a person is told of an error of the recording.
    pub fn of(error: &store::Error) -> Self {
        Self { message: causes(error), hint: error.hint().to_owned() }
    }
}
