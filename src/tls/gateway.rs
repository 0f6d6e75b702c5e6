//! The client side toward gateways.

use super::{Error, provider};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;

/// Whose certificates are believed, and who gatetap says it is.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Believe everybody (`-k`). The traffic can be read and changed on the way.
    pub anyone: bool,
    /// Roots beside the system's.
    pub roots: TrustedRoots,
    /// What is shown to a gateway that asks for a certificate.
    pub identity: Option<Identity>,
}

/// Roots out of files.
#[derive(Debug, Clone, Default)]
pub struct TrustedRoots(Vec<CertificateDer<'static>>);

/// A client certificate with its chain and its key.
#[derive(Debug, Clone)]
pub struct Identity(Arc<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>);

/// What is offered to a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alpn {
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2, or else HTTP/1.1.
    Http2,
    /// Nothing: the protocol is not ours to choose.
    Nothing,
}

/// One configuration for each [`Alpn`].
#[derive(Debug, Clone)]
pub struct GatewayConfigs {
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
    nothing: Arc<ClientConfig>,
}

impl TrustedRoots {
    /// Reads the certificates of a PEM file and adds them.
    ///
    /// # Errors
    /// [`Error::Unusable`] where there is none in it, [`Error::File`] where it cannot be read.
    pub fn add_file(&mut self, path: &Path) -> Result<(), Error> {
        let certificates = read_certificates(path)?;
        let mut store = RootCertStore::empty();
        if store.add_parsable_certificates(certificates.iter().cloned()).0 == 0 {
            return Err(Error::Unusable { path: path.to_owned(), what: "certificate" });
        }
        self.0.extend(certificates);
        Ok(())
    }
}

impl Identity {
    /// Reads the certificate, followed by its chain, and the key. One file can hold both.
    ///
    /// # Errors
    /// [`Error::Unusable`] where one of them is missing, [`Error::File`] where a file cannot be read.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, Error> {
        let chain = read_certificates(certificate)?;
        let text = read(key)?;
        let private = PrivateKeyDer::from_pem_slice(&text)
            .map_err(|_unreadable| Error::Unusable { path: key.to_owned(), what: "private key" })?;
        Ok(Self(Arc::new((chain, private))))
    }
}

impl GatewayConfigs {
    /// The configurations for connections to gateways. Reads the system's roots: not for the forwarding
    /// path.
    ///
    /// # Errors
    /// [`Error::NoRoots`] where there is nobody to believe, [`Error::Rustls`] where the client's certificate
    /// and key do not go together.
    pub fn load(trust: &Trust) -> Result<Self, Error> {
        let base = client_config(trust)?;
        let with = |protocols: &[&[u8]]| {
            let mut config = base.clone();
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            Arc::new(config)
        };
        Ok(Self { http1: with(&[b"http/1.1"]), http2: with(&[b"h2", b"http/1.1"]), nothing: with(&[]) })
    }

    /// The configuration that offers `alpn`.
    pub fn offering(&self, alpn: Alpn) -> Arc<ClientConfig> {
        Arc::clone(match alpn {
            Alpn::Http1 => &self.http1,
            Alpn::Http2 => &self.http2,
            Alpn::Nothing => &self.nothing,
        })
    }
}

/// A client's configuration, which offers no protocol.
///
/// # Errors
/// As for [`GatewayConfigs::load`].
pub fn client_config(trust: &Trust) -> Result<ClientConfig, Error> {
    let provider = provider();
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = if trust.anyone {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(provider)))
    } else {
        builder.with_root_certificates(roots(&trust.roots)?)
    };
    Ok(match &trust.identity {
        None => builder.with_no_client_auth(),
        Some(Identity(identity)) => {
            builder.with_client_auth_cert(identity.0.clone(), identity.1.clone_key())?
        }
    })
}

/// The system's roots.
pub(super) fn system_certificates() -> Result<Vec<CertificateDer<'static>>, Error> {
    let loaded = rustls_native_certs::load_native_certs();
    if loaded.certs.is_empty() {
        return Err(Error::NoRoots(loaded.errors.first().map(ToString::to_string)));
    }
    Ok(loaded.certs)
}

fn roots(extra: &TrustedRoots) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(extra.0.iter().cloned());
    match system_certificates() {
        Ok(system) => {
            roots.add_parsable_certificates(system);
        }
        Err(error) if roots.is_empty() => return Err(error),
        Err(_) => {}
    }
    if roots.is_empty() { Err(Error::NoRoots(None)) } else { Ok(roots) }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates = CertificateDer::pem_slice_iter(&read(path)?).collect::<Result<Vec<_>, _>>();
    certificates
        .ok()
        .filter(|found| !found.is_empty())
        .ok_or_else(|| Error::Unusable { path: path.to_owned(), what: "certificate" })
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

/// Believes every certificate; checks only that the peer holds its key.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
