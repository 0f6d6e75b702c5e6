//! `GET /_gatetap/exchanges?filter=&limit=`: what `gatetap ls --json` says.

use super::Refusal;
use super::query::{parameters, unknown};
use crate::export::json::SummaryLine;
use crate::proxy::Shared;
use crate::store::filter::Filter;
use crate::store::{Error, Page, Reader};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use std::sync::Arc;

/// So many exchanges are listed unless `limit` says otherwise.
const LIMIT: u32 = 1000;

/// What is asked for.
#[derive(Debug)]
struct Query {
    filter: Filter,
    limit: u32,
}

/// Lists the newest exchanges that the filter lets through in the order of starting, one JSON object a line.
pub(super) async fn list(shared: &Arc<Shared>, query: &str) -> Result<Response<Bytes>, Refusal> {
    let query = Query::parse(query)?;
    let recorder = shared.recorder.clone();
    let listed = tokio::task::spawn_blocking(move || -> Result<Vec<u8>, Error> {
        let reader = Reader::open(recorder.recording())?;
        let page = Page { limit: Some(query.limit), ..Page::default() };
        let mut lines = Vec::new();
        for summary in reader.select(&query.filter, page, recorder.clock().now().wall)? {
            // A line has nothing in it that JSON could not say.
            if serde_json::to_writer(&mut lines, &SummaryLine::new(&summary)).is_ok() {
                lines.push(b'\n');
            }
        }
        Ok(lines)
    });
    let failed = |error: String| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error);
    let listed = listed.await.map_err(|error| failed(error.to_string()))?;
    let lines = listed.map_err(|error| failed(format!("the recording cannot be read: {error}")))?;
    let mut response = Response::new(Bytes::from(lines));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    Ok(response)
}

impl Query {
    fn parse(query: &str) -> Result<Self, Refusal> {
        let bad = |reason: String| Refusal::new(StatusCode::BAD_REQUEST, reason);
        let mut parsed = Self { filter: Filter::default(), limit: LIMIT };
        for (name, value) in parameters(query) {
            match name {
                "filter" => {
                    parsed.filter = Filter::parse(&value).map_err(|error| {
                        let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                        bad(format!("{error}{hint}"))
                    })?;
                }
                "limit" => {
                    let limit =
                        value.parse().map_err(|_not_a_number| bad(format!("`{value}` is no limit")))?;
                    parsed.limit = limit;
                }
                other => return Err(unknown(other, &["filter", "limit"])),
            }
        }
        Ok(parsed)
    }
}
