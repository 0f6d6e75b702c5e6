//! The schema, its versions, and how a file is opened.

use super::error::Error;
use rusqlite::{Connection, OpenFlags};
use std::fs::OpenOptions;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Marks a SQLite file as a gatetap recording: `gtap`.
const APPLICATION_ID: i64 = 0x6774_6170;

/// Entry `n` takes a file from version `n` to `n + 1`. Entries are only ever appended.
const MIGRATIONS: &[&str] = &[V1, V2];

/// So many pages gather in the write-ahead log, 16 MiB, before they are put into their places: the same pages
/// are written again and again while many streams are open.
const LOG_PAGES: i64 = 4096;

/// How long one statement waits for another process's lock.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(5);

const V1: &str = "
CREATE TABLE recording (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  id            INTEGER PRIMARY KEY,
  started_at_us INTEGER NOT NULL,
  ended_at_us   INTEGER,
  pid           INTEGER NOT NULL,
  program       TEXT NOT NULL,
  command       TEXT NOT NULL,
  upstream      TEXT NOT NULL,
  seed          INTEGER,
  tidying       TEXT
) STRICT;

CREATE TABLE exchanges (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id      INTEGER NOT NULL REFERENCES sessions (id),
  started_at_us   INTEGER NOT NULL,
  peer            TEXT,
  gateway         TEXT NOT NULL,
  url             TEXT NOT NULL,
  method          TEXT NOT NULL,
  target          TEXT NOT NULL,
  request_version TEXT NOT NULL,
  request_head    BLOB NOT NULL,
  sent_head       BLOB,
  credentials     TEXT,
  interim         TEXT,
  status          INTEGER,
  response_version TEXT,
  response_head   BLOB,
  own_error       TEXT,
  own_message     TEXT,
  connect_us      INTEGER,
  tls_us          INTEGER,
  reused          INTEGER,
  sent_us         INTEGER,
  head_us         INTEGER,
  end_us          INTEGER,
  held_us         INTEGER,
  request_bytes   INTEGER NOT NULL DEFAULT 0,
  response_bytes  INTEGER NOT NULL DEFAULT 0,
  request_sha256  BLOB,
  response_sha256 BLOB,
  request_trailers BLOB,
  response_trailers BLOB,
  request_end     TEXT,
  request_end_detail TEXT,
  response_end    TEXT,
  response_end_detail TEXT,
  fault           TEXT,
  replay_of       INTEGER,
  note            TEXT,
  request_hidden  INTEGER NOT NULL DEFAULT 0,
  request_hidden_own INTEGER NOT NULL DEFAULT 0,
  request_hidden_at INTEGER,
  response_hidden INTEGER NOT NULL DEFAULT 0,
  response_hidden_own INTEGER NOT NULL DEFAULT 0,
  response_hidden_at INTEGER
) STRICT;

CREATE INDEX exchanges_by_session ON exchanges (session_id);
CREATE INDEX exchanges_noted ON exchanges (id) WHERE note IS NOT NULL;

CREATE TABLE segments (
  id          INTEGER PRIMARY KEY,
  exchange_id INTEGER NOT NULL REFERENCES exchanges (id),
  side        TEXT NOT NULL,
  start       INTEGER NOT NULL,
  bytes       BLOB NOT NULL,
  marks       BLOB NOT NULL
) STRICT;

CREATE INDEX segments_by_exchange ON segments (exchange_id, side, start);

CREATE TABLE origins (
  exchange_id INTEGER PRIMARY KEY REFERENCES exchanges (id),
  head        BLOB NOT NULL,
  ended       TEXT,
  ended_detail TEXT
) STRICT;

CREATE TABLE digests (
  exchange_id       INTEGER PRIMARY KEY REFERENCES exchanges (id),
  verdict           TEXT NOT NULL,
  evidence          TEXT NOT NULL,
  dialect           TEXT NOT NULL,
  streaming         INTEGER NOT NULL,
  model             TEXT,
  model_answered    TEXT,
  request_id        TEXT,
  error_code        TEXT,
  error_message     TEXT,
  finish_reason     TEXT,
  terminal_event    TEXT,
  input_tokens      INTEGER,
  output_tokens     INTEGER,
  total_tokens      INTEGER,
  cached_tokens     INTEGER,
  reasoning_tokens  INTEGER,
  cost              REAL,
  first_token_us    INTEGER,
  first_event_us    INTEGER,
  last_event_us     INTEGER,
  events            INTEGER NOT NULL,
  comments          INTEGER NOT NULL,
  leftover_bytes    INTEGER NOT NULL,
  agent             TEXT,
  retry_count       INTEGER,
  client_timeout_s  REAL,
  error_kind        TEXT,
  native_finish_reason TEXT,
  provider          TEXT,
  answer_id         TEXT,
  longest_gap_us    INTEGER,
  longest_gap_after INTEGER,
  event_reads       INTEGER,
  most_in_a_read    INTEGER,
  choices           INTEGER,
  open_choices      INTEGER
) STRICT;

