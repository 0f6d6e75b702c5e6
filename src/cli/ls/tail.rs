//! `gatetap ls --tail`: exchanges as they end.

use super::super::ended::Ended;
use super::super::exit::Exit;
use super::super::runtime;
use super::super::world::Env;
use super::{table, write_json};
use crate::digest::summary::Summary;
use crate::store::filter::Filter;
use crate::store::{Page, Reader};
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
    ended: Ended,
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
    let mut tail = Tail { ended: Ended::from_now_on(reader)?, shown: Vec::new() };
    let page = Page {
        before: Some(tail.ended.newest() + 1),
        limit: Some(limit.unwrap_or(FIRST)),
        ..Page::default()
    };
    let mut first = reader.select(filter, page, now)?;
    first.retain(|summary| !tail.ended.waits_for(summary.id));
    tail.show(first, json, env.stdout.is_terminal(), env)?;
    runtime.block_on(async {
        let mut told_to_stop = pin!(told_to_stop);
        let mut version = None;
        loop {
            let latest = reader.version()?;
            if version.replace(latest) != Some(latest) {
                let ended = tail.ended.next(reader, filter, env.clock.now().wall)?;
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
