//! The live view on top of a running gatetap.

use super::env::Env;
use crate::live::Live;
use tokio::runtime::Runtime;

/// Whether this build has a live view and there is a terminal for it.
pub(super) fn is_possible(env: &Env<'_>) -> bool {
    cfg!(feature = "tui") && env.stdout.is_terminal() && std::io::IsTerminal::is_terminal(&std::io::stdin())
}

/// Shows what is recorded until the person quits or the process is asked to end.
#[cfg(feature = "tui")]
pub(super) fn run(runtime: &Runtime, live: &Live, warnings: &[String], env: &Env<'_>) -> anyhow::Result<()> {
    use crate::tui;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    let recorder = live.recorder();
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let told_to_stop = super::runtime::told_to_stop(runtime);
    let watching = runtime.spawn(async move {
        told_to_stop.await;
        told.store(true, Ordering::Relaxed);
    });
    let words = tui::state::Words {
        title: format!("{} → {}", live.url(), live.upstream().name),
        warnings: warnings.to_vec(),
        how_to: how_to(&live.url()),
    };
    let shown = tui::run(tui::Settings {
        recording: live.recording().to_owned(),
        words,
        follow: true,
        stop,
        trouble: tui::Trouble(Arc::new(move || super::announce::trouble(&recorder.health()))),
        clock: env.clock.clone(),
        zone: env.time_zone.clone(),
        theme: tui::theme::Theme::from_environment(),
    });
    watching.abort();
    Ok(shown?)
}

/// Never called: see [`is_possible`].
#[cfg(not(feature = "tui"))]
pub(super) fn run(_: &Runtime, _: &Live, _: &[String], _: &Env<'_>) -> anyhow::Result<()> {
    anyhow::bail!("this build has no live view")
}

/// How to point an app here.
#[cfg(feature = "tui")]
fn how_to(url: &str) -> Vec<String> {
    vec![
        "Point your app here, with the key it already has:".to_owned(),
        String::new(),
        format!("  export OPENAI_BASE_URL={url}/v1"),
        format!("  export ANTHROPIC_BASE_URL={url}"),
        String::new(),
        format!("  curl {url}/v1/models -H \"Authorization: Bearer $OPENAI_API_KEY\""),
    ]
}
