//! Retention: what goes when a recording has become too old, too large or too long.
//!
//! Exchanges go from the oldest on, in short transactions between which a session can write. What they took
//! is given back to the system page by page, so that nothing waits for a whole file to be written anew.
//!
//! Invariant: an exchange that a living session has open never goes.

use super::error::Error;
use super::facets::WORD_COLUMNS;
use super::filter::{Compiler, Filter};
use super::read::Page;
use super::{find, lost, schema};
use crate::exchange::time::{Micros, WallTime};
use crate::exchange::{ExchangeId, SessionId};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// So many exchanges go in one transaction, and at most so many bytes of theirs.
const BATCH: usize = 200;
const BATCH_BYTES: u64 = 16 << 20;

/// So many pages are given back in one step.
const PAGES: i64 = 2_000;

/// So many pages of the full text are merged in one step.
const MERGED_PAGES: i64 = 500;

/// What a recording takes before anything is in it, in pages: each table and index has one at least.
const EMPTY_PAGES: i64 = 40;

/// What an exchange takes beside its bodies, in bytes, roughly: heads, digest, facets, words.
const OVERHEAD: u64 = 3_000;

/// What may stay. What any of the limits does not allow, goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Only exchanges that began within this time.
    pub age: Option<Micros>,
    /// Only so many bytes of file.
    pub size: Option<u64>,
    /// Only so many exchanges, the newest.
    pub count: Option<u64>,
}

/// What stays whatever the limits say. An exchange that is open always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spare {
    /// Nothing else.
    Open,
    /// Every exchange of a session that goes on.
    LivingSessions,
}

/// What is to go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrunePlan {
    /// The exchanges, the oldest first.
    pub ids: Vec<ExchangeId>,
    /// How many exchanges there are in all.
    pub of: u64,
    /// The bytes of their bodies.
    pub body_bytes: u64,
    /// What the file takes now, in bytes.
    pub file_bytes: u64,
    /// When the first of them began, and the last.
    pub span: Option<(WallTime, WallTime)>,
    /// Tunnels that began before this go with them.
    tunnels_before: Option<WallTime>,
}

/// How far pruning has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many exchanges are gone, of so many.
    Exchanges(u64, u64),
    /// Space is being given back: so many bytes of so many.
    Space(u64, u64),
}

/// What pruning did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// So many exchanges are gone.
    pub exchanges: u64,
    /// What the file and its log took before, in bytes.
    pub bytes_before: u64,
    /// What they take now. Space that a reader still looks at is given back later.
    pub bytes_after: u64,
}

/// What belongs to an exchange: a table, and its column with the exchange's number.
const PARTS: [(&str, &str); 6] = [
    ("segments", "exchange_id"),
    ("origins", "exchange_id"),
    ("findings", "exchange_id"),
    ("digests", "exchange_id"),
    ("facets", "exchange_id"),
    ("texts", "rowid"),
];

/// What numbers stand for that are to be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Exchanges.
    Exchanges,
    /// Exchanges that are gone, of which something is left.
    Orphans,
}

/// A recording, opened for taking away from it.
#[derive(Debug)]
pub struct Pruner {
    pub(super) connection: Connection,
    path: PathBuf,
}

