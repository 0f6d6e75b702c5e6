//! Sessions that died: whose lock nobody holds, though they never ended.

use super::error::Error;
use super::holders::{self, Holder};
use super::schema;
use crate::exchange::SessionId;
use rusqlite::{Connection, params};
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// Takes the lock of `session`; the system gives it back when the process ends, however it ends.
pub(super) fn hold(recording: &Path, session: SessionId) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(lock_path(recording, session))?;
    file.try_lock()?;
    Ok(file)
}

/// Removes the lock file of a session that has ended.
pub(super) fn release(recording: &Path, session: SessionId) {
    drop(std::fs::remove_file(lock_path(recording, session)));
}

/// Whether the process of `session` is still there.
fn is_alive(recording: &Path, session: SessionId) -> bool {
    File::open(lock_path(recording, session))
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// The sessions that died.
pub(super) fn dead_sessions(connection: &Connection, recording: &Path) -> Result<Vec<SessionId>, Error> {
    let mut unended = connection.prepare_cached("SELECT id FROM sessions WHERE ended_at_us IS NULL")?;
    let ids = unended.query_map([], |row| row.get(0))?.collect::<Result<Vec<SessionId>, _>>()?;
    Ok(ids.into_iter().filter(|id| !is_alive(recording, *id)).collect())
}

/// Marks what dead sessions left open as lost, and ends those sessions where their last exchange ended.
pub(super) fn settle(connection: &Connection, recording: &Path) -> Result<(), Error> {
    let dead = dead_sessions(connection, recording)?;
    for session in dead {
        let transaction =
            rusqlite::Transaction::new_unchecked(connection, rusqlite::TransactionBehavior::Immediate)?;
        for id in open_exchanges(&transaction, session)? {
            super::rows::settle_exchange(&transaction, id)?;
        }
        transaction.execute(
            "UPDATE sessions SET ended_at_us = max(started_at_us, coalesce((SELECT max(started_at_us + \
             coalesce(end_us, head_us, 0)) FROM exchanges WHERE session_id = ?1), 0)) WHERE id = ?1",
            params![session],
        )?;
        transaction.commit()?;
        release(recording, session);
    }
    Ok(())
}

/// Settles as [`settle`] does, for a reader; leaves the file alone where it may not write.
///
/// Gives back the dead sessions that could not be settled.
pub(super) fn settle_for_reading(reader: &Connection, recording: &Path) -> Result<Vec<SessionId>, Error> {
    let dead = dead_sessions(reader, recording)?;
    if dead.is_empty() {
        return Ok(dead);
    }
    let settled = schema::open_for_writing(recording).and_then(|writer| settle(&writer, recording));
    Ok(if settled.is_ok() { Vec::new() } else { dead })
}

/// Names the processes that hold a locked recording.
pub(super) fn name_holders(path: &Path, error: Error) -> Error {
    let Error::Locked { path: locked, .. } = error else {
        return error;
    };
    let mut holders = holders::holders(path);
    if holders.is_empty() {
        holders = writing_sessions(path).unwrap_or_default();
    }
    Error::Locked { path: locked, holders }
}

/// The processes of sessions that are still writing: where the system does not name who holds a lock, it is one of them.
fn writing_sessions(path: &Path) -> Result<Vec<Holder>, Error> {
    let connection = schema::open_for_reading(path)?;
    let mut statement = connection.prepare("SELECT id, pid FROM sessions WHERE ended_at_us IS NULL")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?)))?;
    let alive = rows.filter_map(Result::ok).filter(|(id, _)| is_alive(path, *id));
    Ok(alive.map(|(_, pid)| Holder::of(pid)).collect())
}

fn open_exchanges(connection: &Connection, session: SessionId) -> Result<Vec<i64>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT e.id FROM exchanges e LEFT JOIN digests d ON d.exchange_id = e.id \
         WHERE e.session_id = ? AND coalesce(d.verdict, 'open') = 'open'",
    )?;
    Ok(statement.query_map([session], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn lock_path(recording: &Path, session: SessionId) -> PathBuf {
    let mut name = OsString::from(recording);
    name.push(format!("-session-{session}.lock"));
    name.into()
}
