//! The window: the part of the recording's list that is held in memory.
//!
//! # Invariants
//!
//! * At most [`WINDOW`] rows are held, consecutive in what the filter asks for, in the order of starting.
//! * The rows in sight are among them: rows are dropped only at the end that is farther from them.
//! * The selection is the id of a row that is held, while any is. Rows that arrive do not move it,
//!   except in follow mode, where it is the newest.

use crate::digest::summary::Summary;
use crate::exchange::ExchangeId;
use crate::exchange::end::Verdict;
use crate::tui::keymap::Motion;
use std::collections::{BTreeSet, VecDeque};

/// How many rows are held at most.
pub const WINDOW: usize = 2000;

/// How many rows are read at once.
pub const PAGE: usize = 500;

/// How many rows before an end of the window the next page is asked for.
const MARGIN: usize = 100;

/// The exchanges, as far as they are held.
#[derive(Debug)]
pub struct List {
    rows: VecDeque<Summary>,
    selected: Option<ExchangeId>,
    /// The index of the first row in sight.
    top: usize,
    following: bool,
    /// Nothing comes before the first row.
    at_start: bool,
    /// Nothing came after the last row when it was last looked at.
    at_end: bool,
    jump: Option<Jump>,
}

/// Rows that are to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wanted {
    /// None.
    #[default]
    Nothing,
    /// The newest, in place of what is held.
    Newest,
    /// The oldest, in place of what is held.
    Oldest,
    /// Those that come after this one, now or later.
    After(ExchangeId),
    /// Those that come before this one.
    Before(ExchangeId),
    /// Those up to this one, in place of what is held.
    UpTo(ExchangeId),
}

/// A move to a part of the recording that is not held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Jump {
    Newest,
    Oldest,
    To(ExchangeId),
}

impl List {
    pub(super) fn new(follow: bool) -> Self {
        Self {
            rows: VecDeque::new(),
            selected: None,
            top: 0,
            following: follow,
            at_start: false,
            at_end: false,
            jump: Some(Jump::Newest),
        }
    }

    /// The rows held.
    pub fn rows(&self) -> &VecDeque<Summary> {
        &self.rows
    }

    /// The selected exchange.
    pub fn selected(&self) -> Option<ExchangeId> {
        self.selected
    }

    /// The selected row.
    pub fn selected_row(&self) -> Option<&Summary> {
        self.rows.get(self.selected_index()?)
    }

    /// Whether the selection stays on the newest exchange.
    pub fn following(&self) -> bool {
        self.following
    }

    /// The rows held that have not ended.
    pub fn open(&self) -> impl Iterator<Item = &Summary> {
        self.rows.iter().filter(|row| row.verdict == Verdict::Open)
    }

    /// The index of the first row in sight where `height` rows are: moved only as far as the selection
    /// makes it.
    pub fn top(&self, height: usize) -> usize {
        let last_top = self.rows.len().saturating_sub(height);
        let selected = self.selected_index().unwrap_or(self.top);
        let lowest = (selected + 1).saturating_sub(height);
        self.top.min(selected).max(lowest).min(last_top)
    }

    pub(super) fn settle(&mut self, height: usize) {
        if height > 0 {
            self.top = self.top(height);
        }
        // Rows that nobody asks for may arrive unseen.
        if self.wanted() == Wanted::Nothing {
            self.at_end = false;
        }
    }

    pub(super) fn wanted(&self) -> Wanted {
        match self.jump {
            Some(Jump::Newest) => return Wanted::Newest,
            Some(Jump::Oldest) => return Wanted::Oldest,
            Some(Jump::To(id)) => return Wanted::UpTo(id),
            None => {}
        }
        let (Some(first), Some(last)) = (self.rows.front(), self.rows.back()) else {
            return Wanted::Newest;
        };
        let selected = self.selected_index().unwrap_or_default();
        let near_start = selected.min(self.top) < MARGIN;
        let near_end = selected.max(self.top) + MARGIN >= self.rows.len();
        if near_start && !self.at_start && !self.following {
            Wanted::Before(first.id)
        } else if self.following || near_end || self.rows.len() + PAGE <= WINDOW {
            Wanted::After(last.id)
        } else {
            Wanted::Nothing
        }
    }

