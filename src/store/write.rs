//! Writing. One [`Writer`] a process; the recorder thread owns it.

use super::error::Error;
use super::facets::Keeper;
use super::{lost, marks, rows, schema, text};
use crate::digest::verdict::Judgement;
use crate::digest::{Digest, Text};
use crate::exchange::body::{Mark, Side, overlay};
use crate::exchange::finding::Finding;
use crate::exchange::head::Headers;
use crate::exchange::origin::Origin;
use crate::exchange::session::Session;
use crate::exchange::time::{Micros, WallTime};
use crate::exchange::{Exchange, ExchangeId, SessionId};
use bytes::Bytes;
use rusqlite::types::{Null, ToSqlOutput};
use rusqlite::{Connection, params, params_from_iter};
use std::cell::{Cell, RefCell};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

/// The number of a segment.
pub type SegmentId = i64;

/// How long a statement waits for another process's lock. The recorder tries again later; while one
/// statement waits, nothing else is written.
const LOCK_PATIENCE: Duration = Duration::from_millis(250);

/// The one hand that writes into a recording. Holds the session's lock.
#[derive(Debug)]
pub struct Writer {
    pub(super) connection: Connection,
    path: PathBuf,
    /// Which file it is, whatever its name.
    identity: Option<(u64, u64)>,
    start: SessionStart,
    pub(super) session: SessionId,
    salt: Vec<u8>,
    facets: RefCell<Keeper>,
    /// Changes whenever another connection has committed.
    seen_version: Cell<i64>,
    /// Locked for as long as this session runs.
    lock: Option<File>,
}

/// What is known of a session when it starts.
#[derive(Debug, Clone)]
pub struct SessionStart {
    /// When.
    pub started_at: WallTime,
    /// The name and version of the program.
    pub program: String,
    /// The command line, secrets masked.
    pub command: String,
    /// The upstream, as configured.
    pub upstream: String,
    /// The seed of everything random in it.
    pub seed: Option<i64>,
}

impl Writer {
    /// Opens or makes the recording at `path`, settles what dead sessions left open, and starts a session.
    ///
    /// # Errors
    /// See [`Error`]; nothing of a file that is not ours is touched.
    pub fn open(path: &Path, start: &SessionStart) -> Result<Self, Error> {
        Self::start(path, start).map_err(|error| match error {
            error if error.is_locked() => {
                lost::name_holders(path, Error::Locked { path: path.to_owned(), pids: Vec::new() })
            }
            error => error,
        })
    }

    fn start(path: &Path, start: &SessionStart) -> Result<Self, Error> {
        let connection = schema::open_for_writing(path)?;
        lost::settle(&connection, path)?;
        let salt =
            connection.query_row("SELECT value FROM recording WHERE name = 'salt'", [], |row| row.get(0))?;
        // Inside a transaction, so that nobody sees the session before its lock is held.
        connection.execute_batch("BEGIN IMMEDIATE")?;
        connection.execute(
            "INSERT INTO sessions (started_at_us, pid, program, command, upstream, seed) VALUES (?, ?, ?, ?, ?, ?)",
            params![
                start.started_at.0,
                std::process::id(),
                start.program,
                start.command,
                start.upstream,
                start.seed
            ],
        )?;
        let session = connection.last_insert_rowid();
        let lock =
            lost::hold(path, session).map_err(|source| Error::File { path: path.to_owned(), source })?;
        connection.execute_batch("COMMIT")?;
        connection.busy_timeout(LOCK_PATIENCE)?;
        let (path, start) = (path.to_owned(), start.clone());
        Ok(Self {
            connection,
            identity: identity(&path),
            path,
            start,
            session,
            salt,
            facets: RefCell::default(),
            seen_version: Cell::default(),
            lock: Some(lock),
        })
    }

    /// Opens or makes the recording at `path` to take sessions in that ran elsewhere. It holds no session
    /// of its own: [`Writer::insert_session`] comes before the first exchange.
    ///
    /// # Errors
    /// As for [`Writer::open`].
    pub fn open_for_import(path: &Path) -> Result<Self, Error> {
        let opened = || {
            let connection = schema::open_for_writing(path)?;
            lost::settle(&connection, path)?;
            connection.busy_timeout(schema::LOCK_PATIENCE)?;
            let salt =
                connection
                    .query_row("SELECT value FROM recording WHERE name = 'salt'", [], |row| row.get(0))?;
            Ok(Self {
                connection,
                identity: identity(path),
                path: path.to_owned(),
                start: SessionStart {
                    started_at: WallTime(0),
                    program: String::new(),
                    command: String::new(),
                    upstream: String::new(),
                    seed: None,
                },
                session: 0,
                salt,
                facets: RefCell::default(),
                seen_version: Cell::default(),
                lock: None,
            })
        };
        opened().map_err(|error: Error| match error {
            error if error.is_locked() => {
                lost::name_holders(path, Error::Locked { path: path.to_owned(), pids: Vec::new() })
            }
            error => error,
        })
    }

