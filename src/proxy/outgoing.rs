//! The proxies that connections toward gateways go through: `HTTPS_PROXY` and its kin.

use super::connect::place;
use crate::gateway::keys::percent_decode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Uri;
use std::fmt;
use std::net::IpAddr;

/// Which proxy leads to which host. Loopback addresses are always reached directly: no other machine's
/// proxy could reach them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutgoingProxies {
    https: Option<OutgoingProxy>,
    http: Option<OutgoingProxy>,
    direct: Vec<Direct>,
}

/// One proxy.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct OutgoingProxy {
    /// It is spoken to over TLS itself.
    pub(super) tls: bool,
    /// Its host, without brackets.
    pub(super) host: String,
    /// Its port.
    pub(super) port: u16,
    /// The value of `Proxy-Authorization`.
    pub(super) authorization: Option<String>,
}

/// One entry of `NO_PROXY`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Direct {
    Everything,
    /// A domain and what is below it, on one port or on all.
    Domain(String, Option<u16>),
    /// The addresses that share so many leading bits with this one.
    Network(IpAddr, u8),
}

/// A variable whose value names no proxy that can be used. Its value may hold a password and is not
/// repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{variable}` {problem}")]
pub struct BadProxy {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl OutgoingProxies {
    /// What the environment says, as curl reads it: a name in lower case wins over one in upper case, and
    /// `ALL_PROXY` stands in for what is not said.
    ///
    /// # Errors
    /// [`BadProxy`] where a variable that counts has no usable value.
    pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Self, BadProxy> {
        let said = |names: [&'static str; 2]| {
            let found = names.into_iter().find_map(|name| Some((name, get(name)?)));
            found.filter(|(_, value)| !value.trim().is_empty())
        };
        let all = said(["all_proxy", "ALL_PROXY"]);
        let proxy = |names| {
            let found = said(names).or_else(|| all.clone());
            found.map(|(variable, value)| OutgoingProxy::parse(variable, value.trim())).transpose()
        };
        let direct = said(["no_proxy", "NO_PROXY"]).map(|(_, value)| value).unwrap_or_default();
        Ok(Self {
            https: proxy(["https_proxy", "HTTPS_PROXY"])?,
            http: proxy(["http_proxy", "HTTP_PROXY"])?,
            direct: direct.split([',', ' ']).filter_map(Direct::parse).collect(),
        })
    }

    /// The proxy that leads to `host`; `None` where it is reached directly.
    pub(super) fn toward(&self, tls: bool, host: &str, port: u16) -> Option<&OutgoingProxy> {
        let proxy = if tls { &self.https } else { &self.http };
        let local = host.eq_ignore_ascii_case("localhost")
            || host.to_ascii_lowercase().ends_with(".localhost")
            || host.parse().is_ok_and(|address: IpAddr| address.to_canonical().is_loopback());
        let direct = || self.direct.iter().any(|entry| entry.covers(host, port));
        proxy.as_ref().filter(|_| !local && !direct())
    }
}

impl OutgoingProxy {
    fn parse(variable: &'static str, text: &str) -> Result<Self, BadProxy> {
        let bad = |problem| BadProxy { variable, problem };
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(bad("names a proxy that is not spoken to with `http://` or `https://`")),
        };
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, rest),
        };
        let place: Uri = place.parse().map_err(|_not_a_place| bad("names no host"))?;
        let authority = place.authority().ok_or_else(|| bad("names no host"))?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(bad("names no host"));
        }
        let authorization = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            let plain =
                [percent_decode(name.as_bytes()), vec![b':'], percent_decode(password.as_bytes())].concat();
            format!("Basic {}", BASE64_STANDARD.encode(plain))
        });
        // curl's default is 1080, everybody else's is the scheme's own port.
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self { tls, host, port, authorization })
    }
}

/// Says nothing of the credentials.
impl fmt::Debug for OutgoingProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutgoingProxy({self})")
    }
}

impl fmt::Display for OutgoingProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&place(&self.host, self.port))
    }
}

impl Direct {
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.trim();
        if entry == "*" {
            return Some(Self::Everything);
        }
        let network = |text: &str| {
            let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
            let address: IpAddr = address.trim_matches(['[', ']']).parse().ok()?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.map_or(Some(most), |bits| bits.parse().ok().filter(|bits| *bits <= most))?;
            Some(Self::Network(address, bits))
        };
        if let Some(network) = network(entry) {
            return Some(network);
        }
        let (domain, port) = match entry.rsplit_once(':') {
            Some((domain, port)) => (domain, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        let domain = domain.trim_start_matches("*.").trim_matches('.').to_ascii_lowercase();
        (!domain.is_empty()).then_some(Self::Domain(domain, port))
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Domain(domain, on) => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                let inside = host.strip_suffix(domain.as_str());
                on.is_none_or(|on| on == port)
                    && inside.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            Self::Network(network, bits) => {
                host.parse().is_ok_and(|address| shares_bits(*network, address, *bits))
            }
        }
    }
}

