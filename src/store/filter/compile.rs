//! From a filter to SQL, about a row of `facets` as `f`.

use super::Filter;
use super::term::{Compare, Expr, Instant, Name, Pattern, Quantity, SessionName, State, Term, Words};
use crate::exchange::end::Verdict;
use crate::exchange::time::WallTime;
use crate::exchange::{ExchangeId, SessionId};
use crate::store::error::Error;
use crate::store::facets::{self, Flag, Kind};
use crate::store::words;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

/// So many numbers are written into the statement one by one; more travel as one parameter.
const FEW: usize = 8;

/// Compiles filters for one recording at one moment.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Compiler<'a> {
    pub(in crate::store) connection: &'a Connection,
    pub(in crate::store) now: WallTime,
    /// Sessions that died and are not settled: what they left open is lost.
    pub(in crate::store) dead: &'a [SessionId],
}

/// What a filter asks: a condition, words that must be there besides, and words that must not.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) struct Compiled {
    pub(in crate::store) condition: Condition,
    /// The condition asks the full text too.
    pub(in crate::store) asks_text: bool,
    /// Beginnings of words are searched for. Each time that is asked, the full text puts a list together of all
    /// that any word has which begins so.
    pub(in crate::store) has_prefix: bool,
    /// A full-text query that the exchange must match too.
    pub(in crate::store) matching: Option<String>,
    /// A full-text query that the exchange must not match. Only where there is none that it must.
    pub(in crate::store) excluded: Option<String>,
}

impl Compiled {
    /// The same, where the exchange must match this, too.
    pub(in crate::store) fn matching(self, matching: &str) -> Self {
        let matching = match &self.excluded {
            Some(excluded) => format!("({matching}) NOT ({excluded})"),
            None => matching.to_owned(),
        };
        Self { matching: Some(matching), excluded: None, ..self }
    }
}

/// A condition in SQL. Its parameters come in order behind `?1` and `?2`: the numbers of exchanges between which
/// it is asked, both excluded.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) enum Condition {
    Always,
    Never,
    /// The text, and its parameters from the third on.
    If(String, Vec<Value>),
}

/// A full-text query for `words`.
pub(in crate::store) fn match_of(words: &Words) -> String {
    let star = if words.is_prefix { " *" } else { "" };
    format!("\"{}\"{star}", words::plain(&words.text))
}

