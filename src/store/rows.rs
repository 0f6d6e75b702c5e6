//! Rows to values and back, shared by the writer and the readers. Columns go by name.

use super::error::Error;
use crate::digest::summary::Summary;
use crate::digest::verdict::Judgement;
use crate::digest::{ClientFacts, Digest, Pace, Usage, examine};
use crate::exchange::body::{Hidden, Side};
use crate::exchange::credential::{CredentialFacts, Defect};
use crate::exchange::end::{BodyEnd, Hop, OwnAnswer, Verdict};
use crate::exchange::finding::Severity;
use crate::exchange::head::{Headers, InterimHead, RequestHead, ResponseHead, split_target};
use crate::exchange::time::{Micros, WallTime};
use crate::exchange::{Exchange, ExchangeId, Timing};
use crate::wire::dialect::Dialect;
use bytes::Bytes;
use rusqlite::{Connection, Row, params};
use serde::Serialize;
use serde_json::{Value, json};

/// What a summary needs of a row, of `exchanges` as `e` and `digests` as `d`.
pub(super) const SUMMARY_COLUMNS: &str = "e.id, e.session_id, e.started_at_us, e.method, e.target, e.gateway, e.url, \
     e.status, e.own_error, e.end_us, e.fault, e.replay_of, e.note, e.credentials, e.request_bytes, e.response_bytes, \
     coalesce(d.verdict, 'open') AS verdict, d.dialect, d.streaming, d.model, d.model_answered, d.request_id, \
     d.error_code, d.error_message, d.finish_reason, d.terminal_event, d.input_tokens, d.output_tokens, \
     d.total_tokens, d.cached_tokens, d.reasoning_tokens, d.cost, d.first_token_us, d.first_event_us, \
     d.last_event_us, d.events, d.comments, d.leftover_bytes, d.agent, d.retry_count, d.client_timeout_s, \
     d.error_kind, d.native_finish_reason, d.provider, d.answer_id, d.longest_gap_us, d.longest_gap_after, \
     d.event_reads, d.most_in_a_read, d.choices, d.open_choices, \
     (SELECT group_concat(check_id, ' ') FROM (SELECT DISTINCT check_id FROM findings f \
      WHERE f.exchange_id = e.id ORDER BY f.id)) AS finding_ids, \
     (SELECT severity FROM findings f WHERE f.exchange_id = e.id \
      ORDER BY severity = 'error' DESC, severity = 'warning' DESC LIMIT 1) AS worst";

/// What a whole exchange needs beyond its summary.
pub(super) const EXCHANGE_COLUMNS: &str = "e.peer, e.request_version, e.request_head, e.sent_head, e.interim, e.response_version, \
     e.response_head, e.own_message, e.connect_us, e.tls_us, e.reused, e.sent_us, e.head_us, e.held_us, e.request_sha256, e.response_sha256, e.request_end, \
     e.request_end_detail, e.response_end, e.response_end_detail, e.request_trailers, e.response_trailers, \
     e.request_hidden, e.request_hidden_own, e.request_hidden_at, e.response_hidden, e.response_hidden_own, \
     e.response_hidden_at";

pub(super) fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    let target: String = row.get("target")?;
    let (path, query) = split_target(&target);
    let verdict: String = row.get("verdict")?;
    let findings: Option<String> = row.get("finding_ids")?;
    let worst: Option<String> = row.get("worst")?;
    Ok(Summary {
        id: row.get("id")?,
        session: row.get("session_id")?,
        started_at: WallTime(row.get("started_at_us")?),
        method: row.get("method")?,
        path: path.to_owned(),
        query: query.map(str::to_owned),
        gateway: row.get("gateway")?,
        url: row.get("url")?,
        status: row.get("status")?,
        verdict: Verdict::parse(&verdict).unwrap_or(Verdict::Open),
        own_error: row.get("own_error")?,
        digest: digest(row)?,
        duration: micros(row, "end_us")?,
        findings: findings.iter().flat_map(|ids| ids.split(' ')).map(str::to_owned).collect(),
        severity: worst.as_deref().map(severity),
        fault: row.get("fault")?,
        replay_of: row.get("replay_of")?,
        note: row.get("note")?,
        credential: credentials(row)?.into_iter().next(),
        request_bytes: number(row, "request_bytes")?.unwrap_or_default(),
        response_bytes: number(row, "response_bytes")?.unwrap_or_default(),
    })
}

