//! Sessions: reading.

use super::error::Error;
use super::read::Reader;
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
}