CREATE TABLE findings (
  id          INTEGER PRIMARY KEY,
  exchange_id INTEGER NOT NULL REFERENCES exchanges (id),
  check_id    TEXT NOT NULL,
  severity    TEXT NOT NULL,
  message     TEXT NOT NULL,
  evidence    TEXT NOT NULL,
  fix         TEXT NOT NULL,
  places      TEXT NOT NULL
) STRICT;

CREATE INDEX findings_by_exchange ON findings (exchange_id);

CREATE TABLE words (
  id   INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  text TEXT NOT NULL,
  UNIQUE (kind, text)
) STRICT;

CREATE TABLE facets (
  exchange_id     INTEGER PRIMARY KEY REFERENCES exchanges (id),
  session_id      INTEGER NOT NULL,
  status          INTEGER,
  verdict         INTEGER NOT NULL,
  flags           INTEGER NOT NULL,
  severities      INTEGER NOT NULL,
  gateway         INTEGER,
  path            INTEGER,
  model           INTEGER,
  model_answered  INTEGER,
  code            INTEGER,
  finish          INTEGER,
  credential      INTEGER,
  findings        INTEGER,
  ttft_us         INTEGER,
  duration_us     INTEGER,
  tokens          INTEGER,
  bytes           INTEGER NOT NULL,
  started_at_us   INTEGER NOT NULL
) STRICT;

CREATE INDEX facets_open ON facets (exchange_id) WHERE verdict = 0;

CREATE VIRTUAL TABLE texts USING fts5 (
  prompt, answer, content = '', contentless_delete = 1, tokenize = 'ascii'
);

CREATE VIEW exchange_list AS
SELECT
  e.id,
  e.session_id AS session,
  strftime('%Y-%m-%dT%H:%M:%fZ', e.started_at_us / 1e6, 'unixepoch') AS started_at,
  e.method,
  e.target,
  e.gateway,
  e.url,
  e.status,
  coalesce(d.verdict, 'open') AS verdict,
  d.evidence,
  d.dialect,
  d.streaming,
  d.model,
  d.model_answered,
  d.request_id,
  coalesce(d.error_code, e.own_error) AS error_code,
  d.error_message,
  d.finish_reason,
  e.end_us / 1e3 AS duration_ms,
  d.first_token_us / 1e3 AS ttft_ms,
  e.head_us / 1e3 AS head_ms,
  d.input_tokens,
  d.output_tokens,
  d.total_tokens,
  d.cost,
  d.events,
  e.request_bytes,
  e.response_bytes,
  json_extract(e.credentials, '$[0].last4') AS key_last4,
  json_extract(e.credentials, '$[0].fingerprint') AS key_fingerprint,
  (SELECT group_concat(DISTINCT f.check_id) FROM findings f WHERE f.exchange_id = e.id) AS findings,
  e.fault,
  e.replay_of,
  e.note
FROM exchanges e LEFT JOIN digests d ON d.exchange_id = e.id;

CREATE VIEW bodies AS
SELECT
  e.id AS exchange_id,
  s.side,
  CASE s.side WHEN 'request' THEN e.request_bytes ELSE e.response_bytes END AS bytes,
  (SELECT group_concat(CAST(o.bytes AS TEXT), '') FROM (
     SELECT bytes FROM segments WHERE exchange_id = e.id AND side = s.side ORDER BY start, id) o) AS text
FROM exchanges e CROSS JOIN (SELECT 'request' AS side UNION ALL SELECT 'response') s;

CREATE VIEW finding_list AS
SELECT f.exchange_id, f.severity, f.check_id AS finding, f.message, f.evidence, f.fix, e.status, e.method, e.target
FROM findings f JOIN exchanges e ON e.id = f.exchange_id;
";

const V2: &str = "
CREATE TABLE tunnels (
  id             INTEGER PRIMARY KEY,
  session_id     INTEGER NOT NULL REFERENCES sessions (id),
  started_at_us  INTEGER NOT NULL,
  peer           TEXT,
  host           TEXT NOT NULL,
  connect_us     INTEGER,
  end_us         INTEGER,
  sent_bytes     INTEGER NOT NULL DEFAULT 0,
  received_bytes INTEGER NOT NULL DEFAULT 0,
  ended          TEXT,
  ended_detail   TEXT,
  own_error      TEXT,
  own_message    TEXT
) STRICT;
";

/// Opens `path` for writing and brings it to the newest schema; makes it, readable by its owner alone,
/// if it is not there.
///
/// # Errors
/// [`Error::File`] where the file cannot be made, [`Error::Foreign`] and [`Error::Newer`] where it is not
/// ours to write, [`Error::Locked`] while another process holds it.
pub(super) fn open_for_writing(path: &Path) -> Result<Connection, Error> {
    let fresh = make_private(path)?;
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|error| opening(path, error))?;
    prepare(&connection, path, fresh)?;
    Ok(connection)
}

