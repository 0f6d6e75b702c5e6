//! Checks exchanges that lie in a recording, as they were checked when they passed.
//!
//! Bodies are read when their exchange is handed over, and let go: only what was derived of them is kept
//! until the exchange ends.

use super::engine::Engine;
use super::watch::{Watch, Watched};
use crate::digest::{Part, walk};
use crate::exchange::body::Body;
use crate::exchange::delay::Delays;
use crate::exchange::time::WallTime;
use crate::exchange::{Exchange, ExchangeId};

/// Takes recorded exchanges in the order of starting, and lets each end when it did.
#[derive(Debug, Default)]
pub struct Review {
    watch: Watch,
    key: u64,
    open: Vec<Recorded>,
}

/// An exchange whose end is to come.
#[derive(Debug)]
struct Recorded {
    key: u64,
    ends_at: WallTime,
    exchange: Box<Exchange>,
}

impl Review {
    /// One that runs these checks.
    pub fn new(engine: Engine) -> Self {
        Self { watch: Watch::new(engine), ..Self::default() }
    }

    /// Takes the exchange that began next, and gives those that had ended by then.
    pub fn take(
        &mut self,
        mut exchange: Exchange,
        request: &Body,
        response: &Body,
    ) -> Vec<(ExchangeId, Watched)> {
        let ended = self.end_until(exchange.started_at);
        exchange.timing.taken = Delays::of(&response.marks, exchange.timing.end).taken();
        self.key += 1;
        let key = self.key;
        self.watch.begin(key, Box::new(as_it_began(&exchange)));
        walk(request, |part, _, _| match part {
            Part::Kept(bytes) => self.watch.request_chunk(key, bytes),
            Part::Missing(missing) => self.watch.request_gap(key, missing),
        });
        if let Some(end) = &exchange.request_end {
            self.watch.request_end(key, end.clone());
        }
        if let Some(head) = &exchange.response {
            self.watch.response_head(key, head);
            walk(response, |part, _, mark| match part {
                Part::Kept(bytes) => self.watch.response_chunk(key, bytes, mark.map(|mark| mark.read)),
                Part::Missing(missing) => self.watch.response_gap(key, missing),
            });
        }
        let ends_at = match exchange.timing.end {
            Some(end) => exchange.started_at.plus(end),
            None => WallTime(i64::MAX),
        };
        self.open.push(Recorded { key, ends_at, exchange: Box::new(exchange) });
        ended
    }

    /// Gives the rest.
    pub fn finish(mut self) -> Vec<(ExchangeId, Watched)> {
        self.end_until(WallTime(i64::MAX))
    }

    fn end_until(&mut self, time: WallTime) -> Vec<(ExchangeId, Watched)> {
        let (mut ending, open): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.open).into_iter().partition(|recorded| recorded.ends_at <= time);
        self.open = open;
        ending.sort_by_key(|recorded| (recorded.ends_at, recorded.key));
        ending.into_iter().filter_map(|recorded| self.end(recorded)).collect()
    }

    fn end(&mut self, recorded: Recorded) -> Option<(ExchangeId, Watched)> {
        let Recorded { key, exchange, .. } = recorded;
        let id = exchange.id;
        let watched = if exchange.timing.end.is_some() {
            self.watch.end(key, exchange)
        } else {
            let watched = self.watch.so_far(key);
            self.watch.forget(key);
            watched
        };
        watched.map(|watched| (id, watched))
    }
}

/// What was known when the request arrived.
fn as_it_began(exchange: &Exchange) -> Exchange {
    Exchange {
        response: None,
        own_answer: None,
        request_end: None,
        response_end: None,
        request_bytes: 0,
        response_bytes: 0,
        ..exchange.clone()
    }
}
