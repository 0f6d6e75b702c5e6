//! `gatetap demo`: the whole thing in ten seconds, without key or network.

use super::env::Env;
use super::exit::Exit;
use anyhow::bail;

/// Show the whole thing against the simulator: no key, no network
#[derive(Debug, clap::Args)]
pub(super) struct DemoArgs {}

impl DemoArgs {
    /// Runs the demo.
    #[expect(clippy::unused_self, reason = "the other commands have flags")]
    pub(super) fn run(self, _env: &mut Env<'_>) -> anyhow::Result<Exit> {
        bail!("`gatetap demo` is not part of this build")
    }
}
