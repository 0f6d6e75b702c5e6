//! Request bodies: whether the gateway can take them, and whether they say what was meant.

pub(super) mod content_type;
pub(super) mod deprecated_param;
pub(super) mod deprecated_suffix;
pub(super) mod double_submit;
pub(super) mod duplicate_member;
pub(super) mod gzip_request;
pub(super) mod invalid_json;
pub(super) mod max_tokens_huge_nonstream;
pub(super) mod max_tokens_invalid;
pub(super) mod max_tokens_unbounded;
pub(super) mod message_shape;
pub(super) mod messages_empty;
pub(super) mod model_alias_style;
pub(super) mod model_case_mismatch;
pub(super) mod model_missing;
pub(super) mod model_not_in_catalogue;
mod models;
pub(super) mod noop_param;
pub(super) mod oversize;
pub(super) mod prompt_growth;
pub(super) mod stream_not_bool;
pub(super) mod stream_options_without_stream;
pub(super) mod temperature_range;
pub(super) mod tool_pairing;
pub(super) mod tools_unverified;
pub(super) mod top_p_range;
pub(super) mod undocumented_param;
pub(super) mod unknown_or_field;

use super::{RequestFacts, RequestSubject};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;
use crate::wire::dialect::Dialect;
use serde_json::{Map, Value};

/// The members of a call of a model, where its body is there and is a JSON object.
pub(super) fn members<'a>(subject: &RequestSubject<'a>) -> Option<&'a Map<String, Value>> {
    is_call(subject).then_some(subject.json?.as_object()?)
}

/// Whether this is a call that has a JSON body.
pub(super) fn is_call(subject: &RequestSubject<'_>) -> bool {
    subject.exchange.request.method == "POST"
        && !matches!(subject.dialect(), Dialect::Unknown | Dialect::Models)
}

/// The member of that name, unless it is null.
pub(super) fn given<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null())
}

/// A place in the request's body.
pub(super) fn at(pointer: impl Into<String>) -> Place {
    Place::Json(Side::Request, pointer.into())
}

/// A value as evidence: of what is long its kind only.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(members) => format!("an object of {}", members.len()),
        Value::String(text) if text.len() > 60 => format!("a text of {} bytes", text.len()),
        other => other.to_string(),
    }
}

/// A number outside of a range, or no number: what is wrong with it.
pub(super) fn out_of_range(value: &Value, least: f64, most: f64) -> Option<String> {
    match value.as_f64() {
        None => Some(format!("is {} and not a number", shown(value))),
        Some(number) if !(least..=most).contains(&number) => {
            Some(format!("is {value}, outside of {least} to {most}"))
        }
        Some(_) => None,
    }
}

/// The names of the tools that are offered, the first few of them.
pub(super) fn tools(facts: &RequestFacts) -> String {
    const MOST: usize = 4;
    let names: Vec<String> = facts.tools.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    let more = facts.tools.len().saturating_sub(MOST);
    if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
}
