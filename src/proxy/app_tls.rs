//! TLS with apps: a leaf of the local authority for the host that the app asks for.

use super::stream::Stream;
use crate::exchange::text::causes;
use crate::exchange::time::Clock;
use crate::tls::{Authority, Error, Files};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio_rustls::LazyConfigAcceptor;

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// There is no TLS with this app.
#[derive(Debug)]
pub(super) struct NoTls {
    /// The host that the app asked for, as far as it got.
    pub(super) host: Option<String>,
    /// A sentence.
    pub(super) reason: String,
}

/// The local authority, which is read, or made, when the first app speaks TLS.
#[derive(Debug)]
pub(super) struct AppTls {
    on: bool,
    /// `None` where there is no place for it.
    files: Option<Files>,
    clock: Clock,
    authority: OnceCell<Arc<Authority>>,
}

impl AppTls {
    pub(super) fn new(on: bool, files: Option<Files>, clock: Clock) -> Self {
        Self { on, files, clock, authority: OnceCell::new() }
    }

    /// Whether apps may speak TLS to the listener.
    pub(super) fn is_on(&self) -> bool {
        self.on && self.files.is_some()
    }

    /// Shakes hands as the host that the app asks for; as `otherwise` if it names none, as apps do that were
    /// given an IP address.
    ///
    /// # Errors
    /// Why there is no TLS with this app.
    pub(super) async fn accept(&self, stream: Stream, otherwise: &str) -> Result<Stream, NoTls> {
        let authority = self.authority().await.map_err(|error| NoTls::early(causes(&error)))?;
        match tokio::time::timeout(PATIENCE, shake(stream, &authority, otherwise)).await {
            Ok(shaken) => shaken,
            Err(_elapsed) => Err(NoTls::early("the app did not finish its handshake".to_owned())),
        }
    }

    async fn authority(&self) -> Result<Arc<Authority>, Error> {
        let open = || async {
            let (files, clock) = (self.files.clone().ok_or(Error::NoDirectory)?, self.clock.clone());
            let path = files.key.clone();
            let opened = tokio::task::spawn_blocking(move || Authority::open(&files, clock)).await;
            opened.map_err(|error| Error::File { path, source: io::Error::other(error) })?.map(Arc::new)
        };
        self.authority.get_or_try_init(open).await.cloned()
    }
}

impl NoTls {
    /// It is not known which host the app asks for.
    fn early(reason: String) -> Self {
        Self { host: None, reason }
    }
}

async fn shake(stream: Stream, authority: &Authority, otherwise: &str) -> Result<Stream, NoTls> {
    let hello = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await;
    let hello = hello.map_err(|error| NoTls::early(format!("not a TLS handshake: {error}")))?;
    let said = hello.client_hello();
    let host = said.server_name().unwrap_or(otherwise).to_owned();
    let offered = said.alpn().into_iter().flatten();
    let config = match authority.server_config_for(&host, offered) {
        Ok(config) => config,
        Err(error) => return Err(NoTls { host: Some(host), reason: causes(&error) }),
    };
    match hello.into_stream(config).await {
        Ok(tls) => Ok(Stream::tls(tls)),
        Err(error) => {
            let reason = format!(
                "the app broke off the handshake for `{host}`; if it does not trust gatetap's certificate, \
                 see `gatetap ca`: {error}"
            );
            Err(NoTls { host: Some(host), reason })
        }
    }
}
