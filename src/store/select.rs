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
use std::collections::BTreeSet;

/// Fewer matches of the full text than this are asked for their facets one by one.
const FEW_MATCHES: u32 = 5_000;

/// So many candidates are held against the full text one by one.
const FEW_CANDIDATES: usize = 200;

/// How many exchanges are looked through first for words; then ever more.
const FIRST_PART: ExchangeId = 4_096;

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
        let compiled = self.compiler(now).compile(filter)?;
        let mut wanted = Vec::new();
        for id in ids {
            let only =
                Window { after: *id - 1, before: id.saturating_add(1), oldest_first: true, limit: None };
            wanted.extend(within(&self.connection, &compiled, only)?);
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
                Kind::Credential => facets::credential_parts(text).map(|(_, last4)| last4).collect(),
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
    /// This, for one of these exchanges.
    pub(super) fn and_one_of(self, ids: &[ExchangeId]) -> Self {
        let list = ids.iter().map(ExchangeId::to_string).collect::<Vec<_>>().join(",");
        match self.into_parts() {
            None => Self::Never,
            Some((sql, mut values)) => {
                values.push(format!("[{list}]").into());
                Self::If(format!("({sql}) AND f.exchange_id IN (SELECT value FROM json_each(?))"), values)
            }
        }
    }

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
    let Compiled { condition, asks_text, matching, excluded } = compiled;
    if *condition == Condition::Never {
        return Ok(Vec::new());
    }
    match matching {
        Some(matching) if *condition == Condition::Always && excluded.is_none() => {
            return by_text(connection, matching, window);
        }
        None if !asks_text && excluded.is_none() => return by_facets(connection, condition, window),
        _ => {}
    }
    by_windows(connection, compiled, window)
}

/// Looks through ever larger parts of the recording until the limit is reached. What is asked of the full
/// text is asked of one part at a time, so that words which are everywhere cost no more than others.
fn by_windows(
    connection: &Connection,
    compiled: &Compiled,
    window: Window,
) -> Result<Vec<ExchangeId>, Error> {
    let ends: (Option<ExchangeId>, Option<ExchangeId>) = connection
        .prepare_cached(
            "SELECT (SELECT min(exchange_id) FROM facets), (SELECT max(exchange_id) FROM facets)",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some((first, last)) = ends.0.zip(ends.1) else { return Ok(Vec::new()) };
    let wanted = window.limit.map_or(usize::MAX, |limit| limit as usize);
    let mut rest =
        Window { after: window.after.max(first - 1), before: window.before.min(last + 1), ..window };
    let mut width = if window.limit.is_some() { FIRST_PART } else { ExchangeId::MAX };
    let mut found = Vec::new();
    while found.len() < wanted && rest.before - rest.after > 1 {
        let mut part = rest;
        if window.oldest_first {
            part.before = rest.before.min(rest.after.saturating_add(width));
            rest.after = part.before - 1;
        } else {
            part.after = rest.after.max(rest.before.saturating_sub(width));
            rest.before = part.after + 1;
        }
        width = width.saturating_mul(4);
        part.limit = None;
        found.extend(within(connection, compiled, part)?);
    }
    found.truncate(wanted);
    Ok(found)
}

/// Every exchange of one part of the recording that is meant.
fn within(connection: &Connection, compiled: &Compiled, part: Window) -> Result<Vec<ExchangeId>, Error> {
    let mut ids = match (&compiled.condition, &compiled.matching) {
        (Condition::Always, Some(matching)) => by_text(connection, matching, part)?,
        (condition, None) => by_facets(connection, condition, part)?,
        (condition, Some(matching)) => {
            if let Some(few) = few_matches(connection, matching, part)? {
                by_facets(connection, &condition.clone().and_one_of(&few), part)?
            } else {
                let mut ids = by_facets(connection, condition, part)?;
                retain(connection, &mut ids, matching, part, true)?;
                ids
            }
        }
    };
    if let Some(excluded) = &compiled.excluded {
        retain(connection, &mut ids, excluded, part, false)?;
    }
    Ok(ids)
}

/// The matches of the full text, if they are so few that it is better to ask each of them for its facets.
fn few_matches(
    connection: &Connection,
    matching: &str,
    part: Window,
) -> Result<Option<Vec<ExchangeId>>, Error> {
    let matches = by_text(connection, matching, Window { limit: Some(FEW_MATCHES), ..part })?;
    Ok((matches.len() < FEW_MATCHES as usize).then_some(matches))
}

/// Keeps those of `ids`, which are in the order of the part, that match the full text, or that do not.
fn retain(
    connection: &Connection,
    ids: &mut Vec<ExchangeId>,
    matching: &str,
    part: Window,
    keep: bool,
) -> Result<(), Error> {
    if ids.len() <= FEW_CANDIDATES {
        let mut statement =
            connection.prepare_cached("SELECT 1 FROM texts WHERE texts MATCH ? AND rowid = ?")?;
        let mut kept = Vec::new();
        for id in ids.iter() {
            if statement.exists(params![matching, id])? == keep {
                kept.push(*id);
            }
        }
        *ids = kept;
        return Ok(());
    }
    let known = by_text(connection, matching, part)?;
    let mut known = known.into_iter().peekable();
    ids.retain(|id| {
        let is_before = |known: &ExchangeId| if part.oldest_first { known < id } else { known > id };
        while known.next_if(is_before).is_some() {}
        known.peek().is_some_and(|known| known == id) == keep
    });
    Ok(())
}

fn by_facets(
    connection: &Connection,
    condition: &Condition,
    window: Window,
) -> Result<Vec<ExchangeId>, Error> {
    let Some((sql, values)) = condition.clone().into_parts() else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare(&format!(
        "SELECT f.exchange_id FROM facets f WHERE f.exchange_id > ?1 AND f.exchange_id < ?2 AND ({sql}) \
         ORDER BY f.exchange_id {} LIMIT ?",
        window.direction()
    ))?;
    let mut all = vec![window.after.into(), window.before.into()];
    all.extend(values);
    all.push(window.sql_limit().into());
    let ids = statement.query_map(params_from_iter(all), |row| row.get(0))?;
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
