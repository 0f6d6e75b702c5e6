//! `/_gatetap/faults`: the armed rules, read and changed while traffic passes.

use super::Refusal;
use super::query::{parameters, unknown};
use crate::fault::{Listed, Rule, spec};
use crate::proxy::Shared;
use crate::proxy::own_answer::json;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

/// Answers a request for the rules: `GET` lists them, `PUT` replaces them, `POST` adds to them, `DELETE`
/// disarms those of `?fault=NAME`, or all.
pub(super) fn answer(shared: &Shared, request: &Request<Bytes>) -> Result<Response<Bytes>, Refusal> {
    let now = shared.recorder.clock().mono();
    let changed = match *request.method() {
        Method::GET => Ok(()),
        Method::PUT => rules(request).map(|rules| shared.armed.replace(rules, now)),
        Method::POST => rules(request).map(|rules| shared.armed.arm(rules, now)),
        Method::DELETE => named(request).map(|faults| {
            if faults.is_empty() {
                shared.armed.replace(Vec::new(), now);
            }
            for fault in &faults {
                shared.armed.disarm(fault);
            }
        }),
        _ => Err(super::not_served("/_gatetap/faults")),
    };
    changed.map(|()| json(StatusCode::OK, &list(shared), None))
}

/// The armed rules with their counts.
pub(super) fn list(shared: &Shared) -> Value {
    let listed = shared.armed.list(shared.recorder.clock().mono());
    listed.iter().map(shown).collect()
}

fn shown(listed: &Listed) -> Value {
    let mut shown = spec::to_table(&listed.rule);
    if let Some(keys) = shown.as_object_mut() {
        keys.insert("rule".to_owned(), listed.rule.to_string().into());
        keys.insert("matched".to_owned(), listed.matched.into());
        keys.insert("injected".to_owned(), listed.injected.into());
        keys.insert("left_s".to_owned(), json!(listed.left.map(|left| left.as_ms() / 1000.0)));
    }
    shown
}

/// The faults that a request names; where it names none, all are meant.
fn named(request: &Request<Bytes>) -> Result<Vec<String>, Refusal> {
    parameters(request.uri().query().unwrap_or_default())
        .map(|(name, value)| match name {
            "fault" => Ok(value),
            other => Err(unknown(other, &["fault"])),
        })
        .collect()
}

/// The rules that a request brings: a list of tables or texts.
fn rules(request: &Request<Bytes>) -> Result<Vec<Rule>, Refusal> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let reason = "rules are sent as JSON, with `content-type: application/json`";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
    }
    let wrong = |reason: String| Refusal::new(StatusCode::BAD_REQUEST, reason);
    let body: Value = serde_json::from_slice(request.body())
        .map_err(|error| wrong(format!("this is not JSON: {error}")))?;
    let Value::Array(tables) = body else {
        return Err(wrong("a list of rules is expected; `[]` disarms".to_owned()));
    };
    let mut rules = Vec::new();
    for (index, table) in tables.iter().enumerate() {
        let read = spec::from_table(table).map_err(|bad| {
            let hint = bad.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            wrong(format!("rule {}: {}{hint}", index + 1, bad.message))
        })?;
        rules.extend(read);
    }
    Ok(rules)
}