    /// Whether nothing was ever recorded.
    pub fn is_empty(&self) -> Result<bool, Error> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM sessions) AND NOT EXISTS (SELECT 1 FROM exchanges)";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// Writes down a session that ran elsewhere, under its own number or a new one where that is 0; what is
    /// inserted from here on belongs to it. One that did not end there ends here where it began.
    pub fn insert_session(&mut self, session: &Session) -> Result<SessionId, Error> {
        self.connection.execute(
            "INSERT INTO sessions (id, started_at_us, ended_at_us, pid, program, command, upstream, seed) \
             VALUES (?, ?, ?, 0, ?, ?, ?, ?)",
            params![
                (session.id != 0).then_some(session.id),
                session.started_at.0,
                session.ended_at.unwrap_or(session.started_at).0,
                session.program,
                session.command,
                session.upstream,
                session.seed
            ],
        )?;
        self.session = self.connection.last_insert_rowid();
        Ok(self.session)
    }

    /// What is inserted from here on belongs to that session.
    pub fn go_on_with(&mut self, session: SessionId) {
        self.session = session;
    }

    /// Whether the file that is written is still the one at its path.
    pub fn is_in_place(&self) -> bool {
        identity(&self.path) == self.identity
    }

    /// Goes on with a new recording at the same path.
    ///
    /// # Errors
    /// As for [`Writer::open`]; this writer is as it was then.
    pub fn start_anew(&mut self) -> Result<(), Error> {
        // The new session may have the number, and so the lock, of the one that is gone.
        self.lock = None;
        *self = Self::open(&self.path, &self.start)?;
        Ok(())
    }

    /// The recording.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The session that this writer writes.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// The salt of this recording's fingerprints.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// Starts a transaction.
    pub fn begin(&self) -> Result<(), Error> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let version =
            self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.seen_version.replace(version) != version {
            self.facets.borrow_mut().forget_words();
        }
        Ok(())
    }

    /// Ends the transaction: from here on every reader sees it, and no crash of the process undoes it.
    pub fn commit(&self) -> Result<(), Error> {
        self.facets.borrow_mut().flush(&self.connection)?;
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    /// Gives the transaction up, where there is one.
    pub fn roll_back(&self) {
        self.facets.borrow_mut().forget();
        if !self.connection.is_autocommit() {
            drop(self.connection.execute_batch("ROLLBACK"));
        }
    }

    /// Writes down an exchange for the first time; its `id` and `session` are given by the recording.
    pub fn insert_exchange(&self, exchange: &Exchange) -> Result<ExchangeId, Error> {
        self.insert(None, exchange)
    }

    /// The same under a number that is known to be free.
    pub fn insert_exchange_as(&self, id: ExchangeId, exchange: &Exchange) -> Result<ExchangeId, Error> {
        self.insert(Some(id), exchange)
    }

    fn insert(&self, id: Option<ExchangeId>, exchange: &Exchange) -> Result<ExchangeId, Error> {
        static INSERT: LazyLock<String> = LazyLock::new(|| {
            let names = || ["id"].into_iter().chain(ASKED).chain(ANSWERED).collect::<Vec<_>>();
            let places = vec!["?"; names().len()].join(", ");
            format!("INSERT INTO exchanges ({}) VALUES ({places})", names().join(", "))
        });
        let values = [or_null(id)].into_iter().chain(asked(self.session, exchange)).chain(answered(exchange));
        self.connection.prepare_cached(&INSERT)?.execute(params_from_iter(values))?;
        let id = self.connection.last_insert_rowid();
        self.facets.borrow_mut().exchange(&self.connection, id, self.session, exchange)?;
        Ok(id)
    }

    /// Writes down what has happened to an exchange since it was inserted.
    pub fn update_exchange(&self, exchange: &Exchange) -> Result<(), Error> {
        static UPDATE: LazyLock<String> = LazyLock::new(|| {
            let columns = ANSWERED.map(|name| format!("{name} = ?")).join(", ");
            format!("UPDATE exchanges SET fault = ?, {columns} WHERE id = ?")
        });
        let fault = or_null(exchange.fault.as_deref());
        let values = std::iter::once(fault).chain(answered(exchange)).chain([exchange.id.into()]);
        self.connection.prepare_cached(&UPDATE)?.execute(params_from_iter(values))?;
        self.facets.borrow_mut().exchange(&self.connection, exchange.id, self.session, exchange)
    }

    /// Writes down consecutive bytes of a body, which begin at `start`, and their marks.
    pub fn insert_segment(
        &self,
        id: ExchangeId,
        side: Side,
        start: u64,
        bytes: &[u8],
        marks: &[Mark],
    ) -> Result<SegmentId, Error> {
        self.connection
            .prepare_cached(
                "INSERT INTO segments (exchange_id, side, start, bytes, marks) VALUES (?, ?, ?, ?, ?)",
            )?
            .execute(params![id, side.as_str(), start as i64, bytes, marks::encode(marks)])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Replaces the marks of a segment: its chunks were taken after it was written.
    pub fn set_marks(&self, id: SegmentId, marks: &[Mark]) -> Result<(), Error> {
        self.connection
            .prepare_cached("UPDATE segments SET marks = ? WHERE id = ?")?
            .execute(params![marks::encode(marks), id])?;
        Ok(())
    }

    /// Writes other bytes over those at the offset `at` of a body, where they are kept.
    pub fn correct_segments(&self, id: ExchangeId, side: Side, at: u64, bytes: &[u8]) -> Result<(), Error> {
        let end = at + bytes.len() as u64;
        let mut select = self.connection.prepare_cached(
            "SELECT id, start, bytes FROM segments WHERE exchange_id = ?1 AND side = ?2 AND start < ?4 \
             AND start + length(bytes) > ?3",
        )?;
        let rows = select.query_map(params![id, side.as_str(), at as i64, end as i64], |row| {
            Ok((row.get::<_, SegmentId>(0)?, row.get::<_, i64>(1)? as u64, row.get::<_, Vec<u8>>(2)?))
        })?;
        for (segment, start, mut row) in rows.collect::<Result<Vec<_>, _>>()? {
            overlay(&mut row, start, at, bytes);
            self.connection
                .prepare_cached("UPDATE segments SET bytes = ? WHERE id = ?")?
                .execute(params![row, segment])?;
        }
        Ok(())
    }

    /// Writes down what an origin sent where a fault altered it, in place of what was written before.
    pub fn put_origin(&self, id: ExchangeId, origin: &Origin) -> Result<(), Error> {
        let end = rows::end_to_columns(origin.end.as_ref());
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO origins (exchange_id, head, ended, ended_detail) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![id, &origin.head[..], end.0, end.1])?;
        Ok(())
    }

    /// Writes down what was derived from an exchange, in place of what was derived before.
    pub fn put_digest(&self, id: ExchangeId, digest: &Digest, judgement: &Judgement) -> Result<(), Error> {
        rows::put_digest(&self.connection, id, digest, judgement)?;
        self.facets.borrow_mut().digest(&self.connection, id, digest, judgement.verdict)
    }

    /// Makes what was asked and what was answered known to the full text, in place of what was known before.
    pub fn put_text(&self, id: ExchangeId, text: &Text) -> Result<(), Error> {
        text::put(&self.connection, id, text)
    }

    /// Writes down what the checks found, in place of what they had found before.
    pub fn put_findings(&self, id: ExchangeId, findings: &[Finding]) -> Result<(), Error> {
        if !self.facets.borrow().has_no_findings(id) {
            self.connection.prepare_cached("DELETE FROM findings WHERE exchange_id = ?")?.execute([id])?;
        }
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO findings (exchange_id, check_id, severity, message, evidence, fix, places) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?;
        for finding in findings {
            let places: Vec<String> = finding.places.iter().map(ToString::to_string).collect();
            insert.execute(params![
                id,
                finding.check,
                finding.severity.as_str(),
                finding.message,
                finding.evidence,
                finding.fix,
                places.join("\n")
            ])?;
        }
        self.facets.borrow_mut().findings(&self.connection, id, findings)
    }

    /// Ends the session and gives its lock back.
    pub fn end_session(mut self, at: WallTime) -> Result<(), Error> {
        self.roll_back();
        self.connection
            .execute("UPDATE sessions SET ended_at_us = ? WHERE id = ?", params![at.0, self.session])?;
        self.lock = None;
        lost::release(&self.path, self.session);
        Ok(())
    }
}

