//! The state and the one function that changes it.
//!
//! [`update`] is pure: it knows no terminal, no file and no clock. What it wants done it gives back as a
//! [`Cmd`]; what it wants read it says in an [`Interest`].

mod act;
mod arrange;
mod ask;
mod attempts;
mod choices;
mod columns;
mod deed;
mod detail;
mod doing;
mod list;
mod log;
mod message;
mod page;
mod play;
mod prompt;
mod typing;

pub use ask::{Answer, Ask, CopyWhat, Recorded, SessionLine};
pub use attempts::{Attempts, Repeats};
pub use columns::{Column, Columns};
pub use deed::{Deed, Dialog, Order, Weight};
pub use detail::{
    Attempt, BodyText, Cursor, Detail, EventRow, Form, Handover, Pane, Scroll, Seek, Tab, Turn,
};
pub use doing::{Paged, Sent};
pub use list::{AROUND, List, PAGE, Rows, WINDOW, Wanted};
pub use log::{Entry, Log, Tone};
pub use message::{Cmd, Mouse, Msg};
pub use page::{Page, PageKind};
pub use play::Play;
pub use prompt::{Choice, Does, Kind, Mistake, Prompt};
pub use typing::Typing;

use super::keymap::Context;
use super::totals::Totals;
use crate::digest::compare::Comparison;
use crate::digest::summary::Summary;
use crate::exchange::ExchangeId;
use crate::exchange::end::Verdict;
use crate::exchange::time::{Micros, WallTime};
use crate::fault::Listed;
use crate::store::filter::Filter;
use prompt::History;
use ratatui::layout::Rect;
use std::collections::BTreeSet;
use std::path::PathBuf;
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
    /// How many exchanges are open in the recording that the view began with.
    pub open: usize,
    /// The filter in force, as it was typed; empty for everything.
    pub filter: String,
    /// How many exchanges it asks for; `None` until they were counted.
    pub matching: Option<Matching>,
    /// The line that is being typed.
    pub prompt: Option<Prompt>,
    /// The pane, while it is open.
    pub pane: Option<Pane>,
    /// What the pane shows, once it was read.
    pub detail: Option<Arc<Detail>>,
    /// The page over everything else, while one is open.
    pub page: Option<Page>,
    /// What is asked before something is done.
    pub dialog: Option<Dialog>,
    /// What was sent again last.
    pub sent: Option<Sent>,
    /// Where two exchanges differ, once it was found out.
    pub comparison: Option<Arc<Comparison>>,
    /// What the exchanges of the filter amount to, as far as they were counted.
    pub totals: Option<Arc<Totals>>,
    /// The marked exchanges.
    pub marked: BTreeSet<ExchangeId>,
    /// Whether the screen stands still.
    pub paused: bool,
    /// The faults that are armed; `None` where no request passes.
    pub faults: Option<Vec<Listed>>,
    /// What the last key led to, if it is worth a sentence.
    pub notice: Option<String>,
    /// Why the recording cannot be read.
    pub failure: Option<Failure>,
    /// What is wrong at present with what is being watched, if anything.
    pub trouble: Option<String>,
    /// Wall time, as far as it was told.
    pub now: WallTime,
    /// How many themes further than the first.
    pub theme: usize,
    /// Which columns the list is to have.
    pub columns: Columns,
    /// What gatetap itself had to say.
    pub log: Log,
    /// Another recording than the one that the view began with, where one is open.
    pub elsewhere: Option<PathBuf>,
    /// What is to be done before anything else is watched.
    order: Option<Cmd>,
    parsed: Filter,
    history: History,
    asked: Option<Ask>,
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
    /// The name of the gateway that requests go to, for the faults that it documents.
    pub gateway: String,
}

impl Words {
    /// The lines that point an app here, as a shell takes them.
    fn exports(&self) -> Option<String> {
        let is_export = |line: &&str| line.starts_with("export ");
        let lines: Vec<&str> = self.how_to.iter().map(|line| line.trim()).filter(is_export).collect();
        (!lines.is_empty()).then(|| lines.join("\n") + "\n")
    }
}

/// How many warnings are kept: the newest, and those that the run began with.
const WARNINGS: usize = 20;

