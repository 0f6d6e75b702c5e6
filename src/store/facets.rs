//! Facets: what filters ask of an exchange, as one narrow row of integers.
//!
//! A filter that matches nothing has to look at every exchange, so a look must cost next to nothing. Rows of
//! `exchanges` and `digests` are wide; those of `facets` take some fifty bytes, and texts stand in them as
//! numbers of `words`. Everything in here can be made again from the other tables.

use super::error::Error;
use super::rows;
use crate::digest::Digest;
use crate::digest::summary::Summary;
use crate::exchange::credential::CredentialFacts;
use crate::exchange::end::Verdict;
use crate::exchange::finding::{Finding, Severity};
use crate::exchange::time::Micros;
use crate::exchange::{Exchange, ExchangeId, SessionId};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// So many words of a kind the writer knows by heart, before it forgets them and asks again.
const KNOWN_WORDS: usize = 10_000;

/// The columns that stand for words.
pub(super) const WORD_COLUMNS: [&str; 8] =
    ["gateway", "path", "model", "model_answered", "code", "finish", "credential", "findings"];

/// The kinds of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Gateway,
    Path,
    Model,
    Code,
    Finish,
    /// The ids of all checks that fired, in the order of the alphabet, with blanks between them.
    Findings,
    /// A line for each credential: its fingerprint, a blank, and the last four.
    Credential,
}

/// What an exchange is or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    Streaming,
    Injected,
    Replayed,
}

/// One row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Facets {
    session_id: i64,
    status: Option<u16>,
    verdict: i64,
    flags: i64,
    severities: i64,
    gateway: Option<i64>,
    path: Option<i64>,
    model: Option<i64>,
    model_answered: Option<i64>,
    code: Option<i64>,
    finish: Option<i64>,
    credential: Option<i64>,
    findings: Option<i64>,
    ttft_us: Option<i64>,
    duration_us: Option<i64>,
    tokens: Option<i64>,
    bytes: i64,
    started_at_us: i64,
}

/// Keeps the table up with what a writer writes. Knows the rows of open exchanges, so that one that grows
/// without changing its facets costs no write, and those that the transaction has changed, so that each is
/// written once in it.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    open: BTreeMap<ExchangeId, Facets>,
    /// The rows that are to be written before the transaction ends.
    changed: BTreeMap<ExchangeId, Facets>,
    words: HashMap<Kind, HashMap<String, i64>>,
}

impl Kind {
    /// The number in `words.kind`.
    pub(super) const fn code(self) -> i64 {
        match self {
            Self::Gateway => 1,
            Self::Path => 2,
            Self::Model => 3,
            Self::Code => 4,
            Self::Finish => 5,
            Self::Findings => 6,
            Self::Credential => 7,
        }
    }
}

impl Flag {
    /// The bit in `facets.flags`.
    pub(super) const fn bit(self) -> i64 {
        match self {
            Self::Streaming => 1,
            Self::Injected => 2,
            Self::Replayed => 4,
        }
    }

    const fn when(self, is_so: bool) -> i64 {
        if is_so { self.bit() } else { 0 }
    }
}

/// The number in `facets.verdict`.
pub(super) const fn verdict_code(verdict: Verdict) -> i64 {
    match verdict {
        Verdict::Open => 0,
        Verdict::Complete => 1,
        Verdict::Refused => 2,
        Verdict::ErrorInside => 3,
        Verdict::Incomplete => 4,
        Verdict::CutByGateway => 5,
        Verdict::CutByApp => 6,
        Verdict::Failed => 7,
        Verdict::Lost => 8,
    }
}

/// The verdict of a number in `facets.verdict`.
pub(super) fn verdict_of(code: i64) -> Verdict {
    Verdict::ALL.into_iter().find(|verdict| verdict_code(*verdict) == code).unwrap_or(Verdict::Open)
}

/// The bit in `facets.severities`.
pub(super) const fn severity_bit(severity: Severity) -> i64 {
    match severity {
        Severity::Info => 1,
        Severity::Warning => 2,
        Severity::Error => 4,
    }
}

/// The fingerprint and the last four of each credential in a word for credentials.
pub(super) fn credential_parts(word: &str) -> impl Iterator<Item = (&str, &str)> {
    word.lines().map(|line| line.split_once(' ').unwrap_or((line, "")))
}

/// Makes the row of an exchange anew from the other tables.
pub(super) fn derive(connection: &Connection, id: ExchangeId) -> Result<(), Error> {
    let mut keeper = Keeper::default();
    keeper.derive(connection, id)?;
    keeper.flush(connection)
}

