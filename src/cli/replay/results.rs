//! What came of sending requests again, beside what was recorded.

use crate::cli::diff;
use crate::cli::exit::Exit;
use crate::cli::style::{Style, paint};
use crate::cli::world::Env;
use crate::digest::compare::{Compared, Comparison};
use crate::digest::summary::Whole;
use crate::digest::{Answer, examine};
use crate::exchange::body::{Body, Side};
use crate::exchange::delay::percentile;
use crate::exchange::text::counted;
use crate::exchange::time::Micros;
use crate::exchange::{ExchangeId, SessionId};
use crate::store::filter::{Filter, SessionName, Term};
use crate::store::{Page, Reader};
use anyhow::bail;
use serde_json::{Value, json};
use std::fmt;
use std::io::Write;
use std::str::FromStr;

/// The tokens of own answers that say that a gateway cannot be reached.
pub(super) const UNREACHABLE: [&str; 4] =
    ["dns-not-found", "connection-refused", "connect-timeout", "tls-failed"];

/// What must not differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Criterion {
    Status,
    Verdict,
    Text,
    Json,
    Tools,
}

/// What came of all sendings.
pub(super) struct Results<'a> {
    expected: &'a [Criterion],
    rows: Vec<Row>,
}

/// One recorded exchange, and one sending of it.
struct Row {
    was: Told,
    is: Told,
    comparison: Comparison,
    mismatches: Vec<Criterion>,
}

/// One of the two with its bodies, and what its answer says.
struct Told {
    id: ExchangeId,
    whole: Whole,
    answer: Answer,
    request: Body,
    response: Body,
}

impl Criterion {
    const ALL: [(&'static str, Self); 5] = [
        ("status", Self::Status),
        ("verdict", Self::Verdict),
        ("text", Self::Text),
        ("json", Self::Json),
        ("tools", Self::Tools),
    ];

    fn holds(self, was: &Told, is: &Told) -> bool {
        match self {
            Self::Status => was.whole.summary.status == is.whole.summary.status,
            Self::Verdict => was.whole.summary.verdict == is.whole.summary.verdict,
            Self::Text => was.answer.text == is.answer.text,
            Self::Json => {
                let document = |side: &Told| serde_json::from_str::<Value>(&side.answer.text).ok();
                let documents = (document(was), document(is));
                documents.0.is_some() && documents.0 == documents.1
            }
            Self::Tools => was.tools() == is.tools(),
        }
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::ALL.iter().find(|(_, known)| known == self).map_or("", |(word, _)| word);
        f.write_str(word)
    }
}

impl FromStr for Criterion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|(word, _)| *word == text);
        known
            .map(|(_, criterion)| criterion)
            .ok_or_else(|| format!("expected some of {}", Self::ALL.map(|(word, _)| word).join(", ")))
    }
}

impl Told {
    fn read(reader: &Reader, id: ExchangeId) -> anyhow::Result<Self> {
        let Some(whole) = reader.exchange(id)? else {
            bail!("exchange {id} has gone from `{}`", reader.path().display());
        };
        let (request, response) = (reader.body(id, Side::Request)?, reader.body(id, Side::Response)?);
        let answer = examine(&whole.exchange, &request, &response).answer;
        Ok(Self { id, whole, answer, request, response })
    }

    fn compared(&self) -> Compared<'_> {
        Compared { whole: &self.whole, request: &self.request, response: &self.response }
    }

    /// The names and the arguments of tool calls; those as JSON, where they are.
    fn tools(&self) -> Vec<(&str, Value)> {
        let calls = self.answer.tool_calls.iter();
        calls
            .map(|call| {
                let arguments = serde_json::from_str(&call.arguments);
                (call.name.as_str(), arguments.unwrap_or_else(|_| Value::from(call.arguments.as_str())))
            })
            .collect()
    }

    fn ttft(&self) -> Option<f64> {
        self.whole.summary.digest.first_token.map(Micros::as_ms)
    }

    fn duration(&self) -> Option<f64> {
        self.whole.summary.duration.map(Micros::as_ms)
    }

    fn output(&self) -> Option<f64> {
        self.whole.summary.digest.usage.output.map(|tokens| tokens as f64)
    }

    /// Tokens a second, from the first token to the last event.
    fn speed(&self) -> Option<f64> {
        let digest = &self.whole.summary.digest;
        let took = digest.last_event?.since(digest.first_token?).0;
        (took > 0).then_some(self.output()? * 1e6 / took as f64)
    }
}

impl<'a> Results<'a> {
    pub(super) fn new(expected: &'a [Criterion]) -> Self {
        Self { expected, rows: Vec::new() }
    }

    /// Reads what a session has sent again.
    pub(super) fn read(&mut self, reader: &Reader, session: SessionId) -> anyhow::Result<()> {
        let filter = Filter::from(Term::Session(SessionName::Number(session)));
        let all = crate::exchange::time::WallTime(0);
        for summary in reader.select(&filter, Page::default(), all)? {
            let Some(original) = summary.replay_of else { continue };
            let (was, is) = (Told::read(reader, original)?, Told::read(reader, summary.id)?);
            let mut comparison = Comparison::of(was.compared(), is.compared());
            // The key was another one, or gatetap's own doing; dates and ids say nothing.
            comparison.request.retain(|difference| difference.place != "key");
            comparison.request_headers.retain(|header| header.counts && !is_credential(&header.place));
            comparison.response_headers.retain(|header| header.counts);
            let mismatches =
                self.expected.iter().copied().filter(|criterion| !criterion.holds(&was, &is)).collect();
            self.rows.push(Row { was, is, comparison, mismatches });
        }
        // Sendings of one exchange stand together, in the order of starting.
        self.rows.sort_by_key(|row| (row.was.id, row.is.id));
        Ok(())
    }