impl Pruner {
    /// Opens the recording at `path` and settles what dead sessions left open.
    ///
    /// # Errors
    /// [`Error::Missing`] where there is none, else as for writing.
    pub fn open(path: &Path) -> Result<Self, Error> {
        // Opening to read says best what is not there or not ours, and makes nothing.
        drop(schema::open_for_reading(path)?);
        let connection = schema::open_for_writing(path).map_err(|error| lost::name_holders(path, error))?;
        lost::settle(&connection, path)?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// What goes by `retention`, of what `filter` asks for; everything that is asked for where it has no limits.
    pub fn plan(
        &self,
        retention: &Retention,
        filter: &Filter,
        spare: Spare,
        now: WallTime,
    ) -> Result<PrunePlan, Error> {
        let compiler = Compiler { connection: &self.connection, now, dead: &[] };
        let ids = find::sorted(&self.connection, &compiler.compile(filter)?, Page::default())?;
        let of: i64 = self.connection.query_row("SELECT count(*) FROM facets", [], |row| row.get(0))?;
        let mut candidates = Vec::with_capacity(ids.len());
        for id in ids {
            candidates.push(self.candidate(id)?);
        }
        let living = match spare {
            Spare::Open => BTreeSet::new(),
            Spare::LivingSessions => self.living_sessions()?,
        };
        for one in &mut candidates {
            one.is_spared |= living.contains(&one.session);
        }
        let goes = retention.judge(&candidates, self.usage()?, now);
        let gone: Vec<&Candidate> =
            candidates.iter().zip(&goes).filter(|(_, goes)| **goes).map(|(one, _)| one).collect();
        let began = || gone.iter().map(|one| one.started_at);
        let stays = candidates.iter().zip(&goes).filter(|(_, goes)| !**goes).map(|(one, _)| one.started_at);
        // A tunnel is no exchange that a filter could ask for: it goes with those that are younger than it.
        let horizon = retention.horizon(now);
        let first = (!gone.is_empty()).then(|| stays.min().unwrap_or(WallTime(i64::MAX)));
        Ok(PrunePlan {
            ids: gone.iter().map(|one| one.id).collect(),
            of: of.unsigned_abs(),
            body_bytes: gone.iter().map(|one| one.bytes).sum(),
            file_bytes: self.file_bytes(),
            span: began().min().zip(began().max()),
            tunnels_before: if filter.is_everything() { horizon.max(first) } else { None },
        })
    }

    /// Takes away what goes, and gives the space back. `progress` is told how far it has come and says whether to
    /// go on; what is gone by then stays gone.
    ///
    /// A plan estimates what exchanges take, so a size may ask for another round.
    ///
    /// # Errors
    /// What SQLite says; every transaction that was done stays done.
    pub fn run(
        &self,
        retention: &Retention,
        filter: &Filter,
        spare: Spare,
        now: WallTime,
        mut progress: impl FnMut(Progress) -> bool,
    ) -> Result<Pruned, Error> {
        let mut pruned = Pruned { bytes_before: self.file_bytes(), ..Pruned::default() };
        let mut tunnels_before = None;
        if self.sweep_orphans()? {
            self.merge_texts()?;
            self.give_back(&mut progress)?;
        }
        loop {
            let plan = self.plan(retention, filter, spare, now)?;
            tunnels_before = tunnels_before.max(plan.tunnels_before);
            if plan.ids.is_empty() || !self.carry_out(&plan, &mut pruned, &mut progress)? {
                break;
            }
        }
        self.sweep(tunnels_before, spare)?;
        pruned.bytes_after = self.file_bytes();
        Ok(pruned)
    }

    /// Takes these exchanges away, and gives the space back.
    ///
    /// # Errors
    /// As for [`Pruner::run`].
    pub fn remove(&self, ids: &[ExchangeId]) -> Result<Pruned, Error> {
        let mut pruned = Pruned { bytes_before: self.file_bytes(), ..Pruned::default() };
        let plan = PrunePlan { ids: ids.to_vec(), ..PrunePlan::default() };
        self.carry_out(&plan, &mut pruned, &mut |_| true)?;
        self.sweep(None, Spare::Open)?;
        pruned.bytes_after = self.file_bytes();
        Ok(pruned)
    }

    /// Says whether it came to its end.
    fn carry_out(
        &self,
        plan: &PrunePlan,
        pruned: &mut Pruned,
        progress: &mut impl FnMut(Progress) -> bool,
    ) -> Result<bool, Error> {
        let mut rest = plan.ids.as_slice();
        while !rest.is_empty() {
            let batch;
            (batch, rest) = rest.split_at(self.batch(rest)?);
            pruned.exchanges += self.delete(batch, Of::Exchanges)?;
            let gone = (plan.ids.len() - rest.len()) as u64;
            if !progress(Progress::Exchanges(gone, plan.ids.len() as u64)) {
                return Ok(false);
            }
        }
        self.merge_texts()?;
        self.give_back(progress)?;
        Ok(true)
    }

    /// Whether an exchange is open; `None` of one that is not there.
    pub(super) fn is_open(&self, id: ExchangeId) -> Result<Option<bool>, Error> {
        let mut statement =
            self.connection.prepare_cached("SELECT verdict = 0 FROM facets WHERE exchange_id = ?")?;
        Ok(statement.query_row([id], |row| row.get(0)).optional()?)
    }

    /// Takes exactly these away, none of which is open, and gives their space back.
    pub(super) fn delete_these(&self, ids: &[ExchangeId]) -> Result<(), Error> {
        let plan = PrunePlan { ids: ids.to_vec(), ..PrunePlan::default() };
        self.carry_out(&plan, &mut Pruned::default(), &mut |_| true)?;
        self.sweep(None, Spare::LivingSessions)
    }

    fn candidate(&self, id: ExchangeId) -> Result<Candidate, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT session_id, verdict, bytes, started_at_us FROM facets WHERE exchange_id = ?",
        )?;
        Ok(statement.query_row([id], |row| {
            Ok(Candidate {
                id,
                session: row.get(0)?,
                is_spared: row.get::<_, i64>(1)? == 0,
                bytes: row.get::<_, i64>(2)?.unsigned_abs(),
                started_at: WallTime(row.get(3)?),
            })
        })?)
    }

    /// The sessions that go on; those that died were settled when the recording was opened.
    fn living_sessions(&self) -> Result<BTreeSet<SessionId>, Error> {
        let mut statement = self.connection.prepare("SELECT id FROM sessions WHERE ended_at_us IS NULL")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// How many of `ids` go in one transaction; one at least.
    fn batch(&self, ids: &[ExchangeId]) -> Result<usize, Error> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT coalesce(max(bytes), 0) FROM facets WHERE exchange_id = ?")?;
        let mut bytes = 0;
        for (index, id) in ids.iter().take(BATCH).enumerate() {
            bytes += statement.query_row([id], |row| row.get::<_, i64>(0))?.unsigned_abs();
            if bytes > BATCH_BYTES {
                return Ok(index.max(1));
            }
        }
        Ok(ids.len().min(BATCH))
    }

    /// Takes exchanges away, or what is left of some that are gone. Says how many exchanges went.
    fn delete(&self, ids: &[ExchangeId], of: Of) -> Result<u64, Error> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let mut gone = 0;
        for id in ids {
            // An import may have given the number anew.
            let is_there = "SELECT 1 FROM exchanges WHERE id = ?";
            if of == Of::Orphans && transaction.prepare_cached(is_there)?.exists([id])? {
                continue;
            }
            for (table, column) in PARTS {
                transaction
                    .prepare_cached(&format!("DELETE FROM {table} WHERE {column} = ?"))?
                    .execute([id])?;
            }
            gone += transaction.prepare_cached("DELETE FROM exchanges WHERE id = ?")?.execute([id])?;
        }
        transaction.commit()?;
        Ok(gone as u64)
    }

    /// Takes away what is left of exchanges that are gone: a session may have written on to one that was pruned
    /// under its hands. Says whether there was any.
    ///
    /// Looking for it takes long, so it is done without a lock.
    fn sweep_orphans(&self) -> Result<bool, Error> {
        let mut orphans = BTreeSet::new();
        for (table, column) in PARTS {
            // The full text lists its rows in a table beside it.
            let (table, column) = if table == "texts" { ("texts_docsize", "id") } else { (table, column) };
            let mut statement = self.connection.prepare(&format!(
                "SELECT DISTINCT {column} FROM {table} WHERE {column} NOT IN (SELECT id FROM exchanges)"
            ))?;
            for id in statement.query_map([], |row| row.get(0))? {
                orphans.insert(id?);
            }
        }
        let orphans: Vec<ExchangeId> = orphans.into_iter().collect();
        for batch in orphans.chunks(BATCH) {
            self.delete(batch, Of::Orphans)?;
        }
        Ok(!orphans.is_empty())
    }

    /// Takes away what nothing refers to any more: tunnels that began before `tunnels_before`, sessions that
    /// left nothing, words.
    fn sweep(&self, tunnels_before: Option<WallTime>, spare: Spare) -> Result<(), Error> {
        if let Some(before) = tunnels_before {
            self.connection.execute(
                "DELETE FROM tunnels WHERE started_at_us < ?1 AND (?2 AND ended IS NOT NULL OR session_id NOT IN \
                 (SELECT id FROM sessions WHERE ended_at_us IS NULL))",
                params![before.0, spare == Spare::Open],
            )?;
        }
        // The newest stays, so that no number is given twice.
        self.connection.execute(
            "DELETE FROM sessions WHERE ended_at_us IS NOT NULL AND id < (SELECT max(id) FROM sessions) \
             AND NOT EXISTS (SELECT 1 FROM exchanges WHERE session_id = sessions.id) \
             AND id NOT IN (SELECT session_id FROM tunnels)",
            [],
        )?;
        self.sweep_words()
    }

    /// Looking for words that no exchange has takes too long to be done under a lock. So it is done without
    /// one, and counts only where nobody wrote meanwhile; the next time is as good.
    fn sweep_words(&self) -> Result<(), Error> {
        let version = self.pragma("data_version")?;
        let mut statement = self.connection.prepare(&format!(
            "SELECT id FROM words WHERE id NOT IN ({})",
            WORD_COLUMNS
                .map(|column| format!("SELECT {column} FROM facets WHERE {column} IS NOT NULL"))
                .join(" UNION ")
        ))?;
        let unused = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
        if unused.is_empty() {
            return Ok(());
        }
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        if self.pragma("data_version")? != version {
            return Ok(());
        }
        for id in unused {
            transaction.prepare_cached("DELETE FROM words WHERE id = ?")?.execute([id])?;
        }
        Ok(transaction.commit()?)
    }

    /// Lets the full text forget for good what was deleted from it, step by step.
    fn merge_texts(&self) -> Result<(), Error> {
        let mut pages = -MERGED_PAGES;
        loop {
            let before = self.connection.total_changes();
            self.connection.execute("INSERT INTO texts (texts, rank) VALUES ('merge', ?)", params![pages])?;
            // The insert itself counts as one change; documented at https://sqlite.org/fts5.html#the_merge_command.
            if self.connection.total_changes() - before < 2 {
                return Ok(());
            }
            pages = MERGED_PAGES;
        }
    }

    /// Gives free pages back to the system: takes them out of the file, then shortens it.
    fn give_back(&self, progress: &mut impl FnMut(Progress) -> bool) -> Result<(), Error> {
        let page_size = self.pragma("page_size")?;
        let total = self.pragma("freelist_count")?;
        loop {
            let left = self.pragma("freelist_count")?;
            let bytes = |pages: i64| (pages * page_size).unsigned_abs();
            if left == 0 || !progress(Progress::Space(bytes(total.max(left) - left), bytes(total.max(left))))
            {
                break;
            }
            // Every row is a page; the statement has to be stepped to its end.
            let mut statement = self.connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
            if self.pragma("freelist_count")? == left {
                break;
            }
        }
        // Waits for nobody, as it would keep a session from writing: where a reader holds on, the next
        // checkpoint shortens the file.
        self.connection.busy_timeout(Duration::ZERO)?;
        let shortened = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.connection.busy_timeout(schema::LOCK_PATIENCE)?;
        match shortened.map_err(Error::from) {
            Err(error) if !error.is_locked() => Err(error),
            _ => Ok(()),
        }
    }

    /// What the file takes.
    fn usage(&self) -> Result<FileUsage, Error> {
        let page_size = self.pragma("page_size")?;
        let pages = self.pragma("page_count")? - self.pragma("freelist_count")?;
        Ok(FileUsage {
            live: (pages * page_size).unsigned_abs(),
            empty: (EMPTY_PAGES * page_size).unsigned_abs(),
            estimated: self.estimated_bytes()?,
        })
    }

    /// What all exchanges are estimated to take.
    fn estimated_bytes(&self) -> Result<u64, Error> {
        let (bytes, count): (i64, i64) =
            self.connection.query_row("SELECT coalesce(sum(bytes), 0), count(*) FROM facets", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        Ok(bytes.unsigned_abs() + count.unsigned_abs() * OVERHEAD)
    }

    fn pragma(&self, name: &str) -> Result<i64, Error> {
        Ok(self.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?)
    }

    /// What the file and its log take on the disk.
    fn file_bytes(&self) -> u64 {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let length = |path: &Path| std::fs::metadata(path).map_or(0, |facts| facts.len());
        length(&self.path) + length(Path::new(&log))
    }
}

