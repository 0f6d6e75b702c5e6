//! `gatetap explain`: the page of a check, a verdict, an error code, or one of gatetap's own errors.

pub(super) mod markdown;
mod topic;

use super::error::wrong_usage;
use super::exit::Exit;
use super::style::{Style, paint};
use super::table::{Cell, Column, Fit, render};
use super::world::Env;
use crate::config::{self, nearest};
use crate::exchange::text::printable;
use std::io::Write;
use topic::Topic;

/// Explain a check, a verdict, an error code, a status or a fault; without a name, list what there is
///
/// On a terminal the page is laid out for its width; elsewhere it is Markdown.
#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// The id of a check, a verdict, an error's code, a status, a fault, or a token of `x-gatetap-error`
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

const COLUMNS: [Column; 3] = [
    Column { title: "", fit: Fit::Left, dispensable: 0 },
    Column { title: "", fit: Fit::Left, dispensable: 1 },
    Column { title: "", fit: Fit::KeepStart(20), dispensable: 0 },
];

impl ExplainArgs {
    /// Explains.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let Some(name) = self.name else {
            return list(self.json, env);
        };
        let named = |name: &str| Topic::all().filter(|topic| topic.goes_by(name)).collect::<Vec<_>>();
        let mut topics = named(&name);
        if let Some(known) = topics.is_empty().then(|| known_as(&name, env)).transpose()?.flatten() {
            topics = named(&known);
        }
        if topics.is_empty() {
            return Err(unknown(&name));
        }
        topics.sort_by_key(|topic| topic.distance(&name));
        for (nth, topic) in topics.iter().enumerate() {
            if self.json {
                serde_json::to_writer(&mut env.stdout, &topic.json(true))?;
                writeln!(env.stdout)?;
                continue;
            }
            if nth > 0 {
                writeln!(env.stdout)?;
            }
            let page = topic.page();
            let page = if env.stdout.is_terminal() {
                markdown::render(&page, Some(env.width), env.stdout.colour())
            } else {
                page
            };
            write!(env.stdout, "{page}")?;
        }
        Ok(Exit::Fine)
    }
}

/// What an error of a gateway of `gatetap.toml`, as in `company.invalid_api_key`, is called where it answers
/// like a known one.
fn known_as(name: &str, env: &Env<'_>) -> anyhow::Result<Option<String>> {
    let Some((own, code)) = name.split_once('.') else { return Ok(None) };
    let gateways = config::gateways(&env.directories)?;
    let profile = gateways.iter().find(|known| known.gateway.name == own).and_then(|known| known.profile);
    Ok(profile.map(|profile| format!("{}.{code}", profile.name)))
}

/// Lists everything that there is a page of.
fn list(json: bool, env: &mut Env<'_>) -> anyhow::Result<Exit> {
    if json {
        for topic in Topic::all() {
            serde_json::to_writer(&mut env.stdout, &topic.json(false))?;
            writeln!(env.stdout)?;
        }
        return Ok(Exit::Fine);
    }
    let topics: Vec<Topic> = Topic::all().collect();
    let colour = env.stdout.colour();
    for (nth, group) in topics.chunk_by(|a, b| a.group() == b.group()).enumerate() {
        let gap = if nth > 0 { "\n" } else { "" };
        let title = group.first().map(Topic::group).unwrap_or_default();
        writeln!(env.stdout, "{gap}{}", paint(colour, Style::Strong, &title))?;
        let rows: Vec<Vec<Cell>> = group.iter().map(row).collect();
        let width = env.width.saturating_sub(2);
        for line in render(&COLUMNS, &rows, width, false, colour).lines() {
            writeln!(env.stdout, "  {line}")?;
        }
    }
    Ok(Exit::Fine)
}

fn row(topic: &Topic) -> Vec<Cell> {
    let (note, style) = topic.note();
    vec![
        Cell::new(Style::Plain, topic.name()),
        Cell::new(style, note),
        Cell::new(Style::Plain, topic.summary()),
    ]
}

/// The mistake of a name that nothing has.
fn unknown(name: &str) -> anyhow::Error {
    let hint = match nearest(name, Topic::all().map(Topic::name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`gatetap explain` lists what there is".to_owned(),
    };
    wrong_usage(format!("there is nothing called `{}`", printable(name)), hint)
}
