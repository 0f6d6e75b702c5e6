//! Tunnels: writing and reading.

use super::error::Error;
use super::read::Reader;
use super::rows::{end, end_to_columns, micros, number};
use super::write::Writer;
use crate::exchange::end::OwnAnswer;
use crate::exchange::time::WallTime;
use crate::exchange::tunnel::{Tunnel, TunnelId};
use rusqlite::{Row, params};

impl Writer {
    /// Writes down a tunnel: for the first time where its `id` is 0, else in place of what was known.
    pub fn put_tunnel(&self, tunnel: &Tunnel) -> Result<TunnelId, Error> {
        let (ended, detail) = end_to_columns(tunnel.ended.as_ref());
        let failure = tunnel.failure.as_ref();
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO tunnels (id, session_id, started_at_us, peer, host, connect_us, end_us, \
                 sent_bytes, received_bytes, ended, ended_detail, own_error, own_message) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                (tunnel.id != 0).then_some(tunnel.id),
                self.session,
                tunnel.started_at.0,
                tunnel.peer,
                tunnel.host,
                tunnel.connect.map(|time| time.0 as i64),
                tunnel.end.map(|time| time.0 as i64),
                tunnel.sent_bytes as i64,
                tunnel.received_bytes as i64,
                ended,
                detail,
                failure.map(|own| own.token.as_str()),
                failure.map(|own| own.message.as_str()),
            ])?;
        Ok(self.connection.last_insert_rowid())
    }
}

impl Reader {
    /// The tunnels, in the order of being written down first. A recording of format 1 has none.
    pub fn tunnels(&self) -> Result<Vec<Tunnel>, Error> {
        let version: i64 = self.connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version < 2 {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare_cached("SELECT * FROM tunnels ORDER BY id")?;
        Ok(statement.query_map([], tunnel)?.collect::<Result<_, _>>()?)
    }
}

fn tunnel(row: &Row<'_>) -> rusqlite::Result<Tunnel> {
    let token: Option<String> = row.get("own_error")?;
    let message: Option<String> = row.get("own_message")?;
    Ok(Tunnel {
        id: row.get("id")?,
        session: row.get("session_id")?,
        started_at: WallTime(row.get("started_at_us")?),
        peer: row.get("peer")?,
        host: row.get("host")?,
        connect: micros(row, "connect_us")?,
        end: micros(row, "end_us")?,
        sent_bytes: number(row, "sent_bytes")?.unwrap_or_default(),
        received_bytes: number(row, "received_bytes")?.unwrap_or_default(),
        ended: end(row, "ended", "ended_detail")?,
        failure: token.map(|token| OwnAnswer { token, message: message.unwrap_or_default() }),
    })
}
