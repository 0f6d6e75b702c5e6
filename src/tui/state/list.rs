//! The window: the part of the recording's list that is held in memory.
//!
//! # Invariants
//!
//! * At most [`WINDOW`] rows are held, consecutive in what the filter asks for: in the order of starting, or in
//!   another that was asked for. In another one, all of them are read anew whenever something changes.
//! * The rows in sight are among them: rows are dropped only at the end that is farther from them.
//! * A *line* is a row that is not folded away. The selection is the id of a line, while there is any. Rows that
//!   arrive do not move it, except in follow mode, where it is the newest.

use super::attempts::{Attempts, Groups, Repeats};
use crate::digest::summary::Summary;
use crate::exchange::ExchangeId;
use crate::exchange::end::Verdict;
use crate::store::{Order, Part};
use crate::tui::keymap::Motion;
use std::collections::{BTreeSet, VecDeque};

/// How many rows are held at most.
pub const WINDOW: usize = 2000;

/// How many rows are read at once.
pub const PAGE: usize = 500;

/// How many rows before and after one are read in another order than that of starting.
pub const AROUND: usize = 250;

/// How many rows before an end of the window the next page is asked for.
const MARGIN: usize = 100;

/// The exchanges, as far as they are held.
#[derive(Debug)]
pub struct List {
    rows: VecDeque<Summary>,
    /// The indexes of the rows that are not folded away.
    lines: Vec<usize>,
    groups: Groups,
    selected: Option<ExchangeId>,
    /// The first line in sight.
    top: usize,
    following: bool,
    /// Nothing comes before the first row.
    at_start: bool,
    /// Nothing came after the last row when it was last looked at.
    at_end: bool,
    jump: Option<Jump>,
    /// Another order than that of starting, and what is held of it.
    order: Option<(Order, Part)>,
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
    /// In another order: the first, the last, or those around one, in place of what is held.
    Ordered(Order, Part),
}

