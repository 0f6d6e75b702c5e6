//! Exchanges as they end.

use crate::digest::summary::Summary;
use crate::exchange::ExchangeId;
use crate::exchange::end::Verdict;
use crate::exchange::time::WallTime;
use crate::store::filter::Filter;
use crate::store::{Error, Page, Reader};
use std::collections::BTreeSet;

/// What has ended and what is waited for, in one recording.
#[derive(Debug)]
pub(super) struct Ended {
    /// Everything up to here has ended or is waited for.
    seen: ExchangeId,
    open: BTreeSet<ExchangeId>,
}

impl Ended {
    /// Those that end from now on.
    pub(super) fn from_now_on(reader: &Reader) -> Result<Self, Error> {
        let newest = reader.summaries(Page { limit: Some(1), ..Page::default() })?;
        Ok(Self {
            seen: newest.first().map_or(0, |summary| summary.id),
            open: reader.open_exchanges()?.into_iter().collect(),
        })
    }

    /// The newest exchange that was there at the last look.
    pub(super) fn newest(&self) -> ExchangeId {
        self.seen
    }

    /// Whether that exchange had not ended at the last look.
    pub(super) fn waits_for(&self, id: ExchangeId) -> bool {
        self.open.contains(&id)
    }

    /// Those that have ended since the last call and that `filter` asks for.
    pub(super) fn next(
        &mut self,
        reader: &Reader,
        filter: &Filter,
        now: WallTime,
    ) -> Result<Vec<Summary>, Error> {
        let new = Page { after: Some(self.seen), ..Page::default() };
        let new = reader.select_ids(&Filter::default(), new, now)?;
        self.seen = new.last().copied().unwrap_or(self.seen);
        self.open.extend(new);
        let waited: Vec<ExchangeId> = self.open.iter().copied().collect();
        let lines = reader.summaries_of(&waited)?;
        // One that is gone altogether will not end.
        let still: BTreeSet<ExchangeId> =
            lines.iter().filter(|line| line.verdict == Verdict::Open).map(|line| line.id).collect();
        let ended: Vec<ExchangeId> = waited.into_iter().filter(|id| !still.contains(id)).collect();
        self.open = still;
        reader.select_of(filter, &ended, now)
    }
}
