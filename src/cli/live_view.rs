//! The live view, of a running gatetap or of a recording.

#[cfg(feature = "tui")]
use super::again::{OwnGatetap, sending};
use super::world::Env;
use crate::live::{self, Live};
#[cfg(feature = "tui")]
use crate::tui;
use std::path::Path;
#[cfg(feature = "tui")]
use std::{
    sync::Arc,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread::Builder,
    time::Duration,
};
use tokio::runtime::Runtime;

/// How often the view is looked after.
#[cfg(feature = "tui")]
const LOOK: Duration = Duration::from_millis(500);

/// Whether this build has a live view and there is a terminal for it.
pub(super) fn is_possible(env: &Env<'_>) -> bool {
    cfg!(feature = "tui") && env.stdout.is_terminal() && std::io::IsTerminal::is_terminal(&std::io::stdin())
}

/// Shows what is recorded until the person quits or the process is asked to end.
#[cfg(feature = "tui")]
pub(super) fn run(
    runtime: &Runtime,
    live: &Live,
    settings: &live::Settings,
    warnings: &[String],
    env: &Env<'_>,
) -> anyhow::Result<()> {
    let words = tui::state::Words {
        title: format!("{} → {}", live.url(), live.upstream().name),
        warnings: warnings.to_vec(),
        how_to: how_to(&live.url()),
        gateway: live.upstream().name.clone(),
    };
    let recorder = live.recorder();
    let trouble = tui::Trouble(Arc::new(move || recorder.health().trouble()));
    let own = OwnGatetap { settings: settings.clone(), clock: env.clock.clone() };
    let around = Around {
        trouble,
        armed: Some(Arc::clone(live.armed())),
        sending: sending(runtime, Some(live.sender()), own),
    };
    show(runtime, live.recording(), words, around, env)
}

/// Shows a recording, whoever writes it, until the person quits or the process is asked to end.
#[cfg(feature = "tui")]
pub(super) fn open(
    runtime: &Runtime,
    recording: &Path,
    settings: live::Settings,
    env: &Env<'_>,
) -> anyhow::Result<()> {
    let words = tui::state::Words {
        title: recording.display().to_string(),
        warnings: Vec::new(),
        how_to: vec![
            "The recording holds no exchange yet. What is written into it shows up here.".to_owned(),
        ],
        gateway: String::new(),
    };
    let own = OwnGatetap { settings, clock: env.clock.clone() };
    let around =
        Around { trouble: tui::Trouble::default(), armed: None, sending: sending(runtime, None, own) };
    show(runtime, recording, words, around, env)
}

/// What the view can do beyond showing.
#[cfg(feature = "tui")]
struct Around {
    trouble: tui::Trouble,
    armed: Option<Arc<crate::fault::Armed>>,
    sending: tui::deeds::Sending,
}

#[cfg(feature = "tui")]
fn show(
    runtime: &Runtime,
    recording: &Path,
    words: tui::state::Words,
    around: Around,
    env: &Env<'_>,
) -> anyhow::Result<()> {
    let signals = Arc::new(tui::Signals::default());
    let (told, lent) = (Arc::clone(&signals), Arc::clone(&signals));
    let told_to_stop = super::runtime::told_to_stop_unless(runtime, move || lent.is_lent());
    let watching = runtime.spawn(async move {
        told_to_stop.await;
        told.stop();
    });
    let watching_jobs = runtime.spawn(super::runtime::watch_jobs(runtime, Arc::clone(&signals)));
    let settings = tui::Settings {
        recording: recording.to_owned(),
        words,
        follow: true,
        signals: Arc::clone(&signals),
        trouble: around.trouble,
        armed: around.armed,
        sending: Some(around.sending),
        environment: |name| std::env::var(name).ok(),
        clock: env.clock.clone(),
        zone: env.time_zone.clone(),
        theme: tui::theme::Theme::from_environment(),
        kept: env.directories.state.as_ref().map(|state| state.join("view.toml")),
    };
    let (ended, end) = channel();
    let view = move || drop(ended.send(tui::run(settings)));
    Builder::new().name("gatetap-view".to_owned()).spawn(view)?;
    let shown = wait_for_view(&end, &signals);
    watching.abort();
    watching_jobs.abort();
    shown
}

/// Waits until the view has ended. Reading from a terminal that is gone may never come back: then the
/// view is left to itself, and ends with the process.
#[cfg(feature = "tui")]
fn wait_for_view(end: &Receiver<Result<(), tui::Error>>, signals: &tui::Signals) -> anyhow::Result<()> {
    let mut looks_left = 2;
    loop {
        match end.recv_timeout(LOOK) {
            Ok(shown) => return Ok(shown?),
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the live view failed"),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if !std::io::IsTerminal::is_terminal(&std::io::stdout()) {
            signals.stop();
        }
        if signals.has_to_stop() {
            looks_left -= 1;
        }
        if looks_left == 0 {
            tui::give_terminal_back();
            return Ok(());
        }
    }
}

/// Never called: see [`is_possible`].
#[cfg(not(feature = "tui"))]
pub(super) fn run(
    _: &Runtime,
    _: &Live,
    _: &live::Settings,
    _: &[String],
    _: &Env<'_>,
) -> anyhow::Result<()> {
    anyhow::bail!("this build has no live view")
}

/// Never called: see [`is_possible`].
#[cfg(not(feature = "tui"))]
pub(super) fn open(_: &Runtime, _: &Path, _: live::Settings, _: &Env<'_>) -> anyhow::Result<()> {
    anyhow::bail!("this build has no live view")
}

/// How to point an app here.
#[cfg(feature = "tui")]
fn how_to(url: &str) -> Vec<String> {
    vec![
        "Waiting for the first request. Point an app here, with the key it already has (y copies this):"
            .to_owned(),
        String::new(),
        format!("  export OPENAI_BASE_URL={url}/v1"),
        format!("  export ANTHROPIC_BASE_URL={url}"),
        String::new(),
        "Other shells and variables: `gatetap env`. To see whether it works:".to_owned(),
        String::new(),
        format!("  curl {url}/v1/models \\"),
        "    -H \"Authorization: Bearer $OPENAI_API_KEY\"".to_owned(),
    ]
}
