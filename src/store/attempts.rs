//! Attempts: requests that a client sent again.

use super::error::Error;
use super::filter::State;
use super::read::Reader;
use crate::exchange::ExchangeId;
use crate::exchange::body::Side;
use crate::exchange::end::Verdict;
use crate::exchange::time::WallTime;
use rusqlite::params;

/// So far before or after an exchange its neighbours among the attempts are looked for.
pub const NEAR: ExchangeId = 50;

/// Whoever waits longer after a failure calls anew; as the checks of retries have it.
const LONGEST_PAUSE_US: i64 = 120_000_000;

/// An end is seen so much after the app has seen it, at most.
const LATE_US: i64 = 100_000;

/// When one request began and its answer ended, and how.
#[derive(Debug, Clone, Copy)]
struct Run {
    id: ExchangeId,
    began: WallTime,
    ended: Option<WallTime>,
    verdict: Verdict,
}

impl Reader {
    /// The exchanges that this one may be the next attempt at, nearest first.
    ///
    /// What two in a row have in common is who asked whom for what, byte for byte. SDKs count their attempts
    /// besides: where the same call was made twice at once, there is more than one answer. Of a client that does
    /// not count, the next attempt is the next such request, if it followed a failure within two minutes.
    pub fn attempts_before(&self, id: ExchangeId) -> Result<Vec<ExchangeId>, Error> {
        let counted = self.counted_attempts(id, -1)?;
        if !counted.is_empty() {
            return Ok(counted);
        }
        let Some((before, own)) = self.beside(id, -1)? else { return Ok(counted) };
        Ok(before.is_followed_by(own).then_some(before.id).into_iter().collect())
    }

    /// The exchanges that may be the next attempt at this one, nearest first.
    pub fn attempts_after(&self, id: ExchangeId) -> Result<Vec<ExchangeId>, Error> {
        let counted = self.counted_attempts(id, 1)?;
        if !counted.is_empty() {
            return Ok(counted);
        }
        let Some((after, own)) = self.beside(id, 1)? else { return Ok(counted) };
        Ok(own.is_followed_by(after).then_some(after.id).into_iter().collect())
    }

    /// The nearest of the same requests of clients that do not count, and this one.
    fn beside(&self, id: ExchangeId, step: i64) -> Result<Option<(Run, Run)>, Error> {
        let (direction, from, to) = if step < 0 { ("DESC", id - NEAR, id) } else { ("ASC", id, id + NEAR) };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT o.id, o.started_at_us, o.end_us, p.verdict, \
             e.started_at_us AS own_started_at_us, e.end_us AS own_end_us, d.verdict AS own_verdict \
             FROM exchanges e JOIN digests d ON d.exchange_id = e.id \
             JOIN exchanges o ON o.id BETWEEN ?2 AND ?3 AND o.id <> e.id \
             JOIN digests p ON p.exchange_id = o.id \
             WHERE e.id = ?1 AND o.session_id = e.session_id AND o.request_bytes = e.request_bytes \
             AND o.method = e.method AND o.url = e.url AND p.agent IS d.agent \
             AND p.retry_count IS NULL AND d.retry_count IS NULL ORDER BY o.id {direction}"
        ))?;
        let mut rows = statement.query(params![id, from, to])?;
        let mut body = None;
        while let Some(row) = rows.next()? {
            let run = |id, [began, ended, verdict]: [&str; 3]| {
                let began = WallTime(row.get(began)?);
                let ended: Option<i64> = row.get(ended)?;
                let ended = ended.map(|took| WallTime(began.0.saturating_add(took)));
                let verdict = row.get_ref(verdict)?.as_str().ok().and_then(Verdict::parse);
                Ok::<_, Error>(Run { id, began, ended, verdict: verdict.unwrap_or(Verdict::Open) })
            };
            let other = run(row.get("id")?, ["started_at_us", "end_us", "verdict"])?;
            let own = match &body {
                Some(own) => own,
                None => body.insert(self.body(id, Side::Request)?.bytes),
            };
            if self.body(other.id, Side::Request)?.bytes == *own {
                let own = run(id, ["own_started_at_us", "own_end_us", "own_verdict"])?;
                return Ok(Some((other, own)));
            }
        }
        Ok(None)
    }

    fn counted_attempts(&self, id: ExchangeId, step: i64) -> Result<Vec<ExchangeId>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT o.id FROM exchanges e JOIN digests d ON d.exchange_id = e.id \
             JOIN exchanges o ON o.id BETWEEN ?2 AND ?3 AND o.id <> e.id \
             JOIN digests p ON p.exchange_id = o.id \
             WHERE e.id = ?1 AND o.session_id = e.session_id AND o.request_bytes = e.request_bytes \
             AND o.method = e.method AND o.url = e.url AND p.agent IS d.agent \
             AND (p.retry_count IS NOT NULL OR d.retry_count IS NOT NULL) \
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

impl Run {
    /// Whether a client that does not count its attempts made the next one with that, after this had failed.
    fn is_followed_by(self, next: Self) -> bool {
        let has_failed = State::is_error(self.verdict) || self.verdict == Verdict::CutByApp;
        let pause = self.ended.map(|ended| next.began.0.saturating_sub(ended.0));
        has_failed && pause.is_some_and(|pause| (-LATE_US..=LONGEST_PAUSE_US).contains(&pause))
    }
}
