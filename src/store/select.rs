//! Exchanges by filter.

use super::Page;
use super::error::Error;
use super::facets::{self, Kind};
use super::filter::{Candidate, Compiled, Compiler, Completion, Condition, Filter, Key, place};
use super::read::Reader;
use crate::digest::summary::Summary;
use crate::exchange::ExchangeId;
use crate::exchange::time::WallTime;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use std::collections::{BTreeSet, HashSet};

/// Up to so many matches of the full text, they are listed and each is asked for its facets.
const RARE: i64 = 5_000;

/// How many candidates are first held against a full text that matches much; then ever more.
const FIRST_BLOCK: u32 = 256;

/// So many values a completion offers.
const MOST_VALUES: usize = 50;

/// Part of the exchanges by their numbers, and how many at most.
#[derive(Debug, Clone, Copy)]
struct Window {
    after: ExchangeId,
    before: ExchangeId,
    oldest_first: bool,
    limit: Option<u32>,
}

impl Reader {
    /// The exchanges of a page of those that `filter` asks for, in the order of starting, newest last.
    ///
    /// Reads no body; only the lines that are given back are read whole. `now` is what `since:10m` counts from.
    pub fn select(&self, filter: &Filter, page: Page, now: WallTime) -> Result<Vec<Summary>, Error> {
        if filter.is_everything() {
            return self.summaries(page);
        }
        self.summaries_of(&self.select_ids(filter, page, now)?)
    }

    /// The numbers of those exchanges, in the order of starting.
    pub fn select_ids(&self, filter: &Filter, page: Page, now: WallTime) -> Result<Vec<ExchangeId>, Error> {
        let mut ids = ids(&self.connection, &self.compiler(now).compile(filter)?, page.into())?;
        ids.sort_unstable();
        Ok(ids)
    }

    /// The lines of those of `ids` that `filter` asks for, in the order of starting.
    pub fn select_of(
        &self,
        filter: &Filter,
        ids: &[ExchangeId],
        now: WallTime,
    ) -> Result<Vec<Summary>, Error> {
        let Compiled { condition, matching } = self.compiler(now).compile(filter)?;
        let Some((mut sql, mut values)) = condition.into_parts() else {
            return Ok(Vec::new());
        };
        if let Some(matching) = matching {
            sql.push_str(" AND EXISTS (SELECT 1 FROM texts WHERE texts MATCH ? AND rowid = f.exchange_id)");
            values.push(matching.into());
        }
        let mut statement = self
            .connection
            .prepare(&format!("SELECT 1 FROM facets f WHERE ({sql}) AND f.exchange_id = ?"))?;
        let mut wanted = Vec::new();
        for id in ids {
            let all = values.iter().cloned().chain([Value::from(*id)]);
            if statement.exists(params_from_iter(all))? {
                wanted.push(*id);
            }
        }
        self.summaries_of(&wanted)
    }

    /// Ways to go on at byte `cursor` of a filter that is being typed: keys, then values known here.
    pub fn complete(&self, input: &str, cursor: usize) -> Result<Completion, Error> {
        let place = place(input, cursor);
        let mut candidates = place.known();
        let kind = place.key.and_then(|key| match key {
            Key::Model => Some(Kind::Model),
            Key::Path => Some(Kind::Path),
            Key::Gateway => Some(Kind::Gateway),
            Key::Code => Some(Kind::Code),
            Key::Finish => Some(Kind::Finish),
            Key::Finding => Some(Kind::Findings),
            Key::Key => Some(Kind::Credential),
            _ => None,
        });
        if let Some(kind) = kind {
            let values = self.known_words(kind, |value| place.begins(value))?;
            candidates.extend(values.iter().map(|value| Candidate::of_value(value)));
        }
        Ok(Completion { replace: place.replace, candidates })
    }

    pub(super) fn compiler(&self, now: WallTime) -> Compiler<'_> {
        Compiler { connection: &self.connection, now, dead: &self.dead }
    }

    fn known_words(&self, kind: Kind, is_wanted: impl Fn(&str) -> bool) -> Result<BTreeSet<String>, Error> {
        let mut statement =
            self.connection.prepare_cached("SELECT text FROM words WHERE kind = ? ORDER BY text")?;
        let mut rows = statement.query([kind.code()])?;
        let mut values = BTreeSet::new();
        while let Some(row) = rows.next()? {
            let text = row.get_ref("text")?.as_str().unwrap_or_default();
            let words = match kind {
                Kind::Findings => text.split(' ').collect(),
                Kind::Credential => vec![facets::credential_parts(text).1],
                _ => vec![text],
            };
            let wanted = words.into_iter().filter(|word| !word.is_empty() && is_wanted(word));
            values.extend(wanted.map(str::to_owned));
            if values.len() >= MOST_VALUES {
                break;
            }
        }
        Ok(values)
    }
}

