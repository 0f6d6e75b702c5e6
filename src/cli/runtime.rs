//! The async runtime that commands run on, and the signals that end it.

use super::error::with_exit;
use super::exit::Exit;
use crate::live::Live;
use crate::record::Outcome;
use ring::rand::{SecureRandom as _, SystemRandom};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// A proxy takes two connections for an exchange. What the shell grants is mostly meant for programs that open few.
#[cfg(unix)]
const OPEN_FILES: u64 = 65_536;

/// A signal that follows another so closely is the same one: at a terminal, what wraps gatetap may send it, too.
const SAME: Duration = Duration::from_secs(1);

/// Starts the runtime, and lets the process open as many files as it may.
///
/// # Errors
/// Where the system gives no threads.
pub(super) fn start() -> anyhow::Result<Runtime> {
    #[cfg(unix)]
    raise_open_files();
    Ok(Builder::new_multi_thread().worker_threads(2).thread_name("gatetap").enable_all().build()?)
}

#[cfg(unix)]
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(OPEN_FILES, |most| most.min(OPEN_FILES));
    if current.is_some_and(|current| current < wanted)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
    {
        log::info!(target: "listener", "no more than {current:?} files can be open at once: {error}");
    }
}

/// Draws a seed that JSON numbers can hold.
pub(super) fn draw_seed() -> u64 {
    fastrand::u64(..1 << 53)
}

/// Draws a token that nobody can guess.
///
/// # Errors
/// Where the system has no randomness.
pub(super) fn draw_token() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    let drawn = SystemRandom::new().fill(&mut bytes);
    drawn.map_err(|_unspecified| anyhow::Error::msg("the system gives no random numbers"))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Ends a gatetap and what it ran on. Whoever asks again meanwhile does not want to wait.
///
/// # Errors
/// Where that happened: nobody knows then what of the recording was still to be written.
pub(super) fn stop(runtime: Runtime, live: Live) -> anyhow::Result<Outcome> {
    let told_again = async {
        tokio::time::sleep(SAME).await;
        told_to_stop(&runtime).await;
    };
    let outcome = runtime.block_on(async {
        tokio::select! {
            biased;
            outcome = live.stop() => Some(outcome),
            () = told_again => None,
        }
    });
    // What threads of it still wait for, such as an answer to a question after a name, ends with the process.
    runtime.shutdown_background();
    outcome.ok_or_else(|| {
        let hint = "what was still to be written is missing from the recording; told once, gatetap writes it";
        with_exit(anyhow::Error::msg("told to end at once"), hint, Exit::CannotStart)
    })
}

/// Watches from this call on, and is done when the process has been asked to end: Ctrl-C, SIGTERM, or the
/// terminal going away.
pub(super) fn told_to_stop(runtime: &Runtime) -> impl Future<Output = ()> + use<> {
    told_to_stop_unless(runtime, || false)
}

/// The same, but for Ctrl-C while `is_lent`: then it is for another program at this terminal.
#[cfg(unix)]
pub(super) fn told_to_stop_unless<L: Fn() -> bool>(
    runtime: &Runtime,
    is_lent: L,
) -> impl Future<Output = ()> + use<L> {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    async fn next(signal: &mut std::io::Result<Signal>) {
        match signal {
            Ok(signal) => drop(signal.recv().await),
            // Where a signal cannot be watched, its default action ends the process.
            Err(_) => std::future::pending().await,
        }
    }
    let _inside = runtime.enter();
    let [mut interrupt, mut terminate, mut hangup] =
        [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    async move {
        loop {
            tokio::select! {
                () = next(&mut interrupt) => if !is_lent() { return },
                () = next(&mut terminate) => return,
                () = next(&mut hangup) => return,
            }
        }
    }
}

/// Watches from this call on, and is done when the process has been asked to end while nothing `is_lent`: Ctrl-C,
/// Ctrl-Break, or the window going away.
#[cfg(not(unix))]
pub(super) fn told_to_stop_unless<L: Fn() -> bool>(
    runtime: &Runtime,
    is_lent: L,
) -> impl Future<Output = ()> + use<L> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};
    let _inside = runtime.enter();
    let (interrupt, stop, close) = (ctrl_c(), ctrl_break(), ctrl_close());
    async move {
        // Where one cannot be watched, its default action ends the process.
        let (Ok(mut interrupt), Ok(mut stop), Ok(mut close)) = (interrupt, stop, close) else {
            return std::future::pending().await;
        };
        loop {
            tokio::select! {
                _ = interrupt.recv() => {
                    // The program that has the terminal means it for itself.
                    if !is_lent() {
                        return;
                    }
                }
                _ = stop.recv() => return,
                _ = close.recv() => return,
            }
        }
    }
}

/// Tells the view when the process is to stop for a while (SIGTSTP), and when it goes on (SIGCONT).
#[cfg(all(unix, feature = "tui"))]
pub(super) fn watch_jobs(
    runtime: &Runtime,
    signals: std::sync::Arc<crate::tui::Signals>,
) -> impl Future<Output = ()> + use<> {
    use rustix::process::Signal;
    use tokio::signal::unix::{SignalKind, signal};
    let _inside = runtime.enter();
    let [stop, go_on] = [Signal::TSTP, Signal::CONT].map(|told| signal(SignalKind::from_raw(told.as_raw())));
    async move {
        // Where a signal cannot be watched, its default action is taken.
        let (Ok(mut stop), Ok(mut go_on)) = (stop, go_on) else { return };
        loop {
            tokio::select! {
                _ = stop.recv() => signals.suspend(),
                _ = go_on.recv() => signals.resume(),
            }
        }
    }
}

/// There are no jobs here.
#[cfg(all(not(unix), feature = "tui"))]
pub(super) async fn watch_jobs(_: &Runtime, _: std::sync::Arc<crate::tui::Signals>) {}
