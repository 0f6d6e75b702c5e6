//! From a tree back to text that reads the same.

use super::Filter;
use super::lexer::{ends_word, key_and_operator, unequal};
use super::term::{Expr, Instant, Name, Pattern, Quantity, SessionName, Term, Words};
use super::value::UNITS;
use jiff::Timestamp;
use std::fmt::{self, Display, Formatter};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    All,
    Any,
    Not,
}

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.expr().map_or(Ok(()), |expr| expr.fmt(f))
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(several) => joined(f, several, Inside::All),
            Self::Any(several) => joined(f, several, Inside::Any),
            Self::Not(inner) => {
                f.write_str("-")?;
                nested(f, inner, Inside::Not)
            }
            Self::Term(term) => term.fmt(f),
        }
    }
}

/// Something inside a negation or a row of others, in brackets where it would read otherwise without.
fn nested(f: &mut Formatter<'_>, expr: &Expr, inside: Inside) -> fmt::Result {
    match expr {
        Expr::All(_) if inside == Inside::Any => expr.fmt(f),
        Expr::All(_) | Expr::Any(_) => write!(f, "({expr})"),
        Expr::Not(_) | Expr::Term(_) => expr.fmt(f),
    }
}

fn joined(f: &mut Formatter<'_>, several: &[Expr], inside: Inside) -> fmt::Result {
    for (index, one) in several.iter().enumerate() {
        if index > 0 {
            f.write_str(if inside == Inside::Any { " OR " } else { " " })?;
        }
        nested(f, one, inside)?;
    }
    Ok(())
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => words.fmt(f),
            Self::Name(name, Pattern(pattern)) => write!(f, "{}:{}", name.key(), Value(pattern)),
            Self::Credential(key) => write!(f, "key:{}", Value(key)),
            Self::Verdict(Pattern(pattern)) => write!(f, "verdict:{}", Value(pattern)),
            Self::Is(state) => write!(f, "is:{}", state.as_str()),
            Self::Severity(severity) => write!(f, "severity:{}", severity.as_str()),
            Self::StatusClass(class) => write!(f, "status:{class}xx"),
            Self::Quantity(quantity @ (Quantity::Status | Quantity::Tokens), how, number) => {
                write!(f, "{}{}{number}", quantity.key(), how.as_str())
            }
            Self::Quantity(quantity, how, span) => {
                write!(f, "{}{}{}", quantity.key(), how.as_str(), Span(*span))
            }
            Self::Since(Instant::Ago(span)) => write!(f, "since:{}", Span(span.0)),
            Self::Since(Instant::At(moment)) => match Timestamp::from_microsecond(moment.0) {
                Ok(moment) => write!(f, "since:{moment}"),
                // No text reads as such a moment, and none can be printed for it.
                Err(_) => f.write_str("since:0s"),
            },
            Self::Session(SessionName::Number(number)) => write!(f, "session:{number}"),
            Self::Note(pattern) => write!(f, "note:{}", Value(&pattern.0)),
            Self::Session(SessionName::Last) => f.write_str("session:last"),
        }
    }
}

impl Display for Words {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_bare = !self.text.is_empty()
            && !self.text.contains(ends_word)
            && !self.text.starts_with('-')
            && !self.text.ends_with('*')
            && !["OR", "AND", "NOT"].contains(&self.text.as_str())
            && key_and_operator(&self.text).is_none()
            && unequal(&self.text).is_none();
        if is_bare {
            f.write_str(&self.text)?;
        } else {
            quoted(f, &self.text)?;
        }
        f.write_str(if self.is_prefix { "*" } else { "" })
    }
}

/// The value of a key, in quotes where it needs them.
pub(super) struct Value<'a>(pub(super) &'a str);

impl Display for Value<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() || self.0.contains(ends_word) { quoted(f, self.0) } else { f.write_str(self.0) }
    }
}

fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A time in the longest unit that tells it exactly.
struct Span(u64);

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|(_, scale)| self.0 >= *scale && self.0.is_multiple_of(*scale));
        let (name, scale) = unit.unwrap_or(&("s", 1_000_000));
        write!(f, "{}{name}", self.0 / scale)
    }
}

impl Name {
    /// The key that asks for it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Path => "path",
            Self::Gateway => "gateway",
            Self::Code => "code",
            Self::Finish => "finish",
            Self::Finding => "finding",
        }
    }
}

impl Quantity {
    /// The key that asks for it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Ttft => "ttft",
            Self::Duration => "duration",
            Self::Tokens => "tokens",
        }
    }
}
