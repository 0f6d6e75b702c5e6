//! The full text: the words of prompts and answers, and nothing that could be read back from them.

use super::error::Error;
use super::words;
use crate::digest::Text;
use crate::exchange::ExchangeId;
use rusqlite::{Connection, params};

/// Writes down the words of an exchange, in place of those it had. One that was pruned meanwhile gets none.
pub(super) fn put(connection: &Connection, id: ExchangeId, text: &Text) -> Result<(), Error> {
    if text.prompt.is_empty() && text.answer.is_empty() {
        connection.prepare_cached("DELETE FROM texts WHERE rowid = ?")?.execute([id])?;
        return Ok(());
    }
    if !connection.prepare_cached("SELECT 1 FROM exchanges WHERE id = ?")?.exists([id])? {
        return Ok(());
    }
    // Not as one statement with the question above: for such a one SQLite makes a savepoint, and the full text writes
    // down at each what it would otherwise gather until the transaction ends.
    connection
        .prepare_cached("INSERT OR REPLACE INTO texts (rowid, prompt, answer) VALUES (?, ?, ?)")?
        .execute(params![id, words::plain(&text.prompt), words::plain(&text.answer)])?;
    Ok(())
}
