//! Headers that configuration sets in requests to a gateway.

use http::{HeaderName, HeaderValue};
use std::fmt;

/// The headers that no configuration sets: they say where a request goes, where it ends, or belong to one hop.
const REFUSED: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A secret shorter than this could not be told from a word, and so not be hidden.
pub const SHORTEST_SECRET: usize = 8;

/// A header that is set in every request to a gateway; the app's of the same name gives way.
#[derive(Clone, PartialEq, Eq)]
pub struct SetHeader {
    /// The name.
    pub name: HeaderName,
    /// The value.
    pub value: HeaderValue,
    /// What of the value is not for any eyes: it is hidden in whatever is kept of the exchange.
    pub secret: Option<String>,
}

impl SetHeader {
    /// Whether configuration may set a header of that name, in lower case.
    pub fn is_allowed(name: &str) -> bool {
        !REFUSED.contains(&name) && !name.starts_with("x-gatetap-")
    }
}

/// Says nothing of the value.
impl fmt::Debug for SetHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetHeader").field("name", &self.name).finish_non_exhaustive()
    }
}
