//! `gatetap diff`: two exchanges side by side.

use super::completions;
use super::exit::Exit;
use super::recording::{ExchangeName, RecordingArgs};
use super::style::{Style, paint};
use super::world::Env;
use crate::digest::compare::{Compared, Comparison, Difference, Edit, TextDifference};
use crate::digest::summary::Whole;
use crate::exchange::ExchangeId;
use crate::exchange::body::{Body, Side};
use crate::exchange::text::printable;
use crate::store::Reader;
use anyhow::bail;
use clap_complete::engine::ArgValueCandidates;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::Write;

/// How much of a value that differs is shown.
const VALUE_LIMIT: usize = 400;

/// How many words in common are shown around words that differ.
const CONTEXT: usize = 6;

/// Compare two exchanges: requests by path, headers, answers word by word, times
///
/// Exits with 1 where they differ in anything that counts: what was asked, how it ended, what the model said.
/// Times, dates, ids and token counts are shown and do not count.
#[derive(Debug, clap::Args)]
pub(super) struct DiffArgs {
    /// The first: its number, `last`, or `-N` for the Nth from the end
    #[arg(value_name = "A", allow_negative_numbers = true, add = ArgValueCandidates::new(completions::exchanges))]
    a: ExchangeName,

    /// The second
    #[arg(value_name = "B", allow_negative_numbers = true, add = ArgValueCandidates::new(completions::exchanges))]
    b: ExchangeName,

    #[command(flatten)]
    recording: RecordingArgs,

    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// One exchange with its bodies.
#[derive(Debug)]
struct Read {
    whole: Whole,
    request: Body,
    response: Body,
}

#[derive(Debug, Serialize)]
struct DiffLine<'a> {
    a: ExchangeId,
    b: ExchangeId,
    same: bool,
    request: Vec<DifferenceLine<'a>>,
    request_headers: Vec<DifferenceLine<'a>>,
    request_body: Vec<DifferenceLine<'a>>,
    outcome: Vec<DifferenceLine<'a>>,
    response_headers: Vec<DifferenceLine<'a>>,
    response_body: Vec<DifferenceLine<'a>>,
    answer: Vec<Value>,
    timing: Vec<DifferenceLine<'a>>,
}

#[derive(Debug, Serialize)]
struct DifferenceLine<'a> {
    place: &'a str,
    a: Option<&'a str>,
    b: Option<&'a str>,
    counts: bool,
}

impl DiffArgs {
    /// Compares and prints.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let reader = self.recording.open(env)?;
        let (a, b) = (self.a.find(&reader)?, self.b.find(&reader)?);
        let (first, second) = (Read::of(&reader, a)?, Read::of(&reader, b)?);
        let comparison = Comparison::of(first.compared(), second.compared());
        let same = comparison.is_same();
        if self.json {
            serde_json::to_writer(&mut env.stdout, &DiffLine::new(a, b, &comparison))?;
            writeln!(env.stdout)?;
        } else {
            let text = page(a, b, &comparison, env.stdout.colour());
            write!(env.stdout, "{text}")?;
        }
        Ok(if same { Exit::Fine } else { Exit::Findings })
    }
}

impl Read {
    fn of(reader: &Reader, id: ExchangeId) -> anyhow::Result<Self> {
        let Some(whole) = reader.exchange(id)? else {
            bail!("exchange {id} has gone from `{}`", reader.path().display());
        };
        Ok(Self {
            whole,
            request: reader.body(id, Side::Request)?,
            response: reader.body(id, Side::Response)?,
        })
    }

    fn compared(&self) -> Compared<'_> {
        Compared { whole: &self.whole, request: &self.request, response: &self.response }
    }
}

impl<'a> DiffLine<'a> {
    fn new(a: ExchangeId, b: ExchangeId, comparison: &'a Comparison) -> Self {
        let lines = |differences: &'a [Difference]| {
            differences
                .iter()
                .map(|difference| DifferenceLine {
                    place: &difference.place,
                    a: difference.a.as_deref(),
                    b: difference.b.as_deref(),
                    counts: difference.counts,
                })
                .collect()
        };
        Self {
            a,
            b,
            same: comparison.is_same(),
            request: lines(&comparison.request),
            request_headers: lines(&comparison.request_headers),
            request_body: lines(&comparison.request_body),
            outcome: lines(&comparison.outcome),
            response_headers: lines(&comparison.response_headers),
            response_body: lines(&comparison.response_body),
            answer: comparison.answer.iter().map(answer_json).collect(),
            timing: lines(&comparison.timing),
        }
    }
}

