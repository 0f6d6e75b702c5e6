//! New connections to gateways: name, TCP, the proxy between, TLS, each with its time and its way to fail.

use super::outgoing::{OutgoingProxies, OutgoingProxy};
use super::own_answer::{Failure, Token};
use super::race::{self, Tried};
use super::route::Route;
use super::stream::{OwnSockets, Stream, canonical};
use crate::exchange::text::causes;
use crate::exchange::time::{Clock, Micros};
use crate::gateway::profile::{Gateway, Scheme};
use crate::tls::{Alpn, GatewayConfigs, Trust};
use rustls::pki_types::ServerName;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

/// The longest answer to `CONNECT` that is read.
const LONGEST_ANSWER: usize = 64 << 10;

/// A connection to a gateway.
pub(super) type GatewayStream = Stream;

/// Makes connections to gateways.
#[derive(Debug)]
pub(super) struct Connector {
    usual: Trusted,
    /// The gateways where others are believed.
    other: Vec<(Gateway, Trusted)>,
    outgoing: OutgoingProxies,
    timeout: Duration,
    /// gatetap's own addresses: a gateway must not be one of them.
    own: Vec<SocketAddr>,
    sockets: OwnSockets,
    /// What gatetap calls itself where it asks a proxy for a tunnel, so that it knows itself there.
    mark: String,
}

/// Whose certificates are believed.
#[derive(Debug)]
struct Trusted {
    trust: Trust,
    /// Read when the first TLS gateway is dialled: the system's roots take a while to load.
    configs: OnceCell<GatewayConfigs>,
}

/// How long it took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ConnectTimes {
    pub(super) connect: Micros,
    pub(super) tls: Option<Micros>,
}

/// A connection that is made already, for the first request that needs one.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) stream: Stream,
    /// How long it took.
    pub(super) connect: Micros,
}

/// Why an address gave no connection.
#[derive(Debug)]
enum NoTcp {
    /// It is gatetap's own.
    Itself,
    Refused(io::Error),
}

impl Connector {
    pub(super) fn new(
        trust: Trust,
        other: impl IntoIterator<Item = (Gateway, Trust)>,
        outgoing: OutgoingProxies,
        timeout: Duration,
        own: Vec<SocketAddr>,
    ) -> Self {
        // Its keys are drawn anew each time.
        let mark = format!("gatetap-{:016x}", RandomState::new().build_hasher().finish());
        let sockets = OwnSockets::default();
        let other = other.into_iter().map(|(gateway, trust)| (gateway, Trusted::new(trust))).collect();
        Self { usual: Trusted::new(trust), other, outgoing, timeout, own, sockets, mark }
    }

    /// Connects to the gateway of `route`. Says also whether HTTP/2 was agreed on.
    pub(super) async fn connect(
        &self,
        route: &Route,
        alpn: Alpn,
        clock: &Clock,
    ) -> Result<(GatewayStream, ConnectTimes, bool), Failure> {
        let gateway = &route.gateway;
        let made = match route.take_made() {
            Some(made) => made,
            None => self.dial(gateway.scheme == Scheme::Https, gateway.host(), gateway.port(), clock).await?,
        };
        self.secure(gateway, made, alpn, clock).await
    }

    /// The proxy that leads to `gateway`, as `HOST:PORT`; `None` where it is reached directly.
    pub(super) fn proxy_to(&self, gateway: &Gateway) -> Option<String> {
        let tls = gateway.scheme == Scheme::Https;
        self.outgoing.toward(tls, gateway.host(), gateway.port()).map(ToString::to_string)
    }

    /// Connects to a host by TCP, or through the proxy that leads there.
    pub(super) async fn dial(
        &self,
        tls: bool,
        host: &str,
        port: u16,
        clock: &Clock,
    ) -> Result<Made, Failure> {
        let from = clock.mono();
        let until = Instant::now() + self.timeout;
        let dialled = async {
            match self.outgoing.toward(tls, host, port) {
                None => self.tcp(host, port, until).await,
                Some(proxy) => self.through(proxy, host, port, until).await,
            }
        };
        let stream = self.in_time(&place(host, port), until, dialled).await?;
        Ok(Made { stream, connect: clock.mono().since(from) })
    }

