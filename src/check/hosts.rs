//! Hosts: what a URL names, and how far away it is.

use std::net::{IpAddr, Ipv6Addr};

/// How far away a host is, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// This machine.
    Loopback,
    /// A network of one's own: a private address, a name without a dot, `.local`, `.internal`.
    Private,
    /// Anywhere.
    Public,
}

/// A URL's authority: host and, where it is written, port.
pub(super) fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// The host of an authority, without brackets or port.
pub(super) fn host(authority: &str) -> &str {
    if let Some(inner) = authority.strip_prefix('[') {
        return inner.split(']').next().unwrap_or_default();
    }
    authority.split(':').next().unwrap_or_default()
}

/// The path of a URL, without its query; empty if it has none.
pub(super) fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default();
    path.split(['?', '#']).next().unwrap_or_default()
}

/// How far away a host is.
pub(super) fn reach(host: &str) -> Reach {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if let Ok(address) = host.parse::<IpAddr>() {
        return match address {
            IpAddr::V4(four) if four.is_loopback() || four.is_unspecified() => Reach::Loopback,
            IpAddr::V4(four) if four.is_private() || four.is_link_local() => Reach::Private,
            IpAddr::V6(six) if six.is_loopback() || six == Ipv6Addr::UNSPECIFIED => Reach::Loopback,
            IpAddr::V6(six) if six.is_unique_local() || six.is_unicast_link_local() => Reach::Private,
            _ => Reach::Public,
        };
    }
    if host == "localhost" || host.ends_with(".localhost") || host == "host.docker.internal" {
        return Reach::Loopback;
    }
    let is_own = [".local", ".internal", ".lan", ".home.arpa"].iter().any(|end| host.ends_with(end));
    if is_own || !host.contains('.') { Reach::Private } else { Reach::Public }
}