fn answer_json(difference: &TextDifference) -> Value {
    let edits = difference.edits.iter().map(|edit| match edit {
        Edit::Same(text) => json!(["same", text]),
        Edit::Gone(text) => json!(["a", text]),
        Edit::New(text) => json!(["b", text]),
    });
    json!({"part": difference.part, "edits": edits.collect::<Vec<_>>()})
}

/// The comparison as text for people.
pub(super) fn page(a: ExchangeId, b: ExchangeId, comparison: &Comparison, colour: bool) -> String {
    Page { text: String::new(), colour }.write(a, b, comparison)
}

struct Page {
    text: String,
    colour: bool,
}

impl Page {
    fn write(mut self, a: ExchangeId, b: ExchangeId, comparison: &Comparison) -> String {
        let verdict = if comparison.is_same() {
            paint(self.colour, Style::Good, "nothing that counts differs")
        } else {
            paint(self.colour, Style::Bad, "they differ")
        };
        let piece = format!("  #{a} and #{b}: {verdict}\n");
        self.text.push_str(&piece);
        for (title, differences) in [
            ("Request", &comparison.request),
            ("Request headers", &comparison.request_headers),
            ("Request body", &comparison.request_body),
            ("Outcome", &comparison.outcome),
            ("Response headers", &comparison.response_headers),
            ("Response body", &comparison.response_body),
        ] {
            self.differences(title, differences);
        }
        for difference in &comparison.answer {
            self.answer(difference);
        }
        self.differences("Timing", &comparison.timing);
        self.text
    }

    fn heading(&mut self, title: &str) {
        let title = paint(self.colour, Style::Strong, title).into_owned();
        let piece = format!("\n{title}\n");
        self.text.push_str(&piece);
    }

    fn differences(&mut self, title: &str, differences: &[Difference]) {
        if differences.is_empty() {
            return;
        }
        self.heading(title);
        for difference in differences {
            let name = if difference.place.is_empty() { "(all of it)" } else { &difference.place };
            let style = if difference.counts { Style::Plain } else { Style::Faint };
            let name = paint(self.colour, style, &printable(name)).into_owned();
            let piece = format!("  {name}\n");
            self.text.push_str(&piece);
            self.side("-", Style::Bad, difference.a.as_deref());
            self.side("+", Style::Good, difference.b.as_deref());
        }
    }

    fn side(&mut self, mark: &str, style: Style, value: Option<&str>) {
        let Some(value) = value else {
            return;
        };
        let start: String = value.chars().take(VALUE_LIMIT).collect();
        let more = if start.len() < value.len() { "…" } else { "" };
        let line = format!("{mark} {}{more}", printable(&start));
        let piece = format!("    {}\n", paint(self.colour, style, &line));
        self.text.push_str(&piece);
    }

    /// The words that differ, each stretch with its own mark, and a few around them.
    fn answer(&mut self, difference: &TextDifference) {
        self.heading(&format!("Answer: {}", difference.part));
        let last = difference.edits.len().saturating_sub(1);
        for (index, edit) in difference.edits.iter().enumerate() {
            let (mark, style, text) = match edit {
                Edit::Same(text) => (" ", Style::Faint, around(text, index == 0, index == last)),
                Edit::Gone(text) => ("-", Style::Bad, text.clone()),
                Edit::New(text) => ("+", Style::Good, text.clone()),
            };
            for line in text.lines() {
                let line = format!("{mark} {}", printable(line));
                let piece = format!("  {}\n", paint(self.colour, style, line.trim_end()));
                self.text.push_str(&piece);
            }
        }
    }
}

/// The first and last words of a stretch that both have; of the first stretch the last, of the last the first.
fn around(text: &str, is_first: bool, is_last: bool) -> String {
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
    let start = if is_first { 0 } else { CONTEXT };
    let end = if is_last { 0 } else { CONTEXT };
    if words.len() <= start + end {
        return text.to_owned();
    }
    let head = words.get(..start).unwrap_or_default().concat();
    let tail = words.get(words.len() - end..).unwrap_or_default().concat();
    let gap = if is_first || is_last { "… " } else { "\n…\n" };
    if is_first { format!("{gap}{tail}") } else { format!("{head}{gap}{tail}") }
}
