//! Where a request goes whose route leads to a replay: to the exchange that will answer it, or past the replay.

use super::route::Route;
use crate::exchange::head::RequestHead;
use crate::gateway::profile::{Gateway, split_route};
use crate::replay::Chooser;
use std::sync::Arc;

/// A gateway that is a replay.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Where the replay listens.
    pub gateway: Gateway,
    /// What tells ahead which exchange will answer.
    pub chooser: Chooser,
    /// Where requests go that nothing recorded answers; `None`: to the replay, which says so.
    pub forward: Option<Gateway>,
}

/// The same, made ready for forwarding.
#[derive(Debug)]
pub(super) struct Ahead {
    pub(super) chooser: Chooser,
    pub(super) forward: Option<Arc<Route>>,
}

/// Where a request goes after all.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) route: Arc<Route>,
    /// What the gateway is asked for.
    pub(super) target: String,
    /// What the replay is told.
    pub(super) ticket: Option<String>,
}

impl Ahead {
    /// Where a request goes that `route` leads to the replay, its head and body as they came from the app.
    pub(super) async fn choose(&self, route: &Arc<Route>, head: RequestHead, body: Vec<u8>) -> Chosen {
        let asked = head.target.clone();
        let (route, ticket) = match (self.chooser.choose(head, body).await, &self.forward) {
            (Some(choice), _) => (Arc::new(route.played(&choice)), Some(choice.ticket)),
            (None, None) => (Arc::clone(route), None),
            (None, Some(forward)) => {
                self.chooser.forwarded();
                (Arc::clone(forward), None)
            }
        };
        let plain = split_route(&asked).map_or_else(|| asked.as_str().into(), |(_, rest)| rest);
        let target = route.gateway.map_target(&plain);
        Chosen { route, target, ticket }
    }
}
