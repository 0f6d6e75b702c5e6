//! Which exchanges are exported.

use crate::cli::error::wrong_usage;
use crate::cli::filter;
use crate::cli::recording::ExchangeNames;
use crate::exchange::ExchangeId;
use crate::exchange::time::WallTime;
use crate::export::Selection;
use crate::live::probes::probes;
use crate::store::{Page, Reader};
use std::collections::BTreeSet;

/// Exchanges read from the recording at a time.
const PAGE: usize = 500;

/// The exchanges that were asked for.
#[derive(Debug)]
pub(super) struct Selected {
    /// Their numbers, in the order of starting.
    pub(super) ids: Vec<ExchangeId>,
    /// Nothing limits them.
    is_everything: bool,
}

/// Finds the exchanges that `words` ask for: by their names if all of them are names, else by a filter.
pub(super) fn select(words: &[String], reader: &Reader, now: WallTime) -> anyhow::Result<Selected> {
    let names: Result<Vec<ExchangeNames>, _> = words.iter().map(|word| word.parse()).collect();
    if let (Ok(names), false) = (names, words.is_empty()) {
        let mut ids = BTreeSet::new();
        for name in names {
            ids.extend(name.find(reader)?);
        }
        return Ok(Selected { ids: ids.into_iter().collect(), is_everything: false });
    }
    let filter = filter::parse(words)?;
    let is_everything = filter.is_everything();
    let ids = reader.select_ids(&filter, Page::default(), now)?;
    if ids.is_empty() && (!is_everything || reader.tunnels()?.is_empty()) {
        let such = if is_everything { "" } else { "such " };
        return Err(wrong_usage(
            format!("there are no {such}exchanges in `{}`", reader.path().display()),
            if is_everything {
                "record some with `gatetap run`"
            } else {
                "`gatetap ls FILTER` shows what a filter finds"
            },
        ));
    }
    Ok(Selected { ids, is_everything })
}

impl Selected {
    /// What a format is told before the first exchange.
    pub(super) fn selection(&self, reader: &Reader, with_probes: bool) -> anyhow::Result<Selection> {
        let mut selection = Selection { exchanges: self.ids.len() as u64, ..Selection::default() };
        let mut sessions = BTreeSet::new();
        for ids in self.ids.chunks(PAGE) {
            for summary in reader.summaries_of(ids)? {
                sessions.insert(summary.session);
                let last = summary.started_at.plus(summary.duration.unwrap_or_default());
                let (first, end) = selection.span.unwrap_or((summary.started_at, last));
                selection.span = Some((first.min(summary.started_at), end.max(last)));
            }
        }
        if self.is_everything {
            selection.tunnels = reader.tunnels()?;
            selection.sessions = reader.sessions()?;
        } else {
            selection.sessions = reader.sessions()?;
            selection.sessions.retain(|session| sessions.contains(&session.id));
        }
        if with_probes {
            selection.probes = probes(reader)?;
        }
        Ok(selection)
    }
}
