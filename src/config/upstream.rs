//! Where requests go: a known gateway, a URL, the simulator, or a recording.

use super::error::BadValue;
use super::gateways::{self, ConfiguredGateway};
use crate::exchange::nearest::nearest;
use crate::gateway::Gateway;
use crate::gateway::profile::profiles;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where requests go.
#[derive(Debug, Clone, PartialEq)]
pub enum Upstream {
    /// To a gateway.
    Gateway(Gateway),
    /// To the simulator, inside this process, with the profile of that gateway.
    Sim(SimProfile),
    /// To this recording, which answers in a gateway's place.
    Replay(PathBuf),
}

/// A profile of the simulator: the name of the gateway that it answers like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimProfile(&'static str);

/// Where requests are to go, as people say it: it may be the name of a gateway in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct UpstreamGiven {
    text: String,
    /// What it means without a file.
    plain: Result<Upstream, BadValue>,
}

/// A route as people say it.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteGiven {
    name: String,
    to: UpstreamGiven,
}

/// A gateway beside the upstream: `/@NAME/…` reaches it.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub to: Upstream,
}

impl Upstream {
    /// The gateway that requests go to where nobody says another.
    pub const DEFAULT: &'static str = "nexorouter";
}

impl Upstream {
    /// The same, with a relative path counted from `directory`.
    pub(super) fn in_directory(self, directory: &Path) -> Self {
        match self {
            Self::Replay(recording) => Self::Replay(directory.join(recording)),
            other => other,
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway(gateway) => f.write_str(&gateway.base_url()),
            Self::Sim(SimProfile(Self::DEFAULT)) => f.write_str("sim"),
            Self::Sim(SimProfile(profile)) => write!(f, "sim:{profile}"),
            Self::Replay(recording) => write!(f, "replay:{}", recording.display()),
        }
    }
}

impl FromStr for Upstream {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        if text == "sim" {
            return Ok(Self::Sim(SimProfile(Self::DEFAULT)));
        }
        if let Some(profile) = text.strip_prefix("sim:") {
            return profile.parse().map(Self::Sim);
        }
        if let Some(recording) = text.strip_prefix("replay:") {
            return match recording {
                "" => Err(BadValue::new("`replay:` wants a recording, as in `replay:FILE`")),
                recording => Ok(Self::Replay(recording.into())),
            };
        }
        Gateway::parse(text).map(Self::Gateway).map_err(|error| BadValue::new(error.to_string()))
    }
}

impl SimProfile {
    /// The gateway's name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl FromStr for SimProfile {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let known = || profiles().iter().map(|profile| profile.name.as_str());
        if let Some(name) = known().find(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(Self(name));
        }
        let names = known().collect::<Vec<_>>().join(", ");
        Err(BadValue::new(match nearest(text, known()) {
            Some(near) => {
                format!("the simulator has no profile `{text}`, did you mean `{near}`? there are {names}")
            }
            None => format!("the simulator has no profile `{text}`: there are {names}"),
        }))
    }
}

impl From<Upstream> for UpstreamGiven {
    fn from(upstream: Upstream) -> Self {
        Self { text: upstream.to_string(), plain: Ok(upstream) }
    }
}

impl FromStr for UpstreamGiven {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let plain = text.parse();
        match plain {
            Err(error) if Route::check_name(text).is_err() => Err(error),
            plain => Ok(Self { text: text.to_owned(), plain }),
        }
    }
}

impl UpstreamGiven {
    /// What it means with these gateways at hand.
    ///
    /// # Errors
    /// Where nothing is called that.
    pub(super) fn settle(self, gateways: &[ConfiguredGateway]) -> Result<Upstream, BadValue> {
        if let Some(named) = gateways::named(&self.text, gateways) {
            return Ok(named);
        }
        let near = || gateways::suggestion(&self.text, gateways).map(BadValue::new);
        self.plain.map_err(|error| near().unwrap_or(error))
    }
}

impl FromStr for RouteGiven {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        match text.split_once('=') {
            Some((name, to)) => {
                Route::check_name(name)?;
                Ok(Self { name: name.to_owned(), to: to.parse()? })
            }
            None => Err(BadValue::new("expected `NAME=URL`")),
        }
    }
}

impl RouteGiven {
    /// What it means with these gateways at hand.
    ///
    /// # Errors
    /// Where nothing is called that.
    pub(super) fn settle(self, gateways: &[ConfiguredGateway]) -> Result<Route, BadValue> {
        Ok(Route { name: self.name, to: self.to.settle(gateways)? })
    }
}

impl Route {
    /// Whether a path can begin with `/@NAME/`.
    ///
    /// # Errors
    /// Where it cannot.
    pub(super) fn check_name(name: &str) -> Result<(), BadValue> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if name.is_empty() || !name.bytes().all(fits) {
            return Err(BadValue::new(format!(
                "`{name}` cannot stand in a path as `/@{name}/`: use letters, digits, `-`, `_` and `.`"
            )));
        }
        Ok(())
    }
}