    /// Makes the connection to `gateway` ready for requests.
    pub(super) async fn secure(
        &self,
        gateway: &Gateway,
        made: Made,
        alpn: Alpn,
        clock: &Clock,
    ) -> Result<(GatewayStream, ConnectTimes, bool), Failure> {
        let Made { stream, connect } = made;
        if gateway.scheme == Scheme::Http {
            return Ok((stream, ConnectTimes { connect, tls: None }, false));
        }
        let from = clock.mono();
        let other = self.other.iter().find(|(other, _)| other == gateway);
        let trusted = other.map_or(&self.usual, |(_, trusted)| trusted);
        let shaking = trusted.tls(stream, gateway.host(), &gateway.authority, alpn);
        let until = Instant::now() + self.timeout;
        let (stream, http2) = self.in_time(&gateway.authority, until, shaking).await?;
        Ok((stream, ConnectTimes { connect, tls: Some(clock.mono().since(from)) }, http2))
    }

    /// Whether who calls `called` from `peer` is gatetap itself.
    pub(super) fn is_ours(&self, peer: SocketAddr, called: SocketAddr) -> bool {
        self.sockets.contain(peer, called)
    }

    /// Whether a URL with this host and port is a listener's own: by its address, by the one that was called, or as
    /// this machine.
    pub(super) fn is_own_place(&self, host: &str, port: u16, called: Option<SocketAddr>) -> bool {
        if let Ok(ip) = host.parse::<IpAddr>() {
            let address = SocketAddr::new(ip, port);
            return self.is_own(address)
                || called.is_some_and(|called| canonical(called) == canonical(address));
        }
        let is_here = |own: IpAddr| own.is_loopback() || own.is_unspecified();
        host.eq_ignore_ascii_case("localhost")
            && self.own.iter().any(|own| own.port() == port && is_here(own.ip()))
    }

    /// Whether gatetap has asked for the tunnel with this head itself: some proxy has led it back here.
    pub(super) fn is_own_connect(&self, head: &[u8]) -> bool {
        head.windows(self.mark.len()).any(|window| window == self.mark.as_bytes())
    }

    async fn in_time<T>(
        &self,
        name: &str,
        until: Instant,
        dialling: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout_at(until, dialling).await {
            Ok(dialled) => dialled,
            Err(_elapsed) => Err(Failure::new(
                Token::ConnectTimeout,
                format!("{name} did not take a connection within {:?}", self.timeout),
            )),
        }
    }

    async fn tcp(&self, host: &str, port: u16, until: Instant) -> Result<Stream, Failure> {
        let name = place(host, port);
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
            .await
            .map_err(|error| Failure::new(Token::DnsNotFound, format!("cannot resolve `{host}`: {error}")))?
            .collect();
        if addresses.is_empty() {
            return Err(Failure::new(Token::DnsNotFound, format!("`{host}` has no address")));
        }
        let attempt = async |address| {
            if self.is_own(address) {
                return Err(NoTcp::Itself);
            }
            let tcp = TcpStream::connect(address).await.map_err(NoTcp::Refused)?;
            if self.is_own_by_ends(&tcp) { Err(NoTcp::Itself) } else { Ok(tcp) }
        };
        let mut tried = Tried::new();
        // The limit is watched here, too, so that what is said when it is over names the addresses.
        let first = tokio::time::timeout_at(until, race::first(addresses, attempt, &mut tried)).await;
        match first {
            Ok(Some(tcp)) => Ok(Stream::dialled(tcp, &self.sockets)),
            Ok(None) => Err(unreached(&name, &tried, None)),
            Err(_elapsed) => Err(unreached(&name, &tried, Some(self.timeout))),
        }
    }

