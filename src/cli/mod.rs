//! The command line: one file a command, which parses, calls and prints. Nothing else prints.
//!
//! [`run()`] takes the words and an [`Env`] and gives back an [`Exit`]; [`main`] is the same with the
//! process's own. Data goes to stdout, talk to stderr.
//!
//! Invariant: every error is shown with its causes and, where there is one, a hint; every text out of a
//! recording goes through [`printable`](crate::exchange::text::printable) before a terminal sees it.

#[cfg(feature = "tui")]
mod again;
mod announce;
mod ca;
mod check;
mod check_flags;
mod completions;
mod config;
mod control;
mod demo;
mod diff;
mod doctor;
mod ended;
mod env;
mod error;
mod exec;
mod exit;
mod explain;
mod export;
mod faults;
mod file;
mod filter;
mod findings_talk;
mod import;
mod keep;
mod listen;
mod live_view;
mod log;
mod ls;
mod man;
pub mod panics;
mod presence;
mod progress;
mod prune;
mod recording;
mod replay;
mod run;
mod runtime;
mod scratch;
mod search;
mod show;
mod sim;
mod status;
mod stop;
mod style;
mod table;
mod tls;
mod tui;
mod world;
mod wrap;
mod xml;

pub use exit::Exit;
pub use world::{Env, Output};

use crate::gateway::mask::mask_string;
use clap::error::{ContextKind, ContextValue};
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes:
  0  fine
  1  findings, or a mismatch
  2  wrong usage or settings
  3  could not start, or the recording is not whole
  4  the gateway cannot be reached";