/// What limits ask of an exchange.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    id: ExchangeId,
    session: SessionId,
    /// It stays in any case.
    is_spared: bool,
    bytes: u64,
    started_at: WallTime,
}

/// What the file takes, in bytes.
#[derive(Debug, Clone, Copy)]
struct FileUsage {
    /// The pages that hold something.
    live: u64,
    /// Those of an empty recording.
    empty: u64,
    /// What all exchanges are estimated to take.
    estimated: u64,
}

impl Retention {
    /// Whether everything may stay.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What began before this is too old.
    fn horizon(&self, now: WallTime) -> Option<WallTime> {
        self.age.map(|age| WallTime(now.0.saturating_sub_unsigned(age.0)))
    }

    /// Which of `candidates`, the oldest first, go.
    fn judge(&self, candidates: &[Candidate], usage: FileUsage, now: WallTime) -> Vec<bool> {
        if self.is_none() {
            return candidates.iter().map(|one| !one.is_spared).collect();
        }
        let surplus = self.count.map_or(0, |count| (candidates.len() as u64).saturating_sub(count));
        let horizon = self.horizon(now);
        let excess = self.size.map_or(0, |size| usage.live.saturating_sub(size));
        let scale = usage.live.saturating_sub(usage.empty) as f64 / usage.estimated.max(1) as f64;
        let mut freed = 0.0;
        let mut goes = Vec::with_capacity(candidates.len());
        for (index, one) in candidates.iter().enumerate() {
            let too_many = (index as u64) < surplus;
            let too_old = horizon.is_some_and(|horizon| one.started_at < horizon);
            let too_large = freed < excess as f64;
            let gone = (too_many || too_old || too_large) && !one.is_spared;
            if gone {
                freed += (one.bytes + OVERHEAD) as f64 * scale;
            }
            goes.push(gone);
        }
        goes
    }
}
