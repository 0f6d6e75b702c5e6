//! The one grammar of rules: `NAME[,key=value…]`, and the same as a table.
//!
//! The header, the flag, `gatetap.toml`, the control API and the command line all read it here.

use super::catalogue::{self, Fault};
use super::preset;
use super::rule::{Glob, Rule, When};
use super::value::{With, time};
use crate::exchange::nearest::nearest;
use std::ops::Range;

/// The keys that say when.
pub const WHEN: [&str; 9] = ["first", "nth", "every", "chance", "for", "model", "path", "stream", "key"];

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadRule {
    /// What is wrong, in one sentence that names the column where there is one.
    pub message: String,
    /// Where it is wrong, counted from 1; `None` in a table.
    pub column: Option<usize>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// One `key=value` of a rule, or its name.
struct Word<'a> {
    text: &'a str,
    span: Range<usize>,
}

/// Reads what a person wrote: a rule, or a preset, which stands for several.
///
/// # Errors
/// The first mistake, with its column and, where there is one, what was meant.
pub fn parse_all(text: &str) -> Result<Vec<Rule>, BadRule> {
    let Some(name) = text.trim().strip_prefix("preset:") else { return parse(text).map(|rule| vec![rule]) };
    let Some(preset) = preset::find(name) else {
        let known = preset::all().iter().map(|preset| preset.name.as_str());
        return Err(BadRule {
            message: format!("column 8: there is no preset `{name}`"),
            column: Some(8),
            hint: nearest(name, known).map(|near| format!("did you mean `preset:{near}`?")),
        });
    };
    preset.rules.iter().map(|rule| parse(rule)).collect()
}

/// Reads several of them, with blanks or line ends in between.
///
/// # Errors
/// As for [`parse_all`].
pub fn parse_list(text: &str) -> Result<Vec<Rule>, BadRule> {
    let mut rules = Vec::new();
    let list = list(text);
    for (nth, span) in list.iter().enumerate() {
        let word = text.get(span.clone()).unwrap_or_default();
        let name = word.split(',').next().unwrap_or_default();
        if nth > 0 && name.contains('=') {
            let column = span.start + 1;
            return Err(at(column, &format!("a comma is missing before `{name}`"), None));
        }
        // With what stands before it as blanks, so that columns are those of the whole.
        let padded = format!("{:1$}{word}", "", span.start);
        rules.extend(if list.len() == 1 { parse_all(text)? } else { parse_all(&padded)? });
    }
    if rules.is_empty() { parse_all(text) } else { Ok(rules) }
}

