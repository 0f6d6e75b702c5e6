//! The numbers of the exchanges that a compiled filter asks for.
//!
//! Two indexes are asked: `facets`, whose rows are looked through in order, and the full text, which lists its
//! matches in order. Which of them leads is chosen part by part, from the newest on, so that a page is full before
//! all of a large recording was looked at, and so that words which are everywhere cost little more than others.

use super::error::Error;
use super::filter::{Compiled, Condition};
use super::read::Page;
use crate::exchange::ExchangeId;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

/// Fewer matches of the full text than this are asked for their facets one by one.
const FEW_MATCHES: u32 = 5_000;

/// So many candidates are held against the full text one by one, or one in so many numbers: to look one up takes
/// as long as to list some hundred.
const FEW_CANDIDATES: usize = 200;

/// How many exchanges are looked through first for words; then ever more.
const FIRST_PART: ExchangeId = 4_096;

/// By so many exchanges it is judged whether nearly all of a part have a word, of which so many may not.
const SAMPLE: ExchangeId = 1_024;
const MISSING_IN_SAMPLE: i64 = 2;

/// In no more gaps than this between the matches of a word it is looked for those that do not have it.
const FEW_GAPS: usize = 1_000;

/// Part of the exchanges by their numbers, and how many at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    after: ExchangeId,
    before: ExchangeId,
    oldest_first: bool,
    limit: Option<u32>,
}

/// Which candidates are kept: those that match the full text, or the others.
#[derive(Debug, Clone, Copy)]
struct Keep {
    matches: bool,
    /// Of no more than so many each is looked up by itself.
    few: usize,
}

/// The numbers of a page of the exchanges that are meant, from the oldest to the newest.
pub(super) fn sorted(
    connection: &Connection,
    compiled: &Compiled,
    page: Page,
) -> Result<Vec<ExchangeId>, Error> {
    let mut ids = first(connection, compiled, page.into())?;
    ids.sort_unstable();
    Ok(ids)
}

/// Those of `ids` that are meant.
pub(super) fn of(
    connection: &Connection,
    compiled: &Compiled,
    ids: &[ExchangeId],
) -> Result<Vec<ExchangeId>, Error> {
    let mut wanted = Vec::new();
    for id in ids {
        let only = Window { after: *id - 1, before: id.saturating_add(1), oldest_first: true, limit: None };
        wanted.extend(within(connection, compiled, only)?);
    }
    Ok(wanted)
}

