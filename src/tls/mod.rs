//! TLS: the one crypto provider, whom gatetap trusts, the local authority, and both sides' configurations.
//!
//! | file | holds |
//! |---|---|
//! | `authority` | the local CA: made on first use, its leaves minted as hosts are asked for |
//! | `certificate` | whom a certificate names, and who signed it |
//! | `files` | where the authority's files lie, and how they are written |
//! | `gateway` | the client side toward gateways: roots, client certificate, ALPN |
//!
//! Invariants:
//! * Every rustls configuration in the program is built here, with [`provider`].
//! * No key leaves this room: the authority's lies in a file that only its owner can read, the leaves'
//!   lives in memory.

mod authority;
mod certificate;
mod files;
mod gateway;

pub use authority::Authority;
pub use certificate::Signed;
pub use files::{Files, write_bundle};
pub use gateway::{Alpn, GatewayConfigs, Identity, Trust, TrustedRoots, client_config};

use rustls::crypto::CryptoProvider;
use std::path::PathBuf;
use std::sync::Arc;

/// What can go wrong before a handshake begins.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// rustls refused the configuration.
    #[error("cannot set up TLS")]
    Rustls(#[from] rustls::Error),
    /// A certificate could not be made.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// The system has no trusted roots that could be read.
    #[error("the system's certificate store holds no usable root{}", reason(.0.as_ref()))]
    NoRoots(Option<String>),
    /// A file could not be read or written.
    #[error("cannot use `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file holds no certificate or no key that can be used.
    #[error("`{}` holds no usable {what}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// The authority's key can be read by others.
    #[error("the authority's key `{}` can be read by others", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The authority's certificate is not that of its key.
    #[error("`{}` does not belong to the key beside it", path.display())]
    Stray {
        /// The certificate's file.
        path: PathBuf,
    },
    /// Nobody knows where the authority's files belong.
    #[error("there is no home directory to keep the local authority in")]
    NoDirectory,
}

impl Error {
    /// What a person can do about it, where something can be done.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoRoots(_) => Some("name a file of roots with --ca FILE".to_owned()),
            Self::Exposed { path } => Some(format!("make it yours alone: chmod 600 {}", path.display())),
            Self::Stray { path } => {
                let files = path.display();
                Some(format!("remove {files} and gatetap makes it anew; apps have to be told again then"))
            }
            Self::NoDirectory => Some("set HOME or XDG_DATA_HOME".to_owned()),
            Self::Rustls(_) | Self::Certificate(_) | Self::File { .. } | Self::Unusable { .. } => None,
        }
    }
}

fn reason(said: Option<&String>) -> String {
    said.map(|said| format!(" ({said})")).unwrap_or_default()
}

/// The provider of all cryptography: ring.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
