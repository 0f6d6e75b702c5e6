//! Writing. One [`Writer`] a process; the recorder thread owns it.

use super::error::Error;
use super::{lost, marks, schema};
use crate::digest::Digest;
use crate::digest::verdict::Judgement;
use crate::exchange::body::{Mark, Side};
use crate::exchange::credential::CredentialFacts;
use crate::exchange::end::{BodyEnd, OwnAnswer};
use crate::exchange::finding::Finding;
use crate::exchange::head::{Headers, RequestHead, ResponseHead};
use crate::exchange::time::WallTime;
use crate::exchange::{ExchangeId, SessionId, Timing};
use rusqlite::{Connection, params};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The number of a segment.
pub type SegmentId = i64;

/// The one hand that writes into a recording. Holds the session's lock.
#[derive(Debug)]
pub struct Writer {
    connection: Connection,
    path: PathBuf,
    session: SessionId,
    salt: Vec<u8>,
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

/// What is known of an exchange when it begins. Secrets are masked already.
#[derive(Debug)]
pub struct NewExchange<'a> {
    /// When it began.
    pub started_at: WallTime,
    /// The app's socket address.
    pub peer: Option<&'a str>,
    /// The gateway's name.
    pub gateway: &'a str,
    /// The URL on the gateway side.
    pub url: &'a str,
    /// The request as the app sent it.
    pub request: &'a RequestHead,
    /// The headers as they go to the gateway.
    pub sent: Option<&'a Headers>,
    /// What is kept of its credentials.
    pub credentials: &'a [CredentialFacts],
    /// The fault that is injected.
    pub fault: Option<&'a str>,
    /// The exchange that this one sends again.
    pub replay_of: Option<ExchangeId>,
}

impl Writer {
    /// Opens or makes the recording at `path`, settles what dead sessions left open, and starts a session.
    ///
    /// # Errors
    /// See [`Error`]; nothing of a file that is not ours is touched.
    pub fn open(path: &Path, start: &SessionStart) -> Result<Self, Error> {
        let connection = schema::open_for_writing(path).map_err(|error| lost::name_holders(path, error))?;
        lost::settle(&connection, path)?;
        let salt = connection.query_row("SELECT value FROM recording WHERE name = 'salt'", [], |row| {
            row.get(0)
        })?;
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
        let lock = lost::hold(path, session).map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            session,
            salt,
            lock: Some(lock),
        })
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
        Ok(self.connection.execute_batch("BEGIN IMMEDIATE")?)
    }

    /// Ends the transaction: from here on every reader sees it, and no crash of the process undoes it.
    pub fn commit(&self) -> Result<(), Error> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    /// Gives the transaction up, where there is one.
    pub fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            drop(self.connection.execute_batch("ROLLBACK"));
        }
    }

    /// Writes down an exchange that has begun.
    pub fn insert_exchange(&self, new: &NewExchange<'_>) -> Result<ExchangeId, Error> {
        self.connection
            .prepare_cached(
                "INSERT INTO exchanges (session_id, started_at_us, peer, gateway, url, method, target, \
                 request_version, request_head, sent_head, credentials, fault, replay_of) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                self.session,
                new.started_at.0,
                new.peer,
                new.gateway,
                new.url,
                new.request.method,
                new.request.target,
                new.request.version,
                head_blob(new.request.raw.as_deref(), &new.request.headers),
                new.sent.map(Headers::to_block),
                super::rows::credentials_to_json(new.credentials),
                new.fault,
                new.replay_of,
            ])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Writes down the answer's head, or gatetap's own answer.
    pub fn set_response(
        &self,
        id: ExchangeId,
        head: &ResponseHead,
        own: Option<&OwnAnswer>,
        timing: &Timing,
    ) -> Result<(), Error> {
        self.connection
            .prepare_cached(
                "UPDATE exchanges SET status = ?, response_version = ?, response_head = ?, own_error = ?, \
                 own_message = ?, connect_us = ?, tls_us = ?, reused = ?, sent_us = ?, head_us = ? WHERE id = ?",
            )?
            .execute(params![
                head.status,
                head.version,
                head_blob(head.raw.as_deref(), &head.headers),
                own.map(|own| own.token.as_str()),
                own.map(|own| own.message.as_str()),
                timing.connect.map(|at| at.0 as i64),
                timing.tls.map(|at| at.0 as i64),
                timing.reused,
                timing.sent.map(|at| at.0 as i64),
                timing.head.map(|at| at.0 as i64),
                id,
            ])?;
        Ok(())
    }

    /// Writes down how the bodies of an exchange stand: their sizes, and their ends where they have ended.
    pub fn set_ends(
        &self,
        id: ExchangeId,
        bytes: [u64; 2],
        ends: [Option<&BodyEnd>; 2],
        end: Option<crate::exchange::time::Micros>,
    ) -> Result<(), Error> {
        let [request, response] = ends.map(super::rows::end_to_columns);
        self.connection
            .prepare_cached(
                "UPDATE exchanges SET request_bytes = ?, response_bytes = ?, request_end = ?, \
                 request_end_detail = ?, response_end = ?, response_end_detail = ?, end_us = ? WHERE id = ?",
            )?
            .execute(params![
                bytes[0] as i64,
                bytes[1] as i64,
                request.0,
                request.1,
                response.0,
                response.1,
                end.map(|at| at.0 as i64),
                id,
            ])?;
        Ok(())
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
            .execute(params![
                id,
                side.as_str(),
                start as i64,
                bytes,
                marks::encode(marks)
            ])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Replaces the marks of a segment: its chunks were taken after it was written.
    pub fn set_marks(&self, id: SegmentId, marks: &[Mark]) -> Result<(), Error> {
        self.connection
            .prepare_cached("UPDATE segments SET marks = ? WHERE id = ?")?
            .execute(params![marks::encode(marks), id])?;
        Ok(())
    }

    /// Writes down what was derived from an exchange, in place of what was derived before.
    pub fn put_digest(&self, id: ExchangeId, digest: &Digest, judgement: &Judgement) -> Result<(), Error> {
        super::rows::put_digest(&self.connection, id, digest, judgement)
    }

    /// Writes down what the checks found, in place of what they had found before.
    pub fn put_findings(&self, id: ExchangeId, findings: &[Finding]) -> Result<(), Error> {
        self.connection
            .prepare_cached("DELETE FROM findings WHERE exchange_id = ?")?
            .execute([id])?;
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO findings (exchange_id, check_id, severity, message, evidence, fix) VALUES (?, ?, ?, ?, ?, ?)",
        )?;
        for finding in findings {
            insert.execute(params![
                id,
                finding.check,
                finding.severity.as_str(),
                finding.message,
                finding.evidence,
                finding.fix
            ])?;
        }
        Ok(())
    }

    /// Ends the session and gives its lock back.
    pub fn end_session(mut self, at: WallTime) -> Result<(), Error> {
        self.roll_back();
        self.connection.execute(
            "UPDATE sessions SET ended_at_us = ? WHERE id = ?",
            params![at.0, self.session],
        )?;
        self.lock = None;
        lost::release(&self.path, self.session);
        Ok(())
    }
}

/// The blob for a head: its own bytes, or its header lines where it had none.
fn head_blob(raw: Option<&[u8]>, headers: &Headers) -> Vec<u8> {
    raw.map_or_else(|| headers.to_block(), <[u8]>::to_vec)
}
