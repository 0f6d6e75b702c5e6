//! What is looked at.

use crate::gateway::Gateway;
use crate::gateway::profile::{Auth, Profile};
use crate::gateway::set_header::SetHeader;
use crate::proxy::OutgoingProxies;
use crate::tls::Trust;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What is looked at, with which key, how patiently.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The gateway.
    pub gateway: Gateway,
    /// What is documented of it, where it is known, or of the one that it answers like.
    pub profile: Option<&'static Profile>,
    /// Why this gateway: a flag, a variable, a file, or nobody said.
    pub chosen_by: String,
    /// The key.
    pub key: Key,
    /// What is set in requests to it.
    pub set: Arc<[SetHeader]>,
    /// The model; `None` chooses a known-safe one.
    pub model: Option<String>,
    /// Whether chat calls, which cost tokens, may be made.
    pub spend: bool,
    /// How long one step may take.
    pub patience: Duration,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// The proxies of the environment.
    pub outgoing: OutgoingProxies,
    /// The names of the proxy variables that are set.
    pub proxy_variables: Vec<String>,
}

/// A key and where it comes from.
#[derive(Clone, Default)]
pub struct Key {
    /// The environment variable; `None` where none is known for the gateway.
    pub variable: Option<String>,
    /// Its value.
    pub value: Option<String>,
}

impl Settings {
    /// How the gateway wants its key.
    pub(super) fn auth(&self) -> Auth {
        self.profile.map_or(Auth::Bearer, |profile| profile.auth)
    }

    /// Whether it is asked in Anthropic's manner, for want of Chat Completions.
    pub(super) fn speaks_messages(&self) -> bool {
        self.profile.is_some_and(|profile| !profile.dialects.iter().any(|dialect| dialect == "chat"))
    }
}

/// Says nothing of the value.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("variable", &self.variable).finish_non_exhaustive()
    }
}