/// Opens `path` for reading.
///
/// The last to leave a file in WAL mode tidies up the files beside it, if it may write. So a recording is opened
/// with that right where there is one, though not a row of it is changed: what only reads would leave them
/// lying about.
///
/// # Errors
/// As for writing, and [`Error::Missing`].
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, Error> {
    if !path.exists() {
        return Err(Error::Missing { path: path.to_owned() });
    }
    let access = if is_marked(path) && !has_session(path) {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    } else {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    };
    match open_with(path, path.to_owned(), access) {
        Err(Error::File { .. }) if nobody_writes(path) => {
            let uri = format!("file:{}?immutable=1", encoded(path));
            open_with(path, uri.into(), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
        }
        opened => opened,
    }
}

fn open_with(path: &Path, name: PathBuf, flags: OpenFlags) -> Result<Connection, Error> {
    let connection = Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| opening(path, error))?;
    connection.busy_timeout(LOCK_PATIENCE)?;
    let version = check_ours(&connection, path)?;
    if version == 0 {
        // An empty file: a recording that is being made, or nothing yet.
        return Err(Error::Missing { path: path.to_owned() });
    }
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Whether a session may be running on it. It may go on with a new file of the same name, and whoever tidies up
/// after the old one would take the new one's log away.
fn has_session(path: &Path) -> bool {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return true };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let lock = format!("{}-session-", name.to_string_lossy());
    std::fs::read_dir(directory).map_or(true, |entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(&lock))
    })
}

/// Whether the file itself says that it is a recording, so that nothing of anybody else is tidied up.
///
/// The offset is documented at <https://sqlite.org/fileformat2.html#the_database_header>.
fn is_marked(path: &Path) -> bool {
    let mut header = [0; 72];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header.ends_with(&(APPLICATION_ID as u32).to_be_bytes())
}

/// Whether a recording may be read as it lies there: where the files that its writers need cannot be made, as
/// on a read-only medium, and none holds rows that are not in it yet.
fn nobody_writes(path: &Path) -> bool {
    let mut log = path.to_owned().into_os_string();
    log.push("-wal");
    std::fs::metadata(log).map_or(true, |log| log.len() == 0)
}

/// A path as a part of a URI.
fn encoded(path: &Path) -> String {
    let spelled = |byte: &u8| match byte {
        b'%' | b'?' | b'#' | 0..=b' ' | 127.. => format!("%{byte:02X}"),
        _ => char::from(*byte).to_string(),
    };
    path.as_os_str().as_encoded_bytes().iter().map(spelled).collect()
}

fn prepare(connection: &Connection, path: &Path, fresh: bool) -> Result<(), Error> {
    connection.busy_timeout(LOCK_PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(64);
    if fresh {
        // So that pruning gives space back in small steps, beside a session that writes.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    } else {
        check_ours(connection, path)?;
    }
    let journal: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|error| opening(path, error))?;
    if !journal.eq_ignore_ascii_case("wal") {
        return Err(Error::Damaged(format!("`{}` cannot use a write-ahead log here", path.display())));
    }
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    migrate(connection, path)
}

/// The schema version of a file that is ours or empty; 0 is empty.
fn check_ours(connection: &Connection, path: &Path) -> Result<i64, Error> {
    let number =
        |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0));
    let application = number("application_id").map_err(|error| opening(path, error))?;
    let version = number("user_version").map_err(|error| opening(path, error))?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| opening(path, error))?;
    if application != APPLICATION_ID && (tables > 0 || version != 0 || application != 0) {
        return Err(Error::Foreign { path: path.to_owned() });
    }
    let known = MIGRATIONS.len() as i64;
    if version > known {
        return Err(Error::Newer { path: path.to_owned(), found: version, known });
    }
    Ok(version)
}

fn migrate(connection: &Connection, path: &Path) -> Result<(), Error> {
    let current = |connection: &Connection| {
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).map_err(Error::from)
    };
    if current(connection)? == MIGRATIONS.len() as i64 {
        return Ok(());
    }
    let transaction =
        rusqlite::Transaction::new_unchecked(connection, rusqlite::TransactionBehavior::Exclusive)
            .map_err(|error| opening(path, error))?;
    // Another process may have migrated while this one waited for the lock.
    let version = usize::try_from(current(&transaction)?).unwrap_or_default();
    for migration in MIGRATIONS.get(version..).unwrap_or_default() {
        transaction.execute_batch(migration)?;
    }
    if version == 0 {
        transaction.execute("INSERT INTO recording (name, value) VALUES ('salt', randomblob(16))", [])?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    transaction.commit()?;
    Ok(())
}

/// Makes the file, and the directories above it, for the owner alone. Says whether it is new.
fn make_private(path: &Path) -> Result<bool, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.exists()) {
        private_directory(parent).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
            Ok(false)
        }
        Err(error) => Err(failed(error)),
    }
}

fn private_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Names what SQLite said while a file was being opened.
fn opening(path: &Path, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode as Code;
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(Code::NotADatabase) => Error::Foreign { path },
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => Error::Locked { path, pids: Vec::new() },
        Some(Code::CannotOpen | Code::ReadOnly | Code::PermissionDenied) => {
            Error::File { path, source: std::io::Error::other(error) }
        }
        _ => Error::Sql(error),
    }
}
