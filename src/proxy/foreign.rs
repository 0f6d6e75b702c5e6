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
    /// rebinding).
    pub(super) fn is_foreign(self) -> bool {
        let local = |authority: &[u8]| std::str::from_utf8(authority).is_ok_and(is_local);
        match (self.origin, self.site) {
            (Some(origin), _) => {
                let start = origin.windows(3).position(|window| window == b"://").map(|at| at + 3);
                !start.and_then(|start| origin.get(start..)).is_some_and(local)
            }
            (None, Some(site)) => site == b"cross-site" || !self.host.is_some_and(local),
            (None, None) => false,
        }
    }
}

/// Whether `authority` names this machine by what nobody else can be called: a loopback address or `localhost`.
fn is_local(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
