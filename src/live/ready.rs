//! A recorded exchange made ready to be sent again: where it went, and which key it takes there.

use crate::config::Upstream;
use crate::digest::summary::Whole;
use crate::exchange::body::Body;
use crate::exchange::{Exchange, ExchangeId};
use crate::gateway::profile::{Gateway, profile, split_route};
use crate::replay::{Again, Changes, Chooser, Obstacle};
use std::sync::Arc;

/// The key that the simulator gets where nobody gives one: it takes any.
const SIMULATOR_KEY: &str = "sk-sim-replay";

/// One recorded exchange, ready to be sent again.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The exchange.
    pub id: ExchangeId,
    /// Where it goes.
    pub to: Upstream,
    /// What is sent.
    pub again: Arc<Again>,
}

/// Why an exchange cannot be sent again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unready {
    /// What had answered it is no gateway that is there still.
    #[error("where exchange {id} went is gone: it was answered by `{gateway}`")]
    Gone {
        /// The exchange.
        id: ExchangeId,
        /// What had answered it.
        gateway: String,
    },
    /// Something is in the way.
    #[error("exchange {id} cannot be sent again: {obstacle}")]
    Obstacle {
        /// The exchange.
        id: ExchangeId,
        /// What is in the way.
        obstacle: Obstacle,
        /// Where it would go, for people.
        to: String,
        /// The variable that the key was looked for in.
        variable: Option<String>,
    },
}

impl Ready {
    /// Makes `exchange`, of which `body` is the request's, ready to go `to`, with the `key` that it takes there.
    ///
    /// # Errors
    /// [`Unready::Obstacle`].
    pub fn new(
        exchange: &Exchange,
        body: &Body,
        changes: &Changes,
        to: Upstream,
        key: &Key,
    ) -> Result<Self, Unready> {
        let id = exchange.id;
        match Again::of(exchange, body, changes, key.value.as_deref()) {
            Ok(again) => Ok(Self { id, to, again: Arc::new(again) }),
            Err(obstacle) => {
                let (to, variable) = (to.to_string(), key.variable.clone());
                Err(Unready::Obstacle { id, obstacle, to, variable })
            }
        }
    }

    /// The same, for a gatetap that knows no other gateway: a `/@NAME/` that led to it is left out.
    #[must_use]
    pub fn straight(self) -> Self {
        Self { again: Arc::new(Again::clone(&self.again).without_route()), ..self }
    }
}

/// The key for a gateway, and the variable that it was looked for in. Never shown.
#[derive(Clone, Default)]
pub struct Key {
    variable: Option<String>,
    value: Option<String>,
}

impl Key {
    /// Looks the key for `to` up in `variable`, else in the one that is usual for the gateway. `environment` gives
    /// the value of a variable.
    pub fn look_up(
        to: &Upstream,
        variable: Option<&str>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let usual = || match to {
            Upstream::Gateway(gateway) => profile(&gateway.name).map(|profile| profile.key_variable.clone()),
            Upstream::Sim(_) | Upstream::Replay(_) => None,
        };
        let Some(variable) = variable.map(str::to_owned).or_else(usual) else {
            let value = matches!(to, Upstream::Sim(_)).then(|| SIMULATOR_KEY.to_owned());
            return Self { variable: None, value };
        };
        let value = environment(&variable).filter(|key| !key.is_empty());
        Self { variable: Some(variable), value }
    }

    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        self.value.is_some()
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("variable", &self.variable).finish_non_exhaustive()
    }
}

impl Unready {
    /// What a person can do about it.
    pub fn hint(&self) -> String {
        let (id, obstacle, to, variable) = match self {
            Self::Gone { .. } => return "say where to send it with --to".to_owned(),
            Self::Obstacle { id, obstacle, to, variable } => (id, obstacle, to, variable),
        };
        match (obstacle, variable) {
            (Obstacle::NoKey, Some(variable)) => {
                format!("put the key into `{variable}`, or name another variable with --key-env")
            }
            (Obstacle::NoKey, None) => {
                format!("name the variable that holds the key for {to} with --key-env")
            }
            (Obstacle::Cut, _) => "record it with a larger --max-body".to_owned(),
            (Obstacle::Open, _) => "wait until it has ended".to_owned(),
            (Obstacle::NoPlace(_), _) => format!("`gatetap show {id} --body request` shows what there is"),
            _ => format!("`gatetap show {id}` shows it"),
        }
    }
}

/// Where an exchange went.
///
/// # Errors
/// [`Unready::Gone`].
pub fn origin(whole: &Whole) -> Result<Upstream, Unready> {
    let gone = || Unready::Gone { id: whole.summary.id, gateway: whole.summary.gateway.clone() };
    let name = whole.summary.gateway.as_str();
    if name == "sim" || name.starts_with("sim:") || profile(name).is_some() {
        return name.parse().map_err(|_unknown| gone());
    }
    if name.is_empty() || Chooser::is_replay(name) {
        return Err(gone());
    }
    // The base URL is what stood in the place of the local one.
    let url = whole.exchange.url.split('?').next().unwrap_or_default();
    let target = whole.exchange.request.path();
    let target = split_route(target).map_or_else(|| target.into(), |(_, rest)| rest);
    let rest = target.strip_prefix("/v1").unwrap_or(&target);
    let base = url.strip_suffix(rest).ok_or_else(gone)?;
    Ok(Upstream::Gateway(Gateway::parse(base).map_err(|_bad| gone())?))
}
