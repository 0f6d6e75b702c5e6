//! Request bodies as they are compared: what changes from run to run is taken out.

use serde_json::Value;
use std::collections::BTreeSet;

/// The members that change from run to run without changing what is asked, as JSON pointers.
///
/// They name the person, the session or the luck of the draw. Sources: the request fields `user`,
/// `safety_identifier`, `prompt_cache_key`, `metadata`, `seed` and `store` of OpenAI's API reference,
/// `metadata` of Anthropic's, `session_id` and `trace` of OpenRouter's.
pub const VOLATILE: [&str; 8] = [
    "/user",
    "/safety_identifier",
    "/prompt_cache_key",
    "/metadata",
    "/seed",
    "/store",
    "/session_id",
    "/trace",
];

/// What is left out of bodies before they are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volatile(BTreeSet<String>);

impl Default for Volatile {
    fn default() -> Self {
        Self(VOLATILE.into_iter().map(str::to_owned).collect())
    }
}

impl Volatile {
    /// Nothing is left out.
    pub fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// This member is left out, too: a JSON pointer in which `*` stands for any member or element.
    pub fn add(&mut self, pointer: impl Into<String>) {
        self.0.insert(pointer.into());
    }

    /// A body as it is compared: JSON, in which the order of members says nothing, without the volatile ones. `None`
    /// of what is no JSON: that is compared byte by byte.
    pub fn canonical(&self, body: &[u8]) -> Option<Value> {
        let mut value: Value = serde_json::from_slice(body).ok()?;
        for pointer in &self.0 {
            let mut parts: Vec<&str> = pointer.split('/').skip(1).collect();
            if let Some(last) = parts.pop() {
                remove(&mut value, &parts, last);
            }
        }
        unify_numbers(&mut value);
        Some(value)
    }
}

fn remove(value: &mut Value, parents: &[&str], last: &str) {
    let Some((first, rest)) = parents.split_first() else {
        if let Value::Object(members) = value {
            members.remove(&unescaped(last));
        }
        return;
    };
    match value {
        Value::Object(members) if *first == "*" => {
            members.values_mut().for_each(|value| remove(value, rest, last));
        }
        Value::Object(members) => {
            if let Some(value) = members.get_mut(&unescaped(first)) {
                remove(value, rest, last);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter_mut().enumerate() {
                if *first == "*" || first.parse() == Ok(index) {
                    remove(element, rest, last);
                }
            }
        }
        _ => {}
    }
}

/// A part of a JSON pointer (RFC 6901) as the name it stands for.
fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// 1 and 1.0 are one number to who reads them.
fn unify_numbers(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(unify_numbers),
        Value::Array(elements) => elements.iter_mut().for_each(unify_numbers),
        Value::Number(number) => {
            let whole = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0);
            if let Some(float) = whole.filter(|float| float.abs() < 1e15) {
                *number = (float as i64).into();
            }
        }
        _ => {}
    }
}
