//! Cassettes: recordings that are replayed and recorded into at once.
//!
//! What such a session leaves is tidied when it is over. That it has to be stands in its row from its start, so
//! that it is done by whoever replays the recording next, should its process have been killed.

use super::edit::Editor;
use super::error::Error;
use super::read::Reader;
use super::write::Writer;
use crate::exchange::SessionId;
use rusqlite::params;

/// What is to be done with the exchanges of a session when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tidying {
    /// What was replayed goes.
    Copies,
    /// That, and what was recorded takes the place of what it repeats.
    Replaces,
}

impl Tidying {
    /// The word in the table.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Copies => "copies",
            Self::Replaces => "replaces",
        }
    }
}

impl Writer {
    /// Writes down that this session is to be tidied.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn tidy_later(&self, tidying: Tidying) -> Result<(), Error> {
        self.connection.execute(
            "UPDATE sessions SET tidying = ? WHERE id = ?",
            params![tidying.as_str(), self.session],
        )?;
        Ok(())
    }
}

impl Reader {
    /// The sessions that are over and still to be tidied.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn untidied(&self) -> Result<Vec<(SessionId, Tidying)>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, tidying FROM sessions WHERE tidying IS NOT NULL AND ended_at_us IS NOT NULL ORDER BY id",
        )?;
        let found = statement.query_map([], |row| {
            let word: String = row.get(1)?;
            let replaces = word == Tidying::Replaces.as_str();
            Ok((row.get(0)?, if replaces { Tidying::Replaces } else { Tidying::Copies }))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

impl Editor {
    /// Writes down that a session is tidied.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_tidied(&self, session: SessionId) -> Result<(), Error> {
        self.pruner.connection.execute("UPDATE sessions SET tidying = NULL WHERE id = ?", [session])?;
        Ok(())
    }
}
