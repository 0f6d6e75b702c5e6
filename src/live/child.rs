//! The environment of a command that is to send its requests here.

use crate::gateway::variables::BASE_URL_VARIABLES;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// The variables that name a proxy. Tools disagree on the case.
/// Source: the variables that HTTP Toolkit sets for a wrapped process.
const PROXY_VARIABLES: [&str; 8] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
    "GLOBAL_AGENT_HTTP_PROXY",
    "CGI_HTTP_PROXY",
    "npm_config_proxy",
    "npm_config_https_proxy",
];

/// The variables that name a file of roots in place of the system's.
const ROOTS_VARIABLES: [&str; 8] = [
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "CARGO_HTTP_CAINFO",
    "AWS_CA_BUNDLE",
    "PERL_LWP_SSL_CA_FILE",
    "PIP_CERT",
];

/// The variables that name a file of roots beside the system's.
const EXTRA_ROOTS_VARIABLES: [&str; 2] = ["NODE_EXTRA_CA_CERTS", "DENO_CERT"];

/// What stands for this machine in a list of hosts that need no proxy.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A base URL that the environment had already, and that becomes an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The variable that had it.
    pub variable: &'static str,
    /// The base URL, as upstreams are written: what `/v1` stands for.
    pub base_url: String,
    /// The name of the route that leads to it; `None` if it is the upstream itself.
    pub route: Option<String>,
}

/// The URL of a listener for an app on this machine.
pub fn local_url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// The base URLs that an environment holds already. The first is the upstream, unless one is `chosen`: then
/// there are none.
pub fn taken(environment: impl Fn(&str) -> Option<String>, chosen: bool) -> Vec<Taken> {
    let mut taken: Vec<Taken> = Vec::new();
    if chosen {
        return taken;
    }
    for variable in BASE_URL_VARIABLES {
        let Some(value) = environment(variable.name).filter(|value| !value.trim().is_empty()) else {
            continue;
        };
        let value = value.trim().trim_end_matches('/');
        let base_url = if variable.with_v1 { value.to_owned() } else { format!("{value}/v1") };
        let known = taken.iter().find(|known| known.base_url == base_url);
        let route = match (known, taken.is_empty()) {
            (Some(known), _) => known.route.clone(),
            (None, true) => None,
            (None, false) => Some(route_name(variable.gateway, &taken)),
        };
        taken.push(Taken { variable: variable.name, base_url, route });
    }
    taken
}

/// The name of a route that no other has yet.
fn route_name(gateway: &str, taken: &[Taken]) -> String {
    let is_free = |name: &String| taken.iter().all(|known| known.route.as_ref() != Some(name));
    let numbered = (2..).map(|number| format!("{gateway}-{number}"));
    std::iter::once(gateway.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}

/// The base-URL variables of a command whose requests are to go to `url`, the listener's, which ends in no
/// slash.
pub fn base_urls(url: &str, taken: &[Taken]) -> Vec<(String, String)> {
    BASE_URL_VARIABLES
        .iter()
        .map(|variable| {
            let route = taken.iter().find(|taken| taken.variable == variable.name);
            let route = route.and_then(|taken| taken.route.as_deref());
            let prefix = route.map(|name| format!("/@{name}")).unwrap_or_default();
            let v1 = if variable.with_v1 { "/v1" } else { "" };
            (variable.name.to_owned(), format!("{url}{prefix}{v1}"))
        })
        .collect()
}

/// The proxy and CA variables of a command whose tunnels are to come to `url`. `certificate` is the local
/// CA's, `bundle` the same with the system's roots.
pub fn proxy_variables(
    url: &str,
    certificate: &Path,
    bundle: &Path,
    environment: impl Fn(&str) -> Option<String>,
) -> Vec<(String, String)> {
    let mut set = BTreeMap::new();
    for name in PROXY_VARIABLES {
        set.insert(name.to_owned(), url.to_owned());
    }
    // Node's own fetch looks at the variables above only where it is told to.
    set.insert("NODE_USE_ENV_PROXY".to_owned(), "1".to_owned());
    for name in ROOTS_VARIABLES {
        set.insert(name.to_owned(), bundle.display().to_string());
    }
    for name in EXTRA_ROOTS_VARIABLES {
        set.insert(name.to_owned(), certificate.display().to_string());
    }
    set.extend(no_proxy(&environment));
    set.into_iter().collect()
}

/// `NO_PROXY`, in both cases, with this machine added to what it holds: requests to the listener itself go
/// straight to it.
pub fn no_proxy(environment: impl Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    ["NO_PROXY", "no_proxy"]
        .into_iter()
        .map(|name| {
            let other = if name == "NO_PROXY" { "no_proxy" } else { "NO_PROXY" };
            let held = environment(name).or_else(|| environment(other)).unwrap_or_default();
            let mut hosts: Vec<&str> =
                held.split(',').map(str::trim).filter(|host| !host.is_empty()).collect();
            for host in LOOPBACK {
                if !hosts.contains(&host) && !hosts.contains(&"*") {
                    hosts.push(host);
                }
            }
            (name.to_owned(), hosts.join(","))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn v1_stands_exactly_where_each_sdk_expects_it() {
        let set: BTreeMap<_, _> = base_urls("http://127.0.0.1:9", &[]).into_iter().collect();
        for (name, value) in [
            ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"),
            ("OPENAI_API_BASE", "http://127.0.0.1:9/v1"),
            ("ANTHROPIC_BASE_URL", "http://127.0.0.1:9"),
            ("OPENROUTER_BASE_URL", "http://127.0.0.1:9/v1"),
        ] {
            assert_eq!(set[name], value, "{name}");
        }
    }

    #[test]
    fn what_is_set_already_becomes_the_upstream_and_what_differs_a_route() {
        let environment = held(&[
            ("OPENAI_BASE_URL", "http://a.example/v1/"),
            ("OPENAI_API_BASE", "http://a.example/v1"),
            ("ANTHROPIC_BASE_URL", "https://b.example"),
            ("OPENROUTER_BASE_URL", " "),
        ]);
        let found = taken(&environment, false);
        let told: Vec<_> =
            found.iter().map(|one| (one.variable, one.base_url.as_str(), one.route.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("OPENAI_BASE_URL", "http://a.example/v1", None),
                ("OPENAI_API_BASE", "http://a.example/v1", None),
                ("ANTHROPIC_BASE_URL", "https://b.example/v1", Some("anthropic")),
            ]
        );
        let set: BTreeMap<_, _> = base_urls("http://l", &found).into_iter().collect();
        assert_eq!(set["OPENAI_API_BASE"], "http://l/v1");
        assert_eq!(set["ANTHROPIC_BASE_URL"], "http://l/@anthropic");
        assert_eq!(set["OPENROUTER_BASE_URL"], "http://l/v1");
        assert!(taken(&environment, true).is_empty());
    }

    #[test]
    fn no_proxy_keeps_what_it_holds() {
        for (held_, expected) in [
            ("", "localhost,127.0.0.1,::1"),
            ("corp.example, 127.0.0.1", "corp.example,127.0.0.1,localhost,::1"),
            ("*", "*"),
        ] {
            let set = no_proxy(|name| (name == "no_proxy").then(|| held_.to_owned()));
            assert!(set.iter().all(|(_, value)| value == expected), "{set:?}");
        }
    }
}
