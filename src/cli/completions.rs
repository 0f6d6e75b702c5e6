//! `gatetap completions`: makes a shell complete commands, flags and what a recording holds.
//!
//! The script that is printed asks the program itself, so that the numbers of exchanges and the values of filters
//! come from the recording as it is. The recording is the one that no flag names.

use super::Cli;
use super::exit::Exit;
use super::world::Env;
use crate::config;
use crate::config::Directories;
use crate::exchange::text::printable;
use crate::gateway::profile::profiles;
use crate::store::{Page, Reader};
use clap::CommandFactory;
use clap::builder::PossibleValuesParser;
use clap_complete::engine::CompletionCandidate;
use clap_complete::env::{CompleteEnv, Shells};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The variable by which the printed script asks.
const VARIABLE: &str = "GATETAP_COMPLETE";

/// So many of the newest exchanges are offered.
const NEWEST: u32 = 20;

/// Print what makes a shell complete gatetap's commands, flags and exchanges
#[derive(Debug, clap::Args)]
#[command(after_help = "Once, in each shell's start-up file:
  bash         source <(gatetap completions bash)
  zsh          source <(gatetap completions zsh)
  fish         gatetap completions fish | source
  elvish       eval (gatetap completions elvish | slurp)
  PowerShell   gatetap completions powershell | Out-String | Invoke-Expression")]
pub(super) struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL", value_parser = PossibleValuesParser::new(["bash", "elvish", "fish", "powershell", "zsh"]))]
    shell: String,
}

impl CompletionsArgs {
    /// Prints the script.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let shells = Shells::builtins();
        let shell = shells.completer(&self.shell);
        let shell = shell.ok_or_else(|| anyhow::anyhow!("no completions are built in for {}", self.shell))?;
        shell.write_registration(VARIABLE, "gatetap", "gatetap", "gatetap", &mut env.stdout)?;
        Ok(Exit::Fine)
    }
}

/// Answers a shell that asks how a line may go on; false if none does.
pub(super) fn answer(words: Vec<OsString>, directory: Option<&Path>) -> bool {
    let completed = CompleteEnv::with_factory(Cli::command).var(VARIABLE).try_complete(words, directory);
    // A shell has no use for an error in the middle of a line.
    completed.unwrap_or(true)
}

/// The gateways by name: those that are built in, and those of the file.
pub(super) fn gateways() -> Vec<CompletionCandidate> {
    let built_in = profiles().iter().map(|profile| (profile.name.as_str(), profile.title.as_str()));
    let directories = Directories::of_system().ok();
    let own = directories.and_then(|directories| config::gateways(&directories).ok()).unwrap_or_default();
    let own = own.into_iter().map(|own| (own.gateway.name.clone(), own.gateway.base_url()));
    let others = [("sim", "the simulator"), ("replay:", "a recording")];
    let named = built_in.chain(others).map(|(name, about)| (name.to_owned(), about.to_owned()));
    named.chain(own).map(|(name, about)| CompletionCandidate::new(name).help(Some(about.into()))).collect()
}

/// The newest exchanges, by number, and `last`.
pub(super) fn exchanges() -> Vec<CompletionCandidate> {
    let last = CompletionCandidate::new("last").help(Some("the newest".into()));
    let Some(reader) = reader() else {
        return vec![last];
    };
    let newest = reader.summaries(Page { limit: Some(NEWEST), ..Page::default() }).unwrap_or_default();
    let numbers = newest.iter().rev().map(|summary| {
        let line = format!("{} {} {}", summary.method, summary.path, summary.verdict);
        CompletionCandidate::new(summary.id.to_string()).help(Some(printable(&line).into_owned().into()))
    });
    std::iter::once(last).chain(numbers).collect()
}

/// How a word of a filter may go on.
pub(super) fn filter(current: &OsStr) -> Vec<CompletionCandidate> {
    let (Some(current), Some(reader)) = (current.to_str(), reader()) else {
        return Vec::new();
    };
    let Ok(completion) = reader.complete(current, current.len()) else {
        return Vec::new();
    };
    let before = current.get(..completion.replace.start).unwrap_or_default();
    completion
        .candidates
        .into_iter()
        .map(|candidate| {
            let about = (!candidate.about.is_empty()).then(|| candidate.about.into());
            CompletionCandidate::new(format!("{before}{}", candidate.text)).help(about)
        })
        .collect()
}

fn reader() -> Option<Reader> {
    let directories = Directories::of_system().ok()?;
    let db = std::env::var_os("GATETAP_DB").map(Into::into);
    Reader::open(&config::recording(db, &directories).ok()?).ok()
}