pub(super) fn exchange(row: &Row<'_>) -> rusqlite::Result<Exchange> {
    let status: Option<u16> = row.get("status")?;
    let response = match (status, row.get::<_, Option<String>>("response_version")?) {
        (Some(status), Some(version)) => {
            let blob = row.get::<_, Option<Vec<u8>>>("response_head")?.unwrap_or_default();
            // Without a status line it is a block of lines, whatever protocol they are said to be of.
            let is_raw = version.starts_with("HTTP/1") && blob.trim_ascii_start().starts_with(b"HTTP/");
            let (raw, headers) = head(blob, is_raw);
            Some(ResponseHead { status, version, headers, raw })
        }
        _ => None,
    };
    let own_token: Option<String> = row.get("own_error")?;
    let own_message: Option<String> = row.get("own_message")?;
    Ok(Exchange {
        id: row.get("id")?,
        session: row.get("session_id")?,
        started_at: WallTime(row.get("started_at_us")?),
        peer: row.get("peer")?,
        gateway: row.get("gateway")?,
        url: row.get("url")?,
        request: request_head(row)?,
        sent: row.get::<_, Option<Vec<u8>>>("sent_head")?.map(|block| Headers::from_block(&block.into())),
        response,
        own_answer: own_token.map(|token| OwnAnswer { token, message: own_message.unwrap_or_default() }),
        timing: Timing {
            connect: micros(row, "connect_us")?,
            tls: micros(row, "tls_us")?,
            reused: row.get("reused")?,
            sent: micros(row, "sent_us")?,
            head: micros(row, "head_us")?,
            end: micros(row, "end_us")?,
            held: micros(row, "held_us")?,
            taken: None,
        },
        request_end: end(row, "request_end", "request_end_detail")?,
        response_end: end(row, "response_end", "response_end_detail")?,
        request_trailers: trailers(row, "request_trailers")?,
        response_trailers: trailers(row, "response_trailers")?,
        interim: interim(row)?,
        request_sha256: row.get("request_sha256")?,
        response_sha256: row.get("response_sha256")?,
        request_bytes: number(row, "request_bytes")?.unwrap_or_default(),
        response_bytes: number(row, "response_bytes")?.unwrap_or_default(),
        request_hidden: hidden(row, ["request_hidden", "request_hidden_own", "request_hidden_at"])?,
        response_hidden: hidden(row, ["response_hidden", "response_hidden_own", "response_hidden_at"])?,
        credentials: credentials(row)?,
        fault: row.get("fault")?,
        replay_of: row.get("replay_of")?,
    })
}

fn hidden(row: &Row<'_>, [count, own, first]: [&str; 3]) -> rusqlite::Result<Hidden> {
    Ok(Hidden {
        count: number(row, count)?.unwrap_or_default(),
        own: number(row, own)?.unwrap_or_default(),
        first: number(row, first)?,
    })
}

fn trailers(row: &Row<'_>, column: &str) -> rusqlite::Result<Headers> {
    let block: Option<Vec<u8>> = row.get(column)?;
    Ok(block.map_or_else(Headers::default, |block| Headers::from_block(&block.into())))
}

fn digest(row: &Row<'_>) -> rusqlite::Result<Digest> {
    let dialect: Option<String> = row.get("dialect")?;
    Ok(Digest {
        dialect: dialect.as_deref().map_or_else(Dialect::default, Dialect::parse),
        streaming: row.get::<_, Option<bool>>("streaming")?.unwrap_or_default(),
        model: row.get("model")?,
        model_answered: row.get("model_answered")?,
        request_id: row.get("request_id")?,
        error_code: row.get("error_code")?,
        error_message: row.get("error_message")?,
        error_kind: row.get("error_kind")?,
        finish_reason: row.get("finish_reason")?,
        native_finish_reason: row.get("native_finish_reason")?,
        provider: row.get("provider")?,
        answer_id: row.get("answer_id")?,
        pace: Pace {
            longest_gap: micros(row, "longest_gap_us")?,
            longest_gap_after: number(row, "longest_gap_after")?.unwrap_or_default(),
            reads: number(row, "event_reads")?.unwrap_or_default(),
            most_in_a_read: number(row, "most_in_a_read")?.unwrap_or_default(),
        },
        choices: number(row, "choices")?.unwrap_or_default(),
        open_choices: number(row, "open_choices")?.unwrap_or_default(),
        terminal_event: row.get("terminal_event")?,
        usage: Usage {
            input: number(row, "input_tokens")?,
            output: number(row, "output_tokens")?,
            total: number(row, "total_tokens")?,
            cached: number(row, "cached_tokens")?,
            reasoning: number(row, "reasoning_tokens")?,
            cost: row.get("cost")?,
        },
        first_token: micros(row, "first_token_us")?,
        first_event: micros(row, "first_event_us")?,
        last_event: micros(row, "last_event_us")?,
        events: number(row, "events")?.unwrap_or_default(),
        comments: number(row, "comments")?.unwrap_or_default(),
        leftover: number(row, "leftover_bytes")?.unwrap_or_default(),
        client: ClientFacts {
            agent: row.get("agent")?,
            retry_count: row.get("retry_count")?,
            timeout_s: row.get("client_timeout_s")?,
        },
    })
}