/// Where the rules of a list stand. Line ends separate them, and blanks, but for those in quotes, beside `,` and
/// `=`, and in a value before what is no name of a fault.
fn list(text: &str) -> Vec<Range<usize>> {
    let mut rules: Vec<Range<usize>> = Vec::new();
    let (mut quoted, mut escaped, mut joins, mut is_apart, mut is_line) = (false, false, true, true, true);
    for (at, c) in text.char_indices() {
        if c.is_whitespace() && !quoted {
            is_apart = true;
            is_line |= c == '\n';
            continue;
        }
        let end = at + c.len_utf8();
        let begins = |rule: &Range<usize>| {
            let before = text.get(rule.clone()).unwrap_or_default();
            let is_in_value = before.rsplit(',').next().is_some_and(|part| part.contains('='));
            let after = text.get(at..).unwrap_or_default();
            let name = after.split([',', ' ', '\t', '\n']).next().unwrap_or_default();
            is_line || !is_in_value || name.starts_with("preset:") || catalogue::find(name).is_some()
        };
        match rules.last_mut() {
            Some(rule) if !is_apart || joins || matches!(c, ',' | '=') || !begins(rule) => rule.end = end,
            _ => rules.push(at..end),
        }
        (is_apart, is_line) = (false, false);
        joins = matches!(c, ',' | '=') && !quoted;
        match c {
            _ if std::mem::take(&mut escaped) => {}
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    rules
}

/// Reads one rule.
///
/// # Errors
/// As for [`parse_all`].
pub fn parse(text: &str) -> Result<Rule, BadRule> {
    let mut words = words(text)?.into_iter();
    let name = words.next().filter(|word| !word.text.is_empty());
    let Some(name) = name else {
        return Err(at(1, "the name of a fault is missing", Some("`gatetap faults list` lists them".into())));
    };
    let fault = known(name.text).map_err(|error| error.at(name.span.start + 1))?;
    let mut reading = Reading::new(name.text, fault);
    for word in words {
        let column = word.span.start + 1;
        let Some((key, value)) = word.text.split_once('=') else {
            return Err(at(column, &format!("`{}` has no value: write {}=…", word.text, word.text), None));
        };
        let value = unquoted(value.trim());
        reading.give(key.trim(), &value).map_err(|error| {
            let shift = if error.in_value { key.len() + 1 } else { 0 };
            error.problem.at(column + shift)
        })?;
    }
    Ok(reading.rule)
}

/// Reads a rule from its form as a table: `{"fault": …, "when": {…}, "with": {…}}`, or as a text.
///
/// # Errors
/// The first mistake, with the key it is in.
pub fn from_table(value: &serde_json::Value) -> Result<Vec<Rule>, BadRule> {
    use serde_json::Value as Json;
    let table = match value {
        Json::String(text) => return parse_all(text),
        Json::Object(table) => table,
        _ => return Err(in_table("a rule is a table, or a text", None)),
    };
    if let Some(key) = table.keys().find(|key| !["fault", "when", "with"].contains(&key.as_str())) {
        let near = nearest(key, ["fault", "when", "with"]).map(|near| format!("did you mean `{near}`?"));
        return Err(in_table(&format!("a rule has no key `{key}`"), near));
    }
    let name = match table.get("fault") {
        Some(Json::String(name)) => name,
        Some(Json::Number(status)) => &status.to_string(),
        Some(_) => return Err(in_table("`fault` is the name of a fault, as text, or a status", None)),
        None => return Err(in_table("`fault` is missing: the name of a fault, or a status", None)),
    };
    if name.starts_with("preset:") && table.len() == 1 {
        return parse_all(name);
    }
    let mut reading = Reading::new(name, known(name)?);
    for part in ["when", "with"] {
        let keys = match table.get(part) {
            None | Some(Json::Null) => continue,
            Some(Json::Object(keys)) => keys,
            Some(_) => return Err(in_table(&format!("`{part}` is a table"), None)),
        };
        for (key, value) in keys {
            if WHEN.contains(&key.as_str()) != (part == "when") {
                let other = if part == "when" { "with" } else { "when" };
                let belongs = WHEN.contains(&key.as_str()) || reading.takes(key);
                let hint = belongs.then(|| format!("it belongs into `{other}`"));
                let hint = hint.or_else(|| reading.near(key, part == "when"));
                return Err(in_table(&format!("`{part}` has no key `{key}`"), hint));
            }
            let text = match value {
                Json::String(text) => text.clone(),
                Json::Number(number) => number.to_string(),
                Json::Bool(truth) => truth.to_string(),
                Json::Array(values) => values.iter().map(ToString::to_string).collect::<Vec<_>>().join("+"),
                Json::Null | Json::Object(_) => {
                    return Err(in_table(
                        &format!("`{part}.{key}` is text, a number, or true or false"),
                        None,
                    ));
                }
            };
            reading.give(key, &text).map_err(|error| error.problem)?;
        }
    }
    Ok(vec![reading.rule])
}

/// A rule in the form of a table, as [`from_table`] reads it.
pub fn to_table(rule: &Rule) -> serde_json::Value {
    use super::value::{Value, time_text};
    let when = &rule.when;
    let mut keys = serde_json::Map::new();
    let mut put = |name: &str, value: Option<serde_json::Value>| {
        if let Some(value) = value {
            keys.insert(name.to_owned(), value);
        }
    };
    put("first", when.first.map(Into::into));
    put("nth", (!when.nth.is_empty()).then(|| when.nth.clone().into()));
    put("every", when.every.map(Into::into));
    put("chance", when.chance.map(Into::into));
    put("for", when.lasting.map(|lasting| time_text(lasting).into()));
    put("model", when.model.as_ref().map(|glob| glob.as_str().into()));
    put("path", when.path.as_ref().map(|glob| glob.as_str().into()));
    put("stream", when.stream.map(Into::into));
    put("key", when.key.as_ref().map(|glob| glob.as_str().into()));
    let with: serde_json::Map<_, _> = rule
        .with
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Value::Count(count) => (*count).into(),
                Value::Time(time) => time_text(*time).into(),
                Value::Text(text) => match text.parse::<u64>() {
                    // As people write it: `retry_after = 7`.
                    Ok(number) if number.to_string() == *text => number.into(),
                    _ => text.as_str().into(),
                },
            };
            (name.to_owned(), value)
        })
        .collect();
    serde_json::json!({ "fault": rule.fault, "when": keys, "with": with })
}

/// A rule that is being read.
struct Reading {
    rule: Rule,
    fault: Fault,
}

/// A mistake in one `key=value`.
struct BadWord {
    problem: BadRule,
    in_value: bool,
}

