//! Tunnels: connections that an app asked for with `CONNECT` and that pass unopened, and TLS connections to
//! gatetap itself that came to nothing.

use super::SessionId;
use super::end::{BodyEnd, OwnAnswer};
use super::time::{Micros, WallTime};

/// The number of a tunnel inside one recording, counted from 1.
pub type TunnelId = i64;

/// One tunnel: where to, when, how many bytes each way, and how it ended. What passed is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tunnel {
    /// Its number in the recording.
    pub id: TunnelId,
    /// The run that recorded it.
    pub session: SessionId,
    /// When it was asked for.
    pub started_at: WallTime,
    /// The app's socket address.
    pub peer: Option<String>,
    /// `HOST:PORT`, as the app asked for it; in TLS by its server name.
    pub host: String,
    /// How long the connection to the host took to be made; `None` if it was not.
    pub connect: Option<Micros>,
    /// When it ended, from `started_at`; `None` while it is open.
    pub end: Option<Micros>,
    /// Bytes from the app to the host.
    pub sent_bytes: u64,
    /// Bytes from the host to the app.
    pub received_bytes: u64,
    /// How it ended; `None` while it is open, and where it never was.
    pub ended: Option<BodyEnd>,
    /// Why there was no tunnel.
    pub failure: Option<OwnAnswer>,
}
