//! Addresses to listen on: whether they may be, and who is there already.

use super::error::wrong_usage;
use super::presence;
use super::world::Env;
use crate::live::presence::Presence;
use std::io::ErrorKind;
use std::net::SocketAddr;

/// Refuses an address that can be reached from beyond this machine, unless that is allowed.
///
/// # Errors
/// Where one of them is such an address.
pub(super) fn refuse_remote(
    addresses: impl IntoIterator<Item = SocketAddr>,
    is_allowed: bool,
) -> anyhow::Result<()> {
    match addresses.into_iter().find(|address| !address.ip().is_loopback()).filter(|_| !is_allowed) {
        None => Ok(()),
        Some(remote) => Err(wrong_usage(
            format!("`{remote}` can be reached from beyond this machine"),
            "listen on 127.0.0.1, or say --allow-remote if that is meant",
        )),
    }
}

/// What to do where an address could not be had.
pub(super) fn listen_hint(why: ErrorKind, address: SocketAddr, env: &Env<'_>) -> Option<String> {
    match why {
        ErrorKind::AddrInUse => {
            let any = SocketAddr::new(address.ip(), 0);
            Some(match presence::listening_at(address, env) {
                Some(Presence { pid, recording, .. }) => format!(
                    "gatetap listens there, process {pid}, recording to {}: `gatetap stop {pid}` ends it, \
                     `--listen {any}` picks a free port",
                    recording.display()
                ),
                None => format!("is another gatetap running? `--listen {any}` picks a free port"),
            })
        }
        ErrorKind::PermissionDenied => {
            Some("ports below 1024 need privileges: choose a higher one".to_owned())
        }
        ErrorKind::AddrNotAvailable => {
            Some("listen on an address of this machine, such as 127.0.0.1".to_owned())
        }
        _ => None,
    }
}
