//! `gatetap ls --tail`: exchanges as they end.

use super::super::env::Env;
use super::super::exit::Exit;
use super::super::runtime;
use super::{table, write_json};
use crate::digest::summary::Summary;
use crate::exchange::ExchangeId;
use crate::exchange::end::Verdict;
use crate::store::filter::Filter;
use crate::store::{Page, Reader};
use std::collections::BTreeSet;
use std::io::Write;
use std::pin::pin;
use std::time::Duration;

/// So many exchanges are listed first.
const FIRST: u32 = 10;

/// How often a new commit is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// So many lines are remembered, so that new ones stand in the same columns.
const CONTEXT: usize = 50;

/// What was shown and what is waited for.
#[derive(Debug)]
struct Tail {
    /// Everything up to here was shown or is open.
    seen: ExchangeId,
    /// Exchanges that are waited for.
    open: BTreeSet<ExchangeId>,
    /// The lines shown last.
    shown: Vec<Summary>,
}

/// Lists the newest exchanges, then each as it ends, until the process is asked to end or nobody reads on.
pub(super) fn run(
    reader: &Reader,
    filter: &Filter,
    json: bool,
    limit: Option<u32>,
    env: &mut Env<'_>,
) -> anyhow::Result<Exit> {
    let runtime = runtime::start()?;
    let told_to_stop = runtime::told_to_stop(&runtime);
    let now = env.clock.now().wall;
    let newest = reader.summaries(Page { limit: Some(1), ..Page::default() })?;
    let mut tail = Tail {
        seen: newest.first().map_or(0, |summary| summary.id),
        open: reader.open_exchanges()?.into_iter().collect(),
        shown: Vec::new(),
    };
    let page = Page { before: Some(tail.seen + 1), limit: Some(limit.unwrap_or(FIRST)), ..Page::default() };
    let mut first = reader.select(filter, page, now)?;
    first.retain(|summary| !tail.open.contains(&summary.id));
    tail.show(first, json, env.stdout.is_terminal(), env)?;
    runtime.block_on(async {
        let mut told_to_stop = pin!(told_to_stop);
        let mut version = None;
        loop {
            let latest = reader.version()?;
            if version.replace(latest) != Some(latest) {
                let ended = tail.ended(reader, filter, env)?;
                tail.show(ended, json, false, env)?;
            }
            tokio::select! {
                () = &mut told_to_stop => return Ok(Exit::Fine),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    })
}

impl Tail {
    /// The exchanges that have ended since the last call and are asked for.
    fn ended(&mut self, reader: &Reader, filter: &Filter, env: &Env<'_>) -> anyhow::Result<Vec<Summary>> {
        let new = Page { after: Some(self.seen), ..Page::default() };
        let now = env.clock.now().wall;
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
        Ok(reader.select_of(filter, &ended, now)?)
    }

    fn show(
        &mut self,
        new: Vec<Summary>,
        json: bool,
        with_titles: bool,
        env: &mut Env<'_>,
    ) -> anyhow::Result<()> {
        if json {
            for summary in &new {
                write_json(env, summary)?;
            }
            return Ok(env.stdout.finish()?);
        }
        let count = new.len();
        self.shown.extend(new);
        let text = table(&self.shown, with_titles, env);
        let from = text.lines().count().saturating_sub(count + usize::from(with_titles));
        for line in text.lines().skip(from) {
            writeln!(env.stdout, "{line}")?;
        }
        let excess = self.shown.len().saturating_sub(CONTEXT);
        self.shown.drain(..excess);
        Ok(env.stdout.finish()?)
    }
}