/// What tells one file from another of the same name: device and number, where the system has them.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|facts| (facts.dev(), facts.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|_| (0, 0))
}

/// The columns of an exchange that are known when it begins, and do not change.
const ASKED: [&str; 12] = [
    "session_id",
    "started_at_us",
    "peer",
    "gateway",
    "url",
    "method",
    "target",
    "request_version",
    "request_head",
    "credentials",
    "fault",
    "replay_of",
];

/// Their values, in the same order.
fn asked(session: SessionId, exchange: &Exchange) -> [ToSqlOutput<'_>; ASKED.len()] {
    let request = &exchange.request;
    [
        session.into(),
        exchange.started_at.0.into(),
        or_null(exchange.peer.as_deref()),
        exchange.gateway.as_str().into(),
        exchange.url.as_str().into(),
        request.method.as_str().into(),
        request.target.as_str().into(),
        request.version.as_str().into(),
        head_blob(request.raw.as_ref(), &request.headers),
        or_null(rows::credentials_to_json(&exchange.credentials)),
        or_null(exchange.fault.as_deref()),
        or_null(exchange.replay_of),
    ]
}

/// The columns that are filled in as it goes on.
const ANSWERED: [&str; 30] = [
    "sent_head",
    "interim",
    "status",
    "response_version",
    "response_head",
    "own_error",
    "own_message",
    "connect_us",
    "tls_us",
    "reused",
    "sent_us",
    "head_us",
    "end_us",
    "held_us",
    "request_bytes",
    "response_bytes",
    "request_end",
    "request_end_detail",
    "response_end",
    "response_end_detail",
    "request_trailers",
    "response_trailers",
    "request_sha256",
    "response_sha256",
    "request_hidden",
    "request_hidden_own",
    "request_hidden_at",
    "response_hidden",
    "response_hidden_own",
    "response_hidden_at",
];

