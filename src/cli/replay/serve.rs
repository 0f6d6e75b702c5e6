//! `gatetap replay serve`: runs a gatetap whose upstream is a recording.

use crate::cli::exit::Exit;
use crate::cli::run::RunArgs;
use crate::cli::world::Env;
use std::path::PathBuf;

/// Answer with a recording: the same as `gatetap run --upstream replay:FILE`
///
/// An app that points here runs offline. A request gets what was recorded for it: status, headers, chunks at
/// their times, and the end as it was. What nothing recorded fits gets 502 and `x-gatetap-error: replay-miss`,
/// with the nearest recorded exchange and what differs; with --mode it is sent to --upstream and recorded instead.
#[derive(Debug, clap::Args)]
pub(super) struct ServeArgs {
    /// What to answer with: a recording, JSON Lines of `gatetap export`, a HAR, or a capture
    #[arg(value_name = "FILE")]
    recording: PathBuf,

    #[command(flatten)]
    run: RunArgs,
}

impl ServeArgs {
    /// Serves until it is told to stop.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        self.run.replaying(self.recording).run(env)
    }
}
