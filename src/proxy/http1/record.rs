//! What is written down of an exchange: every chunk, and exactly one end a side.

use crate::exchange::body::{Rest, Side};
use crate::exchange::end::{BodyEnd, Hop};
use crate::exchange::head::Headers;
use crate::proxy::Shared;
use crate::record::Track;
use bytes::Bytes;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

/// The recorder's line of one exchange. Dropped before the ends are told, it says who let go.
pub(super) struct Record {
    pub(super) track: Track,
    shared: Arc<Shared>,
    request_open: bool,
    response_open: bool,
    /// Waits for room in the recorder's queue.
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Record {
    pub(super) fn new(track: Track, shared: &Arc<Shared>) -> Self {
        Self { track, shared: Arc::clone(shared), request_open: true, response_open: true, waiting: None }
    }

    /// Ready when the queue has room for another chunk.
    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.waiting.is_none() {
            if self.track.has_room() {
                return Poll::Ready(());
            }
            self.waiting = Some(Box::pin(self.track.clone().room()));
        }
        let polled = self.waiting.as_mut().map_or(Poll::Ready(()), |waiting| waiting.as_mut().poll(cx));
        if polled.is_ready() {
            self.waiting = None;
        }
        polled
    }

    /// A piece of a body was read, of whose HTTP/1 chunk `rest` is yet to come.
    pub(super) fn chunk(&self, side: Side, bytes: &Bytes, rest: Rest) {
        if self.is_open(side) {
            self.track.part(side, bytes, rest);
        }
    }

    pub(super) fn taken(&self, side: Side, chunks: u32) {
        if chunks > 0 {
            self.track.taken(side, chunks);
        }
    }

    /// Tells the end of a side whose body is whole, with the lines that followed it.
    pub(super) fn whole(&mut self, side: Side, trailers: &[u8]) {
        if self.is_open(side) && !trailers.is_empty() {
            self.track.trailers(side, Headers::from_block(&Bytes::copy_from_slice(trailers)));
        }
        self.ended(side, BodyEnd::Whole);
    }

    /// Tells the end of a side, if it is not told yet.
    pub(super) fn ended(&mut self, side: Side, end: BodyEnd) {
        let open = match side {
            Side::Request => &mut self.request_open,
            Side::Response | Side::Origin => &mut self.response_open,
        };
        if std::mem::take(open) {
            self.track.ended(side, end);
        }
    }

    /// Tells the end of whatever is still open.
    pub(super) fn both_ended(&mut self, end: &BodyEnd) {
        for side in [Side::Request, Side::Response] {
            self.ended(side, end.clone());
        }
    }

    /// Tells that the gateway took no more of a request that is still open.
    pub(super) fn request_refused(&mut self, detail: &str) {
        self.ended(Side::Request, BodyEnd::broken(Hop::Gateway, detail));
    }

    fn is_open(&self, side: Side) -> bool {
        match side {
            Side::Request => self.request_open,
            Side::Response | Side::Origin => self.response_open,
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.shared.stopping.load(Ordering::Relaxed) {
            self.both_ended(&BodyEnd::stopped());
        } else {
            self.both_ended(&BodyEnd::app_left());
        }
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("key", &self.track.key()).finish_non_exhaustive()
    }
}