    pub(super) fn refresh(&self, height: usize) -> Vec<ExchangeId> {
        let in_sight = self.rows.iter().skip(self.top(height)).take(height);
        let ids: BTreeSet<ExchangeId> = in_sight.chain(self.open()).map(|row| row.id).collect();
        ids.into_iter().collect()
    }

    /// Takes in rows that were read for `wanted`; says whether anything changed. An answer to a question
    /// that is no longer asked is left out.
    pub(super) fn add(&mut self, wanted: Wanted, rows: Vec<Summary>) -> bool {
        if wanted != self.wanted() {
            return false;
        }
        let whole_page = rows.len() >= PAGE;
        match wanted {
            Wanted::Nothing => return false,
            Wanted::Newest => {
                let changed = !rows.is_empty() || !self.rows.is_empty();
                self.rows = rows.into();
                (self.at_start, self.at_end, self.jump) = (!whole_page, true, None);
                // Another filter leaves the selection where it is, if it can.
                let is_kept = !self.following && self.selected_index().is_some();
                if !is_kept {
                    self.selected = self.rows.back().map(|row| row.id);
                    self.top = self.rows.len();
                }
                return changed;
            }
            Wanted::UpTo(_) => {
                self.rows = rows.into();
                (self.at_start, self.at_end, self.jump) = (!whole_page, false, None);
                self.selected = self.rows.back().map(|row| row.id);
                self.top = self.rows.len();
                return true;
            }
            Wanted::Oldest => {
                self.rows = rows.into();
                (self.at_start, self.at_end, self.jump) = (true, !whole_page, None);
                self.selected = self.rows.front().map(|row| row.id);
                self.top = 0;
                return true;
            }
            Wanted::After(_) => {
                let changed = !rows.is_empty();
                self.rows.extend(rows);
                self.at_end = !whole_page;
                let over = self.rows.len().saturating_sub(WINDOW);
                self.rows.drain(..over);
                self.at_start &= over == 0;
                self.top = self.top.saturating_sub(over);
                if self.following && changed {
                    self.selected = self.rows.back().map(|row| row.id);
                }
                return changed;
            }
            Wanted::Before(_) => {
                self.at_start = !whole_page;
                self.top += rows.len();
                for row in rows.into_iter().rev() {
                    self.rows.push_front(row);
                }
                self.at_end &= self.rows.len() <= WINDOW;
                self.rows.truncate(WINDOW);
            }
        }
        true
    }

    /// Takes in rows that were read again; says whether anything changed.
    pub(super) fn replace(&mut self, fresh: Vec<Summary>) -> bool {
        let mut changed = false;
        for summary in fresh {
            if let Some(row) = self.index_of(summary.id).and_then(|index| self.rows.get_mut(index))
                && *row != summary
            {
                *row = summary;
                changed = true;
            }
        }
        changed
    }

    /// Puts in rows that the filter asks for by now and takes out those that it does not any more; says
    /// whether anything changed. The selected row stays while one reads it.
    pub(super) fn settle_matches(&mut self, late: Vec<Summary>, gone: &[ExchangeId]) -> bool {
        let mut changed = false;
        for row in late {
            let Err(at) = self.rows.binary_search_by_key(&row.id, |held| held.id) else { continue };
            // What comes after the last row is found by asking for it.
            if at < self.rows.len() && (at > 0 || self.at_start) && self.rows.len() < WINDOW {
                self.rows.insert(at, row);
                self.top += usize::from(at <= self.top);
                changed = true;
            }
        }
        for id in gone {
            let is_read = !self.following && self.selected == Some(*id);
            if let Some(at) = self.index_of(*id).filter(|_| !is_read) {
                self.rows.remove(at);
                self.top -= usize::from(at < self.top);
                changed = true;
                if self.selected == Some(*id) {
                    self.selected = self.rows.get(at).or_else(|| self.rows.back()).map(|row| row.id);
                }
            }
        }
        changed
    }

