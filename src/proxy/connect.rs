//! New connections to gateways: name, TCP, TLS, each with its time and its way to fail.

use super::own_answer::{Failure, Token};
use super::socket::ResetOnClose;
use crate::exchange::time::{Clock, Micros};
use crate::gateway::profile::{Gateway, Scheme};
use crate::tls::{self, Trust};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Makes connections to gateways.
#[derive(Debug)]
pub(super) struct Connector {
    trust: Trust,
    timeout: Duration,
    /// gatetap's own addresses: a gateway must not be one of them.
    own: Vec<SocketAddr>,
    /// Read when the first TLS gateway is dialled: the system's roots take a while to load.
    config: OnceCell<Arc<ClientConfig>>,
}

/// A connection to a gateway.
#[derive(Debug)]
pub(super) enum GatewayStream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// How long it took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ConnectTimes {
    pub(super) connect: Micros,
    pub(super) tls: Option<Micros>,
}

impl Connector {
    pub(super) fn new(trust: Trust, timeout: Duration, own: Vec<SocketAddr>) -> Self {
        Self { trust, timeout, own, config: OnceCell::new() }
    }

    /// Connects to `gateway`.
    pub(super) async fn connect(
        &self,
        gateway: &Gateway,
        clock: &Clock,
    ) -> Result<(GatewayStream, ConnectTimes), Failure> {
        match tokio::time::timeout(self.timeout, self.dial(gateway, clock)).await {
            Ok(dialled) => dialled,
            Err(_elapsed) => Err(Failure::new(
                Token::ConnectTimeout,
                format!("{} did not take a connection within {:?}", gateway.authority, self.timeout),
            )),
        }
    }

    async fn dial(&self, gateway: &Gateway, clock: &Clock) -> Result<(GatewayStream, ConnectTimes), Failure> {
        let from = clock.mono();
        let tcp = self.tcp(gateway).await?;
        let connect = clock.mono().since(from);
        if gateway.scheme == Scheme::Http {
            return Ok((GatewayStream::Plain(tcp), ConnectTimes { connect, tls: None }));
        }
        let stream = self.tls(gateway, tcp).await?;
        let tls = Some(clock.mono().since(from).since(connect));
        Ok((GatewayStream::Tls(Box::new(stream)), ConnectTimes { connect, tls }))
    }

    async fn tcp(&self, gateway: &Gateway) -> Result<TcpStream, Failure> {
        let (host, port) = (gateway.host(), gateway.port());
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
            .await
            .map_err(|error| Failure::new(Token::DnsNotFound, format!("cannot resolve `{host}`: {error}")))?
            .collect();
        let mut failure = Failure::new(Token::DnsNotFound, format!("`{host}` has no address"));
        for address in addresses {
            if self.is_own(address) {
                return Err(Failure::new(
                    Token::Loop,
                    format!(
                        "the upstream {} is gatetap itself; point --upstream at the gateway",
                        gateway.authority
                    ),
                ));
            }
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Without it small writes wait for each other; where it fails, they just do.
                    drop(stream.set_nodelay(true));
                    return Ok(stream);
                }
                Err(error) => failure = refused(&error, gateway, address),
            }
        }
        Err(failure)
    }

    async fn tls(&self, gateway: &Gateway, tcp: TcpStream) -> Result<TlsStream<TcpStream>, Failure> {
        let failed = |reason: String| {
            Failure::new(Token::TlsFailed, format!("no TLS with {}: {reason}", gateway.authority))
        };
        let trust = self.trust;
        let config = self
            .config
            .get_or_try_init(|| async move {
                match tokio::task::spawn_blocking(move || tls::gateway_config(trust)).await {
                    Ok(config) => config.map_err(|error| super::own_answer::causes(&error)),
                    Err(error) => Err(error.to_string()),
                }
            })
            .await
            .map_err(failed)?;
        let name =
            ServerName::try_from(gateway.host().to_owned()).map_err(|error| failed(error.to_string()))?;
        TlsConnector::from(Arc::clone(config))
            .connect(name, tcp)
            .await
            .map_err(|error| failed(error.to_string()))
    }

    /// Whether a connection to `address` would come back to gatetap.
    fn is_own(&self, address: SocketAddr) -> bool {
        self.own.iter().any(|own| {
            own.port() == address.port()
                && (own.ip() == address.ip() || (own.ip().is_unspecified() && address.ip().is_loopback()))
        })
    }
}

impl ResetOnClose for GatewayStream {
    fn reset_on_close(&self) {
        match self {
            Self::Plain(stream) => stream.reset_on_close(),
            Self::Tls(stream) => stream.get_ref().0.reset_on_close(),
        }
    }
}

fn refused(error: &io::Error, gateway: &Gateway, address: SocketAddr) -> Failure {
    let token = match error.kind() {
        io::ErrorKind::ConnectionReset => Token::ConnectionReset,
        io::ErrorKind::TimedOut => Token::ConnectTimeout,
        _ => Token::ConnectionRefused,
    };
    Failure::new(token, format!("cannot connect to {} ({address}): {error}", gateway.authority))
}

impl AsyncRead for GatewayStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for GatewayStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
