//! Attempts: requests that a client sent again.

use super::error::Error;
use super::read::Reader;
use crate::exchange::ExchangeId;
use crate::exchange::body::Side;
use rusqlite::params;

/// So far before or after an exchange its neighbours among the attempts are looked for.
const NEAR: ExchangeId = 50;

impl Reader {
    /// The exchanges that this one may be the next attempt at, nearest first.
    ///
    /// SDKs count their attempts. What two in a row have in common besides is who asked whom for what, byte
    /// for byte. Where the same call was made twice at once, there is more than one answer.
    pub fn attempts_before(&self, id: ExchangeId) -> Result<Vec<ExchangeId>, Error> {
        self.neighbours(id, -1)
    }

    /// The exchanges that may be the next attempt at this one, nearest first.
    pub fn attempts_after(&self, id: ExchangeId) -> Result<Vec<ExchangeId>, Error> {
        self.neighbours(id, 1)
    }

    fn neighbours(&self, id: ExchangeId, step: i64) -> Result<Vec<ExchangeId>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT o.id FROM exchanges e JOIN digests d ON d.exchange_id = e.id \
             JOIN exchanges o ON o.id BETWEEN ?2 AND ?3 AND o.id <> e.id \
             JOIN digests p ON p.exchange_id = o.id \
             WHERE e.id = ?1 AND o.session_id = e.session_id AND o.request_bytes = e.request_bytes \
             AND o.method = e.method AND o.url = e.url AND p.agent IS d.agent \
             AND coalesce(p.retry_count, 0) = coalesce(d.retry_count, 0) + ?4 \
             ORDER BY abs(o.id - e.id)",
        )?;
        let (from, to) = if step < 0 { (id - NEAR, id) } else { (id, id + NEAR) };
        let rows = statement.query_map(params![id, from, to, step], |row| row.get(0))?;
        let alike = rows.collect::<Result<Vec<ExchangeId>, _>>()?;
        if alike.is_empty() {
            return Ok(alike);
        }
        let body = self.body(id, Side::Request)?.bytes;
        let mut same = Vec::new();
        for other in alike {
            if self.body(other, Side::Request)?.bytes == body {
                same.push(other);
            }
        }
        Ok(same)
    }
}
