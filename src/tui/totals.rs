//! What many exchanges amount to. Its size does not grow with their number.

use crate::digest::summary::Summary;
use crate::digest::{RateState, Rhythm};
use crate::exchange::ExchangeId;
use crate::exchange::end::Verdict;
use crate::exchange::time::{Micros, WallTime};
use crate::store::Counted;
use crate::store::filter::State;
use std::collections::BTreeMap;

/// How many models are told apart; the rest are counted together.
const MODELS: usize = 100;

/// The upper edges of the bars of times, in milliseconds; the last bar has none.
const TIMES: [u64; 9] = [100, 200, 400, 700, 1_000, 2_000, 4_000, 8_000, 16_000];

/// The upper edges of the bars of speeds, in tokens a second; the last bar has none.
const SPEEDS: [u64; 9] = [5, 10, 20, 40, 60, 80, 120, 200, 400];

/// A distribution: how many values lie below each edge and above the one before.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    edges: &'static [u64; 9],
    /// One number a bar.
    pub counts: [u64; 10],
}

/// What many exchanges amount to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals {
    /// How many there are.
    pub exchanges: u64,
    /// How many of them went wrong on the gateway's side.
    pub errors: u64,
    /// When the first and the last of them began.
    pub span: Option<(WallTime, WallTime)>,
    /// By how they ended.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// By the code of their error.
    pub codes: BTreeMap<String, u64>,
    /// By model; those without one under an empty name.
    pub models: BTreeMap<String, Model>,
    /// By the checks that found something in them.
    pub findings: BTreeMap<String, u64>,
    /// What each gateway last said of its limits, those that were heard last in front.
    pub limits: Vec<Limits>,
    /// The last exchange that was counted.
    pub last: Option<ExchangeId>,
    /// Whether all of them were counted.
    pub is_whole: bool,
}

/// What a gateway said of its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The gateway's name.
    pub gateway: String,
    /// The exchange that it said so in.
    pub id: ExchangeId,
    /// When.
    pub at: WallTime,
    /// What it said.
    pub state: RateState,
}

/// What the exchanges with one model amount to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    /// How many there are.
    pub exchanges: u64,
    /// How many of them went wrong on the gateway's side.
    pub errors: u64,
    /// Tokens of the prompts.
    pub input: u64,
    /// Tokens of the answers.
    pub output: u64,
    /// What they cost, where that was said.
    pub cost: Option<f64>,
    /// Times to the first token.
    pub first_token: Option<Bars>,
    /// Tokens a second.
    pub speed: Option<Bars>,
}

impl Bars {
    fn new(edges: &'static [u64; 9]) -> Self {
        Self { edges, counts: [0; 10] }
    }

    fn add(&mut self, value: f64) {
        let bar = self.edges.iter().position(|edge| value < *edge as f64).unwrap_or(self.edges.len());
        if let Some(count) = self.counts.get_mut(bar) {
            *count += 1;
        }
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The upper edge of the bar that half of the values do not exceed; `None` where that bar has none.
    pub fn median_below(&self) -> Option<u64> {
        let half = self.count().div_ceil(2);
        let mut seen = 0;
        let bar = self.counts.iter().position(|count| {
            seen += count;
            seen >= half
        })?;
        self.edges.get(bar).copied()
    }
}

/// Tokens a second of one exchange, where they can be told.
pub fn speed(summary: &Summary) -> Option<f64> {
    let digest = &summary.digest;
    Rhythm::tokens_per_second(digest.usage.output?, digest.first_token?, digest.last_event?)
}

fn counted_speed(row: &Counted<'_>) -> Option<f64> {
    Rhythm::tokens_per_second(row.output?, row.first_token?, row.last_event?)
}

impl Totals {
    /// Counts one more.
    pub fn add(&mut self, row: &Counted<'_>) {
        let is_error = State::is_error(row.verdict);
        self.last = Some(row.id);
        self.exchanges += 1;
        self.errors += u64::from(is_error);
        let (first, last) = self.span.unwrap_or((row.started_at, row.started_at));
        self.span = Some((first.min(row.started_at), last.max(row.started_at)));
        *self.verdicts.entry(row.verdict).or_default() += 1;
        if let Some(code) = row.code {
            *entry(&mut self.codes, code, WORDS) += 1;
        }
        for check in row.findings.split_terminator(' ') {
            *entry(&mut self.findings, check, WORDS) += 1;
        }
        let model = entry(&mut self.models, row.model.unwrap_or_default(), MODELS);
        model.exchanges += 1;
        model.errors += u64::from(is_error);
        model.input += row.input.unwrap_or_default();
        model.output += row.output.unwrap_or_default();
        if let Some(cost) = row.cost {
            model.cost = Some(model.cost.unwrap_or_default() + cost);
        }
        if let Some(Micros(first)) = row.first_token {
            model.first_token.get_or_insert_with(|| Bars::new(&TIMES)).add(first as f64 / 1000.0);
        }
        if let Some(speed) = counted_speed(row) {
            model.speed.get_or_insert_with(|| Bars::new(&SPEEDS)).add(speed);
        }
    }
}

/// The name that models beyond the first hundred are counted under.
const OTHERS: &str = "(others)";

/// How many words a list of counts tells apart.
const WORDS: usize = 200;

/// What is counted of `word`; of what `most` others came before, all under one name.
fn entry<'a, T: Default>(counts: &'a mut BTreeMap<String, T>, word: &str, most: usize) -> &'a mut T {
    let is_known = counts.contains_key(word);
    let word = if is_known || counts.len() < most { word } else { OTHERS };
    if !counts.contains_key(word) {
        counts.insert(word.to_owned(), T::default());
    }
    counts.entry(word.to_owned()).or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_knows_its_middle() {
        let mut bars = Bars::new(&TIMES);
        for value in [50.0, 150.0, 150.0, 500.0, 99_999.0] {
            bars.add(value);
        }
        assert_eq!(bars.counts, [1, 2, 0, 1, 0, 0, 0, 0, 0, 1]);
        assert_eq!((bars.count(), bars.median_below()), (5, Some(200)));
    }
}
