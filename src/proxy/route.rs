//! Where a path goes: the configured gateways, made ready for forwarding.

use super::Settings;
use super::chosen::Ahead;
use super::connect::Made;
use super::foreign::Page;
use super::own_answer::{Failure, Token};
use crate::gateway::profile::{Gateway, Scheme, split_route};
use crate::gateway::set_header::SetHeader;
use crate::replay::Choice;
use http::HeaderValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One gateway, with what every request to it needs.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) gateway: Gateway,
    /// The gateway's name, as it is recorded.
    pub(super) name: Arc<str>,
    /// `scheme://authority`.
    pub(super) origin: Arc<str>,
    /// The `Host` it is asked by; `None` if the authority cannot stand in a header.
    pub(super) host: Option<HeaderValue>,
    /// Requests go on as they are: the app speaks to this gateway itself, through a proxy as it knows.
    pub(super) opened: bool,
    /// No rule for faults means it: it is reached through gatetap only because all that needs no tunnel is.
    pub(super) unbroken: bool,
    /// What is set in requests to it.
    pub(super) set: Arc<[SetHeader]>,
    /// It closes after every answer, whatever the answer says: no connection to it takes a second request.
    pub(super) single_use: bool,
    /// It is a replay, and this knows ahead what it will do.
    pub(super) ahead: Option<Ahead>,
    /// A connection that is there already, for the first request.
    made: Mutex<Option<Made>>,
}

/// The gateways that paths can lead to.
#[derive(Debug)]
pub(super) struct Routes {
    upstream: Arc<Route>,
    named: BTreeMap<String, Arc<Route>>,
}

impl Routes {
    pub(super) fn new(settings: &Settings) -> Self {
        let plain = |gateway: &Gateway| {
            let own = settings.own.iter().find(|own| own.gateway == *gateway);
            Route {
                set: own.map(|own| Arc::clone(&own.headers)).unwrap_or_default(),
                single_use: settings.single_use.contains(gateway),
                ..Route::new(gateway)
            }
        };
        let route = |gateway: &Gateway, forward: Option<&Gateway>| {
            let replayed = settings.replays.iter().find(|replayed| replayed.gateway == *gateway);
            let ahead = replayed.map(|replayed| Ahead {
                chooser: replayed.chooser.clone(),
                forward: forward.map(|gateway| Arc::new(plain(gateway))),
            });
            Arc::new(Route { ahead, ..plain(gateway) })
        };
        Self {
            upstream: route(&settings.upstream, settings.forward.as_ref()),
            named: settings
                .routes
                .iter()
                .map(|(name, gateway)| (name.clone(), route(gateway, settings.route_forwards.get(name))))
                .collect(),
        }
    }

    /// The gateway that `target` leads to, and the target that it is asked for.
    pub(super) fn find(&self, target: &str) -> Result<(Arc<Route>, String), Failure> {
        let (route, target) = match split_route(target) {
            None => (&self.upstream, Cow::Borrowed(target)),
            Some((name, rest)) => (self.named.get(name).ok_or_else(|| self.unknown(name))?, rest),
        };
        Ok((Arc::clone(route), route.gateway.map_target(&target)))
    }

    /// The gateways that `/@NAME/` can lead to.
    pub(super) fn named(&self) -> impl Iterator<Item = (&str, &Route)> {
        self.named.iter().map(|(name, route)| (name.as_str(), route.as_ref()))
    }

    /// The gateway of every plain path.
    pub(super) fn upstream(&self) -> &Route {
        &self.upstream
    }

    fn unknown(&self, name: &str) -> Failure {
        let known: Vec<String> = self.named.keys().map(|name| format!("/@{name}/")).collect();
        let known = if known.is_empty() {
            "`--route NAME=URL` or `[gateways.NAME]` in gatetap.toml adds one".to_owned()
        } else {
            format!("there are: {}", known.join(", "))
        };
        Failure::new(Token::UnknownRoute, format!("no gateway is configured as `{name}`; {known}"))
    }
}

impl Route {
    fn new(gateway: &Gateway) -> Self {
        Self {
            gateway: gateway.clone(),
            name: gateway.name.as_str().into(),
            origin: gateway.origin().into(),
            host: HeaderValue::try_from(&gateway.authority).ok(),
            opened: false,
            unbroken: false,
            set: Arc::default(),
            single_use: false,
            ahead: None,
            made: Mutex::new(None),
        }
    }

    /// The same for an exchange that stands for one with that gateway.
    pub(super) fn played(&self, choice: &Choice) -> Self {
        let name = choice.gateway.clone();
        let gateway = Gateway { name, base_path: choice.base_path.to_owned(), ..self.gateway.clone() };
        Self { single_use: self.single_use, ..Self::new(&gateway) }
    }

    /// The way out of a tunnel that was opened.
    pub(super) fn opened(gateway: &Gateway, made: Made) -> Self {
        Self { opened: true, made: Mutex::new(Some(made)), ..Self::new(gateway) }
    }

    /// The way to a host that a request has named to its proxy.
    pub(super) fn proxied(gateway: &Gateway, unbroken: bool) -> Self {
        Self { opened: true, unbroken, ..Self::new(gateway) }
    }

    /// What is set in a request of `page`: nothing secret, where that is somebody else's.
    pub(super) fn set_for(&self, page: Page<'_>) -> Arc<[SetHeader]> {
        if self.set.iter().any(|set| set.secret.is_some()) && page.is_foreign(&self.gateway.authority) {
            return self.set.iter().filter(|set| set.secret.is_none()).cloned().collect();
        }
        Arc::clone(&self.set)
    }

    /// Whether it is spoken to over TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.gateway.scheme == Scheme::Https
    }

    /// The connection that is there already; the first who asks gets it.
    pub(super) fn take_made(&self) -> Option<Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether a connection is there that nobody has used.
    pub(super) fn has_made(&self) -> bool {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}