impl From<Page> for Window {
    fn from(page: Page) -> Self {
        Self {
            after: page.after.unwrap_or(ExchangeId::MIN),
            before: page.before.unwrap_or(ExchangeId::MAX),
            oldest_first: page.after.is_some(),
            limit: page.limit,
        }
    }
}

impl Condition {
    /// The SQL, which is never empty, and its parameters; `None` where nothing can match.
    pub(super) fn into_parts(self) -> Option<(String, Vec<Value>)> {
        match self {
            Self::Always => Some(("TRUE".to_owned(), Vec::new())),
            Self::Never => None,
            Self::If(sql, values) => Some((sql, values)),
        }
    }
}

/// The numbers of every exchange that is meant, from the oldest to the newest.
pub(super) fn all_ids(connection: &Connection, compiled: &Compiled) -> Result<Vec<ExchangeId>, Error> {
    let mut ids = ids(connection, compiled, Page::default().into())?;
    ids.sort_unstable();
    Ok(ids)
}

fn ids(connection: &Connection, compiled: &Compiled, window: Window) -> Result<Vec<ExchangeId>, Error> {
    let Some((sql, values)) = compiled.condition.clone().into_parts() else {
        return Ok(Vec::new());
    };
    let Some(matching) = &compiled.matching else {
        return by_facets(connection, &sql, values, window);
    };
    if compiled.condition == Condition::Always {
        return by_text(connection, matching, window);
    }
    let matches: i64 = connection
        .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM texts WHERE texts MATCH ? LIMIT ?)")?
        .query_row(params![matching, RARE], |row| row.get(0))?;
    if matches < RARE {
        let sql = format!("({sql}) AND f.exchange_id IN (SELECT rowid FROM texts WHERE texts MATCH ?)");
        let values = values.into_iter().chain([Value::from(matching.clone())]).collect();
        return by_facets(connection, &sql, values, window);
    }
    by_blocks(connection, &sql, &values, matching, window)
}

/// Takes candidates by their facets in blocks, and keeps of each block what the full text knows.
fn by_blocks(
    connection: &Connection,
    sql: &str,
    values: &[Value],
    matching: &str,
    window: Window,
) -> Result<Vec<ExchangeId>, Error> {
    let wanted = window.limit.map_or(usize::MAX, |limit| limit as usize);
    let mut rest = window;
    let mut block = FIRST_BLOCK;
    let mut found = Vec::new();
    while found.len() < wanted {
        rest.limit = Some(block);
        let candidates = by_facets(connection, sql, values.to_vec(), rest)?;
        let (Some(first), Some(last)) = (candidates.first(), candidates.last()) else { break };
        let (lowest, highest) = (*first.min(last), *first.max(last));
        let span = Window { after: lowest - 1, before: highest + 1, oldest_first: true, limit: None };
        let known: HashSet<ExchangeId> = by_text(connection, matching, span)?.into_iter().collect();
        found.extend(candidates.iter().copied().filter(|id| known.contains(id)));
        if candidates.len() < block as usize {
            break;
        }
        if window.oldest_first {
            rest.after = highest;
        } else {
            rest.before = lowest;
        }
        block = block.saturating_mul(4);
    }
    found.truncate(wanted);
    Ok(found)
}

fn by_facets(
    connection: &Connection,
    sql: &str,
    mut values: Vec<Value>,
    window: Window,
) -> Result<Vec<ExchangeId>, Error> {
    let mut statement = connection.prepare(&format!(
        "SELECT f.exchange_id FROM facets f WHERE ({sql}) AND f.exchange_id > ? AND f.exchange_id < ? \
         ORDER BY f.exchange_id {} LIMIT ?",
        window.direction()
    ))?;
    values.extend([window.after.into(), window.before.into(), window.sql_limit().into()]);
    let ids = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

fn by_text(connection: &Connection, matching: &str, window: Window) -> Result<Vec<ExchangeId>, Error> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT rowid FROM texts WHERE texts MATCH ? AND rowid > ? AND rowid < ? ORDER BY rowid {} LIMIT ?",
        window.direction()
    ))?;
    let bounds = params![matching, window.after, window.before, window.sql_limit()];
    let ids = statement.query_map(bounds, |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

impl Window {
    const fn direction(self) -> &'static str {
        if self.oldest_first { "ASC" } else { "DESC" }
    }

    fn sql_limit(self) -> i64 {
        self.limit.map_or(-1, i64::from)
    }
}