impl Reading {
    fn new(name: &str, fault: Fault) -> Self {
        let rule = Rule { fault: name.to_owned(), when: When::default(), with: With::default() };
        Self { rule, fault }
    }

    fn takes(&self, key: &str) -> bool {
        self.fault.parameters().iter().any(|parameter| parameter.name == key)
    }

    /// The key that was probably meant.
    fn near(&self, key: &str, when_only: bool) -> Option<String> {
        let parameters = self.fault.parameters();
        let own = parameters.iter().map(|parameter| parameter.name).filter(|_| !when_only);
        nearest(key, own.chain(WHEN)).map(|near| format!("did you mean `{near}`?"))
    }

    fn give(&mut self, key: &str, value: &str) -> Result<(), BadWord> {
        let wrong = |expected: &str| BadWord {
            problem: in_table(&format!("`{key}` takes {expected}, not `{value}`"), None),
            in_value: true,
        };
        let number = || match value.parse::<u64>() {
            Ok(number @ 1..) => Ok(number),
            _ => Err(wrong("a whole number from 1")),
        };
        let when = &mut self.rule.when;
        match key {
            "first" => when.first = Some(number()?),
            "every" => when.every = Some(number()?),
            "nth" => {
                let numbers = value.split('+').map(|number| number.trim().parse().ok().filter(|&n| n > 0));
                when.nth =
                    numbers.collect::<Option<_>>().ok_or_else(|| wrong("numbers from 1, such as 2+5"))?;
            }
            "chance" => when.chance = Some(chance(value).ok_or_else(|| wrong("0 to 1, or a percentage"))?),
            "for" => when.lasting = Some(time(value).ok_or_else(|| wrong("a time, such as 30s"))?),
            "model" => when.model = Some(Glob::new(value)),
            "path" => when.path = Some(Glob::new(value)),
            "key" => when.key = Some(Glob::new(value)),
            "stream" => match value {
                "true" | "yes" => when.stream = Some(true),
                "false" | "no" => when.stream = Some(false),
                _ => return Err(wrong("true or false")),
            },
            _ => {
                let parameters = self.fault.parameters();
                let Some(parameter) = parameters.iter().find(|parameter| parameter.name == key) else {
                    let takes: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
                    let hint =
                        self.near(key, false).or_else(|| Some(format!("it takes {}", takes.join(", "))));
                    let message = format!("`{}` takes no `{key}`", self.rule.fault);
                    return Err(BadWord { problem: in_table(&message, hint), in_value: false });
                };
                let read = parameter.kind.parse(value).map_err(wrong)?;
                self.rule.with.0.insert(key.to_owned(), read);
            }
        }
        Ok(())
    }
}

impl BadRule {
    fn at(self, column: usize) -> Self {
        Self { message: format!("column {column}: {}", self.message), column: Some(column), hint: self.hint }
    }
}

fn known(name: &str) -> Result<Fault, BadRule> {
    catalogue::find(name).ok_or_else(|| {
        let names = catalogue::names();
        let hint = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`gatetap faults list` lists them".to_owned(),
        };
        in_table(&format!("there is no fault `{name}`"), Some(hint))
    })
}

fn at(column: usize, message: &str, hint: Option<String>) -> BadRule {
    in_table(message, hint).at(column)
}

fn in_table(message: &str, hint: Option<String>) -> BadRule {
    BadRule { message: message.to_owned(), column: None, hint }
}

/// `0.2`, or `20%`.
fn chance(text: &str) -> Option<f64> {
    let chance = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    (0.0..=1.0).contains(&chance).then_some(chance)
}

/// Splits at commas that are not in quotes.
fn words(text: &str) -> Result<Vec<Word<'_>>, BadRule> {
    let mut words = Vec::new();
    let (mut start, mut quoted_at, mut escaped) = (0, None, false);
    let ends = text.char_indices().map(|(at, c)| (at, Some(c))).chain([(text.len(), None)]);
    for (at, c) in ends {
        match c {
            _ if std::mem::take(&mut escaped) => {}
            Some('\\') if quoted_at.is_some() => escaped = true,
            Some('"') => quoted_at = if quoted_at.is_some() { None } else { Some(at) },
            Some(',') | None if quoted_at.is_none() => {
                let raw = text.get(start..at).unwrap_or_default();
                let lead = raw.len() - raw.trim_start().len();
                words.push(Word { text: raw.trim(), span: start + lead..at });
                start = at + 1;
            }
            _ => {}
        }
    }
    match quoted_at {
        Some(open) => Err(at(open + 1, "the quote is not closed", None)),
        None => Ok(words),
    }
}

/// A value without its quotes.
fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        out.push(if c == '\\' { characters.next().unwrap_or(c) } else { c });
    }
    out
}
