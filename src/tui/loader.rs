//! The loader: a thread that owns the [`Reader`] and reads what the screen is interested in.
//!
//! It looks for a new commit every 50 ms, which costs one number from shared memory. When there is
//! one, or when the interest changes, it answers with one [`Loaded`]. After a read that took long it
//! waits longer, so that a large recording slows the screen down and never the machine.

use super::prepare::prepare;
use super::state::{Detail, Failure, Interest, Loaded, Msg, PAGE, Wanted};
use crate::digest::summary::{Summary, Whole};
use crate::exchange::ExchangeId;
use crate::exchange::body::Side;
use crate::exchange::end::Verdict;
use crate::exchange::time::Clock;
use crate::store::{self, Page, Reader};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

/// How often a new commit is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// How often a recording that cannot be opened is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// The longest wait after a slow read.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Reads a recording, one [`Interest`] at a time. The thread is a loop around it.
#[derive(Debug)]
pub struct Loader {
    reader: Reader,
    version: Option<i64>,
    interest: Interest,
    /// The exchange last given out for the pane.
    given: Option<Arc<Detail>>,
}

impl Loader {
    /// A loader on an opened recording.
    pub fn new(reader: Reader) -> Self {
        Self { reader, version: None, interest: Interest::default(), given: None }
    }

    /// Reads from now on what `interest` says.
    pub fn watch(&mut self, interest: Interest) {
        if interest.detail.is_none() {
            self.given = None;
        }
        self.interest = interest;
        self.version = None;
    }

    /// What is of interest, if it may have changed since the last call.
    pub fn look(&mut self) -> Result<Option<Loaded>, store::Error> {
        let version = self.reader.version()?;
        if self.version == Some(version) {
            return Ok(None);
        }
        let loaded = Loaded {
            count: self.reader.count()?,
            rows: self.rows()?,
            wanted: self.interest.wanted,
            refreshed: self.reader.summaries_of(&self.interest.refresh)?,
            detail: self.detail()?,
        };
        self.version = Some(version);
        Ok(Some(loaded))
    }

    fn rows(&self) -> Result<Vec<Summary>, store::Error> {
        let limit = Some(PAGE as u32);
        let page = match self.interest.wanted {
            Wanted::Nothing => return Ok(Vec::new()),
            Wanted::Newest => Page { limit, ..Page::default() },
            Wanted::Oldest => Page { after: Some(ExchangeId::MIN), limit, ..Page::default() },
            Wanted::After(id) => Page { after: Some(id), limit, ..Page::default() },
            Wanted::Before(id) => Page { before: Some(id), limit, ..Page::default() },
        };
        self.reader.summaries(page)
    }

    /// The exchange in the pane, if it is not the one given out last. Bodies of an exchange that has ended
    /// do not change and are read once.
    fn detail(&mut self) -> Result<Option<Arc<Detail>>, store::Error> {
        let Some(id) = self.interest.detail else {
            return Ok(None);
        };
        let Some(whole) = self.reader.exchange(id)? else {
            return Ok(None);
        };
        let has_ended = |whole: &Whole| whole.summary.verdict != Verdict::Open;
        let given = self.given.as_ref().filter(|given| given.id() == id);
        let evidence = self.reader.evidence(id)?;
        let detail = match given {
            Some(given) if given.whole == whole && has_ended(&whole) => return Ok(None),
            Some(given) if has_ended(&given.whole) => Detail { whole, evidence, ..Detail::clone(given) },
            _ => {
                let request = self.reader.body(id, Side::Request)?;
                let response = self.reader.body(id, Side::Response)?;
                prepare(whole, evidence, &request, &response)
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

/// Reads until nobody listens any more.
pub(super) fn run(path: &Path, clock: &Clock, interests: &Receiver<Interest>, msgs: &SyncSender<Msg>) {
    let mut loader: Option<Loader> = None;
    let mut latest = Interest::default();
    let mut wait = Duration::ZERO;
    loop {
        match newest(interests, wait) {
            Ok(Some(interest)) => {
                latest = interest;
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
            None => Reader::open(path).and_then(|reader| {
                let opened = loader.insert(Loader::new(reader));
                opened.watch(latest.clone());
                opened.look()
            }),
        };
        let took: Duration = clock.mono().since(began).into();
        wait = took.saturating_mul(3).clamp(LOOK, LONGEST_WAIT);
        let msg = match outcome {
            Ok(None) => continue,
            Ok(Some(loaded)) => Msg::Loaded(Box::new(loaded)),
            Err(error) => {
                // Another file may stand there by now.
                loader = None;
                wait = RETRY;
                Msg::Failed(Failure::of(&error))
            }
        };
        if msgs.send(msg).is_err() {
            return;
        }
    }
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
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            message.push_str(": ");
            message.push_str(&error.to_string());
            cause = error.source();
        }
        Self { message, hint: error.hint().to_owned() }
    }
}
