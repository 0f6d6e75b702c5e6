//! The filter language: one for lists, checks, exports and the live view.
//!
//! ```text
//! filter  = any
//! any     = all *( "OR" all )
//! all     = 1*( [ "-" / "NOT" ] ( "(" any ")" / term ) )      ; "AND" may stand between
//! term    = key op value / word / '"' phrase '"' [ "*" ]
//! op      = ":" / "=" / ">" / ">=" / "<" / "<="
//! ```
//!
//! Words and phrases search prompts and answers; `word*` finds every word that begins so. `*` in a value
//! stands for anything, and letters are compared without case. What an exchange does not have never
//! matches: `-ttft>1s` finds the slow ones' opposite, plain answers among them. [`KEYS`] lists the keys.
//!
//! [`Filter::parse`] reads the language and names mistakes with their column; printing a filter gives a text
//! that reads back to the same filter. The store turns filters into SQL (`compile`).

mod compile;
mod complete;
mod error;
mod key;
mod lexer;
mod parser;
mod print;
mod term;
mod value;

pub use complete::{Candidate, Completion};
pub use error::FilterError;
pub use key::{KEYS, Key, KeyInfo};
pub use term::{Compare, Expr, Instant, Name, Pattern, Quantity, SessionName, State, Term, Words};

pub(super) use compile::{Compiled, Compiler, Condition, match_of};
pub(super) use complete::place;

use std::str::FromStr;

/// Which exchanges are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(Option<Expr>);

impl Filter {
    /// Reads a filter; an empty text asks for every exchange.
    ///
    /// # Errors
    /// [`FilterError`] with the column of the first mistake.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parser::parse(text).map(Self)
    }

    /// Whether every exchange is asked for.
    pub fn is_everything(&self) -> bool {
        self.0.is_none()
    }

    /// What is asked for; `None` is everything.
    pub fn expr(&self) -> Option<&Expr> {
        self.0.as_ref()
    }

    /// This filter and `other` at once.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(one), Some(other)) => Self(Some(Expr::All(vec![one, other]))),
            (one, other) => Self(one.or(other)),
        }
    }

    /// The words that are searched for, save those that must not be there.
    pub fn words(&self) -> Vec<&Words> {
        let mut words = Vec::new();
        if let Some(expr) = &self.0 {
            expr.wanted_words(&mut words);
        }
        words
    }
}

impl From<Term> for Filter {
    fn from(term: Term) -> Self {
        Self(Some(Expr::Term(term)))
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}
