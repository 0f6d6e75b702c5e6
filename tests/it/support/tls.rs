//! TLS for the fakes: an authority of the test's own, a TLS front for a raw gateway, TLS clients.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use gatetap::store::Reader;
use gatetap::tls::provider;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::binary::{Gatetap, Home};
use super::http1::Head;
use super::{fakes, within};

/// An authority that lives as long as a test.
pub struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// TLS in front of something that speaks plainly. It is gone when it is dropped.
#[derive(Debug)]
pub struct Front {
    addr: SocketAddr,
    accepting: AbortHandle,
}

impl TestCa {
    /// A new one.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "test CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Its certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Puts its certificate into a file of `home`.
    pub fn write_into(&self, home: &Home) -> PathBuf {
        let path = home.join("test-ca.pem");
        std::fs::write(&path, &self.pem).unwrap();
        path
    }

    /// A certificate for these names and its key, in PEM.
    pub fn mint(&self, names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = CertificateParams::new(names).unwrap();
        let key = KeyPair::generate().unwrap();
        format!("{}{}", params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// A server that is `names`, speaks `alpn` and, if `asks`, takes only clients with a certificate of
    /// this authority.
    pub fn server_config(&self, names: &[&str], alpn: &[&str], asks: bool) -> Arc<ServerConfig> {
        let leaf = self.mint(names);
        let chain = vec![CertificateDer::from_pem_slice(leaf.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(leaf.as_bytes()).unwrap();
        let builder = ServerConfig::builder_with_provider(provider());
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = if asks {
            let roots = Arc::new(roots(&self.pem));
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider()).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

impl Front {
    /// Speaks TLS by `config`, and passes what was said on to `to`.
    pub fn of(to: SocketAddr, config: Arc<ServerConfig>) -> Self {
        Self::listening("127.0.0.1:0", to, config)
    }

    /// The same on an address of its own.
    pub fn listening(on: &str, to: SocketAddr, config: Arc<ServerConfig>) -> Self {
        let _fakes = fakes().enter();
        let listener = std::net::TcpListener::bind(on).unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let addr = listener.local_addr().unwrap();
        let accepting = fakes().spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let acceptor = TlsAcceptor::from(Arc::clone(&config));
                fakes().spawn(async move {
                    // A client that does not like the certificate is gone before it has spoken.
                    let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                    let mut plain = TcpStream::connect(to).await.unwrap();
                    drop(tokio::io::copy_bidirectional(&mut tls, &mut plain).await);
                });
            }
        });
        Self { addr, accepting: accepting.abort_handle() }
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Speaks TLS over `io` to `host`, whose certificate has to come from `root`, offering `alpn`.
pub async fn shake<S: AsyncRead + AsyncWrite + Unpin>(
    io: S,
    host: &str,
    root: &str,
    alpn: &[&str],
) -> std::io::Result<tokio_rustls::client::TlsStream<S>> {
    let builder = ClientConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots(root)).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let host = ServerName::try_from(host.to_owned()).unwrap();
    within("the TLS handshake", TlsConnector::from(Arc::new(config)).connect(host, io)).await
}

/// The certificate of the CA that gatetap has made in `home`.
pub fn made_ca(home: &Home) -> String {
    super::eventually("the CA to be made", || {
        std::fs::read_to_string(home.join("data/gatetap/ca.pem")).ok().filter(|pem| pem.contains("END"))
    })
}

/// Makes the CA in `home`, and gives its certificate.
pub fn make_ca(home: &Home) -> String {
    let exit = super::binary::Launch::gatetap(&["ca"]).home(home).run_to_end();
    assert_eq!(exit.code, Some(0), "{exit}");
    made_ca(home)
}

/// Connects.
pub async fn tcp(addr: SocketAddr) -> TcpStream {
    let stream = within(format!("a connection to {addr}"), TcpStream::connect(addr)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Reads until what has come ends with `end`.
pub async fn read_to<S: AsyncRead + Unpin>(stream: &mut S, end: &str) -> String {
    let mut bytes = Vec::new();
    within(format!("{end:?}"), async {
        while !bytes.ends_with(end.as_bytes()) {
            let byte = stream.read_u8().await.unwrap_or_else(|error| {
                panic!("{error} after {:?}, before {end:?}", String::from_utf8_lossy(&bytes))
            });
            bytes.push(byte);
        }
    })
    .await;
    String::from_utf8(bytes).unwrap()
}

/// Reads to the end of the stream.
pub async fn read_all<S: AsyncRead + Unpin>(stream: &mut S) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    within("the end", stream.read_to_end(&mut bytes)).await?;
    Ok(String::from_utf8(bytes).unwrap())
}

/// Whether a head has this line, to the letter.
pub fn has_line(head: &Head, line: &str) -> bool {
    String::from_utf8_lossy(&head.raw).contains(&format!("\r\n{line}\r\n"))
}

/// Stops gatetap, and opens what it has recorded.
pub fn stop_and_read(gatetap: Gatetap) -> Reader {
    let home = gatetap.home().clone();
    gatetap.terminate();
    let exit = gatetap.wait_exit();
    assert_eq!(exit.code, Some(0), "{exit}");
    Reader::open(&home.join("data/gatetap/recording.db")).unwrap()
}

fn roots(pem: &str) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    roots
}
