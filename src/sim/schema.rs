//! Values that fit a JSON schema: seeded, and plausible where a field's name says what it is.
//!
//! Understood are `type`, `enum`, `const`, `default`, `properties`, `required`, `items`, `prefixItems`,
//! `minItems`, `maxItems`, `minimum`, `maximum`, the exclusive bounds, `multipleOf`, `minLength`,
//! `maxLength`, `format`, `allOf`, `anyOf`, `oneOf` and local `$ref`. `pattern` and `not` are not.

use fastrand::Rng;
use serde_json::{Map, Number, Value};

use super::writer;

/// Below this depth only what is required is filled in.
const OPTIONAL_DEPTH: usize = 3;

/// A schema that is deeper refers to itself without end.
const MAX_DEPTH: usize = 24;

/// A value that fits `schema`, about `context`.
pub(super) fn value(rng: &mut Rng, schema: &Value, context: &str) -> Value {
    Maker { rng, root: schema, context }.value(schema, "", 0)
}

struct Maker<'a> {
    rng: &'a mut Rng,
    root: &'a Value,
    context: &'a str,
}

impl Maker<'_> {
    fn value(&mut self, schema: &Value, name: &str, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        let schema = self.flat(schema, depth);
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
            return self.rng.choice(choices).cloned().unwrap_or_default();
        }
        match kind(&schema) {
            "object" => self.object(&schema, depth),
            "array" => self.array(&schema, name, depth),
            "integer" => self.integer(&schema),
            "number" => self.number(&schema),
            "boolean" => Value::Bool(self.rng.bool()),
            "null" => Value::Null,
            _ => Value::String(self.string(&schema, name)),
        }
    }

    /// The schema with its reference followed, its parts put together and one of its choices taken.
    fn flat(&mut self, schema: &Value, depth: usize) -> Map<String, Value> {
        let mut flat = schema.as_object().cloned().unwrap_or_default();
        if depth > MAX_DEPTH {
            return flat;
        }
        if let Some(Value::String(reference)) = flat.remove("$ref") {
            let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            let target = target.cloned().unwrap_or_default();
            let target = self.flat(&target, depth + 1);
            merge(&mut flat, target);
        }
        if let Some(Value::Array(parts)) = flat.remove("allOf") {
            for part in &parts {
                let part = self.flat(part, depth + 1);
                merge(&mut flat, part);
            }
        }
        for choice in ["anyOf", "oneOf"] {
            if let Some(Value::Array(choices)) = flat.remove(choice) {
                let is_null = |choice: &Value| choice.get("type").and_then(Value::as_str) == Some("null");
                let full: Vec<&Value> = choices.iter().filter(|choice| !is_null(choice)).collect();
                // Deep down the first choice ends what refers to itself, by the custom of schemas.
                let chosen = if depth > OPTIONAL_DEPTH {
                    choices.iter().find(|choice| is_null(choice)).or_else(|| full.first().copied())
                } else {
                    self.rng.choice(&full).copied().or_else(|| choices.first())
                };
                let chosen = self.flat(chosen.unwrap_or(&Value::Null), depth + 1);
                merge(&mut flat, chosen);
            }
        }
        flat
    }

    fn object(&mut self, schema: &Map<String, Value>, depth: usize) -> Value {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let mut object = Map::new();
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let optional = !required.contains(&name.as_str());
            if optional && (depth >= OPTIONAL_DEPTH || self.rng.u8(..3) == 0) {
                continue;
            }
            let value = self.value(property, name, depth + 1);
            object.insert(name.clone(), value);
        }
        for name in required {
            if !object.contains_key(name) {
                let value = Value::String(self.named_string(name));
                object.insert(name.to_owned(), value);
            }
        }
        Value::Object(object)
    }

    fn array(&mut self, schema: &Map<String, Value>, name: &str, depth: usize) -> Value {
        let bound = |key: &str| {
            let bound = schema.get(key).and_then(Value::as_u64);
            bound.and_then(|bound| usize::try_from(bound).ok())
        };
        let least = bound("minItems").unwrap_or_else(|| usize::from(depth < OPTIONAL_DEPTH));
        let most = bound("maxItems").unwrap_or(least + 2).min(least + 2).max(least);
        let count = if depth < OPTIONAL_DEPTH { self.rng.usize(least..=most) } else { least.min(most) };
        let count = count.min(bound("maxItems").unwrap_or(usize::MAX));
        let firsts = schema.get("prefixItems").and_then(Value::as_array);
        let others = schema.get("items").unwrap_or(&Value::Null);
        let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        let mut items: Vec<Value> = Vec::new();
        let mut tries = 0;
        while items.len() < count && tries < count * 20 {
            tries += 1;
            let item = firsts.and_then(|firsts| firsts.get(items.len())).unwrap_or(others);
            let value = self.value(item, name, depth + 1);
            if !(unique && items.contains(&value)) {
                items.push(value);
            }
        }
        Value::Array(items)
    }

    fn integer(&mut self, schema: &Map<String, Value>) -> Value {
        let step = schema.get("multipleOf").and_then(Value::as_f64).unwrap_or(1.0).max(1.0);
        let (least, most) = bounds(schema, 1.0);
        let first = (least / step).ceil() as i64;
        let last = ((most / step).floor() as i64).max(first);
        let last = last.min(first.saturating_add(30));
        Value::from(self.rng.i64(first..=last).saturating_mul(step as i64))
    }

    fn number(&mut self, schema: &Map<String, Value>) -> Value {
        let (least, most) = bounds(schema, f64::EPSILON);
        let step = schema.get("multipleOf").and_then(Value::as_f64).filter(|step| *step > 0.0);
        let number = if let Some(step) = step {
            (least / step).ceil() * step
        } else {
            let drawn = least + self.rng.f64() * (most.min(least + 30.0) - least);
            let rounded = (drawn * 10.0).round() / 10.0;
            if (least..=most).contains(&rounded) { rounded } else { drawn }
        };
        Number::from_f64(number).map_or(Value::Null, Value::Number)
    }

    fn string(&mut self, schema: &Map<String, Value>, name: &str) -> String {
        let text = match schema.get("format").and_then(Value::as_str) {
            Some("date") => format!("2026-{:02}-{:02}", self.rng.u8(1..=12), self.rng.u8(1..=28)),
            Some("time") => format!("{:02}:{:02}:00Z", self.rng.u8(..24), self.rng.u8(..60)),
            Some("date-time") => {
                format!("2026-03-{:02}T{:02}:00:00Z", self.rng.u8(1..=28), self.rng.u8(..24))
            }
            Some("duration") => format!("PT{}M", self.rng.u8(1..60)),
            Some("email") => "someone@example.com".to_owned(),
            Some("hostname") => "example.com".to_owned(),
            Some("ipv4") => "192.0.2.1".to_owned(),
            Some("ipv6") => "2001:db8::1".to_owned(),
            Some("uri" | "url" | "uri-reference") => "https://example.com/".to_owned(),
            Some("uuid") => format!("00000000-0000-4000-8000-{:012x}", self.rng.u32(..)),
            _ => self.named_string(name),
        };
        let length = |key: &str| {
            let length = schema.get(key).and_then(Value::as_u64);
            length.and_then(|length| usize::try_from(length).ok())
        };
        let text: String = text.chars().take(length("maxLength").unwrap_or(usize::MAX)).collect();
        let missing = length("minLength").unwrap_or(0).saturating_sub(text.chars().count());
        text + &"x".repeat(missing)
    }

    /// A string such as a field of that name would hold.
    fn named_string(&mut self, name: &str) -> String {
        let name = name.to_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        if has(&["city", "location", "place", "destination"]) {
            self.proper_noun()
                .unwrap_or_else(|| writer::pick(self.rng, &["Lisbon", "Kyoto", "Oslo", "Tartu"]).to_owned())
        } else if has(&["query", "question", "search", "text", "prompt", "message", "input", "content"]) {
            writer::topic(self.context)
        } else if has(&["path", "file"]) {
            writer::pick(self.rng, &["src/main.rs", "README.md", "notes/todo.txt"]).to_owned()
        } else if has(&["url", "link"]) {
            "https://example.com/".to_owned()
        } else if has(&["email"]) {
            "someone@example.com".to_owned()
        } else if has(&["date", "day"]) {
            format!("2026-{:02}-{:02}", self.rng.u8(1..=12), self.rng.u8(1..=28))
        } else if has(&["unit"]) {
            writer::pick(self.rng, &["celsius", "fahrenheit"]).to_owned()
        } else if has(&["country"]) {
            writer::pick(self.rng, &["Portugal", "Japan", "Norway", "Estonia"]).to_owned()
        } else if has(&["currency"]) {
            writer::pick(self.rng, &["EUR", "JPY", "USD"]).to_owned()
        } else if has(&["language", "locale"]) {
            writer::pick(self.rng, &["en", "pt", "ja"]).to_owned()
        } else if name.ends_with("id") {
            format!("id-{}", self.rng.u16(1000..))
        } else if has(&["name"]) {
            writer::pick(self.rng, &["Ada", "Grace", "Edsger", "Barbara"]).to_owned()
        } else {
            writer::phrase(self.rng, self.context)
        }
    }

    /// The last word of the context with a capital that does not only begin a sentence.
    fn proper_noun(&self) -> Option<String> {
        let words: Vec<&str> = self.context.split_whitespace().collect();
        let is_proper = |pair: &[&str]| match pair {
            [before, word] => {
                !before.ends_with(['.', '!', '?', ':']) && word.chars().next().is_some_and(char::is_uppercase)
            }
            _ => false,
        };
        let pair = words.windows(2).rev().find(|pair| is_proper(pair) && pair.last() != Some(&"I"))?;
        let word = pair.last()?.trim_matches(|c: char| !c.is_alphanumeric());
        (word.chars().count() > 1).then(|| word.to_owned())
    }
}

