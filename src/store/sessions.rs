//! Sessions: reading.

use super::error::Error;
use super::facets::verdict_code;
use super::read::Reader;
use crate::exchange::SessionId;
use crate::exchange::end::Verdict;
use crate::exchange::session::Session;
use crate::exchange::time::WallTime;

impl Reader {
    /// The sessions, in the order of starting.
    pub fn sessions(&self) -> Result<Vec<Session>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, started_at_us, ended_at_us, program, command, upstream, seed FROM sessions ORDER BY id",
        )?;
        let found = statement.query_map([], |row| {
            Ok(Session {
                id: row.get("id")?,
                started_at: WallTime(row.get("started_at_us")?),
                ended_at: row.get::<_, Option<i64>>("ended_at_us")?.map(WallTime),
                program: row.get("program")?,
                command: row.get("command")?,
                upstream: row.get("upstream")?,
                seed: row.get("seed")?,
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// How many exchanges of each session ended how.
    pub fn session_counts(&self) -> Result<Vec<(SessionId, Verdict, u64)>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT session_id, verdict, count(*) FROM facets GROUP BY session_id, verdict",
        )?;
        let mut rows = statement.query([])?;
        let mut counts = Vec::new();
        while let Some(row) = rows.next()? {
            let (session, code): (SessionId, i64) = (row.get(0)?, row.get(1)?);
            let verdict = Verdict::ALL.into_iter().find(|verdict| verdict_code(*verdict) == code);
            let count: i64 = row.get(2)?;
            counts.push((session, verdict.unwrap_or(Verdict::Open), count.unsigned_abs()));
        }
        Ok(counts)
    }
}
