//! The local certificate authority, and the leaf certificates that it signs.

use super::files::{self, Files};
use super::{Error, provider};
use crate::exchange::time::{Clock, WallTime};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData as _, SerialNumber, date_time_ymd,
};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// So many hosts are remembered.
const MOST_HOSTS: usize = 256;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Certificates begin this long ago, so that a clock that is behind takes them too.
const BACKDATED: Duration = DAY.saturating_mul(2);

/// Leaves are valid for so long from now on: fewer than the 200 days that public clients allow from
/// March 2026 on (CA/Browser Forum, ballot SC-081).
const LEAF_LIFE: Duration = DAY.saturating_mul(90);

/// A leaf is made anew when it is valid for less than this.
const LEAF_LEAST: Duration = DAY;

const AUTHORITY_LIFE: Duration = DAY.saturating_mul(3650);

/// A name in a certificate has at most so many characters (RFC 5280, appendix A).
const LONGEST_COMMON_NAME: usize = 64;

/// The local authority. Its certificate is what apps are told to trust.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    /// The key of every leaf; it lives as long as this process.
    leaf_key: KeyPair,
    clock: Clock,
    leaves: Mutex<Leaves>,
}

/// What was minted, by host; the oldest goes first.
#[derive(Debug, Default)]
struct Leaves {
    by_host: HashMap<String, Leaf>,
    order: VecDeque<String>,
}

#[derive(Debug)]
struct Leaf {
    config: Arc<ServerConfig>,
    good_until: WallTime,
}

impl Authority {
    /// Reads the authority's files, and makes those that are not there.
    ///
    /// # Errors
    /// [`Error::File`] and [`Error::Unusable`], [`Error::Exposed`] where others can read the key,
    /// [`Error::Stray`] where certificate and key do not belong together. Nothing is replaced then.
    pub fn open(files: &Files, clock: Clock) -> Result<Self, Error> {
        let key = read_or_make_key(files)?;
        let params = authority_params(&key, &clock)?;
        let certificate = read_or_make_certificate(files, &params, &key)?;
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate,
            leaf_key: KeyPair::generate()?,
            clock,
            leaves: Mutex::default(),
        })
    }

    /// The certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The SHA-256 of the certificate, as other tools write it: `AB:CD:…`.
    pub fn fingerprint(&self) -> String {
        let hash = digest(&SHA256, &self.certificate);
        hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    /// The app side's configuration for `host`, a name or an IP address; offers HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// [`Error::Certificate`] where `host` cannot stand in a certificate.
    pub fn server_config(&self, host: &str) -> Result<Arc<ServerConfig>, Error> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let now = self.clock.now().wall;
        if let Some(leaf) = self.lock().by_host.get(&host).filter(|leaf| now < leaf.good_until) {
            return Ok(Arc::clone(&leaf.config));
        }
        let config = Arc::new(self.mint(&host, now)?);
        let good_until = now.plus(LEAF_LIFE.saturating_sub(LEAF_LEAST).into());
        self.lock().put(host, Leaf { config: Arc::clone(&config), good_until });
        Ok(config)
    }

    /// The same for an app that offers these protocols by ALPN. Where none of them is served, nothing is agreed
    /// on and HTTP/1 is spoken, as most servers do: an app that offers `http/1.0` is one.
    ///
    /// # Errors
    /// As for [`Self::server_config`].
    pub fn server_config_for<'a>(
        &self,
        host: &str,
        mut offered: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Arc<ServerConfig>, Error> {
        let config = self.server_config(host)?;
        if offered.any(|offer| config.alpn_protocols.iter().any(|served| served == offer)) {
            return Ok(config);
        }
        let mut silent = config.as_ref().clone();
        silent.alpn_protocols = Vec::new();
        Ok(Arc::new(silent))
    }

    fn mint(&self, host: &str, now: WallTime) -> Result<ServerConfig, Error> {
        let mut params = CertificateParams::new([host.to_owned()])?;
        params.distinguished_name = DistinguishedName::new();
        if host.len() <= LONGEST_COMMON_NAME {
            params.distinguished_name.push(DnType::CommonName, host);
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(draw_serial()?);
        set_validity(&mut params, now, LEAF_LIFE);
        let leaf = params.signed_by(&self.leaf_key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone(), self.certificate.clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Leaves> {
        // What is remembered is whole even where its holder panicked.
        self.leaves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}

impl Leaves {
    fn put(&mut self, host: String, leaf: Leaf) {
        if self.by_host.insert(host.clone(), leaf).is_none() {
            self.order.push_back(host);
        }
        while self.order.len() > MOST_HOSTS {
            if let Some(oldest) = self.order.pop_front() {
                self.by_host.remove(&oldest);
            }
        }
    }
}

/// Reads the key; makes one where there is none. What is in the file is what counts: another process may
/// have been faster.
fn read_or_make_key(paths: &Files) -> Result<KeyPair, Error> {
    let text = if let Some(text) = files::read(&paths.key)? {
        text
    } else {
        files::create(&paths.key, KeyPair::generate()?.serialize_pem().as_bytes(), 0o600)?;
        files::read(&paths.key)?.unwrap_or_default()
    };
    files::check_private(&paths.key)?;
    KeyPair::from_pem(&text)
        .map_err(|_unreadable| Error::Unusable { path: paths.key.clone(), what: "private key" })
}

fn read_or_make_certificate(
    paths: &Files,
    params: &CertificateParams,
    key: &KeyPair,
) -> Result<CertificateDer<'static>, Error> {
    if files::read(&paths.certificate)?.is_none() {
        let mut params = params.clone();
        params.serial_number = Some(draw_serial()?);
        files::create(&paths.certificate, params.self_signed(key)?.pem().as_bytes(), 0o644)?;
    }
    let certificate = CertificateDer::from_pem_file(&paths.certificate)
        .map_err(|_unreadable| Error::Unusable { path: paths.certificate.clone(), what: "certificate" })?;
    // A certificate holds its public key as it is.
    let public = key.subject_public_key_info();
    if certificate.windows(public.len()).any(|window| window == public) {
        Ok(certificate)
    } else {
        Err(Error::Stray { path: paths.certificate.clone() })
    }
}

/// What stands in the authority's certificate. Names nothing but the key, so that it is the same each time.
fn authority_params(key: &KeyPair, clock: &Clock) -> Result<CertificateParams, Error> {
    let hash = digest(&SHA256, &key.subject_public_key_info());
    let short = hash.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("gatetap local CA {short}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params, clock.now().wall, AUTHORITY_LIFE);
    Ok(params)
}

fn set_validity(params: &mut CertificateParams, now: WallTime, life: Duration) {
    let now = date_time_ymd(1970, 1, 1) + Duration::from_micros(u64::try_from(now.0).unwrap_or_default());
    params.not_before = now - BACKDATED;
    params.not_after = now + life;
}

/// A positive number of 16 random bytes: no two certificates share it.
fn draw_serial() -> Result<SerialNumber, Error> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_unspecified| rcgen::Error::RingUnspecified)?;
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    Ok(SerialNumber::from_slice(&bytes))
}