/// The schema's type, guessed where it is not given.
fn kind(schema: &Map<String, Value>) -> &str {
    let guessed = if schema.contains_key("properties") {
        "object"
    } else if schema.contains_key("items") || schema.contains_key("prefixItems") {
        "array"
    } else if schema.contains_key("minimum") || schema.contains_key("maximum") {
        "number"
    } else {
        "string"
    };
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            let mut kinds = kinds.iter().filter_map(Value::as_str);
            kinds.find(|kind| *kind != "null").unwrap_or("null")
        }
        _ => guessed,
    }
}

/// The least and the most that a number may be; `open` is how far inside an exclusive bound it stays.
fn bounds(schema: &Map<String, Value>, open: f64) -> (f64, f64) {
    let number = |key: &str| schema.get(key).and_then(Value::as_f64);
    let least = match (number("minimum"), number("exclusiveMinimum")) {
        (_, Some(bound)) => Some(bound + open.max(bound.abs() * f64::EPSILON)),
        (bound, None) => bound,
    };
    let most = match (number("maximum"), number("exclusiveMaximum")) {
        (_, Some(bound)) => Some(bound - open.max(bound.abs() * f64::EPSILON)),
        (bound, None) => bound,
    };
    match (least, most) {
        (Some(least), Some(most)) => (least, most.max(least)),
        (Some(least), None) => (least, least + 20.0),
        (None, Some(most)) => (most.min(1.0), most),
        (None, None) => (1.0, 20.0),
    }
}

/// Adds to a schema what another says besides: properties and required names are joined.
fn merge(schema: &mut Map<String, Value>, other: Map<String, Value>) {
    for (key, value) in other {
        match (key.as_str(), schema.get_mut(&key), value) {
            ("properties", Some(Value::Object(mine)), Value::Object(theirs)) => mine.extend(theirs),
            ("required", Some(Value::Array(mine)), Value::Array(theirs)) => mine.extend(theirs),
            (_, Some(_), _) => {}
            (_, None, value) => {
                schema.insert(key, value);
            }
        }
    }
}
