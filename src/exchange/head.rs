//! Heads as they stood on the wire: every header with its case, its order and its bytes.

use bytes::Bytes;

/// Header lines in the order they came, names with their case, values as bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(String, Bytes)>);

/// The head of a request as the app sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// The method, as sent.
    pub method: String,
    /// The request target, as sent: `/v1/models?x=1`, or an absolute URL.
    pub target: String,
    /// The protocol of the app's side: `HTTP/1.0`, `HTTP/1.1` or `HTTP/2`.
    pub version: String,
    /// The header lines.
    pub headers: Headers,
    /// The bytes of the whole head (HTTP/1 only); `None` where there were no such bytes.
    pub raw: Option<Bytes>,
}

/// The head of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHead {
    /// The status code.
    pub status: u16,
    /// The protocol of the gateway's side.
    pub version: String,
    /// The header lines.
    pub headers: Headers,
    /// The bytes of the whole head (HTTP/1 only); `None` where there were no such bytes.
    pub raw: Option<Bytes>,
}

impl RequestHead {
    /// The path part of the target, as sent.
    pub fn path(&self) -> &str {
        split_target(&self.target).0
    }

    /// The query part of the target without its `?`, as sent.
    pub fn query(&self) -> Option<&str> {
        split_target(&self.target).1
    }
}

impl Headers {
    /// The first value of `name`, compared without case.
    pub fn first(&self, name: &str) -> Option<&Bytes> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The first value of `name` as text; `None` also where it is not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.first(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Every value of `name`, compared without case, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Bytes> {
        self.0
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// Splits a request target into path and query. An absolute target loses its scheme and authority.
pub fn split_target(target: &str) -> (&str, Option<&str>) {
    let origin_form = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => rest
            .find(['/', '?'])
            .map_or("/", |at| rest.get(at..).unwrap_or("/")),
        _ => target,
    };
    match origin_form.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (origin_form, None),
    }
}