/// What the screen needs of the recording. The loader reads it whenever it or the recording changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interest {
    /// What the list holds.
    pub filter: Filter,
    /// The rows to add to the window.
    pub wanted: Wanted,
    /// Rows held that may have changed: those in sight and those that are open. In the order of starting.
    pub refresh: Vec<ExchangeId>,
    /// The exchange in the pane.
    pub detail: Option<ExchangeId>,
    /// The screen stands still: nothing after this exchange, and nothing that is shown already.
    pub until: Option<ExchangeId>,
    /// The filter that is being typed, and its cursor.
    pub complete: Option<(String, usize)>,
    /// What is asked once.
    pub ask: Option<Ask>,
    /// The recording; `None` is the one that the view began with.
    pub recording: Option<PathBuf>,
}

/// What was read, for one [`Interest`].
#[derive(Debug, Default)]
pub struct Loaded {
    /// How many exchanges there are.
    pub count: u64,
    /// How many of them are open.
    pub open: usize,
    /// The filter that the rows are of.
    pub filter: Filter,
    /// How many exchanges the filter asks for; `None` of the one that asks for all.
    pub matching: Option<Matching>,
    /// The rows.
    pub rows: Rows,
    /// What they may be the next attempts at.
    pub repeats: Repeats,
    /// Rows read again.
    pub refreshed: Vec<Summary>,
    /// Rows that the filter asks for by now, and maybe did not when rows after them were read.
    pub late: Vec<Summary>,
    /// Rows read again that the filter does not ask for any more.
    pub gone: Vec<ExchangeId>,
    /// The exchange in the pane, where it changed.
    pub detail: Option<Arc<Detail>>,
    /// The recording that this is of, as the interest named it.
    pub recording: Option<PathBuf>,
}

/// How many exchanges a filter asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matching {
    /// So many.
    pub count: usize,
    /// Or more: counting ended there.
    pub at_least: bool,
}

/// Why the recording cannot be read, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// How large things came out when they were last drawn, in rows, and where they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measures {
    /// Rows of the list in sight.
    pub list_rows: usize,
    /// Rows of the pane in sight.
    pub pane_rows: usize,
    /// Rows of everything the pane could show.
    pub pane_lines: usize,
    /// Rows of the page in sight.
    pub page_rows: usize,
    /// Rows of the whole page.
    pub page_lines: usize,
    /// Where the rows of the list stand.
    pub list: Rect,
    /// Where the pane stands.
    pub pane: Rect,
    /// Where the content of the pane stands.
    pub content: Rect,
    /// The columns of the screen that each column of the list stands in, from and to.
    pub heads: [(u16, u16); Column::ALL.len()],
    /// The columns that each tab stands in, from and to.
    pub tabs: [(u16, u16); Tab::ALL.len()],
    /// What [`Pane::seek`] asks for: the line, where there is one; and whether it was looked for.
    pub sought: Option<usize>,
    /// See `sought`.
    pub is_sought: bool,
}

