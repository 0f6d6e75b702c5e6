//! `gatetap ls`: one line an exchange.

use super::env::Env;
use super::error::wrong_usage;
use super::exit::Exit;
use super::recording::RecordingArgs;
use super::style::Style;
use super::table::{Cell, Column, Fit, render};
use crate::config;
use crate::digest::Usage;
use crate::digest::summary::Summary;
use crate::exchange::SessionId;
use crate::exchange::text::printable;
use crate::exchange::time::WallTime;
use crate::export::json::SummaryLine;
use crate::store::{Page, Reader};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use std::io::Write;
use std::str::FromStr;

/// Exchanges read from the recording at a time.
const PAGE: u32 = 1000;

/// List exchanges in the order of starting, the newest last
#[derive(Debug, clap::Args)]
pub(super) struct LsArgs {
    #[command(flatten)]
    recording: RecordingArgs,

    /// One JSON object a line
    #[arg(long)]
    json: bool,

    /// At most so many, the newest
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u32>,

    /// Only those of one session: its number, or `last`
    #[arg(long, value_name = "ID")]
    session: Option<SessionName>,
}

/// How a person names a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SessionName {
    Number(SessionId),
    Last,
}

const COLUMNS: [Column; 10] = [
    column("id", Fit::Right, 0),
    column("time", Fit::Left, 2),
    column("method", Fit::Left, 4),
    column("path", Fit::KeepEnd(14), 0),
    column("model", Fit::KeepStart(10), 0),
    column("status", Fit::Right, 0),
    column("verdict", Fit::Left, 0),
    column("ttft", Fit::Right, 3),
    column("duration", Fit::Right, 1),
    column("tokens", Fit::Right, 5),
];

const fn column(title: &'static str, fit: Fit, dispensable: u8) -> Column {
    Column { title, fit, dispensable }
}

impl LsArgs {
    /// Lists.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let reader = self.recording.open(env)?;
        let session = match self.session {
            Some(name) => Some(name.find(&reader)?),
            None => None,
        };
        if self.json {
            return each(&reader, session, self.limit, |summary| {
                serde_json::to_writer(&mut env.stdout, &SummaryLine::new(summary))?;
                Ok(env.stdout.write_all(b"\n")?)
            })
            .map(|()| Exit::Fine);
        }
        let mut summaries = Vec::new();
        each(&reader, session, self.limit, |summary| {
            summaries.push(summary.clone());
            Ok(())
        })?;
        if summaries.is_empty() {
            writeln!(env.stderr, "no exchanges in `{}`", reader.path().display())?;
            return Ok(Exit::Fine);
        }
        let today = day(env.clock.now().wall, &env.time_zone);
        let days_matter = summaries.iter().any(|one| day(one.started_at, &env.time_zone) != today);
        let rows: Vec<Vec<Cell>> =
            summaries.iter().map(|summary| row(summary, days_matter, &env.time_zone)).collect();
        let table = render(&COLUMNS, &rows, env.width, env.stdout.is_terminal(), env.stdout.colour());
        write!(env.stdout, "{table}")?;
        Ok(Exit::Fine)
    }
}

impl FromStr for SessionName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "last" {
            return Ok(Self::Last);
        }
        let number = text.parse().ok().filter(|id| *id > 0);
        number.map(Self::Number).ok_or_else(|| match config::nearest(text, ["last"]) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "expected a number from 1, or `last`".to_owned(),
        })
    }
}

impl SessionName {
    /// The number it stands for. The last session is that of the newest exchange: a run that recorded
    /// nothing has nothing to list.
    fn find(self, reader: &Reader) -> anyhow::Result<SessionId> {
        let newest = reader.summaries(Page { limit: Some(1), ..Page::default() })?;
        let last = newest.first().map(|summary| summary.session);
        match (self, last) {
            (Self::Number(id), Some(last)) if id > last => Err(wrong_usage(
                format!("session {id} has no exchanges in `{}`", reader.path().display()),
                format!("the last session that has some is {last}"),
            )),
            (Self::Number(id), _) => Ok(id),
            (Self::Last, last) => Ok(last.unwrap_or_default()),
        }
    }
}

/// Hands the exchanges that are asked for to `sink`, in the order of starting.
fn each(
    reader: &Reader,
    session: Option<SessionId>,
    limit: Option<u32>,
    mut sink: impl FnMut(&Summary) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let is_asked_for = |summary: &Summary| session.is_none_or(|session| summary.session == session);
    if let Some(limit) = limit {
        return newest(reader, limit as usize, is_asked_for)?.iter().try_for_each(sink);
    }
    let mut after = Some(0);
    loop {
        let page = reader.summaries(Page { after, before: None, limit: Some(PAGE) })?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.id);
        page.iter().filter(|summary| is_asked_for(summary)).try_for_each(&mut sink)?;
    }
}

/// The newest `limit` exchanges that `is_asked_for`.
fn newest(
    reader: &Reader,
    limit: usize,
    is_asked_for: impl Fn(&Summary) -> bool,
) -> anyhow::Result<Vec<Summary>> {
    let mut found: Vec<Summary> = Vec::new();
    let mut before = None;
    while found.len() < limit {
        let page = reader.summaries(Page { before, after: None, limit: Some(PAGE) })?;
        let Some(first) = page.first() else { break };
        before = Some(first.id);
        let wanted = page.into_iter().rev().filter(&is_asked_for);
        found.extend(wanted.take(limit - found.len()));
    }
    found.reverse();
    Ok(found)
}

fn row(summary: &Summary, with_day: bool, zone: &TimeZone) -> Vec<Cell> {
    let digest = &summary.digest;
    let status = match summary.status {
        Some(status @ 400..) => Cell::new(Style::Bad, status.to_string()),
        status => Cell::maybe(status),
    };
    vec![
        Cell::new(Style::Strong, summary.id.to_string()),
        Cell::new(Style::Faint, time(summary.started_at, with_day, zone)),
        Cell::new(Style::Plain, printable(&summary.method)),
        Cell::new(Style::Plain, printable(&summary.path)),
        Cell::maybe(digest.model.as_deref().map(printable)),
        status,
        Cell::new(summary.verdict.into(), summary.verdict.as_str()),
        Cell::maybe(digest.first_token),
        Cell::maybe(summary.duration),
        Cell::maybe(tokens(&digest.usage)),
    ]
}

/// Tokens of prompt and answer, else both together.
fn tokens(usage: &Usage) -> Option<String> {
    match (usage.input, usage.output) {
        (Some(input), Some(output)) => Some(format!("{input}+{output}")),
        _ => usage.total.map(|total| total.to_string()),
    }
}

fn time(at: WallTime, with_day: bool, zone: &TimeZone) -> String {
    let format = if with_day { "%m-%d %H:%M:%S" } else { "%H:%M:%S" };
    zoned(at, zone).map_or_else(|| "-".to_owned(), |zoned| zoned.strftime(format).to_string())
}

fn day(at: WallTime, zone: &TimeZone) -> Option<jiff::civil::Date> {
    zoned(at, zone).map(|zoned| zoned.date())
}

fn zoned(at: WallTime, zone: &TimeZone) -> Option<Zoned> {
    let timestamp = Timestamp::from_microsecond(at.0).ok()?;
    Some(timestamp.to_zoned(zone.clone()))
}
