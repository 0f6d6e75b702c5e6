//! Listening sockets and the loop that accepts connections.

use super::{Shared, app_connection};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long accepting rests after it failed, for instance because there are no file descriptors left.
const REST: Duration = Duration::from_millis(50);

/// A listening address could not be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// What the system said.
    #[source]
    pub source: std::io::Error,
}

/// Listens on `address`; port 0 picks a free one.
///
/// # Errors
/// [`BindError`], for instance where the port is taken.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|source| BindError { address, source })
}

/// Accepts connections until told to stop.
pub(super) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    stop_accepting: CancellationToken,
    cut: CancellationToken,
) {
    if let Ok(address) = listener.local_addr() {
        log::info!(target: "listener", "listening on http://{address}");
    }
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop_accepting.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let number = shared.accepted.fetch_add(1, Ordering::Relaxed) + 1;
                log::debug!(target: "connection", "{number} opened by {peer}");
                let serving = app_connection::serve(
                    stream,
                    peer,
                    Arc::clone(&shared),
                    stop_accepting.clone(),
                    cut.clone(),
                );
                tasks.spawn(async move {
                    serving.await;
                    log::debug!(target: "connection", "{number} closed");
                });
            }
            // A connection that is gone again is nobody's trouble; the rest heals with time.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                log::warn!(target: "listener", "cannot accept connections: {error}");
                tokio::time::sleep(REST).await;
            }
        }
    }
}
