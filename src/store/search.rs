//! Full text: the best matches, and where in their texts the words stand.

use super::Error;
use super::filter::{Condition, Filter, Words, match_of};
use super::find::{self, Window};
use super::read::Reader;
use super::words::{self, Word};
use crate::digest::examine;
use crate::digest::summary::Summary;
use crate::exchange::ExchangeId;
use crate::exchange::body::Side;
use crate::exchange::text::{boundary_after, boundary_before};
use crate::exchange::time::WallTime;
use rusqlite::params_from_iter;
use rusqlite::types::Value;
use std::ops::Range;

/// How many words a snippet shows, and how many of them before the first that was searched for.
const SNIPPET_WORDS: usize = 24;
const LEAD_WORDS: usize = 6;

/// A snippet is no longer than this, in bytes.
const SNIPPET_BYTES: usize = 400;

/// So many matches of a search are rated, the newest: to rate one takes twenty times as long as to list it.
pub const MOST_RATED: u32 = 10_000;

/// What a search has found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The best matches, the best first.
    pub hits: Vec<Hit>,
    /// All matches were rated; else the newest [`MOST_RATED`] of them.
    pub is_whole: bool,
}

/// One exchange that has the words.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its line.
    pub summary: Summary,
    /// Where the words stand; empty where its bodies hold them no more.
    pub snippets: Vec<Snippet>,
}

/// A part of a text around the words that were searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// Which text it is from.
    pub source: SnippetSource,
    /// The part, as it stands there.
    pub text: String,
    /// The bytes of `text` that match, in order.
    pub marks: Vec<Range<usize>>,
    /// Text stands before it.
    pub cut_before: bool,
    /// Text follows it.
    pub cut_after: bool,
}

/// Where a snippet is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnippetSource {
    /// What was asked.
    Prompt,
    /// What was answered.
    Answer,
}

impl SnippetSource {
    /// The word in JSON and on the screen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Answer => "answer",
        }
    }
}

impl Reader {
    /// The exchanges that `filter` asks for, best match first, `limit` at most. Empty where it searches for no
    /// words. Words, those of a phrase each by itself, are rated by how rare they are and how often they stand in a
    /// text (BM25), among the newest [`MOST_RATED`] exchanges that are asked for.
    pub fn search(&self, filter: &Filter, limit: u32, now: WallTime) -> Result<Found, Error> {
        let words = filter.words();
        let (best, is_whole) = self.best(filter, &words, limit, now)?;
        let hits = best.into_iter().filter_map(|id| self.hit(id, &words).transpose());
        Ok(Found { hits: hits.collect::<Result<_, _>>()?, is_whole })
    }

    /// The best, and whether they are the best of all.
    fn best(
        &self,
        filter: &Filter,
        words: &[&Words],
        limit: u32,
        now: WallTime,
    ) -> Result<(Vec<ExchangeId>, bool), Error> {
        let mut compiled = self.compiler(now).compile(filter)?;
        if compiled.matching.is_none() {
            // Where no words must be there in any case, each of them is welcome.
            let any: Vec<String> = words.iter().map(|words| match_of(words)).collect();
            compiled = compiled.matching(&any.join(" OR "));
        }
        let Some(matching) = compiled.matching.clone().filter(|_| !words.is_empty()) else {
            return Ok((Vec::new(), true));
        };
        let mut rated = find::first(&self.connection, &compiled, Window::newest(MOST_RATED + 1))?;
        let is_whole = rated.len() <= MOST_RATED as usize;
        rated.truncate(MOST_RATED as usize);
        let Some(oldest) = rated.last() else { return Ok((Vec::new(), true)) };
        // To count in how many texts a phrase stands takes longer than for each of its words: they stand for it.
        let phrases = words.iter().any(|words| tokens(words).len() > 1);
        let matching = if phrases { any_word_of(words) } else { matching };
        // What only words ask for is what matches from there on.
        let among = match compiled.condition {
            Condition::Always if !phrases => Condition::Always,
            _ => Condition::Always.and_one_of("+texts.rowid", &rated),
        };
        let Some((sql, values)) = among.into_parts() else { return Ok((Vec::new(), true)) };
        let mut statement = self.connection.prepare(&format!(
            "SELECT rowid FROM texts WHERE texts MATCH ? AND rowid >= ? AND ({sql}) ORDER BY rank, rowid DESC LIMIT ?"
        ))?;
        let mut all = vec![Value::from(matching), Value::from(*oldest)];
        all.extend(values);
        all.push(Value::from(i64::from(limit)));
        let ids = statement.query_map(params_from_iter(all), |row| row.get(0))?;
        Ok((ids.collect::<Result<_, _>>()?, is_whole))
    }

