//! A recorded request as text that a person edits before it is sent again.
//!
//! The head stands as lines, as in HTTP/1; after an empty line comes the body, JSON indented. What is not
//! changed is sent as it was: a body that nobody touched keeps its bytes, and where the line of a credential
//! still holds its asterisks, the key takes their place.

use super::json_text;
use crate::exchange::Exchange;
use crate::exchange::body::Body;
use crate::exchange::head::{Headers, Name};
use crate::wire::coding;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use std::fmt::Write as _;

/// What the text begins with.
const PREFACE: &str = "\
# Change what you like, save, and leave the editor; nothing is sent before you were asked.
# Asterisks stand for the key, which is put back when it is sent. These lines are left out.
";

/// What is wrong with an edited request, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct BadDraft {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

/// The request as text.
pub fn text(exchange: &Exchange, body: &Body) -> String {
    let request = &exchange.request;
    let mut text = format!("{PREFACE}{} {}\n", request.method, request.target);
    for (name, value) in request.headers.iter().filter(|(name, _)| is_shown(name)) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(value));
    }
    text.push('\n');
    match shown_body(&request.headers, body) {
        Some(shown) if !shown.is_empty() => {
            text.push_str(&shown);
            text.push('\n');
        }
        _ => {}
    }
    text
}

/// The exchange and the body that `text` makes of a recorded one.
///
/// # Errors
/// The first line of the head that no request can have.
pub fn apply(text: &str, exchange: &Exchange, body: &Body) -> Result<(Exchange, Body), BadDraft> {
    let mut edited = exchange.clone();
    let mut lines = text.split('\n').enumerate();
    let mut headers = Vec::new();
    let mut has_start = false;
    for (at, line) in lines.by_ref() {
        let line = line.trim_end_matches('\r');
        let bad = |message: &str| BadDraft { line: at + 1, message: message.to_owned() };
        if !has_start {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let (method, target) = line.trim().split_once(' ').ok_or_else(|| bad(NO_START))?;
            let target = target.trim().trim_end_matches("HTTP/1.1").trim_end();
            let is_target = target.bytes().all(|byte| byte.is_ascii_graphic()) && !target.is_empty();
            if Method::from_bytes(method.as_bytes()).is_err() || !is_target {
                return Err(bad(NO_START));
            }
            (edited.request.method, edited.request.target) = (method.to_owned(), target.to_owned());
            has_start = true;
        } else if line.trim().is_empty() {
            break;
        } else {
            let (name, value) = line.split_once(':').ok_or_else(|| bad("a header is `name: value`"))?;
            let (name, value) = (name.trim(), value.trim());
            let is_header = HeaderName::from_bytes(name.as_bytes()).is_ok()
                && HeaderValue::from_bytes(value.as_bytes()).is_ok();
            if !is_header {
                return Err(bad("no header can be written like that"));
            }
            // Bytes that are no text are shown as something else, and go as they were.
            let same = exchange.request.headers.all(name).find(|was| String::from_utf8_lossy(was) == value);
            let value = same.cloned().unwrap_or_else(|| Bytes::copy_from_slice(value.as_bytes()));
            headers.push((Name::from(name), value));
        }
    }
    if !has_start {
        return Err(BadDraft { line: 1, message: NO_START.to_owned() });
    }
    let typed: Vec<&str> = lines.map(|(_, line)| line).collect();
    let typed = typed.join("\n");
    let typed = typed.trim_end_matches(['\n', '\r']);

    let was = &exchange.request.headers;
    let hidden = was.iter().filter(|(name, _)| !is_shown(name)).cloned();
    let mut edited_headers: Headers = hidden.chain(headers).collect();
    edited.credentials.retain(|facts| {
        facts.place.starts_with('?') || edited_headers.text(&facts.place) == was.text(&facts.place)
    });
    let mut body = body.clone();
    match shown_body(was, &body) {
        // What could not be shown goes as it was, unless something was typed in its place.
        None if typed.is_empty() => {}
        Some(shown) if shown.trim_end_matches(['\n', '\r']) == typed => {}
        _ => {
            edited_headers.lines_mut().retain(|(name, _)| !name.eq_ignore_ascii_case("content-encoding"));
            // JSON that stood in one line goes in one line.
            let was_compact = !body.bytes.contains(&b'\n');
            let compact = was_compact.then(|| json_text::compact(typed)).flatten();
            let bytes = compact.unwrap_or_else(|| typed.to_owned()).into_bytes();
            body = Body { bytes, ..Body::default() };
            edited.request_bytes = body.bytes.len() as u64;
        }
    }
    edited.request.headers = edited_headers;
    Ok((edited, body))
}

/// What the first line has to be.
const NO_START: &str = "the request begins with its method and its path, as in `POST /v1/chat/completions`";

/// Whether a header is for people to change; the others follow from the rest.
fn is_shown(name: &str) -> bool {
    !name.starts_with(':') && !["host", "content-length"].contains(&name.to_ascii_lowercase().as_str())
}

/// The body, decoded, JSON indented; `None` where it is no text.
fn shown_body(headers: &Headers, body: &Body) -> Option<String> {
    let decoded = coding::decode(headers, &body.bytes, coding::DEFAULT_CAP);
    let text = decoded.problem.is_none().then(|| String::from_utf8(decoded.bytes).ok()).flatten()?;
    Some(json_text::indent(&text).map_or(text, |lines| lines.join("\n")))
}
