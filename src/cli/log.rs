//! The log: what runs says what it does, a line each, on stderr or into a file.

use super::error::wrong_usage;
use super::live_view;
use super::world::Env;
use crate::config::{LogFilter, LogGiven, LogSettings};
use crate::exchange::time::Clock;
use crate::export::json::rfc3339;
use anyhow::Context as _;
use env_logger::fmt::Formatter;
use env_logger::{Builder, Target};
use log::{Level, LevelFilter, Record};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Where help lists the flags.
const HEADING: &str = "Log";

/// What is logged, and where.
#[derive(Debug, clap::Args)]
pub(super) struct LogFlags {
    /// Log from this level on: error, warn, info, debug; or a level for each of connection, exchange, faults, listener, recorder, replay, as in `warn,exchange=info`
    #[arg(long, help_heading = HEADING, value_name = "FILTER", env = "GATETAP_LOG", hide_env_values = true)]
    log: Option<LogFilter>,

    /// As --log info; twice as --log debug
    #[arg(short, long, help_heading = HEADING, action = clap::ArgAction::Count)]
    verbose: u8,

    /// Log to the end of this file, and not on stderr
    #[arg(long, help_heading = HEADING, value_name = "FILE", env = "GATETAP_LOG_FILE", hide_env_values = true)]
    log_file: Option<PathBuf>,
}

impl From<LogFlags> for LogGiven {
    fn from(flags: LogFlags) -> Self {
        Self { filter: verbosity(flags.verbose).map(LogFilter::all).or(flags.log), file: flags.log_file }
    }
}

/// The level that so many `-v` ask for.
pub(super) const fn verbosity(count: u8) -> Option<LevelFilter> {
    match count {
        0 => None,
        1 => Some(LevelFilter::Info),
        _ => Some(LevelFilter::Debug),
    }
}

/// Starts to log by `settings`. `headless` where no live view takes the terminal.
pub(super) fn start(settings: &LogSettings, headless: bool, env: &Env<'_>) -> anyhow::Result<()> {
    let mut builder = Builder::new();
    for (target, level) in &settings.filter.0 {
        builder.filter_module(target, *level);
    }
    if let Some(path) = &settings.file {
        let file = open(path).with_context(|| format!("cannot write `{}`", path.display()))?;
        builder.target(Target::Pipe(Box::new(file)));
    } else if !headless && live_view::is_possible(env) && env.stderr.is_terminal() {
        return Err(wrong_usage(
            "the live view has the terminal, where the log would be",
            "write the log to a file with --log-file, or leave the live view out with --headless",
        ));
    }
    // systemd's journal has a time of its own.
    let journal =
        settings.file.is_none() && !env.stderr.is_terminal() && std::env::var_os("JOURNAL_STREAM").is_some();
    let clock = env.clock.clone();
    builder.format(move |to, record| line(to, record, (!journal).then_some(&clock)));
    // A second logger in one process would be that of a test: the first goes on.
    drop(builder.try_init());
    Ok(())
}

/// One line: with its time, or as the journal wants it, with its priority.
fn line(to: &mut Formatter, record: &Record<'_>, clock: Option<&Clock>) -> io::Result<()> {
    let (target, says) = (record.target(), record.args());
    match clock {
        Some(clock) => {
            let now = rfc3339(clock.now().wall);
            writeln!(to, "{now} {:<5} {target}: {says}", record.level())
        }
        None => writeln!(to, "<{}>{target}: {says}", priority(record.level())),
    }
}

/// The journal's number of a level (sd-daemon(3)).
const fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

/// A file to add to, which the user alone can read.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
