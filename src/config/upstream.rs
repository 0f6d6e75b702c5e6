//! Where requests go: a known gateway, a URL, or the simulator.

use super::error::BadValue;
use crate::gateway::Gateway;
use std::fmt;
use std::str::FromStr;

/// Where requests go.
#[derive(Debug, Clone, PartialEq)]
pub enum Upstream {
    /// To a gateway.
    Gateway(Gateway),
    /// To the simulator, inside this process.
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

impl Upstream {
    /// The gateway that requests go to where nobody says another.
    pub const DEFAULT: &'static str = "nexorouter";
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway(gateway) => f.write_str(&gateway.base_url()),
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
        Gateway::parse(text).map(Self::Gateway).map_err(|error| BadValue::new(error.to_string()))
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