/// Their values, in the same order.
fn answered(exchange: &Exchange) -> [ToSqlOutput<'_>; ANSWERED.len()] {
    let response = exchange.response.as_ref();
    let own = exchange.own_answer.as_ref();
    let timing = &exchange.timing;
    let (asked, answer) = (exchange.request_hidden, exchange.response_hidden);
    let (request_end, request_detail) = rows::end_to_columns(exchange.request_end.as_ref());
    let (response_end, response_detail) = rows::end_to_columns(exchange.response_end.as_ref());
    [
        or_null(exchange.sent.as_ref().map(Headers::to_block)),
        or_null(rows::interim_to_json(&exchange.interim)),
        or_null(response.map(|head| head.status)),
        or_null(response.map(|head| head.version.as_str())),
        response.map_or_else(|| Null.into(), |head| head_blob(head.raw.as_ref(), &head.headers)),
        or_null(own.map(|own| own.token.as_str())),
        or_null(own.map(|own| own.message.as_str())),
        or_null(time(timing.connect)),
        or_null(time(timing.tls)),
        or_null(timing.reused),
        or_null(time(timing.sent)),
        or_null(time(timing.head)),
        or_null(time(timing.end)),
        or_null(time(timing.held)),
        (exchange.request_bytes as i64).into(),
        (exchange.response_bytes as i64).into(),
        or_null(request_end),
        or_null(request_detail),
        or_null(response_end),
        or_null(response_detail),
        or_null(trailers(&exchange.request_trailers)),
        or_null(trailers(&exchange.response_trailers)),
        or_null(exchange.request_sha256.as_ref().map(<[u8; 32]>::as_slice)),
        or_null(exchange.response_sha256.as_ref().map(<[u8; 32]>::as_slice)),
        (asked.count as i64).into(),
        (asked.own as i64).into(),
        or_null(asked.first.map(|at| at as i64)),
        (answer.count as i64).into(),
        (answer.own as i64).into(),
        or_null(answer.first.map(|at| at as i64)),
    ]
}

/// The blob for a head: its own bytes, or its header lines where it had none.
fn head_blob<'a>(raw: Option<&'a Bytes>, headers: &Headers) -> ToSqlOutput<'a> {
    raw.map_or_else(|| headers.to_block().into(), |raw| raw.as_ref().into())
}

fn or_null<'a, T>(value: Option<T>) -> ToSqlOutput<'a>
where
    ToSqlOutput<'a>: From<T>,
{
    value.map_or_else(|| Null.into(), ToSqlOutput::from)
}

/// The blob for the lines after a body, where there were some.
fn trailers(lines: &Headers) -> Option<Vec<u8>> {
    (!lines.is_empty()).then(|| lines.to_block())
}

fn time(at: Option<Micros>) -> Option<i64> {
    at.map(|at| at.0 as i64)
}
