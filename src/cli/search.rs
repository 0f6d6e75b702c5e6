//! `gatetap search`: full text over prompts and answers.

use super::error::wrong_usage;
use super::exit::Exit;
use super::filter;
use super::presence;
use super::recording::RecordingArgs;
use super::style::{Style, paint};
use super::world::Env;
use crate::exchange::text::printable;
use crate::export::json::SummaryLine;
use crate::store::{Hit, MOST_RATED, Snippet};
use jiff::Timestamp;
use serde::Serialize;
use std::io::Write;

/// Search prompts and answers, best match first
#[derive(Debug, clap::Args)]
#[command(after_long_help = filter::HELP)]
pub(super) struct SearchArgs {
    /// Words, "a phrase" or beg*; the rest of a filter may stand beside them
    #[arg(value_name = "WORDS", required = true)]
    words: Vec<String>,

    #[command(flatten)]
    recording: RecordingArgs,

    /// One JSON object a line
    #[arg(long)]
    json: bool,

    /// At most this many, the best
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
}

/// The line of a hit: that of `ls`, and where the words stand.
#[derive(Debug, Serialize)]
struct HitLine<'a> {
    #[serde(flatten)]
    summary: SummaryLine<'a>,
    snippets: Vec<SnippetLine<'a>>,
}

#[derive(Debug, Serialize)]
struct SnippetLine<'a> {
    source: &'static str,
    text: &'a str,
    /// Which characters match: the first, and the one after the last.
    marks: Vec<[usize; 2]>,
}

impl SearchArgs {
    /// Searches.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let filter = filter::parse(&self.words)?;
        if filter.words().is_empty() {
            return Err(wrong_usage(
                "there is no word to search for",
                "give words or \"a phrase\"; `gatetap ls FILTER` lists without searching",
            ));
        }
        let reader = self.recording.open(env)?;
        presence::tell_trouble(&reader, env)?;
        let found = reader.search(&filter, self.limit, env.clock.now().wall)?;
        for hit in &found.hits {
            if self.json {
                serde_json::to_writer(&mut env.stdout, &HitLine::new(hit))?;
                env.stdout.write_all(b"\n")?;
            } else {
                let text = lines(hit, env);
                env.stdout.write_all(text.as_bytes())?;
            }
        }
        if found.hits.is_empty() && !self.json {
            writeln!(env.stderr, "nothing found in `{}`", reader.path().display())?;
        }
        if !found.is_whole {
            writeln!(
                env.stderr,
                "the best of the newest {MOST_RATED} matches; there are older ones: say more, or `since:`, `session:`"
            )?;
        }
        Ok(Exit::Fine)
    }
}

impl<'a> HitLine<'a> {
    fn new(hit: &'a Hit) -> Self {
        Self {
            summary: SummaryLine::new(&hit.summary),
            snippets: hit.snippets.iter().map(SnippetLine::new).collect(),
        }
    }
}

impl<'a> SnippetLine<'a> {
    fn new(snippet: &'a Snippet) -> Self {
        let characters = |at: usize| snippet.text.get(..at).map_or(0, |before| before.chars().count());
        Self {
            source: snippet.source.as_str(),
            text: &snippet.text,
            marks: snippet.marks.iter().map(|mark| [characters(mark.start), characters(mark.end)]).collect(),
        }
    }
}

fn lines(hit: &Hit, env: &Env<'_>) -> String {
    let colour = env.stdout.colour();
    let summary = &hit.summary;
    let at = Timestamp::from_microsecond(summary.started_at.0).map_or_else(
        |_| "-".to_owned(),
        |at| at.to_zoned(env.time_zone.clone()).strftime("%m-%d %H:%M:%S").to_string(),
    );
    let mut text = format!(
        "{}  {}  {}",
        paint(colour, Style::Strong, &summary.id.to_string()),
        paint(colour, Style::Faint, &at),
        paint(colour, summary.verdict.into(), summary.verdict.as_str()),
    );
    for part in [Some(summary.path.as_str()), summary.digest.model.as_deref()].into_iter().flatten() {
        text.push_str("  ");
        text.push_str(&printable(part));
    }
    text.push('\n');
    for snippet in &hit.snippets {
        text.push_str("  ");
        text.push_str(snippet.source.as_str());
        text.push_str(": ");
        push_snippet(&mut text, snippet, colour);
        text.push('\n');
    }
    text
}

/// A snippet in one line; what matches stands out where there are colours.
fn push_snippet(text: &mut String, snippet: &Snippet, colour: bool) {
    let show = |range: std::ops::Range<usize>| {
        let part = snippet.text.get(range).unwrap_or_default();
        printable(&part.replace(['\r', '\n', '\t'], " ")).into_owned()
    };
    text.push_str(if snippet.cut_before { "…" } else { "" });
    let mut at = 0;
    for mark in &snippet.marks {
        text.push_str(&show(at..mark.start));
        text.push_str(&paint(colour, Style::Strong, &show(mark.clone())));
        at = mark.end;
    }
    text.push_str(&show(at..snippet.text.len()));
    text.push_str(if snippet.cut_after { "…" } else { "" });
}
