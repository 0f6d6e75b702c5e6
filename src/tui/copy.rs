//! Texts to copy, from what is recorded. The recording holds no key, so none can be copied.

use super::state::CopyWhat;
use crate::digest::examine;
use crate::digest::summary::Whole;
use crate::exchange::body::Body;
use crate::exchange::head::Headers;
use crate::export::{self, Exported, json};
use crate::wire::coding;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Headers that curl writes by itself, or that would not be true of another request.
const LEFT_OUT: [&str; 7] =
    ["host", "content-length", "connection", "transfer-encoding", "accept-encoding", "expect", "cookie"];

/// The text; `None` where there is none.
pub(super) fn text(
    what: CopyWhat,
    one: &Exported,
    probes: BTreeMap<String, export::Probes>,
) -> Option<String> {
    let Exported { whole, request, response, .. } = one;
    let response_headers = whole.exchange.response.as_ref().map(|head| &head.headers);
    let text = match what {
        CopyWhat::Curl => curl(whole, request),
        CopyWhat::Url => whole.summary.url.clone(),
        CopyWhat::Number => whole.summary.id.to_string(),
        CopyWhat::RequestBody => decoded(Some(&whole.exchange.request.headers), request),
        CopyWhat::ResponseBody => decoded(response_headers, response),
        CopyWhat::AnswerText => examine(&whole.exchange, request, response).answer.text,
        CopyWhat::Support => exported("support", one, probes)?,
        CopyWhat::Json => serde_json::to_string(&json::SummaryLine::new(&whole.summary)).unwrap_or_default(),
    };
    Some(text).filter(|text| !text.is_empty())
}

/// The exchange as a format has it.
fn exported(format: &str, one: &Exported, probes: BTreeMap<String, export::Probes>) -> Option<String> {
    let format = export::FORMATS.iter().find(|known| known.name == format)?;
    let mut writer = (format.make)(export::Options::default());
    let selection = export::Selection { exchanges: 1, probes, ..export::Selection::default() };
    let mut out = Vec::new();
    // Writing to memory does not fail.
    writer.begin(&selection, &mut out).ok()?;
    writer.exchange(one, &mut out).ok()?;
    writer.end(&mut out).ok()?;
    String::from_utf8(out).ok()
}

fn decoded(headers: Option<&Headers>, body: &Body) -> String {
    let none = Headers::default();
    let decoded = coding::decode(headers.unwrap_or(&none), &body.bytes, coding::DEFAULT_CAP);
    String::from_utf8_lossy(&decoded.bytes).into_owned()
}

/// A command that asks the same of the gateway. The key is a variable: what was recorded in its place are
/// asterisks.
fn curl(whole: &Whole, request: &Body) -> String {
    let head = &whole.exchange.request;
    let mut command = format!("curl -N {}", quoted(&whole.summary.url));
    let body = decoded(Some(&head.headers), request);
    if head.method != if body.is_empty() { "GET" } else { "POST" } {
        // Writing to a string does not fail.
        let _ = write!(command, " -X {}", quoted(&head.method));
    }
    let secret: Vec<String> =
        whole.exchange.credentials.iter().map(|facts| facts.place.to_ascii_lowercase()).collect();
    for (name, value) in &head.headers {
        let lower = name.as_str().to_ascii_lowercase();
        let is_of_client = lower.starts_with("x-stainless-") || lower == "content-encoding";
        if LEFT_OUT.contains(&lower.as_str()) || is_of_client {
            continue;
        }
        let value = String::from_utf8_lossy(value);
        let is_secret = secret.contains(&lower) || value.contains("****");
        let header = if is_secret {
            let scheme = value.split_once(' ').map_or("", |(scheme, _)| scheme);
            let scheme = if scheme.contains('*') { "" } else { scheme };
            let space = if scheme.is_empty() { "" } else { " " };
            let start = in_double_quotes(&format!("{name}: {scheme}{space}"));
            format!("\"{start}$KEY\"")
        } else {
            quoted(&format!("{name}: {value}"))
        };
        let _ = write!(command, " \\\n  -H {header}");
    }
    if !body.is_empty() {
        let _ = write!(command, " \\\n  --data-binary {}", quoted(&body));
    }
    command
}

/// `text` for a shell, in single quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn in_double_quotes(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if matches!(c, '"' | '$' | '`' | '\\' | '!') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
