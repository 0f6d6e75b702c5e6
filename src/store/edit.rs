//! Changes that a person makes to a recording by hand: notes, and exchanges that are to go.
//!
//! Invariant: as with pruning, an exchange that is open never goes.

use super::error::Error;
use super::prune::Pruner;
use super::write::Writer;
use crate::exchange::ExchangeId;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, params};
use std::path::Path;

/// A recording, opened for changes by hand, also while a session writes it.
#[derive(Debug)]
pub struct Editor {
    pub(super) pruner: Pruner,
}

/// What became of exchanges that were to go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Those that are gone.
    pub gone: Vec<ExchangeId>,
    /// Those that stay, because they are still open.
    pub open: Vec<ExchangeId>,
}

impl Writer {
    /// Puts a note to an exchange, whose secrets are masked already.
    pub fn put_note(&self, id: ExchangeId, note: &str) -> Result<(), Error> {
        put_note(&self.connection, id, Some(note)).map(drop)
    }
}

fn put_note(connection: &Connection, id: ExchangeId, note: Option<&str>) -> Result<usize, Error> {
    let mut statement = connection.prepare_cached("UPDATE exchanges SET note = ? WHERE id = ?")?;
    Ok(statement.execute(params![note, id])?)
}

impl Editor {
    /// Opens the recording at `path`.
    ///
    /// # Errors
    /// [`Error::Missing`] where there is none, [`Error::ReadOnly`] where it may not be written, else as for
    /// writing.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let pruner = Pruner::open(path).map_err(|error| read_only(path, error))?;
        if pruner.connection.is_readonly("main")? {
            return Err(Error::ReadOnly { path: path.to_owned() });
        }
        Ok(Self { pruner })
    }

    /// Puts a note, whose secrets are masked already, in the place of those that `ids` have; `None` takes them
    /// away. Says how many exchanges it was put to.
    ///
    /// # Errors
    /// What SQLite says; nothing is changed then.
    pub fn put_note(&self, ids: &[ExchangeId], note: Option<&str>) -> Result<usize, Error> {
        let connection = &self.pruner.connection;
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let mut changed = 0;
        for id in ids {
            changed += put_note(&transaction, *id, note)?;
        }
        transaction.commit()?;
        Ok(changed)
    }

    /// Takes exchanges away with all that belongs to them, and gives the space back.
    ///
    /// # Errors
    /// What SQLite says; what is gone by then stays gone.
    pub fn delete(&self, ids: &[ExchangeId]) -> Result<Deleted, Error> {
        let mut deleted = Deleted::default();
        for id in ids {
            let part = match self.pruner.is_open(*id)? {
                Some(true) => &mut deleted.open,
                Some(false) => &mut deleted.gone,
                // Somebody else was faster.
                None => continue,
            };
            part.push(*id);
        }
        self.pruner.delete_these(&deleted.gone)?;
        Ok(deleted)
    }
}

/// The error that says most plainly what is wrong with a file that may only be read.
fn read_only(path: &Path, error: Error) -> Error {
    match error {
        Error::Sql(error) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => {
            Error::ReadOnly { path: path.to_owned() }
        }
        other => other,
    }
}