    /// Takes rows out that are not in the recording any more; the selection goes on to the next.
    pub(super) fn remove(&mut self, gone: &[ExchangeId]) {
        for id in gone {
            let Some(at) = self.index_of(*id) else { continue };
            self.rows.remove(at);
            self.top -= usize::from(at < self.top);
            if self.selected == Some(*id) {
                self.selected = self.rows.get(at).or_else(|| self.rows.back()).map(|row| row.id);
            }
        }
    }

    /// Asks anew for what is held: the filter is another.
    pub(super) fn ask_anew(&mut self) {
        self.jump = Some(Jump::Newest);
    }

    /// Selects the exchange of that number.
    pub(super) fn go_to(&mut self, id: ExchangeId) {
        self.following = false;
        if self.index_of(id).is_some() {
            self.selected = Some(id);
        } else {
            self.jump = Some(Jump::To(id));
        }
    }

    /// Selects the row at `index` in sight.
    pub(super) fn go_to_row(&mut self, index: usize, height: usize) {
        if let Some(row) = self.rows.get(self.top(height) + index) {
            self.following = false;
            self.selected = Some(row.id);
        }
    }

    /// Selects the next or the previous row that `is_wanted`; says whether one is held.
    pub(super) fn go_to_next(&mut self, motion: Motion, is_wanted: impl Fn(&Summary) -> bool) -> bool {
        let here = self.selected_index().unwrap_or_default();
        let found = match motion {
            Motion::Up => self.rows.iter().take(here).rev().find(|row| is_wanted(row)),
            _ => self.rows.iter().skip(here + 1).find(|row| is_wanted(row)),
        };
        let Some(id) = found.map(|row| row.id) else { return false };
        self.following = false;
        self.selected = Some(id);
        true
    }

    /// The newest exchange there was, if the end of the list is held.
    pub(super) fn newest(&self) -> Option<ExchangeId> {
        self.rows.back().map(|row| row.id).filter(|_| self.at_end)
    }

    pub(super) fn go(&mut self, motion: Motion, height: usize) {
        let Some(last) = self.rows.len().checked_sub(1) else {
            return;
        };
        let here = self.selected_index().unwrap_or(last);
        let page = height.saturating_sub(1).max(1);
        let half = (height / 2).max(1);
        self.following = false;
        let there = match motion {
            Motion::Down => here + 1,
            Motion::Up => here.saturating_sub(1),
            Motion::HalfPageDown => here + half,
            Motion::HalfPageUp => here.saturating_sub(half),
            Motion::PageDown => here + page,
            Motion::PageUp => here.saturating_sub(page),
            Motion::First => {
                if !self.at_start {
                    self.jump = Some(Jump::Oldest);
                    return;
                }
                0
            }
            Motion::Last => return self.follow(),
        };
        self.selected = self.rows.get(there.min(last)).map(|row| row.id);
    }

    /// Starts or stops following; says whether it started.
    pub(super) fn toggle_follow(&mut self) -> bool {
        if self.following {
            self.following = false;
        } else {
            self.follow();
        }
        self.following
    }

    pub(super) fn stop_following(&mut self) {
        self.following = false;
    }

    fn follow(&mut self) {
        self.following = true;
        if self.at_end {
            self.selected = self.rows.back().map(|row| row.id);
        } else {
            self.jump = Some(Jump::Newest);
        }
    }

    fn selected_index(&self) -> Option<usize> {
        self.index_of(self.selected?)
    }

    fn index_of(&self, id: ExchangeId) -> Option<usize> {
        self.rows.binary_search_by_key(&id, |row| row.id).ok()
    }
}
