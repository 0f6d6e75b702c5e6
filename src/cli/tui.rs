//! `gatetap tui`: a recording in the live view.

use super::error::wrong_usage;
use super::exit::Exit;
use super::recording::RecordingArgs;
use super::run::live_settings;
use super::world::Env;
use super::{live_view, runtime};
use crate::config::{Given, Settings};

/// Open a recording in the live view, also while another process writes it
#[derive(Debug, clap::Args)]
pub(super) struct TuiArgs {
    #[command(flatten)]
    recording: RecordingArgs,
}

impl TuiArgs {
    /// Shows it until the person quits.
    pub(super) fn run(self, env: &Env<'_>) -> anyhow::Result<Exit> {
        // The view waits for a recording that is not there yet. Whoever names one means one that is.
        let recording = self.recording.open(env)?.path().to_owned();
        let given = Given { db: Some(recording.clone()), ..Given::default() };
        if !live_view::is_possible(env) {
            let why = if cfg!(feature = "tui") {
                "the live view needs a terminal for its input and its output"
            } else {
                "this build has no live view"
            };
            return Err(wrong_usage(why, "`gatetap ls` and `gatetap show` print what it would show"));
        }
        let settings = live_settings(&Settings::resolve(given, &env.directories)?, env)?;
        let runtime = runtime::start()?;
        live_view::open(&runtime, &recording, settings, env)?;
        Ok(Exit::Fine)
    }
}
