//! Reading: one function a question. A [`Reader`] sees what was committed last, also while another
//! process writes.

use super::error::Error;
use super::{lost, marks, rows, schema};
use crate::digest::summary::{Summary, Whole};
use crate::exchange::body::{Body, Cut, Side};
use crate::exchange::end::Verdict;
use crate::exchange::finding::Finding;
use crate::exchange::origin::Origin;
use crate::exchange::{ExchangeId, SessionId};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::{Path, PathBuf};

/// A recording, opened for reading.
#[derive(Debug)]
pub struct Reader {
    pub(super) connection: Connection,
    path: PathBuf,
    /// Sessions that died and could not be settled, because the file may not be written.
    pub(super) dead: Vec<SessionId>,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Page {
    /// Only exchanges before this one.
    pub before: Option<ExchangeId>,
    /// Only exchanges after this one.
    pub after: Option<ExchangeId>,
    /// At most so many: the newest of them; with `after`, the oldest.
    pub limit: Option<u32>,
}

impl Reader {
    /// Opens the recording at `path`.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Foreign`], [`Error::Newer`], or what SQLite says.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let connection = schema::open_for_reading(path)?;
        let dead = lost::settle_for_reading(&connection, path)?;
        Ok(Self { connection, path: path.to_owned(), dead })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A number that changes whenever another connection has committed.
    pub fn version(&self) -> Result<i64, Error> {
        Ok(self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
    }

    /// How many exchanges there are.
    pub fn count(&self) -> Result<u64, Error> {
        let count: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM exchanges")?
            .query_row([], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// The exchanges of a page, in the order of starting, newest last.
    pub fn summaries(&self, page: Page) -> Result<Vec<Summary>, Error> {
        let direction = if page.after.is_some() { "ASC" } else { "DESC" };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {} FROM exchanges e LEFT JOIN digests d ON d.exchange_id = e.id \
             WHERE e.id > ?1 AND e.id < ?2 ORDER BY e.id {direction} LIMIT ?3",
            rows::SUMMARY_COLUMNS
        ))?;
        let limit = page.limit.map_or(-1, i64::from);
        let found = statement.query_map(
            params![page.after.unwrap_or(i64::MIN), page.before.unwrap_or(i64::MAX), limit],
            rows::summary,
        )?;
        let mut summaries = found.collect::<Result<Vec<_>, _>>()?;
        if page.after.is_none() {
            summaries.reverse();
        }
        for summary in &mut summaries {
            self.settle(summary);
        }
        Ok(summaries)
    }

    /// The lines of these exchanges, in the order of starting; unknown ids are left out.
    pub fn summaries_of(&self, ids: &[ExchangeId]) -> Result<Vec<Summary>, Error> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {} FROM exchanges e LEFT JOIN digests d ON d.exchange_id = e.id WHERE e.id = ?",
            rows::SUMMARY_COLUMNS
        ))?;
        let mut summaries = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(mut summary) = statement.query_row([id], rows::summary).optional()? {
                self.settle(&mut summary);
                summaries.push(summary);
            }
        }
        summaries.sort_by_key(|summary| summary.id);
        Ok(summaries)
    }

    /// The exchanges that have no final verdict yet.
    pub fn open_exchanges(&self) -> Result<Vec<ExchangeId>, Error> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT exchange_id FROM facets WHERE verdict = 0 ORDER BY exchange_id")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// One exchange with everything but its bodies; `None` if there is no such number.
    pub fn exchange(&self, id: ExchangeId) -> Result<Option<Whole>, Error> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {}, {} FROM exchanges e LEFT JOIN digests d ON d.exchange_id = e.id WHERE e.id = ?",
            rows::SUMMARY_COLUMNS,
            rows::EXCHANGE_COLUMNS
        ))?;
        let found =
            statement.query_row([id], |row| Ok((rows::summary(row)?, rows::exchange(row)?))).optional()?;
        let Some((mut summary, exchange)) = found else {
            return Ok(None);
        };
        self.settle(&mut summary);
        Ok(Some(Whole { summary, exchange, findings: self.findings(id)? }))
    }

    /// The sentence of evidence for an exchange's verdict.
    pub fn evidence(&self, id: ExchangeId) -> Result<Option<String>, Error> {
        let mut statement =
            self.connection.prepare_cached("SELECT evidence FROM digests WHERE exchange_id = ?")?;
        Ok(statement.query_row([id], |row| row.get(0)).optional()?)
    }

    /// One body of an exchange, as far as it is recorded.
    pub fn body(&self, id: ExchangeId, side: Side) -> Result<Body, Error> {
        body(&self.connection, id, side)
    }

    /// What the origin of an exchange sent, where a fault altered it.
    pub fn origin(&self, id: ExchangeId) -> Result<Option<Origin>, Error> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT head, ended, ended_detail FROM origins WHERE exchange_id = ?")?;
        let found = statement.query_row([id], |row| {
            let head: Vec<u8> = row.get("head")?;
            Ok(Origin { head: head.into(), end: rows::end(row, "ended", "ended_detail")? })
        });
        Ok(found.optional()?)
    }

    fn findings(&self, id: ExchangeId) -> Result<Vec<Finding>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT check_id, severity, message, evidence, fix, places FROM findings WHERE exchange_id = ? ORDER BY id",
        )?;
        let found = statement.query_map([id], |row| {
            let severity: String = row.get("severity")?;
            let places: String = row.get("places")?;
            Ok(Finding {
                check: row.get("check_id")?,
                severity: rows::severity(&severity),
                message: row.get("message")?,
                evidence: row.get("evidence")?,
                fix: row.get("fix")?,
                // What a later version may call a place is no reason to hide the finding.
                places: places.lines().filter_map(|place| place.parse().ok()).collect(),
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Says `lost` of what a dead session left open in a file that could not be written.
    fn settle(&self, summary: &mut Summary) {
        if summary.verdict == Verdict::Open && self.dead.contains(&summary.session) {
            summary.verdict = Verdict::Lost;
        }
    }
}

/// One body, put together from its segments.
pub(super) fn body(connection: &Connection, id: ExchangeId, side: Side) -> Result<Body, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT bytes, marks FROM segments WHERE exchange_id = ? AND side = ? ORDER BY start, id",
    )?;
    let mut segments = statement.query(params![id, side.as_str()])?;
    let mut body = Body::default();
    let mut passed = 0;
    while let Some(row) = segments.next()? {
        let bytes = row.get_ref("bytes")?.as_blob().unwrap_or_default();
        let marks = marks::decode(row.get_ref("marks")?.as_blob().unwrap_or_default());
        let length: u64 = marks.iter().map(|mark| u64::from(mark.length)).sum();
        if (bytes.len() as u64) < length && body.cut.is_none() {
            body.cut = Some(Cut { at: passed + bytes.len() as u64, tail: 0 });
        } else if let Some(cut) = &mut body.cut {
            cut.tail += bytes.len() as u64;
        }
        passed += length;
        body.bytes.extend_from_slice(bytes);
        body.marks.extend(marks);
    }
    Ok(body)
}
