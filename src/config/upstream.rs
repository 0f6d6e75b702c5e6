//! Where requests go: a known gateway, a URL, or the simulator.

use super::error::BadValue;
use super::nearest::nearest;
use http::Uri;
use std::fmt;
use std::str::FromStr;

/// The gateways that are known by name; the first is the default.
const GATEWAYS: [&str; 4] = ["nexorouter", "openrouter", "openai", "anthropic"];

/// Where requests go.
#[derive(Debug, Clone, PartialEq)]
pub enum Upstream {
    /// A gateway known by name.
    Gateway(String),
    /// The base URL of any other.
    Url(Uri),
    /// The simulator, inside this process.
    Sim,
}

/// A gateway beside the upstream: `/@NAME/…` reaches it.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub to: Upstream,
}

impl Default for Upstream {
    fn default() -> Self {
        Self::Gateway(GATEWAYS[0].to_owned())
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway(name) => f.write_str(name),
            Self::Url(url) => url.fmt(f),
            Self::Sim => f.write_str("sim"),
        }
    }
}

impl FromStr for Upstream {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        if text == "sim" {
            return Ok(Self::Sim);
        }
        if GATEWAYS.contains(&text) {
            return Ok(Self::Gateway(text.to_owned()));
        }
        if text.contains("://") {
            return base_url(text).map(Self::Url);
        }
        if text.contains(['.', ':', '/']) {
            return Err(BadValue::new(format!(
                "a URL begins with `https://` or `http://`: write `https://{text}`"
            )));
        }
        let known = GATEWAYS.into_iter().chain(["sim"]);
        Err(BadValue::new(match nearest(text, known.clone()) {
            Some(near) => format!("there is no gateway of that name; did you mean `{near}`?"),
            None => format!(
                "there is no gateway of that name: write a URL, or one of {}",
                known.collect::<Vec<_>>().join(", ")
            ),
        }))
    }
}

impl FromStr for Route {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        match text.split_once('=') {
            Some((name, to)) => Self::new(name, to),
            None => Err(BadValue::new("expected `NAME=URL`")),
        }
    }
}

impl Route {
    /// A route of that name.
    ///
    /// # Errors
    /// Where the name cannot stand in a path, or `to` is no gateway.
    pub fn new(name: &str, to: &str) -> Result<Self, BadValue> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if name.is_empty() || !name.bytes().all(fits) {
            return Err(BadValue::new(format!(
                "`{name}` cannot stand in a path as `/@{name}/`: use letters, digits, `-`, `_` and `.`"
            )));
        }
        Ok(Self { name: name.to_owned(), to: to.parse()? })
    }
}

fn base_url(text: &str) -> Result<Uri, BadValue> {
    let url: Uri = text.parse().map_err(|error| BadValue::new(format!("not a URL: {error}")))?;
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err(BadValue::new("a gateway's URL begins with `https://` or `http://`"));
    }
    if url.host().is_none_or(str::is_empty) {
        return Err(BadValue::new("the URL has no host"));
    }
    if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(BadValue::new(
            "no key or password belongs in the URL: the app sends its own with every request",
        ));
    }
    if url.query().is_some() || text.contains('#') {
        return Err(BadValue::new("a base URL has no `?…` or `#…`"));
    }
    Ok(url)
}
