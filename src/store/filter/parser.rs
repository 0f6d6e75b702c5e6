//! From tokens to a tree.

use super::error::FilterError;
use super::key::KeyInfo;
use super::lexer::{Kind, Token, tokens};
use super::term::{Expr, Term, Words};
use super::value;
use crate::store::words;
use std::iter::Peekable;
use std::vec::IntoIter;

/// Brackets and negations may stand inside one another so deep.
const DEEPEST: usize = 50;

/// So many terms a filter may have: SQLite takes no endless conditions.
const MOST_TERMS: usize = 200;

/// Reads a filter; `None` is an empty one.
pub(super) fn parse(input: &str) -> Result<Option<Expr>, FilterError> {
    read(input).map_err(|error| error.in_input(input))
}

fn read(input: &str) -> Result<Option<Expr>, FilterError> {
    let tokens = tokens(input)?;
    let terms = tokens.iter().filter(|token| matches!(token.kind, Kind::Ask { .. } | Kind::Words { .. }));
    if let Some(token) = terms.clone().nth(MOST_TERMS) {
        return Err(FilterError::new(token.at.clone(), format!("more than {MOST_TERMS} terms")));
    }
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), end: input.trim_end().len() };
    let expr = parser.any(0)?;
    match parser.tokens.next() {
        None => Ok(Some(expr)),
        Some(token) => Err(FilterError::new(token.at, "this bracket was never opened")),
    }
}

struct Parser {
    tokens: Peekable<IntoIter<Token>>,
    /// Where the text ends.
    end: usize,
}

impl Parser {
    fn any(&mut self, depth: usize) -> Result<Expr, FilterError> {
        let mut several = vec![self.all(depth)?];
        while self.tokens.next_if(|token| token.kind == Kind::Or).is_some() {
            several.push(self.all(depth)?);
        }
        Ok(one_or(several, Expr::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expr, FilterError> {
        let mut several = vec![self.one(depth)?];
        loop {
            match self.tokens.peek().map(|token| &token.kind) {
                None | Some(Kind::Or | Kind::Close) => return Ok(one_or(several, Expr::All)),
                Some(Kind::And) => drop(self.tokens.next()),
                Some(_) => {}
            }
            several.push(self.one(depth)?);
        }
    }

    fn one(&mut self, depth: usize) -> Result<Expr, FilterError> {
        let Some(token) = self.tokens.next() else {
            return Err(FilterError::new(self.end..self.end, "the filter ends where a term is expected"));
        };
        let at = token.at;
        if depth > DEEPEST {
            return Err(FilterError::new(at, "brackets and negations stand too deep inside one another"));
        }
        match token.kind {
            Kind::Not => Ok(Expr::Not(Box::new(self.one(depth + 1)?))),
            Kind::Open => {
                let inside = self.any(depth + 1)?;
                match self.tokens.next() {
                    Some(_) => Ok(inside),
                    None => Err(FilterError::new(at, "this bracket is not closed")),
                }
            }
            Kind::Close => Err(FilterError::new(at, "a term is expected before this bracket")),
            Kind::And | Kind::Or => Err(FilterError::new(at, "a term is expected here")
                .hint_to("to search for the word itself, put it in quotes")),
            Kind::Words { text, is_prefix } => {
                if words::split(&text).next().is_none() {
                    return Err(FilterError::new(at, "there is no word to search for in this"));
                }
                Ok(Expr::Term(Term::Words(Words { text, is_prefix })))
            }
            Kind::Ask { key, key_at, how, value, value_at } => {
                let Some(info) = KeyInfo::named(&key) else {
                    return Err(FilterError::new(key_at, format!("unknown key `{key}`"))
                        .hint_to(KeyInfo::hint_for(&key)));
                };
                value::term(info, how, &value, &at, value_at).map(Expr::Term)
            }
        }
    }
}

fn one_or(mut several: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    match several.pop() {
        Some(only) if several.is_empty() => only,
        Some(last) => {
            several.push(last);
            join(several)
        }
        None => join(several),
    }
}
