//! `gatetap check`: the checks on a recording.

mod github;
mod groups;
mod json;
mod junit;
mod sarif;
mod text;

use super::check_flags::CheckFlags;
use super::error::wrong_usage;
use super::exit::Exit;
use super::filter::{self, FilterArgs};
use super::progress::Bar;
use super::recording::RecordingArgs;
use super::world::Env;
use crate::check::Engine;
use crate::config;
use crate::exchange::finding::{Finding, Severity};
use crate::exchange::text::counted;
use crate::record::{Recheck, Rechecked};
use anyhow::Context as _;
use clap::ValueEnum;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// Fewer exchanges than this are checked before a bar could be read.
const LONG: usize = 500;

/// Check a recording: what is wrong, where, why, and what to do
///
/// The checks run again over what is recorded, with the settings of `gatetap.toml`. Exits with 1 where
/// something is found that --fail-on names.
#[derive(Debug, clap::Args)]
#[command(after_long_help = filter::HELP)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    filter: FilterArgs,

    #[command(flatten)]
    recording: RecordingArgs,

    /// Exit with 1 at a finding as bad as this, or worse
    #[arg(
        long,
        value_name = "SEVERITY",
        env = "GATETAP_CHECK_FAIL_ON",
        hide_env_values = true,
        default_value = "error"
    )]
    fail_on: FailOn,

    #[command(flatten)]
    checks: CheckFlags,

    /// The form of the report
    #[arg(
        long,
        value_name = "FORMAT",
        env = "GATETAP_CHECK_FORMAT",
        hide_env_values = true,
        default_value = "text"
    )]
    format: Format,

    /// One JSON object a line, as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,

    /// With each check that found something, its page
    #[arg(long)]
    explain: bool,

    /// Write the report to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What makes it exit with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Info,
    Never,
}

/// The form of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: by check, the worst first, with the first examples
    Text,
    /// One object a line for each finding
    Json,
    /// Workflow commands of GitHub Actions, one a check
    Github,
    /// SARIF 2.1.0
    Sarif,
    /// XML of test reports (junit), a suite a session
    Junit,
}

/// A report that is written while exchanges are checked.
trait Report {
    /// What comes before the first exchange.
    fn begin(&mut self, _to: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// An exchange, in the order of starting within its session.
    fn exchange(&mut self, checked: &Rechecked, to: &mut dyn Write) -> io::Result<()>;

    /// What comes after the last.
    fn end(&mut self, tally: &Tally, to: &mut dyn Write) -> io::Result<()>;
}

/// How much was checked and found.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    exchanges: usize,
    /// Those with findings.
    found_in: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
}

impl CheckArgs {
    /// Checks.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let format = if self.json { Format::Json } else { self.format };
        if self.explain && format != Format::Text {
            return Err(wrong_usage(
                "--explain is for the text that people read",
                "leave out --format; `gatetap explain CHECK --json` has a page for programs",
            ));
        }
        let filter = self.filter.parse()?;
        let engine = Engine::new(config::checks(self.checks.into(), &env.directories)?);
        let reader = self.recording.open(env)?;
        let recheck = Recheck::of(&reader, &filter, env.clock.now().wall)?;
        if recheck.is_empty() && format == Format::Text {
            let such = if filter.is_everything() { "" } else { "such " };
            writeln!(env.stderr, "no {such}exchanges in `{}`", reader.path().display())?;
            return Ok(Exit::Fine);
        }
        let colour = env.stdout.colour() && self.output.is_none();
        let width = (env.stdout.is_terminal() && self.output.is_none()).then_some(env.width);
        let mut report: Box<dyn Report> = match format {
            Format::Text => Box::new(text::Text::new(colour, width, self.explain)),
            Format::Json => Box::new(json::Json),
            Format::Github => Box::new(github::Github::default()),
            Format::Sarif => Box::new(sarif::Sarif::new(&engine, reader.path())),
            Format::Junit => Box::new(junit::Junit::new(self.fail_on)),
        };
        let mut file = match &self.output {
            Some(path) => {
                let file =
                    File::create(path).with_context(|| format!("cannot write `{}`", path.display()))?;
                Some(BufWriter::new(file))
            }
            None => None,
        };
        let to: &mut dyn Write = match &mut file {
            Some(file) => file,
            None => &mut env.stdout,
        };
        let of = recheck.len();
        let bar = Bar::new(env.stderr.is_terminal() && of >= LONG);
        let mut tally = Tally::default();
        report.begin(to)?;
        let outcome = recheck.run(
            &engine,
            |read| bar.show("checking", read as u64, of as u64),
            |checked| {
                tally.add(&checked.findings);
                Ok::<_, anyhow::Error>(report.exchange(&checked, to)?)
            },
        );
        bar.clear();
        outcome?;
        report.end(&tally, to)?;
        to.flush()?;
        if self.output.is_some() {
            writeln!(env.stderr, "{tally}")?;
        }
        Ok(if tally.fails(self.fail_on) { Exit::Findings } else { Exit::Fine })
    }
}

impl FailOn {
    /// Whether a finding of that severity fails.
    fn fails(self, severity: Severity) -> bool {
        match self {
            Self::Error => severity >= Severity::Error,
            Self::Warning => severity >= Severity::Warning,
            Self::Info => true,
            Self::Never => false,
        }
    }
}

impl Tally {
    fn add(&mut self, findings: &[Finding]) {
        self.exchanges += 1;
        self.found_in += usize::from(!findings.is_empty());
        for finding in findings {
            match finding.severity {
                Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
                Severity::Info => self.infos += 1,
            }
        }
    }

    fn fails(&self, on: FailOn) -> bool {
        [(Severity::Error, self.errors), (Severity::Warning, self.warnings), (Severity::Info, self.infos)]
            .into_iter()
            .any(|(severity, count)| count > 0 && on.fails(severity))
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counts = [
            (Severity::Error, self.errors),
            (Severity::Warning, self.warnings),
            (Severity::Info, self.infos),
        ];
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(severity, count)| severity.counted(count as u64))
            .collect();
        let exchanges = counted(self.exchanges, "exchange");
        match counts.as_slice() {
            [] => write!(f, "no findings in {exchanges}"),
            counts => write!(f, "{} in {} of {exchanges}", counts.join(", "), self.found_in),
        }
    }
}