pub(super) fn put_digest(
    connection: &Connection,
    id: ExchangeId,
    digest: &Digest,
    judgement: &Judgement,
) -> Result<(), Error> {
    let usage = &digest.usage;
    let whole = |number: Option<u64>| number.map(|number| number as i64);
    let time = |at: Option<Micros>| at.map(|at| at.0 as i64);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO digests (exchange_id, verdict, evidence, dialect, streaming, model, \
             model_answered, request_id, error_code, error_message, finish_reason, terminal_event, input_tokens, \
             output_tokens, total_tokens, cached_tokens, reasoning_tokens, cost, first_token_us, first_event_us, \
             last_event_us, events, comments, leftover_bytes, agent, retry_count, client_timeout_s, \
             error_kind, native_finish_reason, provider, answer_id, longest_gap_us, longest_gap_after, event_reads, \
             most_in_a_read, choices, open_choices) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            id,
            judgement.verdict.as_str(),
            judgement.evidence,
            digest.dialect.as_str(),
            digest.streaming,
            digest.model,
            digest.model_answered,
            digest.request_id,
            digest.error_code,
            digest.error_message,
            digest.finish_reason,
            digest.terminal_event,
            whole(usage.input),
            whole(usage.output),
            whole(usage.total),
            whole(usage.cached),
            whole(usage.reasoning),
            usage.cost,
            time(digest.first_token),
            time(digest.first_event),
            time(digest.last_event),
            digest.events as i64,
            digest.comments as i64,
            digest.leftover as i64,
            digest.client.agent,
            digest.client.retry_count,
            digest.client.timeout_s,
            digest.error_kind,
            digest.native_finish_reason,
            digest.provider,
            digest.answer_id,
            time(digest.pace.longest_gap),
            digest.pace.longest_gap_after as i64,
            digest.pace.reads as i64,
            digest.pace.most_in_a_read as i64,
            digest.choices as i64,
            digest.open_choices as i64,
        ])?;
    Ok(())
}

/// Gives an exchange that its session left open its last word.
///
/// What had ended was only not judged yet; what had not is lost.
pub(super) fn settle_exchange(connection: &Connection, id: ExchangeId) -> Result<(), Error> {
    let mut exchange = connection
        .prepare_cached(&format!(
            "SELECT {SUMMARY_COLUMNS}, {EXCHANGE_COLUMNS} FROM exchanges e LEFT JOIN digests d \
             ON d.exchange_id = e.id WHERE e.id = ?"
        ))?
        .query_row([id], exchange)?;
    let request = super::read::body(connection, id, Side::Request)?;
    let response = super::read::body(connection, id, Side::Response)?;
    exchange.request_bytes = request.passed();
    exchange.response_bytes = response.passed();
    let examined = examine(&exchange, &request, &response);
    let judgement = if examined.judgement.verdict == Verdict::Open {
        Judgement { verdict: Verdict::Lost, evidence: "the recording ended first".to_owned() }
    } else {
        examined.judgement
    };
    connection.execute(
        "UPDATE exchanges SET request_bytes = ?, response_bytes = ? WHERE id = ?",
        params![request.passed() as i64, response.passed() as i64, id],
    )?;
    put_digest(connection, id, &examined.digest, &judgement)?;
    super::text::put(connection, id, &examined.text)?;
    super::facets::derive(connection, id)
}

/// The severity of that word; what is not known counts as the worst.
pub(super) fn severity(word: &str) -> Severity {
    Severity::parse(word).unwrap_or(Severity::Error)
}

/// The columns of a body's end: who broke it off, or `whole`; and the detail.
pub(super) fn end_to_columns(end: Option<&BodyEnd>) -> (Option<&'static str>, Option<&str>) {
    match end {
        None => (None, None),
        Some(BodyEnd::Whole) => (Some("whole"), None),
        Some(BodyEnd::Broken { by, detail }) => (Some(by.as_str()), Some(detail)),
    }
}

