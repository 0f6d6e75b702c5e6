//! Requests that were sent several times, as groups of rows that can be folded.

use crate::digest::summary::Summary;
use crate::exchange::ExchangeId;
use crate::exchange::time::{Micros, WallTime};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What each of some exchanges may be the next attempt at, nearest first.
pub type Repeats = Vec<(ExchangeId, Vec<ExchangeId>)>;

/// The attempts at one request, as far as they are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempts {
    /// The exchanges, first attempt first; at least two.
    pub ids: Vec<ExchangeId>,
    /// What the app got from each: the status, or the verdict where there was none.
    pub outcomes: Vec<String>,
    /// When the first of them began.
    pub began: WallTime,
    /// Whether only the last of them is in sight.
    pub is_folded: bool,
}

/// All groups among the rows held.
#[derive(Debug, Default)]
pub(super) struct Groups {
    repeats: BTreeMap<ExchangeId, Vec<ExchangeId>>,
    found: Vec<Attempts>,
    /// Of each attempt, the index of its group.
    of: BTreeMap<ExchangeId, usize>,
    fold_all: bool,
    /// The first attempts of the groups that are not as `fold_all` says.
    others: BTreeSet<ExchangeId>,
}

impl Attempts {
    /// From the start of the first attempt to the end of the last, which `last` is.
    pub fn took(&self, last: &Summary, duration: Option<Micros>) -> Option<Micros> {
        let before = u64::try_from(last.started_at.0.saturating_sub(self.began.0)).unwrap_or_default();
        duration.map(|duration| Micros(before.saturating_add(duration.0)))
    }
}

impl Groups {
    /// Says whether any of it is news.
    pub(super) fn learn(&mut self, repeats: Repeats) -> bool {
        let mut is_news = false;
        for (id, before) in repeats {
            is_news |= self.repeats.get(&id) != Some(&before);
            self.repeats.insert(id, before);
        }
        is_news
    }

    /// The group of an exchange, if it is one of several attempts.
    pub(super) fn of(&self, id: ExchangeId) -> Option<&Attempts> {
        self.found.get(*self.of.get(&id)?)
    }

    /// Whether a row is folded away.
    pub(super) fn hides(&self, id: ExchangeId) -> bool {
        self.of(id).is_some_and(|group| group.is_folded && group.ids.last() != Some(&id))
    }

    /// Folds or unfolds the group of an exchange; says whether there is one.
    pub(super) fn toggle(&mut self, id: ExchangeId) -> bool {
        let Some(first) = self.of(id).and_then(|group| group.ids.first()).copied() else { return false };
        if !self.others.remove(&first) {
            self.others.insert(first);
        }
        true
    }

    /// Folds all groups, or unfolds them; says which.
    pub(super) fn toggle_all(&mut self) -> bool {
        self.others.clear();
        self.fold_all = !self.fold_all;
        self.fold_all
    }

    /// Finds the groups among `rows`, which stand in the order of starting.
    pub(super) fn find(&mut self, rows: &VecDeque<Summary>) {
        let Some(oldest) = rows.front().map(|row| row.id) else { return self.forget() };
        self.repeats.retain(|id, _| *id >= oldest);
        self.others.retain(|id| *id >= oldest);
        let mut groups: Vec<Vec<&Summary>> = Vec::new();
        let mut ends: BTreeMap<ExchangeId, usize> = BTreeMap::new();
        let mut heads: BTreeMap<ExchangeId, &Summary> = BTreeMap::new();
        for row in rows {
            // A call that was made twice at once has two first attempts: each is followed by one.
            let before = self.repeats.get(&row.id).into_iter().flatten();
            let group = before.into_iter().find_map(|before| {
                ends.remove(before).or_else(|| {
                    groups.push(vec![heads.remove(before)?]);
                    Some(groups.len() - 1)
                })
            });
            match group.and_then(|group| Some((group, groups.get_mut(group)?))) {
                Some((group, members)) => {
                    members.push(row);
                    ends.insert(row.id, group);
                }
                None => drop(heads.insert(row.id, row)),
            }
        }
        self.of.clear();
        for (index, members) in groups.iter().enumerate() {
            self.of.extend(members.iter().map(|row| (row.id, index)));
        }
        self.found = groups.iter().filter_map(|members| self.describe(members)).collect();
    }

    pub(super) fn forget(&mut self) {
        self.found.clear();
        self.of.clear();
    }

    fn describe(&self, members: &[&Summary]) -> Option<Attempts> {
        let first = members.first()?;
        let outcome =
            |row: &&Summary| row.status.map_or_else(|| row.verdict.to_string(), |status| status.to_string());
        Some(Attempts {
            ids: members.iter().map(|row| row.id).collect(),
            outcomes: members.iter().map(outcome).collect(),
            began: first.started_at,
            is_folded: self.fold_all != self.others.contains(&first.id),
        })
    }
}
