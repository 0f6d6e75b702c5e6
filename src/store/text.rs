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
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO texts (rowid, prompt, answer) \
             SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM exchanges WHERE id = ?1)",
        )?
        .execute(params![id, words::plain(&text.prompt), words::plain(&text.answer)])?;
    Ok(())
}