fn shares_bits(a: IpAddr, b: IpAddr, bits: u8) -> bool {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => u32::from(bits) <= (a.to_bits() ^ b.to_bits()).leading_zeros(),
        (IpAddr::V6(a), IpAddr::V6(b)) => u32::from(bits) <= (a.to_bits() ^ b.to_bits()).leading_zeros(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(environment: &[(&str, &str)]) -> Result<OutgoingProxies, BadProxy> {
        OutgoingProxies::from_environment(|name| {
            environment.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_chooses_the_proxy() {
        for (environment, tls, host, expected) in [
            (&[][..], true, "a.example", None),
            (&[("HTTPS_PROXY", "http://p:1")], true, "a.example", Some("p:1")),
            (&[("HTTPS_PROXY", "http://p:1")], false, "a.example", None),
            (&[("HTTP_PROXY", "http://p:1")], false, "a.example", Some("p:1")),
            (&[("https_proxy", "q:2"), ("HTTPS_PROXY", "http://p:1")], true, "a.example", Some("q:2")),
            (&[("ALL_PROXY", "p:1"), ("HTTP_PROXY", "q:2")], true, "a.example", Some("p:1")),
            (&[("ALL_PROXY", "p:1"), ("HTTP_PROXY", "q:2")], false, "a.example", Some("q:2")),
            (&[("HTTPS_PROXY", " ")], true, "a.example", None),
            (&[("HTTPS_PROXY", "http://p")], true, "a.example", Some("p:80")),
            (&[("HTTPS_PROXY", "https://p/")], true, "a.example", Some("p:443")),
            (&[("HTTPS_PROXY", "http://[::2]:3")], true, "a.example", Some("[::2]:3")),
            (&[("HTTPS_PROXY", "p:1")], true, "localhost", None),
            (&[("HTTPS_PROXY", "p:1")], true, "127.0.0.9", None),
            (&[("HTTPS_PROXY", "p:1")], true, "::1", None),
        ] {
            let found = proxies(environment).unwrap();
            let found = found.toward(tls, host, 443).map(ToString::to_string);
            assert_eq!(found.as_deref(), expected, "{environment:?} {tls} {host}");
        }
    }

    #[test]
    fn some_hosts_are_reached_directly() {
        for (direct, host, expected) in [
            ("example.com", "example.com", true),
            ("example.com", "api.example.com", true),
            (".example.com", "api.example.com", true),
            ("*.example.com", "api.example.com.", true),
            ("example.com", "badexample.com", false),
            ("x, API.example.com", "api.example.com", true),
            ("example.com:443", "example.com", true),
            ("example.com:8443", "example.com", false),
            ("*", "example.com", true),
            ("192.0.2.0/24", "192.0.2.77", true),
            ("192.0.2.0/24", "192.0.3.77", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("0.0.0.0/0", "198.51.100.1", true),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("", "example.com", false),
        ] {
            let found = proxies(&[("HTTPS_PROXY", "p:1"), ("NO_PROXY", direct)]).unwrap();
            assert_eq!(found.toward(true, host, 443).is_none(), expected, "{direct:?} and {host}");
        }
    }

    #[test]
    fn credentials_are_sent_and_never_shown() {
        let found = proxies(&[("https_proxy", "http://me:p%40ss%2@p:1")]).unwrap();
        let proxy = found.toward(true, "a.example", 443).unwrap();
        // `me:p@ss%2`
        assert_eq!(proxy.authorization.as_deref(), Some("Basic bWU6cEBzcyUy"));
        let shown = format!("{found:?} {proxy}");
        assert!(!shown.contains("bWU6") && !shown.contains("ss%2"), "{shown}");
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_password() {
        for (value, variable) in [
            ("socks5://me:secret@p:1", "ALL_PROXY"),
            ("http://me:secret@", "ALL_PROXY"),
            ("http://:1", "ALL_PROXY"),
        ] {
            let error = proxies(&[("ALL_PROXY", value)]).unwrap_err();
            assert_eq!(error.variable, variable, "{value}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
