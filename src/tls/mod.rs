//! TLS: the one crypto provider, whom gatetap trusts, and the client side toward gateways.
//!
//! Invariant: every rustls configuration in the program is built here, with [`provider`].

mod gateway;

pub use gateway::{Trust, gateway_config};

use rustls::crypto::CryptoProvider;
use std::sync::Arc;

/// What can go wrong before a handshake begins.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// rustls refused the configuration.
    #[error("cannot set up TLS")]
    Rustls(#[from] rustls::Error),
    /// The system has no trusted roots that could be read.
    #[error("the system's certificate store holds no usable root{}", reason(.0.as_ref()))]
    NoRoots(Option<String>),
}

fn reason(said: Option<&String>) -> String {
    said.map(|said| format!(" ({said})")).unwrap_or_default()
}

/// The provider of all cryptography: ring.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