/// See what your app really sends to an LLM gateway, and what comes back
///
/// gatetap passes every byte on between an app and its gateway, records both sides and says what is
/// wrong. Point the app's base URL at `http://localhost:7117/v1`. Without a command it does what
/// `gatetap run` does.
#[derive(Debug, Parser)]
#[command(
    name = "gatetap",
    version,
    override_usage = "gatetap [COMMAND] [OPTIONS]",
    after_long_help = EXIT_CODES,
    disable_help_subcommand = true,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(Box<run::RunArgs>),
    Status(status::StatusArgs),
    Stop(stop::StopArgs),
    Demo(demo::DemoArgs),
    Exec(Box<exec::ExecArgs>),
    Env(env::EnvArgs),
    Sim(sim::SimArgs),
    Replay(replay::ReplayArgs),
    Ls(ls::LsArgs),
    Show(show::ShowArgs),
    Diff(diff::DiffArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
    Search(search::SearchArgs),
    Check(check::CheckArgs),
    Explain(explain::ExplainArgs),
    Doctor(Box<doctor::DoctorArgs>),
    Prune(prune::PruneArgs),
    Tui(tui::TuiArgs),
    Ca(ca::CaArgs),
    Config(Box<config::ConfigArgs>),
    Faults(faults::FaultsArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Runs the process's command line.
pub fn main() -> ExitCode {
    panics::install();
    let directory = std::env::current_dir().ok();
    if completions::answer(std::env::args_os().collect(), directory.as_deref()) {
        return Exit::Fine.into();
    }
    let exit = match Env::of_process() {
        Ok(mut env) => run(std::env::args_os(), &mut env),
        Err(error) => {
            let error = anyhow::Error::new(error).context("there is no working directory");
            error::print(&error, &mut Output::new(std::io::stderr(), false));
            Exit::CannotStart
        }
    };
    exit.into()
}

/// Runs the command line `words`, the program's name first.
pub fn run(words: impl IntoIterator<Item = OsString>, env: &mut Env<'_>) -> Exit {
    let words = filter::shelter_negations(with_command(words));
    let outcome = match parse(&words) {
        Ok((cli, matches)) => dispatch(cli.command, &matches, env),
        Err(error) => usage(&error, &words, env),
    };
    let outcome = outcome.and_then(|exit| {
        env.stdout.finish()?;
        Ok(exit)
    });
    match outcome {
        Ok(exit) => exit,
        // The reader has seen enough: `gatetap ls | head`.
        Err(_) if env.stdout.is_closed() => Exit::Fine,
        Err(error) => {
            error::print(&error, &mut env.stderr);
            error::exit_of(&error)
        }
    }
}

/// The command, and where each of its values comes from.
fn parse(words: &[OsString]) -> Result<(Cli, ArgMatches), clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(words)?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    Ok((cli, matches))
}

fn dispatch(command: Command, matches: &ArgMatches, env: &mut Env<'_>) -> anyhow::Result<Exit> {
    match command {
        Command::Run(args) => args.run(env),
        Command::Status(args) => args.run(env),
        Command::Stop(args) => args.run(env),
        Command::Demo(args) => args.run(env),
        Command::Exec(args) => args.run(env),
        Command::Env(args) => args.run(env),
        Command::Sim(args) => args.run(env),
        Command::Replay(args) => args.run(env),
        Command::Ls(args) => args.run(env),
        Command::Show(args) => args.run(env),
        Command::Diff(args) => args.run(env),
        Command::Export(args) => args.run(env),
        Command::Import(args) => args.run(env),
        Command::Search(args) => args.run(env),
        Command::Check(args) => args.run(env),
        Command::Explain(args) => args.run(env),
        Command::Doctor(args) => args.run(env),
        Command::Prune(args) => args.run(env),
        Command::Tui(args) => args.run(env),
        Command::Ca(args) => args.run(env),
        Command::Config(args) => args.run(matches, env),
        Command::Faults(args) => args.run(env),
        Command::Completions(args) => args.run(env),
        Command::Man(args) => args.run(env),
    }
}

/// Puts `run` where no command stands: all flags but help and version belong to a command.
fn with_command(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    if words.is_empty() {
        words.push("gatetap".into());
    }
    let is_own = |word: &OsString| {
        !word.as_encoded_bytes().starts_with(b"-")
            || ["-h", "--help", "-V", "--version"].iter().any(|own| word == OsStr::new(own))
    };
    if !words.get(1).is_some_and(is_own) {
        words.insert(1, "run".into());
    }
    words
}

/// Prints what clap has to say: help and versions are data, the rest is talk.
fn usage(error: &clap::Error, words: &[OsString], env: &mut Env<'_>) -> anyhow::Result<Exit> {
    let (output, exit) =
        if error.use_stderr() { (&mut env.stderr, Exit::Usage) } else { (&mut env.stdout, Exit::Fine) };
    let variable = variable_of(error, words);
    let text = error.render();
    let text = if output.colour() { text.ansi().to_string() } else { text.to_string() };
    // A wrong value is quoted, and may hold a password.
    output.print(format_args!("{}", mask_string(text)))?;
    if let Some(variable) = variable {
        writeln!(env.stderr, "\nhint: nobody typed that: the environment variable {variable} says it")?;
    }
    Ok(exit)
}

/// The environment variable that a wrong value comes from, where no flag gave it.
fn variable_of(error: &clap::Error, words: &[OsString]) -> Option<String> {
    let Some(ContextValue::String(blamed)) = error.get(ContextKind::InvalidArg) else { return None };
    let flag = blamed.split_whitespace().next()?;
    let gives =
        |word: &str| word.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='));
    if words.iter().filter_map(|word| word.to_str()).any(gives) {
        return None;
    }
    let mut command = Cli::command();
    command.build();
    let mut commands = vec![&command];
    while let Some(command) = commands.pop() {
        let arg = command.get_arguments().find(|arg| arg.to_string() == *blamed);
        let variable = arg.and_then(clap::Arg::get_env).filter(|name| std::env::var_os(name).is_some());
        if let Some(variable) = variable {
            return Some(variable.to_string_lossy().into_owned());
        }
        commands.extend(command.get_subcommands());
    }
    None
}
