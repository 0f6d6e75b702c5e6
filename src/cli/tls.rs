//! The flags of TLS, and the proxies of the environment.

use super::error::wrong_usage;
use crate::config::{ConfiguredGateway, HostPattern, Settings, TlsGiven};
use crate::proxy::{OutgoingProxies, PerGateway};
use crate::tls::{Error, Identity, Trust};
use clap::builder::BoolishValueParser;
use std::path::PathBuf;

/// TLS on both sides
#[derive(Debug, clap::Args)]
pub(super) struct TlsArgs {
    /// Let apps speak TLS to the same port, with a certificate of the local CA: see `gatetap ca` [default: true]
    #[arg(long, value_name = "BOOL", env = "GATETAP_TLS", hide_env_values = true, num_args = 0..=1,
        require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    tls: Option<bool>,

    /// Open tunnels (CONNECT) to this host, such as `*.openai.com`, and to the gateways; may be repeated
    #[arg(
        long,
        value_name = "HOST",
        env = "GATETAP_INTERCEPT",
        hide_env_values = true,
        value_delimiter = ','
    )]
    intercept: Vec<HostPattern>,

    /// Believe the roots in this PEM file, too, on the gateway side; may be repeated
    #[arg(long, value_name = "FILE", env = "GATETAP_CA", hide_env_values = true)]
    ca: Vec<PathBuf>,

    /// The certificate for a gateway that asks for one, with its chain, in PEM
    #[arg(long, value_name = "FILE", env = "GATETAP_CLIENT_CERT", hide_env_values = true)]
    client_cert: Option<PathBuf>,

    /// Its key [default: in the same file]
    #[arg(
        long,
        value_name = "FILE",
        env = "GATETAP_CLIENT_KEY",
        hide_env_values = true,
        requires = "client_cert"
    )]
    client_key: Option<PathBuf>,
}

impl From<TlsArgs> for TlsGiven {
    fn from(args: TlsArgs) -> Self {
        Self {
            on: args.tls,
            intercept: args.intercept,
            ca: args.ca,
            client_cert: args.client_cert,
            client_key: args.client_key,
        }
    }
}

/// Whom the gateway side believes, and who it says it is.
pub(super) fn trust(settings: &Settings) -> anyhow::Result<Trust> {
    let mut trust = Trust { anyone: settings.insecure, ..Trust::default() };
    for file in &settings.tls.ca {
        trust.roots.add_file(file).map_err(|error| named(&error, "--ca"))?;
    }
    if let Some((certificate, key)) = &settings.tls.client {
        trust.identity =
            Some(Identity::read(certificate, key).map_err(|error| named(&error, "--client-cert"))?);
    }
    Ok(trust)
}

/// What the file says of one gateway alone.
pub(super) fn own(settings: &Settings) -> anyhow::Result<Vec<PerGateway>> {
    let general = trust(settings)?;
    settings.gateways.iter().map(|configured| per_gateway(configured, &general)).collect()
}

/// What the file says of this gateway, where others are believed in general.
pub(super) fn per_gateway(configured: &ConfiguredGateway, general: &Trust) -> anyhow::Result<PerGateway> {
    let headers = configured.set_headers(|name| std::env::var(name).ok()).map_err(|error| {
        let hint = format!("export `{}`, or take the header out of gatetap.toml", error.variable);
        wrong_usage(error.to_string(), hint)
    })?;
    let mut trust = general.clone();
    for file in &configured.ca {
        trust.roots.add_file(file).map_err(|error| named(&error, "`ca` in [gateways]"))?;
    }
    let trust = (!configured.ca.is_empty()).then_some(trust);
    Ok(PerGateway { gateway: configured.gateway.clone(), headers: headers.into(), trust })
}

/// The proxies that the environment names.
pub(super) fn outgoing_proxies() -> anyhow::Result<OutgoingProxies> {
    OutgoingProxies::from_environment(|name| std::env::var(name).ok()).map_err(|error| {
        let hint = format!("unset `{}`, or name the gateway's host in `NO_PROXY`", error.variable);
        wrong_usage(error.to_string(), hint)
    })
}

fn named(error: &Error, flag: &str) -> anyhow::Error {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    wrong_usage(format!("{error}{cause}"), format!("{flag} names a file in PEM"))
}