pub(super) fn end(row: &Row<'_>, by: &str, detail: &str) -> rusqlite::Result<Option<BodyEnd>> {
    let by: Option<String> = row.get(by)?;
    let detail: Option<String> = row.get(detail)?;
    Ok(by.map(|by| match by.as_str() {
        "whole" => BodyEnd::Whole,
        word => BodyEnd::broken(Hop::parse(word).unwrap_or(Hop::Gatetap), detail.unwrap_or_default()),
    }))
}

/// A credential in the column.
#[derive(Serialize)]
struct Entry<'a> {
    place: &'a str,
    scheme: Option<&'a str>,
    vendor: Option<&'a str>,
    length: u64,
    last4: Option<&'a str>,
    fingerprint: &'a str,
    defects: Vec<&'static str>,
}

pub(super) fn credentials_to_json(credentials: &[CredentialFacts]) -> Option<String> {
    if credentials.is_empty() {
        return None;
    }
    let entries = credentials.iter().map(|facts| Entry {
        place: &facts.place,
        scheme: facts.scheme.as_deref(),
        vendor: facts.vendor.as_deref(),
        length: facts.length,
        last4: facts.last4.as_deref(),
        fingerprint: &facts.fingerprint,
        defects: facts.defects.iter().map(|defect| defect.as_str()).collect(),
    });
    serde_json::to_string(&entries.collect::<Vec<_>>()).ok()
}

pub(super) fn credentials(row: &Row<'_>) -> rusqlite::Result<Vec<CredentialFacts>> {
    let text: Option<String> = row.get("credentials")?;
    let rows: Vec<Value> = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let word = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let facts = rows.iter().map(|value| CredentialFacts {
        place: word(value, "place").unwrap_or_default(),
        scheme: word(value, "scheme"),
        vendor: word(value, "vendor"),
        length: value.get("length").and_then(Value::as_u64).unwrap_or_default(),
        last4: word(value, "last4"),
        fingerprint: word(value, "fingerprint").unwrap_or_default(),
        defects: value
            .get("defects")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|defect| defect.as_str().and_then(Defect::parse))
            .collect(),
    });
    Ok(facts.collect())
}

/// A list of heads, each with its time; bytes that are no UTF-8 as an array of numbers.
pub(super) fn interim_to_json(heads: &[InterimHead]) -> Option<String> {
    let head = |InterimHead { at, raw }: &InterimHead| match std::str::from_utf8(raw) {
        Ok(text) => json!({"at_us": at.0, "head": text}),
        Err(_) => json!({"at_us": at.0, "head": raw.as_ref()}),
    };
    (!heads.is_empty()).then(|| Value::Array(heads.iter().map(head).collect()).to_string())
}

fn interim(row: &Row<'_>) -> rusqlite::Result<Vec<InterimHead>> {
    let Some(text) = row.get::<_, Option<String>>("interim")? else { return Ok(Vec::new()) };
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap_or_default();
    let head = |value: &Value| {
        let raw = match value.get("head")? {
            Value::String(text) => text.clone().into_bytes(),
            bytes => serde_json::from_value(bytes.clone()).ok()?,
        };
        Some(InterimHead { at: Micros(value.get("at_us")?.as_u64()?), raw: raw.into() })
    };
    Ok(rows.iter().filter_map(head).collect())
}

pub(super) fn request_head(row: &Row<'_>) -> rusqlite::Result<RequestHead> {
    let version: String = row.get("request_version")?;
    let (raw, headers) = head(row.get("request_head")?, version.starts_with("HTTP/1"));
    Ok(RequestHead { method: row.get("method")?, target: row.get("target")?, version, headers, raw })
}

/// A head's own bytes, where it has some, and its header lines.
fn head(blob: Vec<u8>, is_raw: bool) -> (Option<Bytes>, Headers) {
    if is_raw {
        let raw = Bytes::from(blob);
        let headers = Headers::from_raw_head(&raw);
        (Some(raw), headers)
    } else {
        (None, Headers::from_block(&blob.into()))
    }
}

/// An integer column that is never negative.
pub(super) fn number(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<u64>> {
    let number: Option<i64> = row.get(column)?;
    Ok(number.map(|number| u64::try_from(number).unwrap_or_default()))
}

pub(super) fn micros(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Micros>> {
    Ok(number(row, column)?.map(Micros))
}
