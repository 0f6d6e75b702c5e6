//! Single connections to a gateway, made the way that traffic goes but outside of any: for the doctor.

use super::connect::{Connector, Made};
use super::outgoing::OutgoingProxies;
use super::own_answer::{Failure, Token};
use super::stream::Stream;
use crate::exchange::time::{Clock, Micros};
use crate::gateway::profile::Gateway;
use crate::tls::{Alpn, Signed, Trust};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// Makes single connections.
#[derive(Debug)]
pub struct Dialler {
    connector: Connector,
    /// The same, believing everybody: only to see whose certificate it is that nobody believes.
    unverified: Connector,
    clock: Clock,
}

/// A connection that speaks HTTP/1.1.
#[derive(Debug)]
pub struct Dialled {
    stream: Stream,
    /// How long TCP took, name resolution and the proxy between included.
    pub connect: Micros,
    /// How long TLS took.
    pub tls: Option<Micros>,
    /// Whom the gateway's certificate names, and who signed it.
    pub signed: Option<Signed>,
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DialError {
    /// The kind of failure, as in `x-gatetap-error`.
    pub token: Token,
    /// What happened.
    pub message: String,
    /// Whose certificate was not believed.
    pub signed: Option<Signed>,
}

impl Dialler {
    /// One that believes `trust`, goes through `outgoing`, and gives up on a connection after `timeout`.
    pub fn new(trust: Trust, outgoing: OutgoingProxies, timeout: Duration, clock: Clock) -> Self {
        let anyone = Trust { anyone: true, ..trust.clone() };
        Self {
            connector: Connector::new(trust, [], outgoing.clone(), timeout, Vec::new()),
            unverified: Connector::new(anyone, [], outgoing, timeout, Vec::new()),
            clock,
        }
    }

    /// The proxy that leads to `gateway`, as `HOST:PORT`; `None` where it is reached directly.
    pub fn proxy_to(&self, gateway: &Gateway) -> Option<String> {
        self.connector.proxy_to(gateway)
    }

    /// Connects, up to where a request can be sent.
    ///
    /// # Errors
    /// [`DialError`]. After a TLS failure a second connection shows whose certificate it was; nothing is
    /// sent over that.
    pub async fn connect(&self, gateway: &Gateway) -> Result<Dialled, DialError> {
        match self.through(&self.connector, gateway).await {
            Ok(dialled) => Ok(dialled),
            Err(failure) => {
                let signed = match failure.token {
                    Token::TlsFailed => {
                        self.through(&self.unverified, gateway).await.ok().and_then(|seen| seen.signed)
                    }
                    _ => None,
                };
                Err(DialError { token: failure.token, message: failure.message, signed })
            }
        }
    }

    async fn through(&self, connector: &Connector, gateway: &Gateway) -> Result<Dialled, Failure> {
        let tls = gateway.scheme == crate::gateway::profile::Scheme::Https;
        let made: Made = connector.dial(tls, gateway.host(), gateway.port(), &self.clock).await?;
        let (stream, times, _) = connector.secure(gateway, made, Alpn::Http1, &self.clock).await?;
        let signed = stream.peer_certificate().and_then(Signed::read);
        Ok(Dialled { stream, connect: times.connect, tls: times.tls, signed })
    }
}

impl Dialled {
    /// The connection's bytes.
    pub fn into_io(self) -> impl AsyncRead + AsyncWrite + Unpin + Send + 'static {
        self.stream
    }
}
