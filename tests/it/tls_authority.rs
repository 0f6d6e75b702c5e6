//! The local authority: its files, and what stands in its certificates.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use gatetap::exchange::time::{Clock, Micros, WallTime};
use gatetap::tls::{Authority, Error, Files, Trust, client_config, provider};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};

use crate::support::binary::{Home, Launch};
use crate::support::wait;

/// 2026-03-01T12:00:00Z, in seconds.
const NOW: i64 = 1_772_366_400;
const DAY: i64 = 86_400;

fn clock() -> Clock {
    Clock::fixed(WallTime(NOW * 1_000_000))
}

fn open(home: &Home) -> (Files, Authority) {
    let files = Files::in_directory(&home.join("data/gatetap"));
    let authority = Authority::open(&files, clock()).unwrap();
    (files, authority)
}

/// The chain that a server of this configuration shows, after it was found good at `at`.
fn chain(authority: &Authority, config: &Arc<ServerConfig>, host: &str, at: i64) -> Vec<Vec<u8>> {
    let trust = Trust { anyone: true, ..Trust::default() };
    let client = TlsConnector::from(Arc::new(client_config(&trust).unwrap()));
    let server = TlsAcceptor::from(Arc::clone(config));
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let shown = wait(async {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (client, server) = tokio::join!(client.connect(name.clone(), near), server.accept(far));
        drop(server.unwrap());
        client.unwrap().get_ref().1.peer_certificates().unwrap().to_vec()
    });
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone()).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(at as u64));
    let verified = verifier.verify_server_cert(&shown[0], &shown[1..], &name, &[], at);
    verified.unwrap_or_else(|error| panic!("{host}: {error}"));
    shown.iter().map(|certificate| certificate.to_vec()).collect()
}

fn extension<'a>(
    certificate: &'a X509Certificate<'_>,
    pick: impl Fn(&'a ParsedExtension<'a>) -> Option<Vec<u8>>,
) -> Vec<u8> {
    certificate.extensions().iter().find_map(|extension| pick(extension.parsed_extension())).unwrap()
}

fn subject_key(certificate: &X509Certificate<'_>) -> Vec<u8> {
    extension(certificate, |extension| match extension {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    })
}

fn authority_key(certificate: &X509Certificate<'_>) -> Vec<u8> {
    extension(certificate, |extension| match extension {
        ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| id.0.to_vec()),
        _ => None,
    })
}

#[test]
fn the_authority_is_made_once_and_its_key_is_private() {
    let home = Home::new();
    let (files, first) = open(&home);
    assert_eq!(std::fs::metadata(&files.key).unwrap().permissions().mode() & 0o777, 0o600);
    let (_, again) = open(&home);
    assert_eq!(first.fingerprint(), again.fingerprint());
    assert_eq!(first.certificate(), again.certificate());
    let names: BTreeSet<_> = std::fs::read_dir(home.join("data/gatetap"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["ca-key.pem".into(), "ca.pem".into()].into());

    let (_, other) = open(&Home::new());
    let (_, mine) = X509Certificate::from_der(first.certificate()).unwrap();
    let (_, theirs) = X509Certificate::from_der(other.certificate()).unwrap();
    assert_ne!(mine.public_key().raw, theirs.public_key().raw);
    assert_ne!(mine.raw_serial(), theirs.raw_serial());
    assert_ne!(mine.subject().to_string(), theirs.subject().to_string());
    assert!(mine.is_ca());
    assert_eq!(mine.issuer().to_string(), mine.subject().to_string());
    assert!(mine.validity().not_before.timestamp() < NOW);
}

#[test]
fn the_certificate_can_be_made_again_from_the_key() {
    let home = Home::new();
    let (files, first) = open(&home);
    let config = first.server_config("localhost").unwrap();
    std::fs::remove_file(&files.certificate).unwrap();
    let (_, again) = open(&home);
    assert_ne!(first.fingerprint(), again.fingerprint());
    // Its leaves are good for who trusts either.
    let leaf = chain(&again, &config, "localhost", NOW).remove(0);
    let (_, leaf) = X509Certificate::from_der(&leaf).unwrap();
    let (_, root) = X509Certificate::from_der(again.certificate()).unwrap();
    assert_eq!(authority_key(&leaf), subject_key(&root));
}

#[test]
fn leaves_are_what_strict_clients_want() {
    let home = Home::new();
    let (_, authority) = open(&home);
    let (_, root) = X509Certificate::from_der(authority.certificate()).unwrap();
    let mut serials = BTreeSet::new();
    let mut keys = BTreeSet::new();
    for host in ["localhost", "api.openai.com", "127.0.0.1", "::1", "xn--bcher-kva.example"] {
        let config = authority.server_config(host).unwrap();
        let chain = chain(&authority, &config, host, NOW);
        assert_eq!(chain.get(1).map(Vec::as_slice), Some(authority.certificate().as_ref()), "{host}");
        let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
        let validity = leaf.validity();
        let (from, to) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        assert!(from <= NOW - DAY && to > NOW + 30 * DAY && to - from < 200 * DAY, "{host}: {from} {to}");
        assert_eq!(authority_key(&leaf), subject_key(&root), "{host}");
        assert!(!leaf.is_ca(), "{host}");
        assert_eq!(leaf.issuer().as_raw(), root.subject().as_raw(), "{host}");
        let names = leaf.subject_alternative_name().unwrap().unwrap().value.general_names.clone();
        let expected = match host.parse() {
            Ok(IpAddr::V4(ip)) => names == [GeneralName::IPAddress(&ip.octets())],
            Ok(IpAddr::V6(ip)) => names == [GeneralName::IPAddress(&ip.octets())],
            Err(_) => names == [GeneralName::DNSName(host)],
        };
        assert!(expected, "{host}: {names:?}");
        let usage = leaf.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.server_auth && !usage.client_auth, "{host}");
        assert!(leaf.raw_serial().len() <= 20 && leaf.raw_serial()[0] < 0x80, "{host}");
        serials.insert(leaf.raw_serial().to_vec());
        keys.insert(leaf.public_key().raw.to_vec());
    }
    assert_eq!((serials.len(), keys.len()), (5, 1), "serials differ, the key is reused");
}

