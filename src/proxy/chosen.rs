//! Where a request goes whose route leads to a replay: to the exchange that will answer it, or past the replay.

use super::route::Route;
use crate::exchange::head::RequestHead;
use crate::gateway::profile::{Gateway, split_route};
use crate::replay::{Chooser, LONGEST_BODY};
use std::sync::Arc;

/// A gateway that is a replay.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Where the replay listens.
    pub gateway: Gateway,
    /// What tells ahead which exchange will answer.
    pub chooser: Chooser,
}

/// The same, made ready for forwarding.
#[derive(Debug)]
pub(super) struct Ahead {
    pub(super) chooser: Chooser,
    /// Where requests go that nothing recorded answers; `None`: to the replay, which says so.
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
            (Some(choice), forward) if choice.same_route || forward.is_none() => {
                (Arc::new(route.played(&choice)), Some(choice.ticket))
            }
            (_, None) => (Arc::clone(route), None),
            (_, Some(forward)) => {
                self.chooser.forwarded();
                (Arc::clone(forward), None)
            }
        };
        Chosen { target: target_of(&route, &asked), route, ticket }
    }

    /// Where a request goes whose body is too long to be compared.
    pub(super) fn give_up(&self, route: &Arc<Route>, head: &RequestHead) -> Chosen {
        let route = self.forward.as_ref().unwrap_or(route);
        if self.forward.is_some() {
            let (method, path, most) = (&head.method, head.path(), LONGEST_BODY >> 20);
            log::warn!(target: "replay", "{method} {path} is sent on: bodies over {most} MiB are not compared");
            self.chooser.forwarded();
        }
        Chosen { target: target_of(route, &head.target), route: Arc::clone(route), ticket: None }
    }
}

/// What the gateway of `route` is asked for, where the app has asked for `asked`.
fn target_of(route: &Route, asked: &str) -> String {
    let plain = split_route(asked).map_or_else(|| asked.into(), |(_, rest)| rest);
    route.gateway.map_target(&plain)
}
