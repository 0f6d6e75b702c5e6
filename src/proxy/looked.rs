//! A request's body that was looked at before it is passed on.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body that gives what was read of it already first.
#[derive(Debug)]
pub(super) struct Looked {
    read: VecDeque<Frame<Bytes>>,
    rest: Incoming,
}

impl Looked {
    /// Nothing of it is read.
    pub(super) fn new(rest: Incoming) -> Self {
        Self { read: VecDeque::new(), rest }
    }

    /// Whether all of it was looked at.
    pub(super) fn is_whole(&self) -> bool {
        self.rest.is_end_stream()
    }

    /// Its first `limit` bytes, or all of it; nothing of it is taken. Where it breaks, what came before.
    pub(super) async fn look(&mut self, limit: usize) -> Vec<u8> {
        let mut data = Vec::new();
        while data.len() < limit && !self.rest.is_end_stream() {
            let next = poll_fn(|cx| Pin::new(&mut self.rest).poll_frame(cx)).await;
            // A body that broke says so again when it is passed on.
            let Some(Ok(frame)) = next else { break };
            if let Some(bytes) = frame.data_ref() {
                data.extend_from_slice(bytes);
            }
            self.read.push_back(frame);
        }
        data.truncate(limit);
        data
    }
}

impl Body for Looked {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        match this.read.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => Pin::new(&mut this.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let read: u64 = self.read.iter().filter_map(Frame::data_ref).map(|bytes| bytes.len() as u64).sum();
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + read);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + read);
        }
        hint
    }
}