/// Rows that were read.
#[derive(Debug, Default)]
pub struct Rows {
    /// What they were read for.
    pub wanted: Wanted,
    /// The rows.
    pub rows: Vec<Summary>,
    /// Nothing comes before the first of them.
    pub at_start: bool,
    /// Nothing comes after the last of them.
    pub at_end: bool,
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
            lines: Vec::new(),
            groups: Groups::default(),
            selected: None,
            top: 0,
            following: follow,
            at_start: false,
            at_end: false,
            jump: Some(Jump::Newest),
            order: None,
        }
    }

    /// The rows held.
    pub fn rows(&self) -> &VecDeque<Summary> {
        &self.rows
    }

    /// How many of them are not folded away.
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// Those of them, from line `first` on.
    pub fn lines_from(&self, first: usize) -> impl Iterator<Item = &Summary> {
        self.lines.iter().skip(first).filter_map(|index| self.rows.get(*index))
    }

    /// The attempts that an exchange is one of, where its request was sent several times.
    pub fn attempts(&self, id: ExchangeId) -> Option<&Attempts> {
        self.groups.of(id)
    }

    /// The order they are in, where it is not that of starting.
    pub fn order(&self) -> Option<Order> {
        self.order.map(|(order, _)| order)
    }

    /// The selected exchange.
    pub fn selected(&self) -> Option<ExchangeId> {
        self.selected
    }

    /// The selected row.
    pub fn selected_row(&self) -> Option<&Summary> {
        self.rows.get(self.index_of(self.selected?)?)
    }

    /// Whether the selection stays on the newest exchange.
    pub fn following(&self) -> bool {
        self.following
    }

    /// The rows held that have not ended.
    pub fn open(&self) -> impl Iterator<Item = &Summary> {
        self.rows.iter().filter(|row| row.verdict == Verdict::Open)
    }

    /// The first line in sight where `height` of them are: moved only as far as the selection makes it.
    pub fn top(&self, height: usize) -> usize {
        let last_top = self.lines.len().saturating_sub(height);
        let selected = self.selected_line().unwrap_or(self.top);
        let lowest = (selected + 1).saturating_sub(height);
        self.top.min(selected).max(lowest).min(last_top)
    }

    pub(super) fn settle(&mut self, height: usize) {
        if height > 0 {
            self.top = self.top(height);
        }
        if let Some((_, part)) = &mut self.order {
            let here = self.selected.and_then(|id| self.rows.iter().position(|row| row.id == id));
            let is_near_start = here.is_some_and(|at| at < MARGIN) && !self.at_start;
            let is_near_end = here.is_some_and(|at| at + MARGIN >= self.rows.len()) && !self.at_end;
            if let Some(id) = self.selected.filter(|_| is_near_start || is_near_end) {
                *part = Part::From(id);
            }
        } else if self.wanted() == Wanted::Nothing {
            // Rows that nobody asks for may arrive unseen.
            self.at_end = false;
        }
    }

    pub(super) fn wanted(&self) -> Wanted {
        if let Some((order, part)) = self.order {
            return Wanted::Ordered(order, part);
        }
        match self.jump {
            Some(Jump::Newest) => return Wanted::Newest,
            Some(Jump::Oldest) => return Wanted::Oldest,
            Some(Jump::To(id)) => return Wanted::UpTo(id),
            None => {}
        }
        let (Some(first), Some(last)) = (self.rows.front(), self.rows.back()) else {
            return Wanted::Newest;
        };
        let selected = self.selected.and_then(|id| self.index_of(id)).unwrap_or_default();
        let top = self.lines.get(self.top).copied().unwrap_or(self.rows.len());
        let near_start = selected.min(top) < MARGIN;
        let near_end = selected.max(top) + MARGIN >= self.rows.len();
        if near_start && !self.at_start && !self.following {
            Wanted::Before(first.id)
        } else if self.following || near_end || self.rows.len() + PAGE <= WINDOW {
            Wanted::After(last.id)
        } else {
            Wanted::Nothing
        }
    }

    pub(super) fn refresh(&self, height: usize) -> Vec<ExchangeId> {
        if self.order.is_some() {
            return Vec::new();
        }
        let in_sight = self.lines_from(self.top(height)).take(height);
        let ids: BTreeSet<ExchangeId> = in_sight.chain(self.open()).map(|row| row.id).collect();
        ids.into_iter().collect()
    }

    /// Takes in rows that were read; says whether anything changed. An answer to a question that is no longer
    /// asked is left out.
    pub(super) fn add(&mut self, read: Rows) -> bool {
        if read.wanted != self.wanted() || read.wanted == Wanted::Nothing {
            return false;
        }
        let mut changed = true;
        self.rearrange(|list| changed = list.put(read));
        changed
    }

    /// Takes in what exchanges may be the next attempt at; says whether any of it is news.
    pub(super) fn learn(&mut self, repeats: Repeats) -> bool {
        let is_news = self.groups.learn(repeats);
        if is_news {
            self.rearrange(|_| {});
        }
        is_news
    }

    fn put(&mut self, read: Rows) -> bool {
        let Rows { wanted, rows, at_start, at_end } = read;
        match wanted {
            Wanted::Nothing => return false,
            Wanted::Newest => {
                let changed = !rows.is_empty() || !self.rows.is_empty();
                self.rows = rows.into();
                (self.at_start, self.at_end, self.jump) = (at_start, true, None);
                // Another filter leaves the selection where it is, if it can.
                let is_kept = !self.following && self.selected_row().is_some();
                if !is_kept {
                    self.select_back();
                }
                return changed;
            }
            Wanted::UpTo(_) => {
                self.rows = rows.into();
                (self.at_start, self.at_end, self.jump) = (at_start, false, None);
                self.select_back();
            }
            Wanted::Oldest => {
                self.rows = rows.into();
                (self.at_start, self.at_end, self.jump) = (true, at_end, None);
                self.select_front();
            }
            Wanted::After(_) => {
                let changed = !rows.is_empty();
                self.rows.extend(rows);
                self.at_end = at_end;
                let over = self.rows.len().saturating_sub(WINDOW);
                self.rows.drain(..over);
                self.at_start &= over == 0;
                if self.following && changed {
                    self.selected = self.rows.back().map(|row| row.id);
                }
                return changed;
            }
            Wanted::Before(_) => {
                self.at_start = at_start;
                for row in rows.into_iter().rev() {
                    self.rows.push_front(row);
                }
                self.at_end &= self.rows.len() <= WINDOW;
                self.rows.truncate(WINDOW);
            }
            Wanted::Ordered(_, part) => {
                let before = self.selected_line();
                let changed = self.rows != rows;
                self.rows = rows.into();
                (self.at_start, self.at_end) = (at_start, at_end);
                if self.selected_row().is_none() {
                    match (part, before) {
                        (Part::Last, _) => self.select_back(),
                        // Its place was taken by another.
                        (_, Some(at)) => {
                            let row = self.rows.get(at).or_else(|| self.rows.back());
                            self.selected = row.map(|row| row.id);
                        }
                        (_, None) => self.select_front(),
                    }
                }
                return changed;
            }
        }
        true
    }

    fn select_front(&mut self) {
        self.selected = self.rows.front().map(|row| row.id);
        self.top = 0;
    }

    fn select_back(&mut self) {
        self.selected = self.rows.back().map(|row| row.id);
        self.top = self.rows.len();
    }

    /// Changes the rows, and finds out which lines they make. What is in sight stays where it is.
    fn rearrange(&mut self, change: impl FnOnce(&mut Self)) {
        let top = self.top;
        let first = self.lines_from(top).next().map(|row| row.id);
        change(self);
        if self.order.is_none() {
            self.groups.find(&self.rows);
        } else {
            self.groups.forget();
        }
        let is_line = |(_, row): &(usize, &Summary)| !self.groups.hides(row.id);
        self.lines = self.rows.iter().enumerate().filter(is_line).map(|(index, _)| index).collect();
        // A group is selected by its last attempt.
        let hidden = self.selected.filter(|id| self.groups.hides(*id));
        if let Some(last) = hidden.and_then(|id| self.groups.of(id)?.ids.last()) {
            self.selected = Some(*last);
        }
        // Unless the change has moved it.
        if let Some(first) = first.filter(|_| self.top == top) {
            let is_there = |row: &Summary| row.id == first;
            let is_after = |row: &Summary| self.order.is_none() && row.id >= first;
            let place = self.lines_from(0).position(is_there);
            let place = place.or_else(|| self.lines_from(0).position(is_after));
            self.top = place.unwrap_or(self.top);
        }
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
        if changed {
            self.rearrange(|_| {});
        }
        changed
    }

    /// Puts in rows that the filter asks for by now and takes out those that it does not any more; says
    /// whether anything changed. The selected row stays while one reads it.
    pub(super) fn settle_matches(&mut self, late: Vec<Summary>, gone: &[ExchangeId]) -> bool {
        let is_settled = self.order.is_none() && self.jump.is_none();
        if !is_settled || (late.is_empty() && gone.is_empty()) {
            return false;
        }
        let mut changed = false;
        self.rearrange(|list| {
            for row in late {
                let Err(at) = list.rows.binary_search_by_key(&row.id, |held| held.id) else { continue };
                // What comes after the last row is found by asking for it.
                if at < list.rows.len() && (at > 0 || list.at_start) && list.rows.len() < WINDOW {
                    list.rows.insert(at, row);
                    changed = true;
                }
            }
            for id in gone {
                let is_read = !list.following && list.selected == Some(*id);
                if !is_read {
                    changed |= list.take_out(*id);
                }
            }
        });
        changed
    }

    /// Takes rows out that are not in the recording any more; the selection goes on to the next line.
    pub(super) fn remove(&mut self, gone: &[ExchangeId]) {
        self.rearrange(|list| {
            for id in gone {
                list.take_out(*id);
            }
        });
    }

    /// Takes one row out; says whether it was held.
    fn take_out(&mut self, id: ExchangeId) -> bool {
        let Some(at) = self.index_of(id) else { return false };
        self.rows.remove(at);
        if self.selected == Some(id) {
            let is_line = |row: &&Summary| !self.groups.hides(row.id);
            let next = self.rows.iter().skip(at).find(is_line).or_else(|| self.rows.iter().rfind(is_line));
            self.selected = next.or_else(|| self.rows.back()).map(|row| row.id);
        }
        true
    }

    /// Asks anew for what is held: the filter is another.
    pub(super) fn ask_anew(&mut self) {
        match &mut self.order {
            Some((_, part)) => *part = Part::First,
            None => self.jump = Some(Jump::Newest),
        }
    }

    /// Puts them into another order, or back into that of starting.
    pub(super) fn put_in_order(&mut self, order: Option<Order>) {
        self.following = false;
        self.jump = match (order, self.selected) {
            (Some(_), _) => None,
            (None, Some(id)) => Some(Jump::To(id)),
            (None, None) => Some(Jump::Newest),
        };
        if order.is_some() {
            self.selected = None;
        }
        self.order = order.map(|order| (order, Part::First));
    }

    /// Folds or unfolds the attempts that the selected exchange is one of; says whether there are any.
    pub(super) fn toggle_group(&mut self) -> bool {
        let Some(id) = self.selected else { return false };
        let mut is_group = false;
        self.rearrange(|list| is_group = list.groups.toggle(id));
        is_group
    }

    /// Folds all attempts, or unfolds them; says which.
    pub(super) fn toggle_groups(&mut self) -> bool {
        let mut folded = false;
        self.rearrange(|list| folded = list.groups.toggle_all());
        folded
    }

    /// Selects the exchange of that number.
    pub(super) fn go_to(&mut self, id: ExchangeId) {
        self.following = false;
        if self.index_of(id).is_some() {
            self.selected = Some(id);
            if self.groups.hides(id) {
                self.toggle_group();
            }
        } else if let Some((_, part)) = &mut self.order {
            (*part, self.selected) = (Part::From(id), Some(id));
        } else {
            self.jump = Some(Jump::To(id));
        }
    }

    /// Selects the line at `index` in sight.
    pub(super) fn go_to_row(&mut self, index: usize, height: usize) {
        let line = self.lines_from(self.top(height) + index).next().map(|row| row.id);
        if line.is_some() {
            self.following = false;
            self.selected = line;
        }
    }

    /// Selects the next or the previous line that `is_wanted`, all the way round; says whether it went round,
    /// and `None` where no other one is held.
    pub(super) fn go_to_next(
        &mut self,
        motion: Motion,
        is_wanted: impl Fn(&Summary) -> bool,
    ) -> Option<bool> {
        let here = self.selected_line().unwrap_or_default();
        let before = || self.lines_from(0).take(here).filter(|row| is_wanted(row));
        let after = || self.lines_from(here + 1).filter(|row| is_wanted(row));
        let (onward, round) = match motion {
            Motion::Up => (before().last(), after().last()),
            _ => (after().next(), before().next()),
        };
        let id = onward.or(round)?.id;
        let went_round = onward.is_none();
        self.following = false;
        self.selected = Some(id);
        Some(went_round)
    }

    /// The newest exchange there was, if the end of the list is held.
    pub(super) fn newest(&self) -> Option<ExchangeId> {
        let newest = self.rows.iter().map(|row| row.id).max();
        newest.filter(|_| self.at_end && self.order.is_none())
    }

    pub(super) fn go(&mut self, motion: Motion, height: usize) {
        let Some(last) = self.lines.len().checked_sub(1) else {
            return;
        };
        let here = self.selected_line().unwrap_or(last);
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
            Motion::First if self.at_start => 0,
            Motion::Last if self.at_end && self.order.is_some() => last,
            Motion::First | Motion::Last => return self.leap(motion),
        };
        let line = self.lines_from(there.min(last)).next().map(|row| row.id);
        self.selected = line;
    }

    /// Goes to an end of the list that may not be held.
    fn leap(&mut self, motion: Motion) {
        let is_first = motion == Motion::First;
        if let Some((_, part)) = &mut self.order {
            *part = if is_first { Part::First } else { Part::Last };
            self.selected = None;
        } else if is_first {
            self.jump = Some(Jump::Oldest);
        } else {
            self.follow();
        }
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

    /// The newest is the last only in the order of starting.
    fn follow(&mut self) {
        self.following = true;
        if self.at_end && self.order.is_none() {
            self.selected = self.rows.back().map(|row| row.id);
        } else {
            self.order = None;
            self.jump = Some(Jump::Newest);
        }
    }

    fn selected_line(&self) -> Option<usize> {
        let id = self.selected?;
        self.lines_from(0).position(|row| row.id == id)
    }

    fn index_of(&self, id: ExchangeId) -> Option<usize> {
        self.rows.iter().position(|row| row.id == id)
    }
}
