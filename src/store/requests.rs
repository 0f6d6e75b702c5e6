//! What was asked, of many exchanges: read in little more time than the bodies take.

use super::error::Error;
use super::read::{Reader, body};
use super::rows;
use crate::exchange::ExchangeId;
use crate::exchange::body::{Body, Side};
use crate::exchange::credential::CredentialFacts;
use crate::exchange::head::RequestHead;
use rusqlite::OptionalExtension;

/// One recorded request.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRequest {
    /// The number of its exchange.
    pub id: ExchangeId,
    /// The name of the gateway it went to.
    pub gateway: String,
    /// No gatetap has recorded it: its target is what the gateway itself was asked for.
    pub foreign: bool,
    /// Its head, secrets masked.
    pub head: RequestHead,
    /// What is kept of the credentials it carried.
    pub credentials: Vec<CredentialFacts>,
    /// The status it got.
    pub status: Option<u16>,
    /// The token of gatetap's own answer, if it got one.
    pub own_error: Option<String>,
    /// Its body.
    pub body: Body,
}

impl Reader {
    /// The request of an exchange; `None` if there is no such number.
    pub fn request(&self, id: ExchangeId) -> Result<Option<RecordedRequest>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT gateway, peer IS NULL AS is_foreign, method, target, request_version, request_head, credentials, status, own_error \
             FROM exchanges WHERE id = ?",
        )?;
        let found = statement.query_row([id], |row| {
            Ok(RecordedRequest {
                id,
                gateway: row.get("gateway")?,
                foreign: row.get("is_foreign")?,
                head: rows::request_head(row)?,
                credentials: rows::credentials(row)?,
                status: row.get("status")?,
                own_error: row.get("own_error")?,
                body: Body::default(),
            })
        });
        let Some(mut request) = found.optional()? else { return Ok(None) };
        request.body = body(&self.connection, id, Side::Request)?;
        Ok(Some(request))
    }
}
