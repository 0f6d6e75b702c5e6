//! The headers that concern one hop only.

use http::header::{CONNECTION, COOKIE, HOST, HeaderName, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderValue};

/// The headers of a message for the other hop: the order kept, the hop-by-hop ones left out, `Host` set
/// where the message has one to set.
///
/// `Transfer-Encoding` stays: hyper frames the body anew and wants it where it stood.
pub(super) fn for_other_hop(headers: HeaderMap, host: Option<&HeaderValue>) -> HeaderMap {
    let named = named_by_connection(&headers);
    let mut kept = HeaderMap::with_capacity(headers.len() + 1);
    let mut current = None;
    for (name, value) in headers {
        if let Some(name) = name {
            current = Some(name);
        }
        let Some(name) = &current else { continue };
        if name == HOST
            && let Some(host) = host
        {
            kept.insert(HOST, host.clone());
        } else if !is_hop_by_hop(name, &value) && !named.contains(name) {
            kept.append(name.clone(), value);
        }
    }
    if let Some(host) = host
        && !kept.contains_key(HOST)
    {
        kept.insert(HOST, host.clone());
    }
    kept
}

/// Makes one line of the cookies that HTTP/2 may cut into several (RFC 9113 §8.2.3).
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if crumbs.len() < 2 {
        return;
    }
    // Values without a line end stay so when they are joined.
    if let Ok(joined) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

fn is_hop_by_hop(name: &HeaderName, value: &HeaderValue) -> bool {
    if name == TE {
        return !tokens(value).any(|token| token.eq_ignore_ascii_case("trailers"));
    }
    name == CONNECTION
        || name == UPGRADE
        || matches!(
            name.as_str(),
            "keep-alive" | "proxy-authenticate" | "proxy-authorization" | "proxy-connection"
        )
}

/// The headers that `Connection` names. The framing of the body is never among them.
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(tokens)
        .filter_map(|token| token.parse::<HeaderName>().ok())
        .filter(|name| name != TRANSFER_ENCODING && name != TE && name != HOST)
        .collect()
}

fn tokens(value: &HeaderValue) -> impl Iterator<Item = &str> {
    value.to_str().unwrap_or_default().split(',').map(str::trim)
}