impl Compiler<'_> {
    /// Compiles a filter.
    pub(in crate::store) fn compile(&self, filter: &Filter) -> Result<Compiled, Error> {
        let mut demands = Vec::new();
        if let Some(expr) = filter.expr() {
            expr.demands(true, &mut demands);
        }
        let (mut matching, mut excluded) = (Vec::new(), Vec::new());
        let (mut plain, mut asking) = (Vec::new(), Vec::new());
        // Words that must or must not be there in any case are left to the full-text index, which lists its
        // matches faster than a condition can look them up.
        for (one, holds) in demands {
            if let Expr::Term(Term::Words(words)) = one {
                let list = if holds { &mut matching } else { &mut excluded };
                list.push(match_of(words));
                continue;
            }
            let condition = self.expr(one)?;
            let condition = if holds { condition } else { not(condition) };
            // Last, so that the full text is not asked where the rest says no.
            let list = if one.has_words(|_| true) { &mut asking } else { &mut plain };
            list.push(condition);
        }
        let asks_text = !asking.is_empty();
        plain.append(&mut asking);
        let joined = |parts: Vec<String>, by: &str| (!parts.is_empty()).then(|| parts.join(by));
        let compiled = Compiled {
            condition: all(plain),
            asks_text,
            has_prefix: filter.expr().is_some_and(|expr| expr.has_words(|words| words.is_prefix)),
            matching: None,
            excluded: joined(excluded, " OR "),
        };
        Ok(match joined(matching, " AND ") {
            Some(matching) => compiled.matching(&matching),
            None => compiled,
        })
    }

    fn expr(&self, expr: &Expr) -> Result<Condition, Error> {
        Ok(match expr {
            Expr::All(several) => all(self.several(several)?),
            Expr::Any(several) => any(self.several(several)?),
            Expr::Not(inner) => not(self.expr(inner)?),
            Expr::Term(term) => self.term(term)?,
        })
    }

    fn several(&self, several: &[Expr]) -> Result<Vec<Condition>, Error> {
        several.iter().map(|one| self.expr(one)).collect()
    }

    fn term(&self, term: &Term) -> Result<Condition, Error> {
        Ok(match term {
            Term::Words(words) => with(
                "+f.exchange_id IN (SELECT rowid FROM texts WHERE texts MATCH ? AND rowid > ?1 AND rowid < ?2)",
                match_of(words),
            ),
            Term::Name(name, pattern) => self.name(*name, pattern)?,
            Term::Credential(key) => {
                let key = key.to_ascii_lowercase();
                let is_meant = |word: &str| {
                    facets::credential_parts(word).any(|(fingerprint, last4)| {
                        fingerprint.to_ascii_lowercase().starts_with(&key) || last4.eq_ignore_ascii_case(&key)
                    })
                };
                one_of("f.credential", &self.words(Kind::Credential, is_meant)?)
            }
            Term::Verdict(pattern) => self.verdict(|verdict| pattern.matches(verdict.as_str())),
            Term::Is(state) => match state {
                State::Streaming => flag(Flag::Streaming),
                State::Injected => flag(Flag::Injected),
                State::Replayed => flag(Flag::Replayed),
                State::Error => self.verdict(State::is_error),
                State::Open => self.verdict(|verdict| verdict == Verdict::Open),
                State::Cancelled => self.verdict(|verdict| verdict == Verdict::CutByApp),
            },
            Term::Severity(severity) => {
                just(format!("(f.severities & {}) <> 0", facets::severity_bit(*severity)))
            }
            Term::StatusClass(class) => {
                let first = u16::from(*class) * 100;
                just(format!("f.status BETWEEN {first} AND {}", first + 99))
            }
            Term::Quantity(quantity, how, number) => {
                let column = match quantity {
                    Quantity::Status => "f.status",
                    Quantity::Ttft => "f.ttft_us",
                    Quantity::Duration => "f.duration_us",
                    Quantity::Tokens => "f.tokens",
                };
                let sign = if *how == Compare::Equal { "=" } else { how.as_str() };
                let number = i64::try_from(*number).unwrap_or(i64::MAX);
                with(&format!("{column} {sign} ?"), number)
            }
            Term::Since(moment) => {
                let from = match moment {
                    Instant::At(moment) => moment.0,
                    Instant::Ago(span) => self.now.0.saturating_sub_unsigned(span.0),
                };
                with("f.started_at_us >= ?", from)
            }
            Term::Note(pattern) => one_of("f.exchange_id", &self.noted(pattern)?),
            Term::Session(name) => match self.session(*name)? {
                Some((id, first, last)) => {
                    just(format!("f.session_id = {id} AND f.exchange_id BETWEEN {first} AND {last}"))
                }
                None => Condition::Never,
            },
        })
    }

    fn name(&self, name: Name, pattern: &Pattern) -> Result<Condition, Error> {
        let (kind, columns): (Kind, &[&str]) = match name {
            Name::Model => (Kind::Model, &["f.model", "f.model_answered"]),
            Name::Path => (Kind::Path, &["f.path"]),
            Name::Gateway => (Kind::Gateway, &["f.gateway"]),
            Name::Code => (Kind::Code, &["f.code"]),
            Name::Finish => (Kind::Finish, &["f.finish"]),
            Name::Finding => (Kind::Findings, &["f.findings"]),
        };
        let found = match name {
            Name::Finding => self.words(kind, |ids| ids.split(' ').any(|id| pattern.matches(id)))?,
            _ => self.words(kind, |word| pattern.matches(word))?,
        };
        Ok(any(columns.iter().map(|column| one_of(column, &found)).collect()))
    }

    /// A session that has exchanges: its number, its first exchange and its last.
    fn session(&self, name: SessionName) -> Result<Option<(SessionId, ExchangeId, ExchangeId)>, Error> {
        let id = match name {
            SessionName::Number(id) => Some(id),
            SessionName::Last => self
                .connection
                .prepare_cached("SELECT session_id FROM exchanges ORDER BY id DESC LIMIT 1")?
                .query_row([], |row| row.get(0))
                .optional()?,
        };
        let Some(id) = id else { return Ok(None) };
        let ends: (Option<ExchangeId>, Option<ExchangeId>) = self
            .connection
            .prepare_cached(
                "SELECT (SELECT min(id) FROM exchanges WHERE session_id = ?1), \
                 (SELECT max(id) FROM exchanges WHERE session_id = ?1)",
            )?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(ends.0.zip(ends.1).map(|(first, last)| (id, first, last)))
    }

    fn verdict(&self, is_meant: impl Fn(Verdict) -> bool) -> Condition {
        let recorded = verdicts(&is_meant);
        if self.dead.is_empty() || is_meant(Verdict::Open) == is_meant(Verdict::Lost) {
            return recorded;
        }
        // What dead sessions left open is lost, though the file says otherwise.
        let dead = one_of("f.session_id", self.dead);
        let left = all(vec![verdicts(|verdict| verdict == Verdict::Open), dead]);
        if is_meant(Verdict::Lost) { any(vec![recorded, left]) } else { all(vec![recorded, not(left)]) }
    }

    /// The exchanges with a note in which something looks like `pattern`. Notes are few: people write them.
    fn noted(&self, pattern: &Pattern) -> Result<Vec<ExchangeId>, Error> {
        let within = Pattern(format!("*{}*", pattern.0));
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, note FROM exchanges WHERE note IS NOT NULL ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            if row.get_ref("note")?.as_str().is_ok_and(|note| within.matches(note)) {
                found.push(row.get("id")?);
            }
        }
        Ok(found)
    }

    /// The numbers of the words that are meant.
    fn words(&self, kind: Kind, is_meant: impl Fn(&str) -> bool) -> Result<Vec<i64>, Error> {
        let mut statement =
            self.connection.prepare_cached("SELECT id, text FROM words WHERE kind = ? ORDER BY text")?;
        let mut rows = statement.query([kind.code()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            if row.get_ref("text")?.as_str().is_ok_and(&is_meant) {
                found.push(row.get("id")?);
            }
        }
        Ok(found)
    }
}