    /// Asks `proxy` for a tunnel to the host.
    async fn through(
        &self,
        proxy: &OutgoingProxy,
        host: &str,
        port: u16,
        until: Instant,
    ) -> Result<Stream, Failure> {
        let mut stream = self.tcp(&proxy.host, proxy.port, until).await?;
        if proxy.tls {
            (stream, _) = self.usual.tls(stream, &proxy.host, &proxy.to_string(), Alpn::Nothing).await?;
        }
        let name = place(host, port);
        let lost = |error: io::Error| {
            Failure::new(
                Token::ConnectionReset,
                format!("lost the proxy {proxy} on the way to {name}: {error}"),
            )
        };
        let authorization = proxy.authorization.as_ref();
        let authorization =
            authorization.map(|value| format!("Proxy-Authorization: {value}\r\n")).unwrap_or_default();
        let mark = &self.mark;
        let request =
            format!("CONNECT {name} HTTP/1.1\r\nHost: {name}\r\nVia: 1.1 {mark}\r\n{authorization}\r\n");
        stream.write_all(request.as_bytes()).await.map_err(lost)?;
        stream.flush().await.map_err(lost)?;
        let head = read_answer(&mut stream).await.map_err(lost)?;
        if head.contains("\r\nx-gatetap-error: loop\r\n") {
            return Err(calls_itself(&format!("the proxy {proxy}")));
        }
        let answer = head.lines().next().unwrap_or_default();
        match answer.split(' ').nth(1) {
            Some(status) if status.starts_with('2') => Ok(stream),
            Some("407") => Err(Failure::new(
                Token::ConnectionRefused,
                format!("the proxy {proxy} wants other credentials (407) before it leads to {name}"),
            )),
            _ => Err(Failure::new(
                Token::ConnectionRefused,
                format!("the proxy {proxy} does not lead to {name}: it said `{answer}`"),
            )),
        }
    }

    /// Whether a connection to `address` would come back to gatetap.
    fn is_own(&self, address: SocketAddr) -> bool {
        let address = canonical(address);
        // Connecting to the unspecified address reaches this machine's loopback.
        let ip = match address.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        self.own.iter().map(|own| canonical(*own)).any(|own| {
            own.port() == address.port()
                && (own.ip() == ip || (own.ip().is_unspecified() && ip.is_loopback()))
        })
    }

    /// Whether a connection that was made has come back: a listener on the unspecified address is reached
    /// by every address of this machine.
    fn is_own_by_ends(&self, tcp: &TcpStream) -> bool {
        let (Ok(near), Ok(far)) = (tcp.local_addr(), tcp.peer_addr()) else { return false };
        near.ip() == far.ip()
            && self.own.iter().any(|own| own.ip().is_unspecified() && own.port() == far.port())
    }
}

impl Trusted {
    fn new(trust: Trust) -> Self {
        Self { trust, configs: OnceCell::new() }
    }

    async fn tls(
        &self,
        stream: Stream,
        host: &str,
        name: &str,
        alpn: Alpn,
    ) -> Result<(Stream, bool), Failure> {
        let failed = |reason: String| Failure::new(Token::TlsFailed, format!("no TLS with {name}: {reason}"));
        let trust = &self.trust;
        let configs = self
            .configs
            .get_or_try_init(|| async move {
                let trust = trust.clone();
                match tokio::task::spawn_blocking(move || GatewayConfigs::load(&trust)).await {
                    Ok(configs) => configs.map_err(|error| causes(&error)),
                    Err(error) => Err(error.to_string()),
                }
            })
            .await
            .map_err(failed)?;
        let server = ServerName::try_from(host.to_owned()).map_err(|error| failed(error.to_string()))?;
        let connector = TlsConnector::from(configs.offering(alpn));
        let tls = connector.connect(server, stream).await.map_err(|error| failed(error.to_string()))?;
        let http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((Stream::tls(tls), http2))
    }
}