    pub(super) fn exit(&self) -> Exit {
        let unreachable = |row: &Row| {
            row.is.whole.summary.own_error.as_deref().is_some_and(|token| UNREACHABLE.contains(&token))
        };
        if !self.rows.is_empty() && self.rows.iter().all(unreachable) {
            Exit::Unreachable
        } else if self.rows.iter().any(|row| !row.mismatches.is_empty()) {
            Exit::Findings
        } else {
            Exit::Fine
        }
    }

    pub(super) fn print_json(&self, env: &mut Env<'_>) -> anyhow::Result<()> {
        for row in &self.rows {
            let side = |side: &Told| {
                let summary = &side.whole.summary;
                let usage = summary.digest.usage;
                json!({
                    "id": side.id,
                    "gateway": summary.gateway,
                    "status": summary.status,
                    "verdict": summary.verdict.as_str(),
                    "model_answered": summary.digest.model_answered,
                    "finish_reason": summary.digest.finish_reason,
                    "error_code": summary.digest.error_code,
                    "tokens": {"input": usage.input, "output": usage.output, "total": usage.total},
                    "ttft_ms": side.ttft(),
                    "duration_ms": side.duration(),
                    "tokens_per_second": side.speed(),
                    "text": side.answer.text,
                    "tool_calls": side.tools(),
                })
            };
            let line = json!({
                "replay_of": row.was.id,
                "id": row.is.id,
                "was": side(&row.was),
                "is": side(&row.is),
                "same_text": Criterion::Text.holds(&row.was, &row.is),
                "same_tools": Criterion::Tools.holds(&row.was, &row.is),
                "mismatches": row.mismatches.iter().map(ToString::to_string).collect::<Vec<_>>(),
            });
            serde_json::to_writer(&mut env.stdout, &line)?;
            writeln!(env.stdout)?;
        }
        Ok(())
    }

    pub(super) fn print(&self, env: &mut Env<'_>) -> anyhow::Result<()> {
        for rows in self.rows.chunk_by(|a, b| a.was.id == b.was.id) {
            for row in rows {
                let text = row.line(env.stdout.colour());
                writeln!(env.stdout, "{text}")?;
            }
            match rows {
                [row] => {
                    let page = diff::page(row.was.id, row.is.id, &row.comparison, env.stdout.colour());
                    write!(env.stdout, "{page}")?;
                }
                rows => distributions(rows, env)?,
            }
        }
        Ok(())
    }
}

impl Row {
    fn line(&self, colour: bool) -> String {
        let (was, is) = (&self.was.whole.summary, &self.is.whole.summary);
        let status = |status: Option<u16>| status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let text = if Criterion::Text.holds(&self.was, &self.is) { "same text" } else { "other text" };
        let mut line = format!(
            "#{} → #{}  {}  {}  {text}",
            self.was.id,
            self.is.id,
            changed(&status(was.status), &status(is.status)),
            changed(was.verdict.as_str(), is.verdict.as_str()),
        );
        if !self.mismatches.is_empty() {
            let names: Vec<String> = self.mismatches.iter().map(ToString::to_string).collect();
            let words = format!("  mismatch: {}", names.join(", "));
            line.push_str(&paint(colour, Style::Bad, &words));
        }
        line
    }
}

/// Whether a header carries a key.
fn is_credential(name: &str) -> bool {
    ["authorization", "x-api-key", "api-key", "x-goog-api-key"].contains(&name)
}

fn changed(was: &str, is: &str) -> String {
    if was == is { was.to_owned() } else { format!("{was} → {is}") }
}

/// What is measured of one side.
type Measure = fn(&Told) -> Option<f64>;

/// Times and counts over several sendings of one exchange.
fn distributions(rows: &[Row], env: &mut Env<'_>) -> anyhow::Result<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let same = rows.iter().filter(|row| Criterion::Text.holds(&row.was, &row.is)).count();
    writeln!(env.stdout, "  {same} of {} are as recorded", counted(rows.len(), "text"))?;
    let measures: [(&str, &str, Measure); 4] = [
        ("first token", " ms", Told::ttft),
        ("end", " ms", Told::duration),
        ("tokens out", "", Told::output),
        ("tokens a second", "", Told::speed),
    ];
    for (name, unit, measure) in measures {
        let mut values: Vec<f64> = rows.iter().filter_map(|row| measure(&row.is)).collect();
        values.sort_by(f64::total_cmp);
        let (Some(least), Some(median), Some(most)) =
            (values.first(), percentile(&values, 50), values.last())
        else {
            continue;
        };
        let was = measure(&first.was).map_or_else(|| "-".to_owned(), |was| format!("{was:.0}{unit}"));
        writeln!(
            env.stdout,
            "  {name:<16} was {was}; now {least:.0} to {most:.0}{unit}, median {median:.0}{unit}"
        )?;
    }
    Ok(())
}
