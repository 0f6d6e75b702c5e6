//! `gatetap replay`: a recording as a gateway, and a request sent again.

mod cassette;
mod flags;
mod results;
mod send;
mod serve;

pub(super) use cassette::{Prepared, prepare, tell_replayed};
pub(super) use flags::{ReplayFlags, close, options, tell_misses};

use super::exit::Exit;
use super::world::Env;
use clap::Subcommand;

/// Play a recording back as a gateway, or send a recorded request again
#[derive(Debug, clap::Args)]
pub(super) struct ReplayArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<serve::ServeArgs>),
    Send(Box<send::SendArgs>),
}

impl ReplayArgs {
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        match self.command {
            Command::Serve(args) => args.run(env),
            Command::Send(args) => args.run(env),
        }
    }
}
