//! The state and the one function that changes it.
//!
//! [`update`] is pure: it knows no terminal, no file and no clock. What it wants done it gives back as a
//! [`Cmd`]; what it wants read it says in an [`Interest`].

mod detail;
mod list;

pub use detail::{BodyText, Detail, EventRow, Handover, Pane, Scroll, Tab};
pub use list::{List, PAGE, WINDOW, Wanted};

use super::keymap::{self, Action, Context, Key, Motion};
use crate::digest::summary::Summary;
use crate::exchange::ExchangeId;
use crate::exchange::end::Verdict;
use crate::exchange::time::{Micros, WallTime};
use std::sync::Arc;

/// Everything the screen is drawn from.
#[derive(Debug)]
pub struct App {
    /// The words that do not change.
    pub words: Words,
    /// The exchanges.
    pub list: List,
    /// How many exchanges the recording holds; `None` until it was read.
    pub count: Option<u64>,
    /// The pane, while it is open.
    pub pane: Option<Pane>,
    /// What the pane shows, once it was read.
    pub detail: Option<Arc<Detail>>,
    /// How far the help is scrolled, while it is open.
    pub help: Option<Scroll>,
    /// Why the recording cannot be read.
    pub failure: Option<Failure>,
    /// What is wrong at present with what is being watched, if anything.
    pub trouble: Option<String>,
    /// Wall time, as far as it was told.
    pub now: WallTime,
    measures: Measures,
    revision: u64,
    watched: Option<Interest>,
}

/// The words that a run begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// What this is about: `listening on http://127.0.0.1:7117 → nexorouter`.
    pub title: String,
    /// What must not be overlooked, a line each.
    pub warnings: Vec<String>,
    /// How to point an app here, for the screen that has no exchange yet.
    pub how_to: Vec<String>,
}

/// How many warnings are kept: the newest, and those that the run began with.
const WARNINGS: usize = 20;

/// What happened.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// The terminal has another size.
    Resize,
    /// Time passed.
    Tick(WallTime),
    /// Something was read.
    Loaded(Box<Loaded>),
    /// The recording could not be read.
    Failed(Failure),
    /// Something happened that must not be overlooked.
    Warning(String),
    /// What is wrong at present with what is being watched, if anything.
    Trouble(Option<String>),
    /// Something was drawn; this is how large it came out.
    Measured(Measures),
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Cmd {
    /// Read this from now on.
    Watch(Interest),
    /// End.
    Quit,
}

/// What the screen needs of the recording. The loader reads it whenever it or the recording changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interest {
    /// The rows to add to the window.
    pub wanted: Wanted,
    /// Rows held that may have changed: those in sight and those that are open. In the order of starting.
    pub refresh: Vec<ExchangeId>,
    /// The exchange in the pane.
    pub detail: Option<ExchangeId>,
}

/// What was read, for one [`Interest`].
#[derive(Debug, Default)]
pub struct Loaded {
    /// How many exchanges there are.
    pub count: u64,
    /// The rows, and what was wanted when they were read.
    pub rows: Vec<Summary>,
    /// See `rows`.
    pub wanted: Wanted,
    /// Rows read again.
    pub refreshed: Vec<Summary>,
    /// The exchange in the pane, where it changed.
    pub detail: Option<Arc<Detail>>,
}

/// Why the recording cannot be read, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// How large things came out when they were last drawn, in rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measures {
    /// Rows of the list in sight.
    pub list_rows: usize,
    /// Rows of the pane in sight.
    pub pane_rows: usize,
    /// Rows of everything the pane could show.
    pub pane_lines: usize,
    /// Rows of the help in sight.
    pub help_rows: usize,
    /// Rows of the whole help.
    pub help_lines: usize,
}

/// Takes `msg` in and says what is to be done.
pub fn update(app: &mut App, msg: Msg) -> Option<Cmd> {
    match msg {
        Msg::Key(key) => {
            if let Some(action) = keymap::action(app.context(), key)
                && app.act(action)
            {
                return Some(Cmd::Quit);
            }
            app.revision += 1;
        }
        Msg::Resize => app.revision += 1,
        Msg::Tick(now) => {
            app.now = now;
            app.revision += u64::from(app.is_live());
        }
        Msg::Loaded(loaded) => app.take(*loaded),
        Msg::Failed(failure) => {
            app.revision += u64::from(app.failure.as_ref() != Some(&failure));
            app.failure = Some(failure);
        }
        Msg::Warning(warning) => {
            app.words.warnings.insert(0, warning);
            app.words.warnings.truncate(WARNINGS);
            app.revision += 1;
        }
        Msg::Trouble(trouble) => {
            app.revision += u64::from(app.trouble != trouble);
            app.trouble = trouble;
        }
        Msg::Measured(measures) => {
            app.revision += u64::from(app.measures != measures);
            app.measures = measures;
        }
    }
    app.list.settle(app.measures.list_rows);
    let interest = app.interest();
    if app.watched.as_ref() == Some(&interest) {
        return None;
    }
    app.watched = Some(interest.clone());
    Some(Cmd::Watch(interest))
}