/// The first of the exchanges that are meant, in the order of the window.
pub(super) fn first(
    connection: &Connection,
    compiled: &Compiled,
    window: Window,
) -> Result<Vec<ExchangeId>, Error> {
    let Compiled { condition, asks_text, matching, excluded, .. } = compiled;
    match (condition, matching, excluded) {
        (Condition::Never, ..) => Ok(Vec::new()),
        (Condition::Always, Some(matching), _) => by_text(connection, matching, window),
        (condition, None, None) if !asks_text => by_facets(connection, condition, window),
        _ => by_windows(connection, compiled, window),
    }
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
    // The beginning of a word is as dear to ask of a part as of all.
    let in_parts = window.limit.is_some() && !compiled.has_prefix;
    let mut width = if in_parts { FIRST_PART } else { ExchangeId::MAX };
    let mut found = Vec::new();
    while found.len() < wanted && rest.before - rest.after > 1 {
        let mut part = rest.first(width);
        if window.oldest_first {
            rest.after = part.before - 1;
        } else {
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
    let Compiled { condition, matching, excluded, .. } = compiled;
    let width = usize::try_from(part.before - part.after).unwrap_or_default();
    let few = if compiled.has_prefix { 0 } else { FEW_CANDIDATES.max(width / FEW_CANDIDATES) };
    match (condition, matching, excluded) {
        (Condition::Always, Some(matching), _) => by_text(connection, matching, part),
        (condition, Some(matching), _) => {
            if let Some(few) = few_matches(connection, matching, part)? {
                return by_facets(connection, &condition.clone().and_one_of("f.exchange_id", &few), part);
            }
            let mut ids = by_facets(connection, condition, part)?;
            retain(connection, &mut ids, matching, part, Keep { matches: true, few })?;
            Ok(ids)
        }
        (condition, None, None) => by_facets(connection, condition, part),
        (condition, None, Some(excluded)) => {
            // Of few that the rest asks for each is looked up.
            let some = Window { limit: u32::try_from(few + 1).ok(), ..part };
            let mut ids = if few > 0 { by_facets(connection, condition, some)? } else { Vec::new() };
            if few > 0 && ids.len() <= few {
                retain(connection, &mut ids, excluded, part, Keep { matches: false, few })?;
                return Ok(ids);
            }
            if !compiled.has_prefix
                && have_nearly_all(connection, excluded, part)?
                && let Some(gaps) = gaps(&by_text(connection, excluded, part)?, part)
            {
                return by_facets_in(connection, condition, part, &gaps);
            }
            let mut ids = by_facets(connection, condition, part)?;
            retain(connection, &mut ids, excluded, part, Keep { matches: false, few })?;
            Ok(ids)
        }
    }
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

/// Whether nearly all of the exchanges of a part seem to match the full text.
fn have_nearly_all(connection: &Connection, matching: &str, part: Window) -> Result<bool, Error> {
    let sample = part.first(SAMPLE);
    let there: i64 = connection
        .prepare_cached("SELECT count(*) FROM facets WHERE exchange_id > ? AND exchange_id < ?")?
        .query_row(params![sample.after, sample.before], |row| row.get(0))?;
    let matched: i64 = connection
        .prepare_cached("SELECT count(*) FROM texts WHERE texts MATCH ? AND rowid > ? AND rowid < ?")?
        .query_row(params![matching, sample.after, sample.before], |row| row.get(0))?;
    Ok(matched >= there - MISSING_IN_SAMPLE)
}

/// Where `known`, in the order of the part, leaves something out: the numbers before and after, in the same
/// order. `None` where that is in too many places.
fn gaps(known: &[ExchangeId], part: Window) -> Option<Vec<(ExchangeId, ExchangeId)>> {
    let mut gaps = Vec::new();
    let mut last = if part.oldest_first { part.after } else { part.before };
    let end = if part.oldest_first { part.before } else { part.after };
    for id in known.iter().copied().chain([end]) {
        let (after, before) = if part.oldest_first { (last, id) } else { (id, last) };
        if before - after > 1 {
            if gaps.len() == FEW_GAPS {
                return None;
            }
            gaps.push((after, before));
        }
        last = id;
    }
    Some(gaps)
}

/// Keeps those of `ids`, which are in the order of the part, that match the full text, or that do not.
fn retain(
    connection: &Connection,
    ids: &mut Vec<ExchangeId>,
    matching: &str,
    part: Window,
    keep: Keep,
) -> Result<(), Error> {
    if ids.len() <= keep.few {
        let mut statement =
            connection.prepare_cached("SELECT 1 FROM texts WHERE texts MATCH ? AND rowid = ?")?;
        let mut kept = Vec::new();
        for id in ids.iter() {
            if statement.exists(params![matching, id])? == keep.matches {
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
        known.peek().is_some_and(|known| known == id) == keep.matches
    });
    Ok(())
}

fn by_facets(
    connection: &Connection,
    condition: &Condition,
    window: Window,
) -> Result<Vec<ExchangeId>, Error> {
    by_facets_in(connection, condition, window, &[(window.after, window.before)])
}

/// The same in several places of a window; its limit is that of each.
fn by_facets_in(
    connection: &Connection,
    condition: &Condition,
    window: Window,
    places: &[(ExchangeId, ExchangeId)],
) -> Result<Vec<ExchangeId>, Error> {
    let Some((sql, values)) = condition.clone().into_parts() else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare(&format!(
        "SELECT f.exchange_id FROM facets f WHERE f.exchange_id > ?1 AND f.exchange_id < ?2 AND ({sql}) \
         ORDER BY f.exchange_id {} LIMIT ?",
        window.direction()
    ))?;
    let mut found = Vec::new();
    for (after, before) in places {
        let ends = [Value::from(*after), Value::from(*before)];
        let all = ends.iter().chain(&values).cloned().chain([Value::from(window.sql_limit())]);
        let ids = statement.query_map(params_from_iter(all), |row| row.get(0))?;
        for id in ids {
            found.push(id?);
        }
    }
    Ok(found)
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
    /// The newest of all, so many at most.
    pub(super) const fn newest(limit: u32) -> Self {
        Self { after: ExchangeId::MIN, before: ExchangeId::MAX, oldest_first: false, limit: Some(limit) }
    }

    /// As many numbers of it as `width`, from where it begins.
    fn first(self, width: ExchangeId) -> Self {
        if self.oldest_first {
            Self { before: self.before.min(self.after.saturating_add(width)), ..self }
        } else {
            Self { after: self.after.max(self.before.saturating_sub(width)), ..self }
        }
    }

    const fn direction(self) -> &'static str {
        if self.oldest_first { "ASC" } else { "DESC" }
    }

    fn sql_limit(self) -> i64 {
        self.limit.map_or(-1, i64::from)
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
    /// This, for those whose number, in `column`, is one of these.
    pub(super) fn and_one_of(self, column: &str, ids: &[ExchangeId]) -> Self {
        let list = ids.iter().map(ExchangeId::to_string).collect::<Vec<_>>().join(",");
        match self.into_parts() {
            None => Self::Never,
            Some((sql, mut values)) => {
                values.push(format!("[{list}]").into());
                Self::If(format!("({sql}) AND {column} IN (SELECT value FROM json_each(?))"), values)
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
