//! The async runtime that commands run on, and the signals that end it.

use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::runtime::{Builder, Runtime};

/// Starts the runtime.
///
/// # Errors
/// Where the system gives no threads.
pub(super) fn start() -> anyhow::Result<Runtime> {
    Ok(Builder::new_multi_thread().worker_threads(2).thread_name("gatetap").enable_all().build()?)
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

/// Watches from this call on, and is done when the process has been asked to end: Ctrl-C, SIGTERM, or the
/// terminal going away.
#[cfg(unix)]
pub(super) fn told_to_stop(runtime: &Runtime) -> impl Future<Output = ()> + use<> {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    async fn next(signal: std::io::Result<Signal>) {
        match signal {
            Ok(mut signal) => drop(signal.recv().await),
            // Where a signal cannot be watched, its default action ends the process.
            Err(_) => std::future::pending().await,
        }
    }
    let _inside = runtime.enter();
    let [interrupt, terminate, hangup] =
        [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    async move {
        tokio::select! {
            () = next(interrupt) => {}
            () = next(terminate) => {}
            () = next(hangup) => {}
        }
    }
}

/// Watches from this call on, and is done when the process has been asked to end: Ctrl-C, Ctrl-Break, or the
/// window going away.
#[cfg(not(unix))]
pub(super) fn told_to_stop(runtime: &Runtime) -> impl Future<Output = ()> + use<> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};
    let _inside = runtime.enter();
    let (interrupt, stop, close) = (ctrl_c(), ctrl_break(), ctrl_close());
    async move {
        // Where one cannot be watched, its default action ends the process.
        let (Ok(mut interrupt), Ok(mut stop), Ok(mut close)) = (interrupt, stop, close) else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = stop.recv() => {}
            _ = close.recv() => {}
        }
    }
}
