//! Which hosts of a `CONNECT` are opened, and where the requests inside then go; and where a request goes that
//! names its host itself, as clients write to a proxy what needs no tunnel.

use super::connect::{Made, place};
use super::own_answer::{Failure, Token};
use super::route::Route;
use crate::config::HostPattern;
use crate::gateway::profile::{Gateway, Scheme};
use http::uri::Authority;
use std::sync::Arc;

/// What is opened: the hosts that were named and, once there is one, the configured gateways.
#[derive(Debug, Default)]
pub(super) struct Intercept {
    patterns: Vec<HostPattern>,
    gateways: Vec<Gateway>,
}

impl Intercept {
    pub(super) fn new<'a>(patterns: Vec<HostPattern>, gateways: impl Iterator<Item = &'a Gateway>) -> Self {
        Self { patterns, gateways: gateways.cloned().collect() }
    }

    /// Where a proxied request goes whose target begins with `origin`, such as `http://host:8080`: to that host. `None`
    /// where gatetap is no proxy, or the host is one that configuration has a way to, as `is_known` says: then it goes
    /// where its path leads.
    ///
    /// # Errors
    /// Where the origin is none that can be called.
    pub(super) fn elsewhere(
        &self,
        origin: &str,
        is_known: impl Fn(&str, u16) -> bool,
    ) -> Result<Option<Arc<Route>>, Failure> {
        if self.patterns.is_empty() {
            return Ok(None);
        }
        // The rest of the target may hold a password, so it is not repeated.
        let refuse = |why: String| Failure::new(Token::UnsupportedRequest, why);
        let nowhere = || refuse("the request's target names no host".to_owned());
        let (scheme, authority) = origin.split_once("://").unwrap_or_default();
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(refuse(format!("gatetap is no proxy for `{other}://`"))),
        };
        let authority: Authority = authority.parse().map_err(|_no_authority| nowhere())?;
        let (host, port) = (authority.host().trim_matches(['[', ']']), authority.port_u16());
        let port = port.unwrap_or_else(|| scheme.default_port());
        if host.is_empty() || port == 0 {
            return Err(nowhere());
        }
        if is_known(host, port) {
            return Ok(None);
        }
        let gateway = self.named(scheme, host, port);
        Ok(Some(Arc::new(Route::proxied(&gateway, !self.opens(host, port)))))
    }

    /// Whether a tunnel to this host is opened.
    pub(super) fn opens(&self, host: &str, port: u16) -> bool {
        !self.patterns.is_empty()
            && (self.gateway(host, port).is_some()
                || self.patterns.iter().any(|pattern| pattern.matches(host, port)))
    }

    /// Where the requests of an opened tunnel go: to the host that was asked for. `made` is the connection
    /// to it that is there already.
    pub(super) fn route(&self, scheme: Scheme, host: &str, port: u16, made: Made) -> Arc<Route> {
        Arc::new(Route::opened(&self.named(scheme, host, port), made))
    }

    /// A host that an app has named, as a gateway: of that name, if it is one that is configured.
    fn named(&self, scheme: Scheme, host: &str, port: u16) -> Gateway {
        let host = host.to_ascii_lowercase();
        let port_is_usual = port == scheme.default_port();
        let authority = match port_is_usual {
            true if host.contains(':') => format!("[{host}]"),
            true => host.clone(),
            false => place(&host, port),
        };
        let name = self.gateway(&host, port).map_or_else(|| authority.clone(), |known| known.name.clone());
        // With this base path every target stays as it is.
        Gateway { name, scheme, authority, base_path: "/v1".to_owned() }
    }

    fn gateway(&self, host: &str, port: u16) -> Option<&Gateway> {
        self.gateways
            .iter()
            .find(|gateway| gateway.host().eq_ignore_ascii_case(host) && gateway.port() == port)
    }
}
