//! The async runtime that commands run on, and the signals that end it.

use tokio::runtime::{Builder, Runtime};

/// Starts the runtime.
///
/// # Errors
/// Where the system gives no threads.
pub(super) fn start() -> anyhow::Result<Runtime> {
    Ok(Builder::new_multi_thread().worker_threads(2).thread_name("gatetap").enable_all().build()?)
}

/// Returns when the process is asked to end: Ctrl-C, SIGTERM, or the terminal going away.
#[cfg(unix)]
pub(super) async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    // Where a signal cannot be watched, its default action ends the process.
    let watch = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = watch(SignalKind::interrupt()) => {}
        _ = watch(SignalKind::terminate()) => {}
        _ = watch(SignalKind::hangup()) => {}
    }
}

/// Returns when the process is asked to end with Ctrl-C.
#[cfg(not(unix))]
pub(super) async fn told_to_stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
