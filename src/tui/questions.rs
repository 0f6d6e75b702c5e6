//! What the loader asks the recording, beside the rows and the exchange that are shown.

use super::state::{AROUND, Attempt, PAGE, Recorded, Rows, SessionLine, Wanted};
use super::totals::Limits;
use crate::digest::rate_state;
use crate::digest::summary::Summary;
use crate::exchange::ExchangeId;
use crate::exchange::body::{Body, Side};
use crate::exchange::session::Session;
use crate::exchange::time::{Micros, WallTime};
use crate::store::filter::{Filter, State};
use crate::store::{self, Page, Part, Reader};
use std::collections::BTreeMap;
use std::path::Path;

/// How many recordings are offered.
const RECORDINGS: usize = 50;

/// In how many of the newest exchanges the word of gateways on their limits is looked for.
const LIMITS_FROM: u32 = 100;

/// The sessions, and what came of them.
pub(super) fn sessions(reader: &Reader) -> Result<Vec<SessionLine>, store::Error> {
    let counts = reader.session_counts()?;
    let line = |session: Session| {
        let of_session = counts.iter().filter(|(id, ..)| *id == session.id);
        let exchanges = of_session.clone().map(|(.., count)| count).sum();
        let errors = of_session.filter(|(_, verdict, _)| State::is_error(*verdict));
        SessionLine { errors: errors.map(|(.., count)| count).sum(), session, exchanges }
    };
    Ok(reader.sessions()?.into_iter().map(line).collect())
}

/// What the newest answers of each gateway say of limits. What a fault says is not the gateway's word.
pub(super) fn limits(reader: &Reader, filter: &Filter, now: WallTime) -> Result<Vec<Limits>, store::Error> {
    let page = Page { limit: Some(LIMITS_FROM), ..Page::default() };
    let ids = reader.select_ids(filter, page, now)?;
    let mut limits: Vec<Limits> = Vec::new();
    for id in ids.into_iter().rev() {
        let Some(exchange) = reader.exchange(id)?.map(|whole| whole.exchange) else { continue };
        let is_known = limits.iter().any(|known| known.gateway == exchange.gateway);
        let Some(head) = exchange.response.filter(|_| !is_known && exchange.fault.is_none()) else {
            continue;
        };
        // Some say it in the body of an error instead.
        let body = if head.status >= 400 { reader.body(id, Side::Response)? } else { Body::default() };
        let at = exchange.started_at.plus(exchange.timing.head.unwrap_or_default());
        let state = rate_state(&head.headers, &body.bytes, at);
        if !state.windows.is_empty() || state.retry_after.is_some() {
            limits.push(Limits { gateway: exchange.gateway, id, at, state });
        }
    }
    Ok(limits)
}

/// The rows of a part in another order.
pub(super) fn ordered(
    reader: &Reader,
    filter: &Filter,
    wanted: Wanted,
    until: ExchangeId,
    now: WallTime,
) -> Result<Rows, store::Error> {
    let Wanted::Ordered(order, part) = wanted else { return Ok(Rows::default()) };
    let read = |part, limit: usize| reader.in_order(filter, order, part, limit as u32, until, now);
    let (mut ids, at_start, at_end) = match part {
        Part::From(id) => {
            let (mut ids, after) = (read(Part::Before(id), AROUND)?, read(part, AROUND)?);
            let ends = (ids.len() < AROUND, after.len() < AROUND);
            ids.extend(after);
            (ids, ends.0, ends.1)
        }
        Part::First | Part::Before(_) => {
            let ids = read(Part::First, PAGE)?;
            let at_end = ids.len() < PAGE;
            (ids, true, at_end)
        }
        Part::Last => {
            let ids = read(Part::Last, PAGE)?;
            let at_start = ids.len() < PAGE;
            (ids, at_start, true)
        }
    };
    if ids.is_empty() {
        // It may be gone by now.
        ids = read(Part::First, AROUND)?;
    }
    let mut lines: BTreeMap<ExchangeId, Summary> =
        reader.summaries_of(&ids)?.into_iter().map(|row| (row.id, row)).collect();
    let rows = ids.iter().filter_map(|id| lines.remove(id)).collect();
    Ok(Rows { wanted, rows, at_start, at_end })
}

/// The attempts at the same request, as far as they lie near; empty for one that was sent once.
pub(super) fn attempts(reader: &Reader, id: ExchangeId) -> Result<Vec<Attempt>, store::Error> {
    let mut ids = vec![id];
    let mut first = id;
    while let Some(before) = reader.attempts_before(first)?.first() {
        first = *before;
        ids.push(first);
    }
    let mut last = id;
    while let Some(after) = reader.attempts_after(last)?.first() {
        last = *after;
        ids.push(last);
    }
    if ids.len() < 2 {
        return Ok(Vec::new());
    }
    let mut end_before: Option<WallTime> = None;
    let attempt = |row: &Summary| {
        let since = |end: WallTime| Micros(u64::try_from(row.started_at.0 - end.0).unwrap_or_default());
        let waited = end_before.map(since);
        end_before = row.duration.map(|took| row.started_at.plus(took));
        Attempt { id: row.id, waited, status: row.status, verdict: row.verdict }
    };
    Ok(reader.summaries_of(&ids)?.iter().map(attempt).collect())
}

/// The recordings in the directory of one, the one written last in front.
pub(super) fn recordings_beside(path: &Path) -> Vec<Recorded> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let Ok(entries) = std::fs::read_dir(directory.unwrap_or_else(|| Path::new("."))) else {
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "db"))
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)))
        .filter(|(other, metadata)| metadata.is_file() && other != path)
        .collect();
    found.sort_by_key(|(_, metadata)| std::cmp::Reverse(metadata.modified().ok()));
    found.truncate(RECORDINGS);
    found.into_iter().map(|(path, metadata)| Recorded { path, bytes: metadata.len() }).collect()
}
