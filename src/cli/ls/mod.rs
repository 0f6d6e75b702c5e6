//! `gatetap ls`: one line an exchange.

mod tail;
mod tunnels;

use super::error::wrong_usage;
use super::exit::Exit;
use super::filter::{self, FilterArgs};
use super::presence;
use super::recording::RecordingArgs;
use super::style::Style;
use super::table::{Cell, Column, Fit, render};
use super::world::Env;
use crate::config;
use crate::digest::Usage;
use crate::digest::summary::Summary;
use crate::exchange::SessionId;
use crate::exchange::text::printable;
use crate::exchange::time::WallTime;
use crate::export::json::SummaryLine;
use crate::store::filter::{Filter, SessionName as SessionTerm, Term};
use crate::store::{Page, Reader};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::Serialize;
use std::io::Write;
use std::str::FromStr;

/// Exchanges read from the recording at a time.
const PAGE: u32 = 1000;

/// List exchanges in the order of starting, the newest last
#[derive(Debug, clap::Args)]
#[command(after_long_help = filter::HELP)]
pub(super) struct LsArgs {
    #[command(flatten)]
    filter: FilterArgs,

    #[command(flatten)]
    recording: RecordingArgs,

    /// One JSON object a line
    #[arg(long)]
    json: bool,

    /// Then follow: list exchanges as they end, until Ctrl-C
    #[arg(long)]
    tail: bool,

    /// At most this many, the newest [default: all; 10 with --tail]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u32>,

    /// Only those of one session: its number, or `last`
    #[arg(long, value_name = "ID")]
    session: Option<SessionName>,

    /// Instead, the tunnels that passed unopened, and TLS connections that apps broke off
    #[arg(long, conflicts_with_all = ["words", "tail"])]
    tunnels: bool,
}

/// How a person names a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SessionName {
    Number(SessionId),
    Last,
}

const COLUMNS: [Column; 11] = [
    column("id", Fit::Right, 0),
    column("time", Fit::Left, 3),
    column("method", Fit::Left, 4),
    column("path", Fit::KeepMiddle(20), 0),
    column("model", Fit::KeepStart(10), 0),
    column("status", Fit::Right, 0),
    column("verdict", Fit::Left, 0),
    column("ttft", Fit::Right, 5),
    column("duration", Fit::Right, 2),
    column("tokens", Fit::Right, 6),
    column("findings", Fit::Left, 1),
];

const fn column(title: &'static str, fit: Fit, dispensable: u8) -> Column {
    Column { title, fit, dispensable }
}

impl LsArgs {
    /// Lists.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let reader = self.recording.open(env)?;
        presence::tell_trouble(&reader, env)?;
        if self.tunnels {
            let session = self.session.map(|name| name.find_tunnels(&reader)).transpose()?;
            return tunnels::run(&reader, session, self.json, self.limit, env);
        }
        let mut filter = self.filter.parse()?;
        if let Some(name) = self.session {
            filter = filter.and(Term::Session(SessionTerm::Number(name.find(&reader)?)).into());
        }
        if self.tail {
            return tail::run(&reader, &filter, self.json, self.limit, env);
        }
        let now = env.clock.now().wall;
        if self.json {
            return each(&reader, &filter, self.limit, now, |summary| write_json(env, summary))
                .map(|()| Exit::Fine);
        }
        let mut summaries = Vec::new();
        each(&reader, &filter, self.limit, now, |summary| {
            summaries.push(summary.clone());
            Ok(())
        })?;
        if summaries.is_empty() && self.limit != Some(0) {
            let such = if filter.is_everything() { "" } else { "such " };
            writeln!(env.stderr, "no {such}exchanges in `{}`", reader.path().display())?;
            if filter.is_everything() && !reader.tunnels()?.is_empty() {
                writeln!(env.stderr, "there are tunnels: `gatetap ls --tunnels`")?;
            }
            return Ok(Exit::Fine);
        }
        let table = table(&summaries, env.stdout.is_terminal(), env);
        write!(env.stdout, "{table}")?;
        Ok(Exit::Fine)
    }
}

/// The exchanges as lines, with or without titles.
fn table(summaries: &[Summary], with_titles: bool, env: &Env<'_>) -> String {
    let days_matter = days_matter(summaries.iter().map(|one| one.started_at), env);
    let rows: Vec<Vec<Cell>> =
        summaries.iter().map(|summary| row(summary, days_matter, &env.time_zone)).collect();
    // Where nothing was found, the others have the room.
    let any_found = summaries.iter().any(|summary| summary.severity.is_some());
    let columns = COLUMNS.split_last().map(|(_, others)| others).filter(|_| !any_found).unwrap_or(&COLUMNS);
    render(columns, &rows, env.room(), with_titles, env.stdout.colour())
}

/// Whether not all of these moments are of today.
fn days_matter(mut moments: impl Iterator<Item = WallTime>, env: &Env<'_>) -> bool {
    let today = day(env.clock.now().wall, &env.time_zone);
    moments.any(|at| day(at, &env.time_zone) != today)
}

fn write_json(env: &mut Env<'_>, summary: &Summary) -> anyhow::Result<()> {
    write_line(env, &SummaryLine::new(summary))
}

fn write_line(env: &mut Env<'_>, line: &impl Serialize) -> anyhow::Result<()> {
    serde_json::to_writer(&mut env.stdout, line)?;
    Ok(env.stdout.write_all(b"\n")?)
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

    /// The same among sessions that recorded tunnels.
    fn find_tunnels(self, reader: &Reader) -> anyhow::Result<SessionId> {
        match self {
            Self::Number(id) => Ok(id),
            Self::Last => Ok(reader.tunnels()?.last().map_or(0, |tunnel| tunnel.session)),
        }
    }
}

/// Hands the exchanges that are asked for to `sink`, in the order of starting.
fn each(
    reader: &Reader,
    filter: &Filter,
    limit: Option<u32>,
    now: WallTime,
    mut sink: impl FnMut(&Summary) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if limit.is_some() {
        let newest = reader.select(filter, Page { limit, ..Page::default() }, now)?;
        return newest.iter().try_for_each(sink);
    }
    let mut after = Some(0);
    loop {
        let page = reader.select(filter, Page { after, before: None, limit: Some(PAGE) }, now)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.id);
        page.iter().try_for_each(&mut sink)?;
    }
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
        found(summary),
    ]
}

/// The severity of the worst finding, and how many more checks found something.
fn found(summary: &Summary) -> Cell {
    let Some(worst) = summary.severity else {
        return Cell::maybe(None::<String>);
    };
    let text = match summary.findings.len().saturating_sub(1) {
        0 => worst.as_str().to_owned(),
        more => format!("{} +{more}", worst.as_str()),
    };
    Cell::new(worst.into(), text)
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
