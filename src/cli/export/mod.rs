//! `gatetap export`: exchanges in another format.

mod file;
mod recording;
mod select;

use super::completions;
use super::error::wrong_usage;
use super::exit::Exit;
use super::filter;
use super::recording::RecordingArgs;
use super::world::Env;
use crate::config::{self, ConfiguredGateway};
use crate::exchange::ExchangeId;
use crate::exchange::body::Side;
use crate::exchange::text::counted;
use crate::export::{Altered, Exported, Exporting, FORMATS, Format, Options, Report, format};
use crate::store::Reader;
use anyhow::{Context, bail};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap_complete::engine::ArgValueCompleter;
use file::{Destination, Target};
use indicatif::{ProgressBar, ProgressStyle};
use select::Selected;
use std::io::Write;
use std::path::PathBuf;

/// What is not a format of other tools.
const RECORDING: &str = "recording";

/// With fewer exchanges no bar is shown.
const MANY: usize = 200;

/// Write exchanges in another format: HAR, curl commands, JSON Lines, streams, a support note, a page
///
/// Which exchanges: a filter, or numbers, `last`, `-N` for the Nth from the end, ranges such as `3-7`; all of
/// them if nothing is said. A file is replaced only when the export is whole, and only its owner may read
/// it. Keys are never in an export.
#[derive(Debug, clap::Args)]
#[command(after_long_help = filter::HELP)]
pub(super) struct ExportArgs {
    /// The format
    #[arg(value_name = "FORMAT", value_parser = formats())]
    format: String,

    /// Which exchanges, as in `model:gpt-* status>=400`, `12` or `last`; see --help
    #[arg(value_name = "FILTER|ID", allow_negative_numbers = true, add = ArgValueCompleter::new(completions::filter))]
    words: Vec<String>,

    #[command(flatten)]
    recording: RecordingArgs,

    /// The file to write, `-` for stdout
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,

    /// With html and support: prompts and answers too
    #[arg(long)]
    with_text: bool,

    /// With support: plain text in place of Markdown
    #[arg(long)]
    plain: bool,
}

/// The formats that are written here, each with what it is.
fn formats() -> PossibleValuesParser {
    let formats = FORMATS.iter().map(|format| PossibleValue::new(format.name).help(format.about));
    let recording = PossibleValue::new(RECORDING).help("a recording of its own, with -o FILE");
    PossibleValuesParser::new(formats.chain([recording]))
}

impl ExportArgs {
    /// Exports.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let gateways = config::gateways(&env.directories)?;
        let variable =
            |known: &ConfiguredGateway| Some((known.gateway.name.clone(), known.key_variable()?.to_owned()));
        let key_variables = gateways.iter().filter_map(variable).collect();
        let options = Options { with_text: self.with_text, plain: self.plain, key_variables };
        let target = Target::new(&self.output);
        let reader = self.recording.open(env)?;
        let now = env.clock.now().wall;
        let selected = select::select(&self.words, &reader, now)?;
        if self.format == RECORDING {
            return recording::cut_out(&reader, &selected, &target, env);
        }
        let Some(format) = format(&self.format) else {
            bail!("there is no format `{}`", self.format);
        };
        let report = write(format, options, &reader, &selected, &target, env)?;
        tell(&report, format, &target, env)
    }
}

/// Writes the export; where nothing of it could be written, nothing is left behind.
fn write(
    format: &Format,
    options: Options,
    reader: &Reader,
    selected: &Selected,
    target: &Target,
    env: &mut Env<'_>,
) -> anyhow::Result<Report> {
    let selection = selected.selection(reader, format.name == "support")?;
    let bar = bar(selected.ids.len(), env);
    let destination = Destination::open(target, env).with_context(|| format!("cannot write {target}"))?;
    let writing = || format!("cannot write {target}");
    let mut exporting = Exporting::begin(format, options, &selection, destination).with_context(writing)?;
    for id in &selected.ids {
        // What was pruned since it was selected is gone.
        if let Some(one) = read(reader, *id)? {
            exporting.exchange(&one).with_context(writing)?;
        }
        bar.inc(1);
    }
    let (destination, report) = exporting.finish().with_context(writing)?;
    bar.finish_and_clear();
    if report.written == 0 && !selected.ids.is_empty() {
        let why: Vec<&str> = report.left_out.keys().copied().collect();
        return Err(wrong_usage(
            format!("there is nothing to export as {}: {}", format.name, why.join(", ")),
            "ask for other exchanges, or for another format",
        ));
    }
    destination.keep().with_context(writing)?;
    Ok(report)
}

/// Reads one exchange whole; `None` if it is not there.
pub(super) fn read(reader: &Reader, id: ExchangeId) -> anyhow::Result<Option<Exported>> {
    let Some(whole) = reader.exchange(id)? else {
        return Ok(None);
    };
    let altered = match reader.origin(id)? {
        Some(origin) => Some(Altered { origin, body: reader.body(id, Side::Origin)? }),
        None => None,
    };
    Ok(Some(Exported {
        whole,
        altered,
        evidence: reader.evidence(id)?,
        request: reader.body(id, Side::Request)?,
        response: reader.body(id, Side::Response)?,
    }))
}

/// A bar where it takes long and a person looks on; elsewhere nothing.
fn bar(exchanges: usize, env: &Env<'_>) -> ProgressBar {
    let bar = if env.stderr.is_terminal() && !env.stdout.is_terminal() && exchanges >= MANY {
        ProgressBar::new(exchanges as u64)
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) = ProgressStyle::with_template("exporting {wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}

fn tell(report: &Report, format: &Format, target: &Target, env: &mut Env<'_>) -> anyhow::Result<Exit> {
    if let Some(path) = target.path() {
        writeln!(env.stderr, "wrote {} to `{}`", counted(report.written, "exchange"), path.display())?;
    }
    for (why, count) in &report.left_out {
        writeln!(env.stderr, "left out {}: {why}", counted(*count, "exchange"))?;
    }
    if report.hidden_keys > 0 {
        writeln!(
            env.stderr,
            "warning: the recording holds {} with the look of a key, hidden in the {} export. \
             `gatetap prune` takes exchanges out of the recording",
            counted(report.hidden_keys, "text"),
            format.name
        )?;
    }
    Ok(Exit::Fine)
}
