//! The two directions of one exchange, moved on together by one task.
//!
//! Each direction reads once, writes down what it read, writes it out, and only then reads again: a
//! slow receiver slows its sender, and no more than one read is ever held. Bytes of a body pass exactly as
//! they came, chunk framing, extensions and trailers included; their reader only looks at them.

use super::link::{Link, Socket};
use super::message::Answer;
use super::record::Record;
use crate::exchange::body::Side;
use crate::exchange::end::{BodyEnd, Hop};
use crate::replay::{Miss, OwnWord};
use crate::wire::http1::{BodyReader, Framing, HEAD_LIMIT, Problem, head_end};
use bytes::{BufMut as _, Bytes, BytesMut};
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

/// How the answer came to its end, or why none came.
#[derive(Debug)]
pub(super) enum Ended {
    /// All of it was read; what of it is not written yet lies in [`Down::out`].
    Whole,
    /// The gateway closed before the answer was whole; everything that came is written.
    Closed,
    /// The gateway broke its connection; everything that came is written.
    Reset,
    /// The app has left.
    AppGone,
    /// The app's request turned out to be one that can be read in two ways.
    BadRequest(Problem),
    /// The gateway ended its connection without the head of an answer.
    NoAnswer(io::Error),
    /// A replay asks for gatetap's own answer.
    Own(Box<Miss>),
    /// Not over: the app has just said that nothing more will come from it.
    AppSilent,
    /// What the gateway sent is no answer.
    BadAnswer(Problem),
    /// gatetap has to end.
    Cut,
}

/// The app's request on its way to the gateway.
#[derive(Debug)]
pub(super) struct Up {
    pub(super) body: BodyReader,
    /// Read and not written yet.
    pub(super) out: Bytes,
    /// How many chunks that is.
    chunks: u32,
    /// The gateway takes no more of it.
    pub(super) refused: bool,
    /// The gateway's socket has taken bytes of it.
    pub(super) sent: bool,
    /// Writing it has met a reset. The system tells of one only once: reading then finds a plain end.
    reset: bool,
    /// Nothing of it was tried to be written yet.
    fresh: bool,
}

/// The gateway's answer on its way to the app.
#[derive(Debug)]
pub(super) struct Down {
    /// The answer, once its head was read.
    pub(super) answer: Option<(Answer, BodyReader)>,
    /// Read and not written yet.
    pub(super) out: Bytes,
    /// How many chunks that is.
    pub(super) chunks: u32,
    /// The gateway's connection has ended like this; told when everything is written.
    ending: Option<Ended>,
    /// Where the search for the end of the head goes on.
    searched: usize,
    /// The gateway's half of a tunnel has ended, and the app was told.
    over: bool,
    /// What a replay said instead of an answer.
    own: Option<Box<Miss>>,
}

/// One exchange between an app and a gateway.
#[derive(Debug)]
pub(super) struct Pump<'a, A, G> {
    pub(super) app: &'a mut Link<A>,
    pub(super) gateway: &'a mut Link<G>,
    pub(super) record: &'a mut Record,
    pub(super) up: &'a mut Up,
    pub(super) down: Down,
    /// What was asked, as far as the answer's framing hangs on it.
    pub(super) method: &'a [u8],
    pub(super) app_minor: u8,
    /// The request asks for another protocol: its end is known when the answer is.
    pub(super) upgrade: bool,
    /// The connection to the gateway has carried an exchange before.
    pub(super) reused: bool,
    /// That the app is silent was told.
    pub(super) silent: bool,
    /// The word by which a replay asks for gatetap's own answer.
    pub(super) own_word: Option<&'a OwnWord>,
}

impl Up {
    /// A request with this head, whose body is yet to be read.
    pub(super) fn new(head: Bytes, body: BodyReader) -> Self {
        Self { body, out: head, chunks: 0, refused: false, sent: false, reset: false, fresh: true }
    }

    /// It goes over another connection now: nothing of it has gone over the one before.
    pub(super) fn begin_anew(&mut self) {
        self.reset = false;
        self.refused = false;
    }

