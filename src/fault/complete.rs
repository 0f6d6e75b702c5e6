//! What may follow in a rule that is being typed: its fault's parameters and the keys that say when, each with
//! what stands for it and what it does.

use super::catalogue;
use super::spec::WHEN;
use super::value::Parameter;
use std::ops::Range;

/// The ways to go on with a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The bytes that they stand in the place of.
    pub replace: Range<usize>,
    /// What may stand there.
    pub candidates: Vec<Candidate>,
}

/// One way to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What it puts there: `retry_after=`, or with a value, `retry_after=7`.
    pub text: String,
    /// What it does.
    pub about: String,
}

/// An example of each key of [`WHEN`], and what it says.
const WHEN_KEYS: [(&str, &str); WHEN.len()] = [
    ("first=2", "the first so many times that the same request comes"),
    ("nth=2+5", "these times only"),
    ("every=3", "every third time"),
    ("chance=20%", "by chance, drawn from the seed"),
    ("for=30s", "for so long, then it is disarmed"),
    ("model=gpt-*", "requests for these models"),
    ("path=/v1/chat*", "requests to these paths"),
    ("stream=true", "requests that ask for a stream, or with false for none"),
    ("key=ab12", "requests whose key ends so"),
];

/// The ways to go on at byte `cursor`; `None` while the name of the fault is being typed, or where it has none.
pub fn complete(text: &str, cursor: usize) -> Option<Completion> {
    let before = text.get(..cursor)?;
    let start = before.rfind(',')? + 1;
    let end = text.get(cursor..)?.find(',').map_or(text.len(), |at| cursor + at);
    let fault = catalogue::find(text.split(',').next()?.trim())?;
    let word = text.get(start..end)?.trim();
    let (key, value) = word.split_once('=').map_or((word, None), |(key, value)| (key.trim(), Some(value)));
    let given = |name: &str| {
        let others =
            [text.get(..start), text.get(end..)].into_iter().flatten().flat_map(|part| part.split(','));
        others.filter_map(|word| word.split_once('=')).any(|(known, _)| known.trim() == name)
    };
    let is_meant = |name: &str| match value {
        Some(_) => name == key,
        None => name.contains(key) && !given(name),
    };
    let own = fault.parameters().iter().filter(|parameter| is_meant(parameter.name));
    let mut candidates: Vec<Candidate> =
        own.map(|parameter| of_parameter(parameter, value.is_some())).collect();
    let when = WHEN.into_iter().zip(WHEN_KEYS).filter(|(name, _)| is_meant(name));
    candidates.extend(
        when.map(|(_, (example, about))| Candidate { text: example.to_owned(), about: about.to_owned() }),
    );
    // What begins with it is likelier than what only holds it.
    candidates.sort_by_key(|candidate| !candidate.text.starts_with(key));
    Some(Completion { replace: start..end, candidates })
}

/// A parameter; with its usual value, where that can be written, once the person is at the value.
fn of_parameter(parameter: &Parameter, at_value: bool) -> Candidate {
    let Parameter { name, kind, default, meaning } = *parameter;
    let usual = Some(default).filter(|default| at_value && kind.parse(default).is_ok());
    let text = format!("{name}={}", usual.filter(|_| kind != super::Kind::Text).unwrap_or_default());
    Candidate { text, about: format!("{meaning}; a {}, else {default}", kind.as_str()) }
}
