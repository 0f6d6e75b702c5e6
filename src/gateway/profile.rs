//! Gateways: the ones known by name, and where a request to one of them goes.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Error;
use crate::exchange::nearest::nearest;

/// Where requests are sent: an origin and the path that stands for the local `/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Gateway {
    /// A known gateway's name, else the authority.
    pub name: String,
    /// How it is spoken to.
    pub scheme: Scheme,
    /// The host, with `:port` where it is not the scheme's own.
    pub authority: String,
    /// What a leading `/v1` becomes; begins with a slash and does not end in one.
    pub base_path: String,
}

/// Plain or encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

/// What is documented of one known gateway.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name in flags and config.
    pub name: String,
    /// The name as its vendor writes it.
    pub title: String,
    /// The documented base URL.
    pub base_url: String,
    /// The environment variable that by convention holds its key.
    pub key_variable: String,
    /// The vendor of its keys, as [`super::keys::Table::vendor_of`] names it; `None` where keys have no
    /// documented prefix.
    pub key_vendor: Option<String>,
    /// How a key is sent.
    pub auth: Auth,
    /// The dialects it documents, in the words of the `wire` room.
    pub dialects: Vec<String>,
    /// The response header with its request id, in lower case.
    pub request_id_header: String,
    /// The form of its error bodies.
    pub errors: super::errors::Shape,
    /// Where this is documented.
    pub source: String,
}

/// How a gateway expects its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// `x-api-key: KEY`.
    XApiKey,
}

impl Auth {
    /// The header that carries the key, in lower case.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Bearer => "authorization",
            Self::XApiKey => "x-api-key",
        }
    }

    /// That header's value for `key`.
    pub fn value(self, key: &str) -> String {
        match self {
            Self::Bearer => format!("Bearer {key}"),
            Self::XApiKey => key.to_owned(),
        }
    }
}

/// Every known gateway; the default one first.
pub fn profiles() -> &'static [Profile] {
    #[derive(Default, Deserialize)]
    struct File {
        profile: Vec<Profile>,
    }
    // A test holds that the file is well formed.
    static FILE: LazyLock<File> =
        LazyLock::new(|| toml::from_str(include_str!("profiles.toml")).unwrap_or_default());
    &FILE.profile
}

impl Profile {
    /// The path of the base URL, which a leading local `/v1` becomes.
    pub fn base_path(&self) -> &str {
        let after_scheme = self.base_url.find("://").map_or(0, |at| at + 3);
        let rest = self.base_url.get(after_scheme..).unwrap_or_default();
        rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/v1")
    }
}

/// The gateway that one of that name is, or plays: the simulator is called `sim` or `sim:NAME`, a replay `replay` or
/// `replay:NAME`.
pub fn played_by(name: &str) -> &str {
    match name {
        // Both play the default gateway unless they are told another.
        "sim" | "replay" => profiles().first().map_or(name, |profile| profile.name.as_str()),
        _ => ["sim:", "replay:"].into_iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name),
    }
}

/// The known gateway of that name.
pub fn profile(name: &str) -> Option<&'static Profile> {
    profiles().iter().find(|profile| profile.name == name)
}

/// Splits the path `/@NAME/…` of a routed request into the name and the path that is left (`/` if none
/// is). `None` for every other path.
pub fn split_route(path: &str) -> Option<(&str, Cow<'_, str>)> {
    let routed = path.strip_prefix("/@")?;
    let end = routed.find(['/', '?']).unwrap_or(routed.len());
    let (name, rest) = routed.split_at_checked(end)?;
    if name.is_empty() {
        return None;
    }
    let rest = match rest.as_bytes().first() {
        Some(b'/') => Cow::Borrowed(rest),
        Some(_) => Cow::Owned(format!("/{rest}")),
        None => Cow::Borrowed("/"),
    };
    Some((name, rest))
}

impl Scheme {
    /// The word before `://`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port where the authority names none.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Gateway {
    /// Reads a known gateway's name or an `http(s)` URL. A URL without a path names an origin, whose
    /// base path is `/v1`; one with a path names the base URL itself.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.contains("://") { Self::parse_url(text) } else { Self::named(text) }
    }

    /// Reads an `http(s)` URL, as [`Self::parse`] does.
    pub fn parse_url(text: &str) -> Result<Self, Error> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(Error::NoScheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => {
                return Err(Error::Scheme { scheme: other.to_owned() });
            }
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(Error::UserInfo);
        }
        let authority = parse_authority(scheme, authority).ok_or(Error::Authority)?;
        if path.contains('#') {
            return Err(Error::Fragment);
        }
        if path.contains('?') {
            return Err(Error::Query);
        }
        let path = path.trim_end_matches('/');
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Path);
        }
        let base_path = if path.is_empty() { "/v1" } else { path };
        let mut gateway =
            Self { name: authority.clone(), scheme, authority, base_path: base_path.to_owned() };
        let origin = format!("{}/", gateway.origin());
        if let Some(known) = profiles().iter().find(|known| known.base_url.starts_with(&origin)) {
            gateway.name.clone_from(&known.name);
        }
        Ok(gateway)
    }

    fn named(name: &str) -> Result<Self, Error> {
        if let Some(profile) = profile(&name.to_ascii_lowercase()) {
            return Self::parse(&profile.base_url);
        }
        if name.contains(['.', ':', '/', '@', '?', '#', '=']) {
            return Err(Error::NoScheme);
        }
        let known: Vec<&str> = profiles().iter().map(|profile| profile.name.as_str()).collect();
        Err(Error::UnknownName {
            name: name.to_owned(),
            suggestion: nearest(name, known.iter().copied()).map(str::to_owned),
            known: known.join(", "),
        })
    }

    /// What is documented of it, if it is known.
    pub fn profile(&self) -> Option<&'static Profile> {
        profile(&self.name)
    }

    /// Scheme and authority: `https://api.nexorouter.com`.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// The base URL: origin and base path.
    pub fn base_url(&self) -> String {
        format!("{}{}", self.origin(), self.base_path)
    }

    /// The host without brackets or port, as a resolver or a certificate wants it.
    pub fn host(&self) -> &str {
        let host = match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => &self.authority,
        };
        host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host)
    }

    /// The port, the scheme's own where the authority names none.
    pub fn port(&self) -> u16 {
        self.authority
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok())
            .unwrap_or_else(|| self.scheme.default_port())
    }

    /// Maps a local request target to the gateway's: a leading `/v1` becomes the base path, and all else
    /// goes unchanged, byte for byte, mistakes included.
    pub fn map_target(&self, target: &str) -> String {
        match target.strip_prefix("/v1") {
            Some(rest) if rest.is_empty() || rest.starts_with(['/', '?']) => {
                format!("{}{rest}", self.base_path)
            }
            _ => target.to_owned(),
        }
    }
}

/// The authority in lower case, without the scheme's own port; `None` if it is not one.
fn parse_authority(scheme: Scheme, text: &str) -> Option<String> {
    let parsed: http::uri::Authority = text.parse().ok()?;
    let host = parsed.host().to_ascii_lowercase();
    if host.is_empty() {
        return None;
    }
    let after_host = parsed.as_str().get(parsed.host().len()..)?;
    let port = match after_host.strip_prefix(':') {
        Some(digits) => Some(digits.parse::<u16>().ok().filter(|port| *port != 0)?),
        None if after_host.is_empty() => None,
        None => return None,
    };
    Some(match port {
        Some(port) if port != scheme.default_port() => format!("{host}:{port}"),
        _ => host,
    })
}