/// Takes `msg` in and says what is to be done.
pub fn update(app: &mut App, msg: Msg) -> Option<Cmd> {
    match msg {
        Msg::Key(key) => {
            app.revision += 1;
            if app.press(key) {
                return Some(Cmd::Quit);
            }
            if let Some(order) = app.order.take() {
                return Some(order);
            }
        }
        Msg::Paste(text) => {
            if let Some(prompt) = &mut app.prompt {
                prompt.insert(&text);
                app.revision += 1;
            }
        }
        Msg::Weighed(..)
        | Msg::Sent(..)
        | Msg::Drafted(..)
        | Msg::Edited(..)
        | Msg::Noted(_)
        | Msg::Deleted(_) => {
            if let Some(order) = app.told(msg) {
                return Some(order);
            }
        }
        Msg::Mouse(mouse) => {
            app.revision += 1;
            app.point(mouse);
        }
        Msg::Resize => app.revision += 1,
        Msg::Tick(now) => {
            if !app.paused {
                app.now = now;
                app.revision += u64::from(app.is_live());
            }
            app.play_on(now);
        }
        Msg::Loaded(loaded) => app.take(*loaded),
        Msg::Answered(Answer::Text(id, what, text)) if app.asked == Some(Ask::Copy(id, what)) => {
            app.asked = None;
            if let Some(text) = text {
                return Some(Cmd::Copy(what.name(), text));
            }
            app.say(format!("#{id} has no {}", what.about()));
        }
        Msg::Answered(answer) => app.hear(answer),
        Msg::Failed(failure) => {
            app.revision += u64::from(app.failure.as_ref() != Some(&failure));
            let before = app.failure.replace(failure).map(|failure| failure.message);
            let now = app.failure.as_ref().map(|failure| failure.message.as_str());
            app.log.changed(app.now, before.as_deref(), now);
        }
        Msg::Done(text) => {
            app.log.say(app.now, Tone::Told, text.clone());
            app.say(text);
        }
        Msg::Warning(warning) => {
            app.log.say(app.now, Tone::Warned, warning.clone());
            app.words.warnings.insert(0, warning);
            app.words.warnings.truncate(WARNINGS);
            app.revision += 1;
        }
        Msg::Trouble(trouble) => {
            app.revision += u64::from(app.trouble != trouble);
            app.log.changed(app.now, app.trouble.as_deref(), trouble.as_deref());
            app.trouble = trouble;
        }
        Msg::Faults(faults) => {
            app.revision += u64::from(app.faults != faults);
            let [before, now] = [&app.faults, &faults].map(|listed| listed.as_deref().unwrap_or_default());
            app.log.armed(app.now, before, now);
            app.faults = faults;
        }
        Msg::Measured(measures) => app.measured(measures),
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
        let mut log = Log::default();
        log.say(now, Tone::Told, format!("watching: {}", words.title));
        for warning in &words.warnings {
            log.say(now, Tone::Warned, warning.clone());
        }
        Self {
            words,
            list: List::new(follow),
            count: None,
            open: 0,
            filter: String::new(),
            matching: None,
            prompt: None,
            pane: None,
            detail: None,
            page: None,
            dialog: None,
            sent: None,
            comparison: None,
            totals: None,
            marked: BTreeSet::new(),
            paused: false,
            faults: None,
            notice: None,
            order: None,
            failure: None,
            trouble: None,
            now,
            theme: 0,
            columns: Columns::default(),
            log,
            elsewhere: None,
            parsed: Filter::default(),
            history: History::default(),
            asked: None,
            measures: Measures::default(),
            revision: 0,
            watched: None,
        }
    }

    /// Which keys are in force.
    pub fn context(&self) -> Context {
        match (&self.prompt, &self.dialog, &self.page, &self.pane) {
            (Some(_), ..) => Context::Prompt,
            (None, Some(Dialog::Send(..)), ..) => Context::Sending,
            (None, Some(Dialog::Delete(_) | Dialog::Quit(_)), ..) => Context::Asked,
            (None, None, Some(_), _) => Context::Page,
            (None, None, None, Some(pane)) => match (pane.tab, pane.play) {
                (Tab::Events, Some(_)) => Context::Playing,
                (Tab::Events, None) => Context::Events,
                _ => Context::Pane,
            },
            (None, None, None, None) => Context::List,
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
        let is_open = summary.verdict == Verdict::Open;
        summary.duration.or_else(|| is_open.then(|| self.since_start(summary)))
    }

    /// The time since the last event of a stream that goes on.
    pub fn silence(&self, summary: &Summary) -> Option<Micros> {
        let last = summary.digest.last_event?;
        (summary.verdict == Verdict::Open).then(|| self.since_start(summary).since(last))
    }

    fn since_start(&self, summary: &Summary) -> Micros {
        let passed = self.now.0.saturating_sub(summary.started_at.0);
        Micros(u64::try_from(passed).unwrap_or_default())
    }

    /// What the pane is to show, once it is the exchange that is selected.
    pub fn shown(&self) -> Option<&Arc<Detail>> {
        self.detail.as_ref().filter(|detail| Some(detail.id()) == self.list.selected())
    }

    fn interest(&self) -> Interest {
        let until = self.paused.then(|| self.list.newest().unwrap_or(ExchangeId::MAX));
        Interest {
            filter: self.parsed.clone(),
            wanted: self.list.wanted(),
            refresh: if self.paused { Vec::new() } else { self.list.refresh(self.measures.list_rows) },
            detail: self.pane.as_ref().and_then(|_| self.list.selected()),
            until,
            complete: self.prompt.as_ref().and_then(Prompt::to_complete),
            ask: self.asked.clone(),
            recording: self.elsewhere.clone(),
        }
    }

    fn take(&mut self, loaded: Loaded) {
        let failure = self.failure.take();
        self.log.changed(self.now, failure.as_ref().map(|failure| failure.message.as_str()), None);
        let mut changed = failure.is_some();
        if !self.paused {
            changed |= self.count != Some(loaded.count);
            self.count = Some(loaded.count);
        }
        if loaded.recording.is_none() {
            self.open = loaded.open;
        }
        // What another filter asked for is no answer.
        if loaded.filter == self.parsed && loaded.recording == self.elsewhere {
            if !self.paused {
                changed |= self.matching != loaded.matching;
                self.matching = loaded.matching;
            }
            let missed = match loaded.rows.wanted {
                Wanted::UpTo(id) if loaded.rows.wanted == self.list.wanted() => {
                    (loaded.rows.rows.last().map(|row| row.id) != Some(id)).then_some(id)
                }
                _ => None,
            };
            self.find_sent(&loaded.rows.rows);
            changed |= self.list.add(loaded.rows);
            changed |= self.list.replace(loaded.refreshed);
            changed |= self.list.learn(loaded.repeats);
            changed |= self.list.settle_matches(loaded.late, &loaded.gone);
            if let Some(id) = missed {
                self.say(format!("#{id} is not among these exchanges"));
            }
        }
        if let Some(detail) = loaded.detail {
            self.detail = Some(detail);
            changed = true;
        }
        self.revision += u64::from(changed);
    }

    fn hear(&mut self, answer: Answer) {
        match answer {
            Answer::Completion(asked, completion) => {
                let prompt = self.prompt.as_mut();
                let changed = prompt.is_some_and(|prompt| prompt.offer(&asked, completion));
                self.revision += u64::from(changed);
            }
            Answer::Comparison(a, b, comparison) if self.asked == Some(Ask::Compare(a, b)) => {
                if comparison.is_none() {
                    self.say("one of them is not in the recording any more".to_owned());
                }
                self.comparison = comparison;
                self.revision += 1;
            }
            Answer::Totals(totals) if self.asked == Some(Ask::Totals) => {
                self.totals = Some(totals);
                self.revision += 1;
            }
            Answer::Sessions(lines) if self.asked == Some(Ask::Sessions) => {
                let all = choices::sessions(&lines, self.now, self.elsewhere.is_some());
                self.offer(Kind::Sessions, all);
            }
            Answer::Recordings(recordings) if self.asked == Some(Ask::Recordings) => {
                let all = choices::recordings(&recordings, self.elsewhere.as_deref());
                self.offer(Kind::Recording, all);
            }
            // Nobody asks for it any more.
            Answer::Text(..)
            | Answer::Comparison(..)
            | Answer::Totals(_)
            | Answer::Sessions(_)
            | Answer::Recordings(_) => {}
        }
    }

    fn offer(&mut self, kind: Kind, choices: Vec<Choice>) {
        if let Some(prompt) = self.prompt.as_mut().filter(|prompt| prompt.kind == kind) {
            prompt.put_choices(choices);
            self.revision += 1;
        }
    }

    fn measured(&mut self, measures: Measures) {
        self.revision += u64::from(self.measures != measures);
        self.measures = measures;
        if !measures.is_sought {
            return;
        }
        if let Some(page) = self.page.as_mut().filter(|page| page.seek.is_some()) {
            page.seek = None;
            self.revision += 1;
            if let Some(line) = measures.sought {
                page.go_to(line, measures.page_rows);
            } else {
                let find = page.find.clone();
                self.say(format!("`{find}` is not here"));
            }
            return;
        }
        let Some(pane) = self.pane.as_mut() else { return };
        let seek = pane.seek.take();
        self.revision += 1;
        match measures.sought {
            Some(line) if pane.tab == Tab::Events => {
                pane.event.put(line);
                let top = pane.scroll().top_with(line, measures.pane_rows, measures.pane_lines);
                pane.scroll_mut().put(top);
            }
            Some(line) => {
                // What stands before it says where one is.
                pane.scroll_mut().put(line.saturating_sub(measures.pane_rows / 3));
                pane.found = Some(line);
                pane.lit = matches!(seek, Some(Seek::Place(_))).then_some(line);
            }
            None if matches!(seek, Some(Seek::Next | Seek::Previous)) => {
                let find = pane.find.clone();
                self.say(format!("`{find}` is not here"));
            }
            None => {}
        }
    }

    fn say(&mut self, notice: String) {
        self.notice = Some(notice);
        self.revision += 1;
    }
}