impl Keeper {
    /// An exchange was written down, for the first time or again.
    pub(super) fn exchange(
        &mut self,
        connection: &Connection,
        id: ExchangeId,
        session: SessionId,
        exchange: &Exchange,
    ) -> Result<(), Error> {
        // One that is written again and is not known was ended and judged before, or written by another hand.
        let Some(mut facets) = self.known(id).cloned().or_else(|| (exchange.id == 0).then(Facets::default))
        else {
            return self.derive(connection, id);
        };
        facets.session_id = session;
        facets.status = exchange.response.as_ref().map(|head| head.status);
        facets.set(Flag::Injected, exchange.fault.is_some());
        facets.set(Flag::Replayed, exchange.replay_of.is_some());
        facets.gateway = self.word(connection, Kind::Gateway, Some(&exchange.gateway))?;
        facets.path = self.word(connection, Kind::Path, Some(exchange.request.path()))?;
        if facets.code.is_none() {
            let token = exchange.own_answer.as_ref().map(|own| own.token.as_str());
            facets.code = self.word(connection, Kind::Code, token)?;
        }
        facets.credential = self.credentials(connection, &exchange.credentials)?;
        facets.duration_us = exchange.timing.end.map(whole);
        facets.bytes = (exchange.request_bytes + exchange.response_bytes) as i64;
        facets.started_at_us = exchange.started_at.0;
        self.put(connection, id, facets)
    }

    /// A digest was written down.
    pub(super) fn digest(
        &mut self,
        connection: &Connection,
        id: ExchangeId,
        digest: &Digest,
        verdict: Verdict,
    ) -> Result<(), Error> {
        let Some(mut facets) = self.known(id).cloned() else {
            return self.derive(connection, id);
        };
        self.fill_digest(connection, &mut facets, digest, verdict)?;
        self.put(connection, id, facets)
    }

    /// Whether it is known by heart that nothing was found in an exchange.
    pub(super) fn has_no_findings(&self, id: ExchangeId) -> bool {
        self.known(id).is_some_and(|facets| facets.findings.is_none())
    }

    /// What was found was written down.
    pub(super) fn findings(
        &mut self,
        connection: &Connection,
        id: ExchangeId,
        findings: &[Finding],
    ) -> Result<(), Error> {
        let Some(mut facets) = self.known(id).cloned() else {
            return self.derive(connection, id);
        };
        let ids: BTreeSet<&str> = findings.iter().map(|finding| finding.check.as_str()).collect();
        let ids = ids.into_iter().collect::<Vec<_>>().join(" ");
        let ids = Some(ids).filter(|ids| !ids.is_empty());
        facets.findings = self.word(connection, Kind::Findings, ids.as_deref())?;
        facets.severities = findings.iter().fold(0, |bits, finding| bits | severity_bit(finding.severity));
        self.put(connection, id, facets)
    }

    /// Writes the rows that have changed. Before a transaction ends.
    pub(super) fn flush(&mut self, connection: &Connection) -> Result<(), Error> {
        for (id, facets) in std::mem::take(&mut self.changed) {
            if self.open.get(&id) != Some(&facets) {
                facets.write(connection, id)?;
            }
            if facets.verdict == verdict_code(Verdict::Open) {
                self.open.insert(id, facets);
            } else {
                self.open.remove(&id);
            }
        }
        Ok(())
    }

    /// Makes the row of an exchange anew from the other tables.
    pub(super) fn derive(&mut self, connection: &Connection, id: ExchangeId) -> Result<(), Error> {
        self.open.remove(&id);
        self.changed.remove(&id);
        let found = connection
            .prepare_cached(&format!(
                "SELECT {} FROM exchanges e LEFT JOIN digests d ON d.exchange_id = e.id WHERE e.id = ?",
                rows::SUMMARY_COLUMNS
            ))?
            .query_row([id], |row| Ok((rows::summary(row)?, rows::credentials(row)?)))
            .optional()?;
        let Some((summary, credentials)) = found else { return Ok(()) };
        let severities = severities(connection, id)?;
        let mut facets = self.of_summary(connection, &summary, severities)?;
        facets.credential = self.credentials(connection, &credentials)?;
        self.put(connection, id, facets)
    }

    /// Forgets the words: another hand has written, and may have taken unused ones away.
    pub(super) fn forget_words(&mut self) {
        self.words.clear();
    }

