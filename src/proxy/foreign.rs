//! Whether a web page of somebody else's asks. Any page that a browser shows can send a request to this
//! machine, without leave where it is a plain form's; a key that gatetap sets by itself is not lent to it.

use std::net::IpAddr;

/// The header in which a browser says how the page and its destination are related.
pub(super) const FETCH_SITE: &str = "sec-fetch-site";

/// What a request says of the page that sends it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    /// Its `Origin`.
    pub(super) origin: Option<&'a [u8]>,
    /// Its `Sec-Fetch-Site`, which only browsers send.
    pub(super) site: Option<&'a [u8]>,
    /// The `Host` it knows this listener by.
    pub(super) host: Option<&'a [u8]>,
}

impl Page<'_> {
    /// Whether there is one that is not of this machine, or that calls this machine by a name of its own (DNS
    /// rebinding). An app that was given the gateway's own name, and led here, calls it by `authority`.
    ///
    /// A browser says who asks only where it trusts the URL: to `http://evil.example:7117` it sends neither an
    /// `Origin` with a `GET` nor any `Sec-Fetch-Site`, so the name in `Host` is all there is to go by.
    pub(super) fn is_foreign(self, authority: &str) -> bool {
        let local = |authority: &[u8]| std::str::from_utf8(authority).is_ok_and(is_local);
        match (self.origin, self.site) {
            (Some(origin), _) => {
                let start = origin.windows(3).position(|window| window == b"://").map(|at| at + 3);
                !start.and_then(|start| origin.get(start..)).is_some_and(local)
            }
            (None, Some(site)) => site == b"cross-site" || !self.host.is_some_and(local),
            (None, None) => self.host.is_some_and(|host| {
                let host = std::str::from_utf8(host).ok();
                !host.is_some_and(|host| host.eq_ignore_ascii_case(authority) || is_nobody_elses(host))
            }),
        }
    }
}

/// The top-level names that the public DNS gives to nobody (RFC 2606, 6761, 6762, 8375, and ICANN's `internal`), and
/// `lan`, which routers give.
const PRIVATE: [&str; 6] = ["localhost", "local", "internal", "home.arpa", "lan", "test"];

/// Whether `authority` is what no stranger's name can be: an address, a name without a dot, or one below a private
/// top-level name.
fn is_nobody_elses(authority: &str) -> bool {
    let host = host_of(authority);
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let below = |top: &str| name.strip_suffix(top).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    address_of(host).is_some() || !name.contains('.') || PRIVATE.iter().any(|top| below(top))
}

/// Whether `authority` names this machine by what nobody else can be called: a loopback address or `localhost`.
fn is_local(authority: &str) -> bool {
    let host = host_of(authority);
    host.eq_ignore_ascii_case("localhost") || address_of(host).is_some_and(|address| address.is_loopback())
}

/// The host of an authority, without its port.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':') => host,
        _ => authority,
    }
}

fn address_of(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_may_call_this_machine_by_the_name_of_its_gateway() {
        for (host, foreign) in [
            ("api.example.com", false),
            ("API.example.com", false),
            ("api.example.com:7117", true),
            ("other.example.com", true),
        ] {
            let page = |site| Page { origin: None, site, host: Some(host.as_bytes()) };
            assert_eq!(page(None).is_foreign("api.example.com"), foreign, "{host}");
            // Whatever says so is a browser, and what it shows is a page.
            assert!(page(Some(b"same-origin")).is_foreign("api.example.com"), "{host}");
        }
        assert!(!Page { origin: None, site: None, host: None }.is_foreign("api.example.com"));
    }
}
