//! The filter that a command takes.

use super::completions;
use super::error::wrong_usage;
use crate::store::filter::Filter;
use clap_complete::engine::ArgValueCompleter;
use std::ffi::OsString;

/// The commands that take a filter.
const COMMANDS: [&str; 5] = ["ls", "search", "check", "prune", "export"];

/// Short flags of these commands.
const OWN_FLAGS: [&str; 2] = ["h", "o"];

/// What the words of a filter may be, for the long help.
pub(super) const HELP: &str = "\
Filters:
  status:429  status>=400  status:5xx      ttft>1s  duration>2s  tokens>1000
  model:gpt-*  path:/v1/chat*  gateway:openrouter  code:rate_limit_exceeded  finish:length
  verdict:incomplete    open, complete, refused, error-inside, incomplete, cut-by-gateway,
                        cut-by-app, failed, lost
  is:error              streaming, error, injected, replayed, open, cancelled
  finding:auth-*  severity:error  key:ab12  since:10m  session:last
  words, \"a phrase\" and beg* search prompts and answers
  A space is AND; also OR, -term or NOT term, and brackets.";

/// Which exchanges.
#[derive(Debug, clap::Args)]
pub(super) struct FilterArgs {
    /// Which exchanges, as in `model:gpt-* status>=400`; see --help
    #[arg(value_name = "FILTER", add = ArgValueCompleter::new(completions::filter))]
    words: Vec<String>,
}

impl FilterArgs {
    /// The filter that the words make.
    pub(super) fn parse(&self) -> anyhow::Result<Filter> {
        parse(&self.words)
    }
}

/// Writes `-term` as `NOT term` where a command takes a filter: the parser of flags would take it for one.
/// Numbers and all that stands behind `--` are left alone.
pub(super) fn shelter_negations(words: Vec<OsString>) -> Vec<OsString> {
    let word = |at: usize| words.get(at).and_then(|word| word.to_str()).unwrap_or_default();
    let takes_filter = COMMANDS.contains(&word(1)) || (word(1), word(2)) == ("replay", "send");
    let mut is_over = !takes_filter;
    let shelter = |word: OsString| {
        is_over |= word == "--";
        let negated = word.to_str().and_then(|word| word.strip_prefix('-')).filter(|rest| {
            !is_over
                && !OWN_FLAGS.contains(rest)
                && !rest.is_empty()
                && !rest.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        });
        negated.map_or_else(|| word.clone(), |term| format!("NOT {term}").into())
    };
    words.into_iter().map(shelter).collect()
}

/// The filter that the words of a command line make.
///
/// # Errors
/// A mistake is wrong usage; it is shown with its place.
pub(super) fn parse(words: &[String]) -> anyhow::Result<Filter> {
    Filter::parse(&words.join(" ")).map_err(|error| {
        let sentence = format!("{error}\n{}", error.pointed());
        let hint = error
            .hint()
            .map_or_else(|| "`gatetap ls --help` shows what a filter may be".to_owned(), str::to_owned);
        wrong_usage(sentence, hint)
    })
}