    /// Forgets everything: what was written may have been undone.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    fn of_summary(
        &mut self,
        connection: &Connection,
        summary: &Summary,
        severities: i64,
    ) -> Result<Facets, Error> {
        let mut ids: Vec<&str> = summary.findings.iter().map(String::as_str).collect();
        ids.sort_unstable();
        let ids = Some(ids.join(" ")).filter(|ids| !ids.is_empty());
        let mut facets = Facets {
            session_id: summary.session,
            status: summary.status,
            severities,
            gateway: self.word(connection, Kind::Gateway, Some(&summary.gateway))?,
            path: self.word(connection, Kind::Path, Some(&summary.path))?,
            code: self.word(connection, Kind::Code, summary.own_error.as_deref())?,
            findings: self.word(connection, Kind::Findings, ids.as_deref())?,
            duration_us: summary.duration.map(whole),
            bytes: (summary.request_bytes + summary.response_bytes) as i64,
            started_at_us: summary.started_at.0,
            ..Facets::default()
        };
        facets.set(Flag::Injected, summary.fault.is_some());
        facets.set(Flag::Replayed, summary.replay_of.is_some());
        self.fill_digest(connection, &mut facets, &summary.digest, summary.verdict)?;
        Ok(facets)
    }

    fn fill_digest(
        &mut self,
        connection: &Connection,
        facets: &mut Facets,
        digest: &Digest,
        verdict: Verdict,
    ) -> Result<(), Error> {
        facets.verdict = verdict_code(verdict);
        facets.set(Flag::Streaming, digest.streaming);
        facets.model = self.word(connection, Kind::Model, digest.model.as_deref())?;
        facets.model_answered = self.word(connection, Kind::Model, digest.model_answered.as_deref())?;
        if digest.error_code.is_some() {
            facets.code = self.word(connection, Kind::Code, digest.error_code.as_deref())?;
        }
        facets.finish = self.word(connection, Kind::Finish, digest.finish_reason.as_deref())?;
        facets.ttft_us = digest.first_token.map(whole);
        facets.tokens = digest.usage.total.map(|total| total as i64);
        Ok(())
    }

    fn known(&self, id: ExchangeId) -> Option<&Facets> {
        self.changed.get(&id).or_else(|| self.open.get(&id))
    }

    fn put(&mut self, connection: &Connection, id: ExchangeId, facets: Facets) -> Result<(), Error> {
        self.changed.insert(id, facets);
        if connection.is_autocommit() { self.flush(connection) } else { Ok(()) }
    }

    fn credentials(
        &mut self,
        connection: &Connection,
        credentials: &[CredentialFacts],
    ) -> Result<Option<i64>, Error> {
        let lines: Vec<String> = credentials
            .iter()
            .map(|facts| format!("{} {}", facts.fingerprint, facts.last4.as_deref().unwrap_or_default()))
            .collect();
        let word = (!lines.is_empty()).then(|| lines.join("\n"));
        self.word(connection, Kind::Credential, word.as_deref())
    }

    /// The number of a word; a new one is given where it has none.
    fn word(
        &mut self,
        connection: &Connection,
        kind: Kind,
        text: Option<&str>,
    ) -> Result<Option<i64>, Error> {
        let Some(text) = text else { return Ok(None) };
        if let Some(id) = self.words.get(&kind).and_then(|words| words.get(text)) {
            return Ok(Some(*id));
        }
        let found = connection
            .prepare_cached("SELECT id FROM words WHERE kind = ? AND text = ?")?
            .query_row(params![kind.code(), text], |row| row.get(0))
            .optional()?;
        let id = if let Some(id) = found {
            id
        } else {
            connection
                .prepare_cached("INSERT INTO words (kind, text) VALUES (?, ?)")?
                .execute(params![kind.code(), text])?;
            connection.last_insert_rowid()
        };
        let words = self.words.entry(kind).or_default();
        if words.len() >= KNOWN_WORDS {
            words.clear();
        }
        words.insert(text.to_owned(), id);
        Ok(Some(id))
    }
}

impl Facets {
    fn set(&mut self, flag: Flag, is_so: bool) {
        self.flags = (self.flags & !flag.bit()) | flag.when(is_so);
    }

    fn write(&self, connection: &Connection, id: ExchangeId) -> Result<(), Error> {
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO facets (exchange_id, session_id, status, verdict, flags, severities, gateway, \
                 path, model, model_answered, code, finish, credential, findings, ttft_us, duration_us, tokens, bytes, \
                 started_at_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                id,
                self.session_id,
                self.status,
                self.verdict,
                self.flags,
                self.severities,
                self.gateway,
                self.path,
                self.model,
                self.model_answered,
                self.code,
                self.finish,
                self.credential,
                self.findings,
                self.ttft_us,
                self.duration_us,
                self.tokens,
                self.bytes,
                self.started_at_us,
            ])?;
        Ok(())
    }
}

/// The bits of the severities of what was found.
fn severities(connection: &Connection, id: ExchangeId) -> Result<i64, Error> {
    let mut statement =
        connection.prepare_cached("SELECT DISTINCT severity FROM findings WHERE exchange_id = ?")?;
    let mut rows = statement.query([id])?;
    let mut bits = 0;
    while let Some(row) = rows.next()? {
        let word: String = row.get("severity")?;
        bits |= severity_bit(rows::severity(&word));
    }
    Ok(bits)
}

fn whole(time: Micros) -> i64 {
    time.0 as i64
}
