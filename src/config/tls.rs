//! TLS on both sides: what apps may speak, whose tunnels are opened, who is believed.

use super::host_pattern::HostPattern;
use std::path::PathBuf;

/// What one source says of TLS.
#[derive(Debug, Clone, Default)]
pub struct TlsGiven {
    /// Whether apps may speak TLS.
    pub on: Option<bool>,
    /// The hosts whose tunnels are opened; empty is *not said*.
    pub intercept: Vec<HostPattern>,
    /// Files of roots that are believed beside the system's; empty is *not said*.
    pub ca: Vec<PathBuf>,
    /// The certificate for gateways that ask for one.
    pub client_cert: Option<PathBuf>,
    /// Its key; `None` is in the same file.
    pub client_key: Option<PathBuf>,
}

/// TLS as a running gatetap goes by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// Apps may speak TLS to the listener.
    pub on: bool,
    /// The hosts whose tunnels are opened; where there is one, the gateways' are, too.
    pub intercept: Vec<HostPattern>,
    /// Files of roots that are believed beside the system's.
    pub ca: Vec<PathBuf>,
    /// The files of the client's certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

impl TlsSettings {
    /// Puts what flags and environment say on top of the file.
    pub(super) fn resolve(given: TlsGiven, file: TlsGiven) -> Self {
        let longest = |given: Vec<_>, file| if given.is_empty() { file } else { given };
        // A certificate and a key from two sources do not belong together.
        let pair = |source: TlsGiven| {
            source.client_cert.map(|cert| (cert.clone(), source.client_key.unwrap_or(cert)))
        };
        Self {
            on: given.on.or(file.on).unwrap_or(true),
            intercept: if given.intercept.is_empty() {
                file.intercept.clone()
            } else {
                given.intercept.clone()
            },
            ca: longest(given.ca.clone(), file.ca.clone()),
            client: pair(given).or_else(|| pair(file)),
        }
    }
}
