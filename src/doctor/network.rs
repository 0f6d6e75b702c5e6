//! Names, both families of addresses, TLS.

use super::Settings;
use super::facts::Facts;
use super::step::{State, Step, StepName};
use crate::exchange::time::Clock;
use crate::gateway::profile::Scheme;
use crate::proxy::{Dialled, Dialler, OwnError};
use serde_json::json;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;

/// The addresses of the gateway's name.
pub(super) async fn names(settings: &Settings, facts: &Facts, clock: &Clock) -> (Step, Vec<SocketAddr>) {
    let (host, port) = (settings.gateway.host(), settings.gateway.port());
    if let Ok(address) = host.parse::<IpAddr>() {
        let step = Step::new(StepName::Dns, State::Skipped, format!("`{host}` is an address already"));
        return (step, vec![SocketAddr::new(address, port)]);
    }
    let from = clock.mono();
    let looked_up = tokio::time::timeout(settings.patience, tokio::net::lookup_host((host, port))).await;
    let (addresses, reason): (Vec<SocketAddr>, String) = match looked_up {
        Ok(Ok(found)) => (found.collect(), "it has no address".to_owned()),
        Ok(Err(error)) => (Vec::new(), error.to_string()),
        Err(_elapsed) => (Vec::new(), format!("no answer within {:?}", settings.patience)),
    };
    let took = clock.mono().since(from);
    let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    let step = if !addresses.is_empty() {
        Step::new(StepName::Dns, State::Passed, format!("{host} is {}", shown.join(", ")))
    } else if facts.proxy.is_some() {
        let says = format!("cannot resolve `{host}` here ({reason}); the proxy does that for itself");
        Step::new(StepName::Dns, State::Doubtful, says)
    } else {
        Step::new(StepName::Dns, State::Failed, format!("cannot resolve `{host}`: {reason}"))
    };
    (step.took(took).with(json!({ "host": host, "addresses": shown })), addresses)
}

/// TCP to the first address of each family.
pub(super) async fn tcp(
    settings: &Settings,
    facts: &Facts,
    addresses: &[SocketAddr],
    clock: &Clock,
) -> (Step, Option<OwnError>) {
    let from = clock.mono();
    let first = |v4: bool| addresses.iter().copied().find(|address| address.is_ipv4() == v4);
    let reach = |address: Option<SocketAddr>| async move {
        match address {
            None => None,
            Some(address) => Some(connect(address, settings.patience).await),
        }
    };
    let (v4, v6) = tokio::join!(reach(first(true)), reach(first(false)));
    let word = |found: &Option<Result<(), (OwnError, String)>>| match found {
        None => "no address".to_owned(),
        Some(Ok(())) => "connected".to_owned(),
        Some(Err((_, reason))) => reason.clone(),
    };
    let says = format!("IPv4: {}; IPv6: {}", word(&v4), word(&v6));
    let works = [&v4, &v6].into_iter().any(|found| matches!(found, Some(Ok(()))));
    let failure = [&v4, &v6].into_iter().flatten().find_map(|found| Some(found.as_ref().err()?.0));
    let state = match (works, failure) {
        (true, None) => State::Passed,
        (true, Some(_)) => State::Doubtful,
        (false, _) if facts.proxy.is_some() => State::Doubtful,
        (false, _) => State::Failed,
    };
    let step = Step::new(StepName::Tcp, state, says).took(clock.mono().since(from));
    (step.with(json!({ "ipv4": word(&v4), "ipv6": word(&v6) })), failure.filter(|_| !works))
}

async fn connect(address: SocketAddr, patience: Duration) -> Result<(), (OwnError, String)> {
    match tokio::time::timeout(patience, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => {
            let token = match error.kind() {
                std::io::ErrorKind::TimedOut => OwnError::ConnectTimeout,
                std::io::ErrorKind::ConnectionReset => OwnError::ConnectionReset,
                _ => OwnError::ConnectionRefused,
            };
            Err((token, error.to_string()))
        }
        Err(_elapsed) => Err((OwnError::ConnectTimeout, format!("no answer within {patience:?}"))),
    }
}

/// A connection the way that traffic goes: through the proxy, and TLS.
pub(super) async fn tls(settings: &Settings, dialler: &Dialler) -> (Step, Option<OwnError>) {
    let gateway = &settings.gateway;
    let through =
        dialler.proxy_to(gateway).map(|proxy| format!("through the proxy {proxy} ")).unwrap_or_default();
    match dialler.connect(gateway).await {
        Ok(Dialled { connect, tls: Some(tls), signed, .. }) => {
            let (subject, issuer) = signed.map(|signed| (signed.subject, signed.issuer)).unzip();
            let unverified = if settings.trust.anyone { "; not verified, because of --insecure" } else { "" };
            let says = format!(
                "{through}connected in {connect}, TLS in {tls}; the certificate is signed by {}{unverified}",
                issuer.as_deref().unwrap_or("nobody that could be read"),
            );
            let state = if settings.trust.anyone { State::Doubtful } else { State::Passed };
            let facts = json!({
                "connect_ms": connect.as_ms(), "tls_ms": tls.as_ms(), "subject": subject, "issuer": issuer,
            });
            (Step::new(StepName::Tls, state, says).with(facts), None)
        }
        Ok(Dialled { connect, .. }) => {
            let is_here = gateway.host() == "localhost"
                || gateway.host().parse().is_ok_and(|address: IpAddr| address.is_loopback());
            let (state, readable) = if is_here {
                (State::Skipped, "which stays on this machine")
            } else {
                (State::Doubtful, "where everybody on the way can read the key")
            };
            let says = format!("{through}connected in {connect}; plain HTTP, {readable}");
            (Step::new(StepName::Tls, state, says).with(json!({ "connect_ms": connect.as_ms() })), None)
        }
        Err(error) => {
            let name = if gateway.scheme == Scheme::Https { "TLS" } else { "connection" };
            let signed = error.signed.as_ref();
            let signer = signed
                .map(|signed| {
                    format!("; the certificate of `{}` is signed by {}", signed.subject, signed.issuer)
                })
                .unwrap_or_default();
            let says = format!("no {name}: {}{signer}", error.message);
            let facts = json!({
                "error": error.token.as_str(),
                "subject": signed.map(|signed| &signed.subject),
                "issuer": signed.map(|signed| &signed.issuer),
            });
            (Step::new(StepName::Tls, State::Failed, says).with(facts), Some(error.token))
        }
    }
}
