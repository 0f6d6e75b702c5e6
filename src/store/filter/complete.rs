//! What may come next, for a line that is being typed.

use super::key::{KEYS, Key, KeyInfo};
use super::lexer::{ends_word, key_and_operator};
use super::print::Value;
use super::term::State;
use crate::exchange::end::Verdict;
use crate::exchange::finding::Severity;
use crate::exchange::text::boundary_before;
use std::ops::Range;

/// Ways to go on at one place of a filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// The bytes that a candidate takes the place of.
    pub replace: Range<usize>,
    /// The candidates, best first.
    pub candidates: Vec<Candidate>,
}

/// One way to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The text to put in.
    pub text: String,
    /// What it means, in a few words; may be empty.
    pub about: String,
}

/// What is being typed at a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Place {
    /// The bytes of the word under the cursor, from its start to the cursor.
    pub(in crate::store) replace: Range<usize>,
    /// The key whose value it is; `None` where a key may stand.
    pub(in crate::store) key: Option<Key>,
    /// What is there of it.
    pub(in crate::store) begun: String,
}

/// The place at byte `cursor` of `input`; a cursor inside a character stands before it.
pub(in crate::store) fn place(input: &str, cursor: usize) -> Place {
    let cursor = boundary_before(input, cursor);
    let before = input.get(..cursor).unwrap_or_default();
    let mut start = 0;
    let mut in_quotes = false;
    let mut escaped = false;
    for (at, c) in before.char_indices() {
        match c {
            '"' if !escaped => {
                in_quotes = !in_quotes;
                // A value in quotes begins with its key.
                let is_value = before.get(start..at).is_some_and(|word| word.ends_with([':', '=', '<', '>']));
                if in_quotes && !is_value {
                    start = at;
                }
            }
            _ if !in_quotes && ends_word(c) => start = at + c.len_utf8(),
            '-' if !in_quotes && at == start => start += 1,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    let word = before.get(start..).unwrap_or_default();
    if let Some((key, sign, _)) = key_and_operator(word)
        && let Some(info) = word.get(..key).and_then(KeyInfo::named)
    {
        let begun = word.get(key + sign..).unwrap_or_default().trim_start_matches('"');
        return Place { replace: start + key + sign..cursor, key: Some(info.key), begun: begun.to_owned() };
    }
    Place { replace: start..cursor, key: None, begun: word.to_owned() }
}

impl Place {
    /// What may stand here, of what is known without a recording.
    pub(in crate::store) fn known(&self) -> Vec<Candidate> {
        let words = |words: &[&'static str]| words.iter().map(|word| Candidate::bare(*word)).collect();
        let all: Vec<Candidate> = match self.key {
            None => KEYS.iter().map(Candidate::of_key).collect(),
            Some(Key::Verdict) => words(&Verdict::ALL.map(Verdict::as_str)),
            Some(Key::Is) => words(&State::ALL.map(State::as_str)),
            Some(Key::Severity) => {
                words(&[Severity::Error, Severity::Warning, Severity::Info].map(Severity::as_str))
            }
            Some(Key::Session) => words(&["last"]),
            Some(Key::Status) => words(&["2xx", "4xx", "5xx"]),
            Some(Key::Since) => words(&["10m", "1h", "1d"]),
            Some(_) => Vec::new(),
        };
        all.into_iter().filter(|candidate| self.begins(&candidate.text)).collect()
    }

    /// Whether `text` goes on from what is there. Where nothing is there, every text does.
    pub(in crate::store) fn begins(&self, text: &str) -> bool {
        let begun = self.begun.as_bytes();
        text.as_bytes().get(..begun.len()).is_some_and(|start| start.eq_ignore_ascii_case(begun))
    }
}

impl Candidate {
    fn bare(text: impl Into<String>) -> Self {
        Self { text: text.into(), about: String::new() }
    }

    /// A value that was recorded, in quotes where it needs them.
    pub(in crate::store) fn of_value(value: &str) -> Self {
        Self::bare(Value(value).to_string())
    }

    fn of_key(info: &KeyInfo) -> Self {
        let sign = if info.compares { "" } else { ":" };
        Self { text: format!("{}{sign}", info.name), about: info.about.to_owned() }
    }
}
