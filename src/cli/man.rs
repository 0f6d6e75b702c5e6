//! `gatetap man`: the manual pages.

use super::Cli;
use super::error::{Hint, wrong_usage};
use super::exit::Exit;
use super::world::Env;
use crate::config;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::io::Write;
use std::path::PathBuf;

/// Print a manual page, or write all of them into a directory
#[derive(Debug, clap::Args)]
#[command(after_help = "To read it: gatetap man | man -l -")]
pub(super) struct ManArgs {
    /// The page of this command [default: gatetap itself]
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    command: Option<String>,

    /// Write every page into this directory
    #[arg(short, long, value_name = "DIRECTORY")]
    output: Option<PathBuf>,
}

impl ManArgs {
    /// Prints or writes.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let mut cli = Cli::command();
        cli.build();
        let Some(directory) = self.output else {
            let page = match &self.command {
                Some(name) => of_command(&cli, name)?,
                None => cli,
            };
            Man::new(page).render(&mut env.stdout)?;
            return Ok(Exit::Fine);
        };
        std::fs::create_dir_all(&directory)
            .hint(format!("--output names a directory: `{}` is none", directory.display()))?;
        let commands = cli.get_subcommands().map(|command| command.get_name().to_owned());
        let pages: Vec<Command> =
            commands.map(|name| of_command(&cli, &name)).collect::<anyhow::Result<_>>()?;
        for page in std::iter::once(cli.clone()).chain(pages) {
            let path = directory.join(format!("{}.1", page.get_name()));
            let mut text = Vec::new();
            Man::new(page).render(&mut text)?;
            std::fs::write(&path, text).hint(format!("cannot write `{}`", path.display()))?;
            writeln!(env.stderr, "{}", path.display())?;
        }
        Ok(Exit::Fine)
    }
}

/// A command as a page of its own: `gatetap-ls`.
fn of_command(cli: &Command, name: &str) -> anyhow::Result<Command> {
    let known = || cli.get_subcommands().map(Command::get_name);
    let Some(command) = cli.get_subcommands().find(|command| command.get_name() == name) else {
        let hint = match config::nearest(name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the commands are {}", known().collect::<Vec<_>>().join(", ")),
        };
        return Err(wrong_usage(format!("there is no command `{name}`"), hint));
    };
    Ok(command.clone().name(format!("gatetap-{name}")).bin_name(format!("gatetap {name}")))
}