fn just(sql: String) -> Condition {
    Condition::If(sql, Vec::new())
}

fn with(sql: &str, value: impl Into<Value>) -> Condition {
    Condition::If(sql.to_owned(), vec![value.into()])
}

fn flag(flag: Flag) -> Condition {
    just(format!("(f.flags & {}) <> 0", flag.bit()))
}

fn not(condition: Condition) -> Condition {
    match condition {
        Condition::Always => Condition::Never,
        Condition::Never => Condition::Always,
        // Of a column that is null, SQL says neither yes nor no.
        Condition::If(sql, values) => Condition::If(format!("({sql}) IS NOT TRUE"), values),
    }
}

/// A condition on the recorded verdict.
fn verdicts(is_meant: impl Fn(Verdict) -> bool) -> Condition {
    let codes: Vec<i64> =
        Verdict::ALL.into_iter().filter(|one| is_meant(*one)).map(facets::verdict_code).collect();
    match codes.as_slice() {
        [] => Condition::Never,
        [only] => just(format!("f.verdict = {only}")),
        several if several.len() == Verdict::ALL.len() => Condition::Always,
        several => {
            let mask: i64 = several.iter().map(|code| 1 << code).sum();
            just(format!("({mask} >> f.verdict) & 1"))
        }
    }
}

fn one_of(column: &str, numbers: &[i64]) -> Condition {
    let list = |between: &str| numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(between);
    match numbers {
        [] => Condition::Never,
        [only] => just(format!("{column} = {only}")),
        few if few.len() <= FEW => just(format!("{column} IN ({})", list(", "))),
        _ => with(&format!("{column} IN (SELECT value FROM json_each(?))"), format!("[{}]", list(","))),
    }
}

fn all(conditions: Vec<Condition>) -> Condition {
    if conditions.contains(&Condition::Never) {
        return Condition::Never;
    }
    join(conditions, " AND ").unwrap_or(Condition::Always)
}

fn any(conditions: Vec<Condition>) -> Condition {
    if conditions.contains(&Condition::Always) {
        return Condition::Always;
    }
    join(conditions, " OR ").unwrap_or(Condition::Never)
}

/// The conditions that are not constant, joined; `None` where all of them are.
fn join(conditions: Vec<Condition>, between: &str) -> Option<Condition> {
    let mut parts = Vec::new();
    let mut values = Vec::new();
    for condition in conditions {
        if let Condition::If(sql, more) = condition {
            parts.push(format!("({sql})"));
            values.extend(more);
        }
    }
    (!parts.is_empty()).then(|| Condition::If(parts.join(between), values))
}