/// The head of a proxy's answer: not a byte more, since what follows it comes
/// from the host.
async fn read_answer(stream: &mut Stream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        if head.len() == LONGEST_ANSWER {
            return Err(io::Error::other("its answer does not end"));
        }
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// A host and a port as they stand in a URL.
pub(super) fn place(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn calls_itself(name: &str) -> Failure {
    Failure::new(Token::Loop, format!("{name} is gatetap itself; point --upstream at the gateway"))
}

/// None of the addresses of `name` took a connection; not within `limit` where there is one.
fn unreached(name: &str, tried: &Tried<NoTcp>, limit: Option<Duration>) -> Failure {
    if tried.0.iter().any(|(_, outcome)| matches!(outcome, Some(NoTcp::Itself))) {
        return calls_itself(name);
    }
    let said = |(address, outcome): &(SocketAddr, Option<NoTcp>)| match outcome {
        Some(NoTcp::Refused(error)) => format!("{address}: {error}"),
        Some(NoTcp::Itself) | None => format!("{address}: no answer"),
    };
    let all = tried.0.iter().map(said).collect::<Vec<_>>().join("; ");
    if let Some(limit) = limit {
        let message = format!("{name} did not take a connection within {limit:?} ({all})");
        return Failure::new(Token::ConnectTimeout, message);
    }
    let last = tried.0.iter().rev().find_map(|(_, outcome)| match outcome {
        Some(NoTcp::Refused(error)) => Some(error.kind()),
        _ => None,
    });
    let token = match last {
        Some(io::ErrorKind::ConnectionReset) => Token::ConnectionReset,
        Some(io::ErrorKind::TimedOut) => Token::ConnectTimeout,
        _ => Token::ConnectionRefused,
    };
    Failure::new(token, format!("cannot connect to {name} ({all})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_reached_is_named_address_by_address() {
        let limit = Some(Duration::from_secs(10));
        let (v6, v4) = ("[2001:db8::1]:443".parse().unwrap(), "192.0.2.1:443".parse().unwrap());
        let refused = || Some(NoTcp::Refused(io::ErrorKind::ConnectionRefused.into()));
        for (tried, limit, token, says) in [
            (
                vec![(v6, None), (v4, refused())],
                limit,
                Token::ConnectTimeout,
                "[2001:db8::1]:443: no answer; 192",
            ),
            (
                vec![(v6, refused()), (v4, refused())],
                None,
                Token::ConnectionRefused,
                "443: connection refused; 192",
            ),
            (vec![(v6, Some(NoTcp::Itself)), (v4, refused())], None, Token::Loop, "is gatetap itself"),
        ] {
            let failure = unreached("a.example:443", &Tried(tried), limit);
            assert_eq!(failure.token, token);
            assert!(failure.message.contains(says), "{}", failure.message);
        }
    }

    #[test]
    fn gatetap_knows_itself_by_every_name() {
        let connector = |own: &str| {
            let own = vec![own.parse().unwrap()];
            Connector::new(Trust::default(), [], OutgoingProxies::default(), Duration::from_secs(1), own)
        };
        for (own, called, expected) in [
            ("127.0.0.1:7117", "127.0.0.1:7117", true),
            ("127.0.0.1:7117", "127.0.0.1:7118", false),
            ("127.0.0.1:7117", "127.0.0.2:7117", false),
            ("127.0.0.1:7117", "0.0.0.0:7117", true),
            ("127.0.0.1:7117", "[::ffff:127.0.0.1]:7117", true),
            ("[::1]:7117", "[::]:7117", true),
            ("[::1]:7117", "127.0.0.1:7117", false),
            ("0.0.0.0:7117", "127.0.0.1:7117", true),
            ("[::]:7117", "[::1]:7117", true),
            ("[::]:7117", "127.0.0.1:7117", true),
            ("0.0.0.0:7117", "192.0.2.1:7117", false),
        ] {
            assert_eq!(connector(own).is_own(called.parse().unwrap()), expected, "{own} called by {called}");
        }
    }
}
