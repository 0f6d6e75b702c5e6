//! A response body that plays a script: every event at its time, each in a write of its own.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep};

use super::{Generation, Options};

/// Pieces of a body, each with its time after the head.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) pieces: VecDeque<(Duration, Bytes)>,
    pub(super) ending: Ending,
}

/// How a script ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// By the rules of the framing.
    Clean,
    /// The connection is closed.
    Cut,
    /// Never.
    Silence,
}

/// The body. Dropping it, which is what happens when the client leaves, stops the playing.
#[derive(Debug)]
pub(super) struct Playback {
    script: Script,
    start: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
    flush_first: bool,
    generation: Generation,
}

impl Script {
    /// The script with its lifelike times made real ones.
    pub(super) fn at_speed(mut self, options: &Options) -> Self {
        for (at, _) in &mut self.pieces {
            *at = options.scaled(*at);
        }
        self
    }
}

impl Playback {
    /// Plays `script`, whose times are real ones, from this moment.
    pub(super) fn new(script: Script, generation: Generation) -> Self {
        Self { script, start: Instant::now(), sleep: None, flush_first: true, generation }
    }
}

impl Body for Playback {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        if std::mem::take(&mut this.flush_first) {
            // Pending makes the connection write out what it has: the head before the first piece, no two
            // pieces run together, and none lost when the body ends in an error.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some((at, _)) = this.script.pieces.front()
            && !at.is_zero()
        {
            let due = this.start + *at;
            let sleep = this.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
            ready!(sleep.as_mut().poll(cx));
            this.sleep = None;
        }
        match this.script.pieces.pop_front() {
            Some((_, bytes)) => {
                this.flush_first = true;
                if this.script.pieces.is_empty() && this.script.ending != Ending::Silence {
                    this.generation.finish();
                }
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            None => match this.script.ending {
                Ending::Clean => Poll::Ready(None),
                Ending::Cut => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
                Ending::Silence => Poll::Pending,
            },
        }
    }
}
