//! `gatetap config`: what holds, and who says so; a commented example.

use super::error::{with_hint, wrong_usage};
use super::exit::Exit;
use super::log::verbosity;
use super::run::RunArgs;
use super::world::Env;
use crate::config::{self, EXAMPLE, FILE_NAME, KNOWN, Known, WrittenFile};
use crate::exchange::text::printable;
use crate::gateway::mask::mask_string;
use anyhow::Context as _;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _};
use serde_json::{Value, json};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

/// Show every setting and where it comes from: a flag, a variable, a line of gatetap.toml, or the default
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: Option<ConfigCommand>,

    /// One JSON object a setting
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    run: RunArgs,
}

#[derive(Debug, clap::Subcommand)]
enum ConfigCommand {
    /// Write a gatetap.toml with every key, commented out
    Init {
        /// Where to [default: gatetap.toml in the working directory]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// A value, and who says so.
#[derive(Debug)]
struct Row {
    key: String,
    value: String,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Flag(String),
    Variable(String),
    File(PathBuf, usize),
    Default,
}

impl ConfigArgs {
    /// Shows, or writes the example.
    pub(super) fn run(self, matches: &ArgMatches, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        if let Some(ConfigCommand::Init { file }) = self.command {
            return init(file, env);
        }
        // What is shown has to hold.
        self.run.settings(env)?;
        let file = config::written(&env.directories)?;
        let own = matches.subcommand_matches("config").unwrap_or(matches);
        let rows: Vec<Row> = KNOWN.iter().flat_map(|known| rows(known, own, file.as_ref())).collect();
        if self.json {
            for row in &rows {
                writeln!(env.stdout, "{}", row.as_json())?;
            }
            return Ok(Exit::Fine);
        }
        let width = |of: fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or_default();
        let (keys, values) = (width(|row| row.key.len()), width(|row| row.value.chars().count()).min(40));
        for row in &rows {
            let (key, value) = (&row.key, printable(&row.value));
            writeln!(env.stdout, "{key:<keys$}  {value:<values$}  {}", row.source)?;
        }
        Ok(Exit::Fine)
    }
}

/// The arguments that say a setting.
fn arguments(key: &str) -> Vec<&str> {
    match key {
        "faults" => vec!["faults", "fault_files"],
        "log" => vec!["verbose", "log"],
        "replay.match" => vec!["matching"],
        _ => vec![key.split_once('.').map_or(key, |(_, own)| own)],
    }
}

/// Whether a flag or its variable says something.
fn is_given(id: &str, matches: &ArgMatches) -> bool {
    let known = matches.ids().any(|found| found.as_str() == id);
    let source = known.then(|| matches.value_source(id)).flatten();
    source.is_some_and(|source| source != ValueSource::DefaultValue)
}

/// What is said of one setting: by who wins, and by all where what they say adds up.
fn rows(known: &Known, matches: &ArgMatches, file: Option<&WrittenFile>) -> Vec<Row> {
    let ids = arguments(known.key).into_iter();
    let mut rows: Vec<Row> = ids.filter_map(|id| given(known, id, matches)).collect();
    if !known.adds_up {
        // Of several arguments the first wins.
        rows.truncate(1);
    }
    // Checks that are selected here are not ignored by the file.
    let gives_way = known.key == "checks.ignore" && is_given("select", matches);
    if !gives_way && (rows.is_empty() || known.adds_up) {
        let written = file.into_iter().flat_map(|file| {
            let values = file.values.iter().filter(|value| known.holds(&value.key));
            values.map(|value| Row {
                key: value.key.clone(),
                value: masked(&value.value),
                source: Source::File(file.path.clone(), value.line),
            })
        });
        rows.extend(written);
    }
    if rows.is_empty() {
        let default = known.default.to_owned();
        rows.push(Row { key: known.key.to_owned(), value: default, source: Source::Default });
    }
    rows
}

/// What flag or variable say.
fn given(known: &Known, id: &str, matches: &ArgMatches) -> Option<Row> {
    // A key of a file that no flag says is no argument.
    let source = matches.ids().find(|found| found.as_str() == id).and_then(|_| matches.value_source(id))?;
    let command = super::Cli::command();
    let config = command.find_subcommand("config")?;
    let arg = config.get_arguments().find(|arg| arg.get_id() == id)?;
    let source = match source {
        ValueSource::EnvVariable => Source::Variable(arg.get_env()?.to_string_lossy().into_owned()),
        ValueSource::CommandLine => Source::Flag(format!("--{}", arg.get_long()?)),
        _ => return None,
    };
    let values: Vec<String> = match id {
        "verbose" => {
            verbosity(matches.get_count(id)).iter().map(|level| level.as_str().to_lowercase()).collect()
        }
        _ => matches.get_raw(id)?.map(|value| masked(&value.to_string_lossy())).collect(),
    };
    Some(Row { key: known.key.to_owned(), value: values.join(", "), source })
}

/// A value may hold a password.
fn masked(text: &str) -> String {
    mask_string(text.to_owned())
}

impl Row {
    fn as_json(&self) -> Value {
        let (source, name, file, line) = match &self.source {
            Source::Flag(name) => ("flag", Some(name.as_str()), None, None),
            Source::Variable(name) => ("environment", Some(name.as_str()), None, None),
            Source::File(file, line) => ("file", None, Some(file.display().to_string()), Some(*line)),
            Source::Default => ("default", None, None, None),
        };
        json!({
            "key": self.key, "value": self.value,
            "source": { "kind": source, "name": name, "file": file, "line": line },
        })
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::File(file, line) => write!(f, "{}:{line}", file.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Writes the example where nothing is.
fn init(file: Option<PathBuf>, env: &mut Env<'_>) -> anyhow::Result<Exit> {
    let path = env.directories.working.join(file.unwrap_or_else(|| FILE_NAME.into()));
    let created = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
    match created {
        Ok(mut file) => file
            .write_all(EXAMPLE.as_bytes())
            .with_context(|| format!("cannot write `{}`", path.display()))?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let says = format!("`{}` is there already, and was left untouched", path.display());
            return Err(wrong_usage(says, "name another file: `gatetap config init FILE`"));
        }
        Err(error) => {
            let says = anyhow::Error::new(error).context(format!("cannot write `{}`", path.display()));
            return Err(with_hint(says, "name a file in a directory that is yours"));
        }
    }
    writeln!(env.stderr, "wrote {}", path.display())?;
    Ok(Exit::Fine)
}