    /// Nothing of it is left to be sent.
    pub(super) fn is_sent(&self) -> bool {
        self.body.is_whole() && self.out.is_empty() && !self.refused
    }
}

impl Down {
    pub(super) fn new() -> Self {
        Self { answer: None, out: Bytes::new(), chunks: 0, ending: None, searched: 0, over: false, own: None }
    }

    fn is_whole(&self) -> bool {
        self.answer.as_ref().is_some_and(|(_, body)| body.is_whole())
    }

    /// The connection is a tunnel now.
    fn is_tunnel(&self) -> bool {
        self.answer.as_ref().is_some_and(|(answer, _)| answer.status == 101)
    }
}

impl<A: Socket, G: Socket> Pump<'_, A, G> {
    /// Moves both directions on until the answer has ended. `answered` is called when its head is there.
    pub(super) async fn run(&mut self, mut answered: impl FnMut(&Record, &Answer)) -> Ended {
        poll_fn(|cx| self.poll(cx, &mut answered)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>, answered: &mut impl FnMut(&Record, &Answer)) -> Poll<Ended> {
        if let Poll::Ready(ended) = self.poll_down(cx, answered) {
            return Poll::Ready(ended);
        }
        if let Poll::Ready(ended) = self.poll_up(cx) {
            return Poll::Ready(ended);
        }
        // The request's end may have been all that a whole answer waited for.
        if self.down.is_whole()
            && let Poll::Ready(ended) = self.poll_down(cx, answered)
        {
            return Poll::Ready(ended);
        }
        if self.app.ended && !std::mem::replace(&mut self.silent, true) {
            return Poll::Ready(Ended::AppSilent);
        }
        Poll::Pending
    }

    /// Moves the answer on.
    fn poll_down(
        &mut self,
        cx: &mut Context<'_>,
        answered: &mut impl FnMut(&Record, &Answer),
    ) -> Poll<Ended> {
        loop {
            if self.down.is_whole() && (self.up.is_sent() || self.up.refused) {
                return Poll::Ready(Ended::Whole);
            }
            if ready!(self.app.poll_send(cx, &mut self.down.out)).is_err() {
                return Poll::Ready(Ended::AppGone);
            }
            self.record.taken(Side::Response, std::mem::take(&mut self.down.chunks));
            if self.down.over {
                ready!(self.app.poll_close(cx));
                return if self.request_cut() { Poll::Ready(Ended::Closed) } else { Poll::Pending };
            }
            if let Some(ending) = self.down.ending.take() {
                return Poll::Ready(ending);
            }
            ready!(self.record.poll_room(cx));
            match self.take_answer(answered) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(problem) => return Poll::Ready(Ended::BadAnswer(problem)),
            }
            if let Some(miss) = self.down.own.take() {
                return Poll::Ready(Ended::Own(miss));
            }
            if !self.gateway.has_room() && self.down.is_whole() {
                return Poll::Pending;
            }
            let ended = match ready!(self.gateway.poll_fill(cx)) {
                Ok(0) => self.gateway_ended(None),
                Ok(_) => None,
                Err(error) => self.gateway_ended(Some(error)),
            };
            if let Some(ended) = ended {
                return Poll::Ready(ended);
            }
        }
    }

    /// Takes what was read of the answer, if it can be used; says whether it could.
    fn take_answer(&mut self, answered: &mut impl FnMut(&Record, &Answer)) -> Result<bool, Problem> {
        if self.gateway.unused.is_empty() || self.down.is_whole() {
            return Ok(false);
        }
        if self.down.answer.is_some() {
            self.take_answer_body();
            return Ok(true);
        }
        let is_taken = self.take_answer_head(answered)?;
        if self.down.answer.is_some() && !self.gateway.unused.is_empty() && !self.down.is_whole() {
            // What came with the head goes on with it.
            let head = std::mem::take(&mut self.down.out);
            self.take_answer_body();
            self.down.out = joined(&head, &self.down.out);
        }
        Ok(is_taken)
    }

    /// The gateway's connection has ended: by its FIN, or by an error.
    fn gateway_ended(&mut self, error: Option<io::Error>) -> Option<Ended> {
        let error = error.or_else(|| self.up.reset.then(|| io::ErrorKind::ConnectionReset.into()));
        let Some((_, body)) = &self.down.answer else {
            return Some(Ended::NoAnswer(error.unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into())));
        };
        if body.is_whole() {
            // It takes no more of the request, and has said all it had to say.
            self.up.refused = true;
            return None;
        }
        if self.is_tunnel() && error.is_none() {
            self.record.ended(Side::Response, BodyEnd::Whole);
            self.down.over = true;
            return None;
        }
        self.down.ending = Some(match error {
            None if body.may_end_here() => {
                self.record.ended(Side::Response, BodyEnd::Whole);
                Ended::Closed
            }
            None => {
                self.cut(BodyEnd::closed_early(Hop::Gateway));
                Ended::Closed
            }
            Some(_) => {
                self.cut(BodyEnd::reset(Hop::Gateway));
                Ended::Reset
            }
        });
        None
    }

    /// The answer is cut; if the app had left before, that is why.
    fn cut(&mut self, end: BodyEnd) {
        let end = if self.app.ended { BodyEnd::app_left() } else { end };
        self.record.ended(Side::Response, end);
    }

    fn take_answer_head(&mut self, answered: &mut impl FnMut(&Record, &Answer)) -> Result<bool, Problem> {
        let unused = &mut self.gateway.unused;
        // Some apps pass over empty lines before an answer, and some do not: it is theirs to say.
        let blank = unused.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let Some(end) = head_end(unused, self.down.searched.saturating_sub(3).max(blank)) else {
            self.down.searched = unused.len();
            // Something else than HTTP/1 is known by its first bytes.
            let begins = unused.get(blank..unused.len().min(blank + 7)).unwrap_or_default();
            let plausible = b"HTTP/1.".starts_with(begins);
            return if plausible && unused.len() <= HEAD_LIMIT {
                Ok(false)
            } else {
                Err(Problem::StatusLine)
            };
        };
        self.down.searched = 0;
        let answer = Answer::parse(self.gateway.take_head(end), self.method)?;
        if let Some(miss) = self.own_word.and_then(|word| answer.own(word)) {
            self.down.own = Some(Box::new(miss));
            return Ok(false);
        }
        self.down.out = answer.forward(self.app_minor);
        if answer.is_interim() {
            self.record.track.interim(answer.head.raw());
            return Ok(true);
        }
        answered(self.record, &answer);
        let body = if answer.status == 101 {
            self.up.body = BodyReader::answer(Framing::UntilClose);
            BodyReader::answer(Framing::UntilClose)
        } else {
            if self.upgrade {
                self.record.ended(Side::Request, BodyEnd::Whole);
            }
            BodyReader::answer(answer.framing)
        };
        self.down.answer = Some((answer, body));
        if self.down.is_whole() {
            self.record.ended(Side::Response, BodyEnd::Whole);
        }
        Ok(true)
    }

    fn take_answer_body(&mut self) {
        let Some((answer, body)) = &mut self.down.answer else { return };
        let mut pieces = Vec::new();
        // A kind reader has no problems.
        let taken =
            body.read(&self.gateway.unused, |piece, rest| pieces.push((piece, rest))).unwrap_or_default();
        let wire = self.gateway.unused.split_to(taken).freeze();
        let mut data = BytesMut::new();
        let dechunks = answer.dechunks_for(self.app_minor);
        for (piece, rest) in pieces {
            let piece = wire.slice(piece);
            self.record.chunk(Side::Response, &piece, rest);
            self.down.chunks += 1;
            if dechunks {
                data.extend_from_slice(&piece);
            }
        }
        self.down.out = if dechunks { data.freeze() } else { wire };
        if body.is_whole() {
            self.record.whole(Side::Response, body.trailers());
        }
    }

    /// Moves the request on. It never ends the exchange, unless the app has left or misbehaves.
    fn poll_up(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if std::mem::take(&mut self.up.fresh)
            && let Err(problem) = self.join_request()
        {
            return Poll::Ready(Ended::BadRequest(problem));
        }
        loop {
            if self.up.refused {
                self.up.out = Bytes::new();
            } else if let Poll::Ready(sent) = self.poll_send_request(cx) {
                self.up.reset |=
                    sent.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset);
                match sent {
                    Err(error) if self.reused && !self.up.sent => return Poll::Ready(Ended::NoAnswer(error)),
                    // What the gateway has said before it refused is still to be read.
                    sent => self.up.refused |= sent.is_err(),
                }
            } else {
                return self.poll_app(cx);
            }
            if self.up.body.is_whole() || self.request_cut() {
                self.request_ended();
                if self.app.ended && self.app.unused.is_empty() && !self.up.refused {
                    // The gateway is told just what gatetap was told.
                    ready!(self.gateway.poll_close(cx));
                }
                if self.down.over && self.request_cut() {
                    return Poll::Ready(Ended::Closed);
                }
                return self.poll_app(cx);
            }
            if self.app.unused.is_empty() {
                match ready!(self.app.poll_fill(cx)) {
                    Err(_) => return Poll::Ready(Ended::AppGone),
                    Ok(0) => continue,
                    Ok(_) => {}
                }
            }
            ready!(self.record.poll_room(cx));
            if let Err(problem) = self.take_request_body() {
                return Poll::Ready(Ended::BadRequest(problem));
            }
        }
    }

    fn poll_send_request(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let before = self.up.out.len();
        let polled = self.gateway.poll_send(cx, &mut self.up.out);
        self.up.sent |= self.up.out.len() < before;
        ready!(polled)?;
        self.record.taken(Side::Request, std::mem::take(&mut self.up.chunks));
        Poll::Ready(Ok(()))
    }

    /// Tells how the request ended, if that can be told already.
    fn request_ended(&mut self) {
        if !self.up.body.may_end_here() {
            self.record.ended(Side::Request, BodyEnd::closed_early(Hop::App));
        } else if !self.upgrade || self.is_tunnel() {
            self.record.whole(Side::Request, self.up.body.trailers());
        }
    }

    /// The app has ended before its request did.
    fn request_cut(&self) -> bool {
        self.app.ended && self.app.unused.is_empty()
    }

    /// What came with the head goes on with it.
    fn join_request(&mut self) -> Result<(), Problem> {
        if !self.app.unused.is_empty() && !self.up.body.is_whole() && self.record.track.has_room() {
            let head = std::mem::take(&mut self.up.out);
            self.take_request_body()?;
            self.up.out = joined(&head, &self.up.out);
        }
        Ok(())
    }

    fn take_request_body(&mut self) -> Result<(), Problem> {
        let mut pieces = Vec::new();
        let taken = self.up.body.read(&self.app.unused, |piece, rest| pieces.push((piece, rest)))?;
        self.up.out = self.app.unused.split_to(taken).freeze();
        for (piece, rest) in pieces {
            self.record.chunk(Side::Request, &self.up.out.slice(piece), rest);
            self.up.chunks += 1;
        }
        if self.up.body.is_whole() {
            self.request_ended();
        }
        Ok(())
    }

    /// Listens to an app that has nothing to say at the moment, or nothing that can be taken: it may leave.
    fn poll_app(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        while self.app.has_room() && !self.app.ended {
            match ready!(self.app.poll_fill(cx)) {
                Err(_) => return Poll::Ready(Ended::AppGone),
                Ok(0) if self.up.out.is_empty() && self.app.unused.is_empty() && !self.up.refused => {
                    ready!(self.gateway.poll_close(cx));
                }
                Ok(_) => {}
            }
        }
        Poll::Pending
    }
}

impl<A: Socket, G: Socket> Pump<'_, A, G> {
    /// Whether bytes still go both ways, unframed.
    pub(super) fn is_tunnel(&self) -> bool {
        self.down.is_tunnel()
    }
}

/// The head of a message and what came with it, to be written at once.
fn joined(head: &Bytes, body: &Bytes) -> Bytes {
    let mut both = BytesMut::with_capacity(head.len() + body.len());
    both.put_slice(head);
    both.put_slice(body);
    both.freeze()
}