impl App {
    /// The state before anything was read. The first message answers with the first [`Cmd::Watch`].
    pub fn new(words: Words, follow: bool, now: WallTime) -> Self {
        Self {
            words,
            list: List::new(follow),
            count: None,
            pane: None,
            detail: None,
            help: None,
            failure: None,
            trouble: None,
            now,
            measures: Measures::default(),
            revision: 0,
            watched: None,
        }
    }

    /// Which keys are in force.
    pub fn context(&self) -> Context {
        match (&self.help, &self.pane) {
            (Some(_), _) => Context::Help,
            (None, Some(_)) => Context::Pane,
            (None, None) => Context::List,
        }
    }

    /// A number that changes whenever the screen may look different.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether something on the screen grows with time.
    pub fn is_live(&self) -> bool {
        self.list.open().next().is_some()
    }

    /// How long an exchange has taken up to now, or took.
    pub fn duration(&self, summary: &Summary) -> Option<Micros> {
        summary.duration.or_else(|| {
            let passed = self.now.0.saturating_sub(summary.started_at.0);
            (summary.verdict == Verdict::Open).then(|| Micros(u64::try_from(passed).unwrap_or_default()))
        })
    }

    /// What the pane is to show, once it is the exchange that is selected.
    pub fn shown(&self) -> Option<&Arc<Detail>> {
        self.detail.as_ref().filter(|detail| Some(detail.id()) == self.list.selected())
    }

    fn interest(&self) -> Interest {
        Interest {
            wanted: self.list.wanted(),
            refresh: self.list.refresh(self.measures.list_rows),
            detail: self.pane.as_ref().and_then(|_| self.list.selected()),
        }
    }

    fn take(&mut self, loaded: Loaded) {
        let mut changed = self.failure.take().is_some() || self.count != Some(loaded.count);
        self.count = Some(loaded.count);
        changed |= self.list.add(loaded.wanted, loaded.rows);
        changed |= self.list.replace(loaded.refreshed);
        if let Some(detail) = loaded.detail {
            self.detail = Some(detail);
            changed = true;
        }
        self.revision += u64::from(changed);
    }

    /// Does what a key asks for; says whether that is the end.
    fn act(&mut self, action: Action) -> bool {
        match action {
            Action::Move(motion) => self.go(motion),
            Action::Neighbour(motion) => self.select(motion),
            Action::ToggleFollow => {
                if self.list.toggle_follow() {
                    self.reset_scroll();
                }
            }
            Action::Open => self.open(None),
            Action::ShowTab(number) => self.open(Tab::ALL.get(usize::from(number).wrapping_sub(1)).copied()),
            Action::NextTab => self.turn(1),
            Action::PreviousTab => self.turn(Tab::ALL.len() - 1),
            Action::ToggleZoom => {
                if let Some(pane) = &mut self.pane {
                    pane.zoomed = !pane.zoomed;
                }
            }
            Action::ToggleHelp => self.help = Some(Scroll::default()),
            Action::Back => return self.back(),
            Action::Quit => return true,
        }
        false
    }

    fn go(&mut self, motion: Motion) {
        let measures = self.measures;
        if let Some(help) = &mut self.help {
            help.go(motion, measures.help_rows, measures.help_lines);
        } else if let Some(pane) = &mut self.pane {
            pane.scroll_mut().go(motion, measures.pane_rows, measures.pane_lines);
        } else {
            self.list.go(motion, measures.list_rows);
        }
    }

    fn select(&mut self, motion: Motion) {
        let before = self.list.selected();
        self.list.go(motion, self.measures.list_rows);
        if self.list.selected() != before {
            self.reset_scroll();
        }
    }

    fn reset_scroll(&mut self) {
        if let Some(pane) = &mut self.pane {
            pane.scrolls = Default::default();
        }
    }

    fn open(&mut self, tab: Option<Tab>) {
        if self.list.selected().is_none() {
            return;
        }
        // Whoever reads an exchange does not want it replaced by the next.
        self.list.stop_following();
        let pane = self.pane.get_or_insert_with(Pane::default);
        pane.tab = tab.unwrap_or(pane.tab);
    }

    fn turn(&mut self, by: usize) {
        if let Some(pane) = &mut self.pane {
            let next = (pane.tab as usize + by) % Tab::ALL.len();
            pane.tab = Tab::ALL.get(next).copied().unwrap_or_default();
        }
    }

    fn back(&mut self) -> bool {
        if self.help.take().is_some() {
            return false;
        }
        if self.pane.take().is_some() {
            self.detail = None;
            return false;
        }
        true
    }
}
