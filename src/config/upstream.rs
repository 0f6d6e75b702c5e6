//! Where requests go: a known gateway, a URL, or the simulator.

use super::error::BadValue;
use crate::exchange::nearest::nearest;
use crate::gateway::Gateway;
use crate::gateway::profile::profiles;
use std::fmt;
use std::str::FromStr;

/// Where requests go.
#[derive(Debug, Clone, PartialEq)]
pub enum Upstream {
    /// To a gateway.
    Gateway(Gateway),
    /// To the simulator, inside this process, with the profile of that gateway.
    Sim(SimProfile),
}

/// A profile of the simulator: the name of the gateway that it answers like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimProfile(&'static str);

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

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway(gateway) => f.write_str(&gateway.base_url()),
            Self::Sim(SimProfile(Self::DEFAULT)) => f.write_str("sim"),
            Self::Sim(SimProfile(profile)) => write!(f, "sim:{profile}"),
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
