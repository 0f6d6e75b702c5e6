//! Usage as CSV (RFC 4180), a row an exchange, titles first. What is not known is empty; what
//! would break a line or drive a terminal is made visible.

use super::{Export, Exported, Outcome, Selection, json};
use crate::exchange::text::printable;
use crate::exchange::time::Micros;
use std::fmt::Display;
use std::io::{self, Write};

const TITLES: [&str; 23] = [
    "id",
    "started_at",
    "session",
    "gateway",
    "method",
    "path",
    "model",
    "model_answered",
    "status",
    "verdict",
    "error_code",
    "finish_reason",
    "request_id",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "total_tokens",
    "cost",
    "ttft_ms",
    "duration_ms",
    "key_last4",
    "note",
];

#[derive(Debug)]
pub(super) struct Csv;

impl Export for Csv {
    fn begin(&mut self, _: &Selection, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}\r\n", TITLES.join(","))
    }

    fn exchange(&mut self, one: &Exported, out: &mut dyn Write) -> io::Result<Outcome> {
        let summary = &one.whole.summary;
        let digest = &summary.digest;
        let usage = &digest.usage;
        let cells: [String; TITLES.len()] = [
            cell(Some(summary.id)),
            cell(Some(json::rfc3339(summary.started_at))),
            cell(Some(summary.session)),
            text(Some(&summary.gateway)),
            text(Some(&summary.method)),
            text(Some(&summary.path)),
            text(digest.model.as_deref()),
            text(digest.model_answered.as_deref()),
            cell(summary.status),
            cell(Some(summary.verdict.as_str())),
            text(digest.error_code.as_deref().or(summary.own_error.as_deref())),
            text(digest.finish_reason.as_deref()),
            text(digest.request_id.as_deref()),
            cell(usage.input),
            cell(usage.cached),
            cell(usage.output),
            cell(usage.reasoning),
            cell(usage.total),
            cell(usage.cost),
            cell(digest.first_token.map(Micros::as_ms)),
            cell(summary.duration.map(Micros::as_ms)),
            text(summary.credential.as_ref().and_then(|facts| facts.last4.as_deref())),
            text(summary.note.as_deref()),
        ];
        write!(out, "{}\r\n", cells.join(","))?;
        Ok(Outcome::Written)
    }
}

fn cell(value: Option<impl Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A text from elsewhere: quoted where it has to be, and never a formula. A spreadsheet would run what
/// begins with one of these signs (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn text(value: Option<&str>) -> String {
    let value = printable(value.unwrap_or_default());
    let guard = if value.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    if guard.is_empty() && !value.contains([',', '"']) {
        return value.into_owned();
    }
    format!("\"{guard}{}\"", value.replace('"', "\"\""))
}