    fn hit(&self, id: ExchangeId, words: &[&Words]) -> Result<Option<Hit>, Error> {
        let Some(whole) = self.exchange(id)? else { return Ok(None) };
        let request = self.body(id, Side::Request)?;
        let response = self.body(id, Side::Response)?;
        let text = examine(&whole.exchange, &request, &response).text;
        let snippets = [(SnippetSource::Prompt, &text.prompt), (SnippetSource::Answer, &text.answer)]
            .into_iter()
            .filter_map(|(source, text)| snippet(source, text, words))
            .collect();
        Ok(Some(Hit { summary: whole.summary, snippets }))
    }
}

/// The words that a row of them is made of.
fn tokens(words: &Words) -> Vec<String> {
    words::split(&words.text).map(|word| word.text).collect()
}

/// A full-text query for any word of any phrase.
fn any_word_of(all: &[&Words]) -> String {
    let each = all.iter().flat_map(|words| {
        let last = tokens(words).len().saturating_sub(1);
        let is_prefix = move |index| words.is_prefix && index == last;
        tokens(words)
            .into_iter()
            .enumerate()
            .map(move |(index, text)| Words { text, is_prefix: is_prefix(index) })
    });
    each.map(|word| match_of(&word)).collect::<Vec<_>>().join(" OR ")
}

/// The part of a text around the place where most of `wanted` stands; `None` where nothing of it does.
fn snippet(source: SnippetSource, text: &str, wanted: &[&Words]) -> Option<Snippet> {
    let all: Vec<Word> = words::split(text).collect();
    let mut matches: Vec<Range<usize>> = wanted.iter().flat_map(|words| find(&all, words)).collect();
    matches.sort_by_key(|found| found.start);
    let within = |from: usize| {
        matches
            .iter()
            .filter(|found| found.start >= from && found.end <= from + SNIPPET_WORDS - LEAD_WORDS)
            .count()
    };
    // The first of the densest places.
    let (_, first) = matches
        .iter()
        .map(|found| (within(found.start), found.start))
        .rev()
        .max_by_key(|(count, _)| *count)?;
    let start = first.saturating_sub(LEAD_WORDS);
    let shown = all.get(start..(start + SNIPPET_WORDS).min(all.len()))?;
    let mut bytes = shown.first()?.at.start..shown.last()?.at.end;
    let anchor = all.get(first)?.at.start;
    if anchor - bytes.start > SNIPPET_BYTES / 4 {
        bytes.start = boundary_after(text, anchor - SNIPPET_BYTES / 4);
    }
    bytes.end = boundary_before(text, bytes.end.min(bytes.start + SNIPPET_BYTES));
    let mut marks: Vec<Range<usize>> = Vec::new();
    for found in &matches {
        let (Some(from), Some(to)) =
            (all.get(found.start), found.end.checked_sub(1).and_then(|last| all.get(last)))
        else {
            continue;
        };
        let (from, to) = (from.at.start.max(bytes.start), to.at.end.min(bytes.end));
        if from >= to {
            continue;
        }
        let mark = from - bytes.start..to - bytes.start;
        match marks.last_mut() {
            Some(last) if mark.start <= last.end => last.end = last.end.max(mark.end),
            _ => marks.push(mark),
        }
    }
    Some(Snippet {
        source,
        text: text.get(bytes.clone())?.to_owned(),
        marks,
        cut_before: start > 0 || bytes.start > shown.first()?.at.start,
        cut_after: bytes.end < all.last()?.at.end,
    })
}

/// Where `wanted` stands among the words of a text, as places of words.
fn find(all: &[Word], wanted: &Words) -> Vec<Range<usize>> {
    let row: Vec<Word> = words::split(&wanted.text).collect();
    let Some((last, before)) = row.split_last() else { return Vec::new() };
    let is_here = |window: &[Word]| {
        let Some((end, start)) = window.split_last() else { return false };
        let ends = if wanted.is_prefix { end.text.starts_with(&last.text) } else { end.text == last.text };
        ends && start.iter().zip(before).all(|(there, word)| there.text == word.text)
    };
    let places = all.windows(row.len()).enumerate().filter(|(_, window)| is_here(window));
    places.map(|(at, _)| at..at + row.len()).collect()
}
