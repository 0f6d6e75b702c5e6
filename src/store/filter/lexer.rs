//! From text to tokens, each with its place.

use super::error::FilterError;
use super::term::Compare;
use std::ops::Range;

/// A token and the bytes it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Close,
    Not,
    And,
    Or,
    /// Words to search for.
    Words {
        text: String,
        is_prefix: bool,
    },
    /// `key op value`; the places of key and value.
    Ask {
        key: String,
        key_at: Range<usize>,
        how: Compare,
        value: String,
        value_at: Range<usize>,
    },
}

/// Takes a filter apart.
pub(super) fn tokens(input: &str) -> Result<Vec<Token>, FilterError> {
    let mut lexer = Lexer { input, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

/// The length of the key and the operator that `text` begins with, and the operator.
pub(super) fn key_and_operator(text: &str) -> Option<(usize, usize, Compare)> {
    let key = text.find(|c: char| !c.is_ascii_alphabetic() && c != '_').filter(|length| *length > 0)?;
    let rest = text.get(key..)?;
    let operators = [
        (">=", Compare::AtLeast),
        ("<=", Compare::AtMost),
        (":", Compare::Equal),
        ("=", Compare::Equal),
        (">", Compare::More),
        ("<", Compare::Less),
    ];
    operators.into_iter().find(|(sign, _)| rest.starts_with(sign)).map(|(sign, how)| (key, sign.len(), how))
}

/// What stands before and behind the sign of a `key!=value`, which the language does not have.
pub(super) fn unequal(word: &str) -> Option<(&str, &str)> {
    let is_key = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphabetic());
    word.split_once("!=").filter(|(key, _)| is_key(key))
}

/// Whether a word written bare ends before `c`.
pub(super) fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '"')
}

struct Lexer<'a> {
    input: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.input.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) -> Result<Option<Token>, FilterError> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        let start = self.at;
        let Some(first) = self.rest().chars().next() else {
            return Ok(None);
        };
        let kind = match first {
            '(' => self.single(Kind::Open),
            ')' => self.single(Kind::Close),
            '-' => self.single(Kind::Not),
            '"' => {
                let text = self.quoted()?;
                let is_prefix = self.rest().starts_with('*');
                self.at += usize::from(is_prefix);
                Kind::Words { text, is_prefix }
            }
            _ => match key_and_operator(self.rest()) {
                Some((key, sign, how)) => self.ask(key, sign, how)?,
                None => self.word_or_unequal()?,
            },
        };
        Ok(Some(Token { kind, at: start..self.at }))
    }

    fn single(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }

    fn bare(&mut self) -> &'a str {
        let rest = self.rest();
        let word = rest.find(ends_word).and_then(|end| rest.get(..end)).unwrap_or(rest);
        self.at += word.len();
        word
    }

    /// A word; `key!=value` would be one, and find nothing.
    fn word_or_unequal(&mut self) -> Result<Kind, FilterError> {
        let start = self.at;
        let word = self.bare();
        self.at = start;
        let Some((key, value)) = unequal(word) else { return Ok(self.word()) };
        let sign = start + key.len();
        Err(FilterError::new(sign..sign + 2, "there is no `!=`")
            .hint_to(format!("write `-{key}:{value}`; to search for the word, put it in quotes")))
    }

    fn word(&mut self) -> Kind {
        match self.bare() {
            "OR" => Kind::Or,
            "AND" => Kind::And,
            "NOT" => Kind::Not,
            word => {
                let text = word.trim_end_matches('*');
                Kind::Words { text: text.to_owned(), is_prefix: text.len() < word.len() }
            }
        }
    }

    fn ask(&mut self, key: usize, sign: usize, how: Compare) -> Result<Kind, FilterError> {
        let key_at = self.at..self.at + key;
        let name = self.input.get(key_at.clone()).unwrap_or_default().to_owned();
        self.at += key + sign;
        let start = self.at;
        let value = if self.rest().starts_with('"') { self.quoted()? } else { self.bare().to_owned() };
        Ok(Kind::Ask { key: name, key_at, how, value, value_at: start..self.at })
    }

    /// What stands between quotes; `\"` and `\\` stand for `"` and `\`.
    fn quoted(&mut self) -> Result<String, FilterError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((index, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += index + 1;
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                _ => text.push(c),
            }
        }
        Err(FilterError::new(start..self.input.len(), "these quotes are not closed")
            .hint_to("a quote inside quotes is written \\\""))
    }
}