#[test]
fn leaves_are_kept_until_they_grow_old() {
    let home = Home::new();
    let files = Files::in_directory(&home.join("data/gatetap"));
    let clock = clock();
    let authority = Authority::open(&files, clock.clone()).unwrap();
    let first = authority.server_config("LocalHost.").unwrap();
    assert!(Arc::ptr_eq(&first, &authority.server_config("localhost").unwrap()));
    clock.advance(Micros(80 * 86_400 * 1_000_000));
    assert!(Arc::ptr_eq(&first, &authority.server_config("localhost").unwrap()));
    clock.advance(Micros(20 * 86_400 * 1_000_000));
    let renewed = authority.server_config("localhost").unwrap();
    assert!(!Arc::ptr_eq(&first, &renewed));
    let leaf = chain(&authority, &renewed, "localhost", NOW + 185 * DAY).remove(0);
    let (_, leaf) = X509Certificate::from_der(&leaf).unwrap();
    assert!(leaf.validity().not_after.timestamp() > NOW + 130 * DAY);
}

#[test]
fn only_so_many_hosts_are_remembered() {
    let home = Home::new();
    let (_, authority) = open(&home);
    let first = authority.server_config("host-0.example").unwrap();
    for number in 1..=256 {
        authority.server_config(&format!("host-{number}.example")).unwrap();
    }
    assert!(!Arc::ptr_eq(&first, &authority.server_config("host-0.example").unwrap()));
    assert!(matches!(authority.server_config("ü"), Err(Error::Certificate(_))));
}

#[test]
fn what_is_wrong_with_the_files_is_said_and_left_alone() {
    let home = Home::new();
    let (files, _) = open(&home);
    let key = std::fs::read(&files.key).unwrap();
    let reopen = || Authority::open(&files, clock()).unwrap_err();

    std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(reopen(), Error::Exposed { .. }));
    std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o600)).unwrap();

    std::fs::write(&files.certificate, "no certificate").unwrap();
    assert!(matches!(reopen(), Error::Unusable { what: "certificate", .. }));
    let stray = Home::new();
    let (stray_files, _) = open(&stray);
    std::fs::copy(&stray_files.certificate, &files.certificate).unwrap();
    assert!(matches!(reopen(), Error::Stray { .. }));
    std::fs::write(&files.key, "no key").unwrap();
    assert!(matches!(reopen(), Error::Unusable { what: "private key", .. }));
    assert_eq!(std::fs::read(&files.key).unwrap(), b"no key");
    assert_ne!(key, b"no key");
}

#[test]
fn the_command_tells_where_it_is_and_how_to_trust_it() {
    let home = Home::new();
    let exit = Launch::gatetap(&["ca"]).home(&home).run_to_end();
    assert_eq!(exit.code, Some(0), "{exit}");
    let files = Files::in_directory(&home.join("data/gatetap"));
    let (_, authority) = open(&home);
    for part in [
        files.certificate.to_str().unwrap(),
        files.key.to_str().unwrap(),
        &authority.fingerprint(),
        &format!("NODE_EXTRA_CA_CERTS={}", files.certificate.display()),
        &format!("REQUESTS_CA_BUNDLE={}", files.bundle.display()),
        &format!("SSL_CERT_FILE={}", files.bundle.display()),
        "keytool",
        "DENO_CERT",
    ] {
        assert!(exit.stdout.contains(part), "{part} in {exit}");
    }
    assert!(!exit.stdout.contains("PRIVATE KEY"), "{exit}");
    let exit = Launch::gatetap(&["ca", "--json"]).home(&home).run_to_end();
    let page: serde_json::Value = serde_json::from_str(&exit.stdout).unwrap();
    assert_eq!(page["sha256"], authority.fingerprint());
    assert_eq!(page["certificate"], files.certificate.to_str().unwrap());
    if let Some(bundle) = page["bundle"].as_str() {
        let text = std::fs::read_to_string(bundle).unwrap();
        let ours = std::fs::read_to_string(&files.certificate).unwrap();
        let body = |pem: &str| pem.lines().filter(|line| !line.starts_with("---")).collect::<String>();
        assert!(text.matches("BEGIN CERTIFICATE").count() > 1);
        assert!(body(&text).ends_with(&body(&ours)));
    }
}
