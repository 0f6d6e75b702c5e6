//! Which hosts of a `CONNECT` are opened, and where the requests inside then go.

use super::connect::{Made, place};
use super::route::Route;
use crate::config::HostPattern;
use crate::gateway::profile::{Gateway, Scheme};
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

    /// Whether a tunnel to this host is opened.
    pub(super) fn opens(&self, host: &str, port: u16) -> bool {
        !self.patterns.is_empty()
            && (self.gateway(host, port).is_some()
                || self.patterns.iter().any(|pattern| pattern.matches(host, port)))
    }

    /// Where the requests of an opened tunnel go: to the host that was asked for. `made` is the connection
    /// to it that is there already.
    pub(super) fn route(&self, scheme: Scheme, host: &str, port: u16, made: Made) -> Arc<Route> {
        let host = host.to_ascii_lowercase();
        let port_is_usual = port == scheme.default_port();
        let authority = match port_is_usual {
            true if host.contains(':') => format!("[{host}]"),
            true => host.clone(),
            false => place(&host, port),
        };
        let name = self.gateway(&host, port).map_or_else(|| authority.clone(), |known| known.name.clone());
        // With this base path every target stays as it is.
        let gateway = Gateway { name, scheme, authority, base_path: "/v1".to_owned() };
        Arc::new(Route::opened(&gateway, made))
    }

    fn gateway(&self, host: &str, port: u16) -> Option<&Gateway> {
        self.gateways
            .iter()
            .find(|gateway| gateway.host().eq_ignore_ascii_case(host) && gateway.port() == port)
    }
}
