//! An `http_body::Body` whose every poll is scripted and written down.
//!
//! ```ignore
//! let (body, watch) = MockBody::new().data("ab").pending().data("c").end();
//! let tapped = Tap::new(body, …);
//! // … poll it …
//! watch.wake();          // goes on after `pending`
//! drop(tapped);
//! assert!(watch.dropped());
//! ```
//!
//! There are four ways for a body to be over, and a wrapper has to tell them apart: polled to `None`
//! ([`MockBody::end`]), known to be over without another poll ([`MockBody::end_without_none`]), an error
//! ([`MockBody::error`]), and dropped before any of these ([`Watch::dropped`]).

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};

/// The script of a body. [`MockBody::end`], [`MockBody::end_without_none`] and [`MockBody::error`] make
/// the body of it.
#[derive(Debug, Default)]
pub struct MockBody {
    steps: VecDeque<Step>,
    hint: SizeHint,
}

/// A body that polls as its script says.
#[derive(Debug)]
pub struct Scripted {
    steps: VecDeque<Step>,
    hint: SizeHint,
    knows_its_end: bool,
    seen: Arc<Mutex<Seen>>,
}

/// What was done to a body, and the means to wake it; lives longer than the body.
#[derive(Debug, Clone)]
pub struct Watch {
    seen: Arc<Mutex<Seen>>,
}

/// The error of [`MockBody::error`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MockError(pub String);

#[derive(Debug)]
enum Step {
    Data(Bytes),
    Trailers(HeaderMap),
    Pending,
    Error(MockError),
}

#[derive(Debug, Default)]
struct Seen {
    polls: usize,
    polls_after_the_end: usize,
    yielded_none: bool,
    over: bool,
    dropped: bool,
    wakes: usize,
    waker: Option<Waker>,
}

impl MockBody {
    /// An empty script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Yields a data frame.
    #[must_use]
    pub fn data(mut self, data: impl Into<Bytes>) -> Self {
        self.steps.push_back(Step::Data(data.into()));
        self
    }

    /// Yields a frame of trailers.
    #[must_use]
    pub fn trailers(mut self, trailers: &[(&'static str, &'static str)]) -> Self {
        let trailers = trailers.iter().map(|&(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        self.steps.push_back(Step::Trailers(trailers.collect()));
        self
    }

    /// Is pending until [`Watch::wake`].
    #[must_use]
    pub fn pending(mut self) -> Self {
        self.steps.push_back(Step::Pending);
        self
    }

    /// Says this about its size before the first poll; bytes that were yielded are taken off it.
    #[must_use]
    pub fn size_hint(mut self, hint: SizeHint) -> Self {
        self.hint = hint;
        self
    }

    /// Says exactly how many bytes its data frames have.
    #[must_use]
    pub fn exact_size(mut self) -> Self {
        let data = self.steps.iter().map(|step| match step {
            Step::Data(data) => data.len() as u64,
            _ => 0,
        });
        self.hint = SizeHint::with_exact(data.sum());
        self
    }

    /// A body that ends with `None`, and does not know that it is over before: a stream.
    pub fn end(self) -> (Scripted, Watch) {
        self.build(false)
    }

    /// A body that says `is_end_stream()` as soon as its last frame is out, so that nobody has to poll it
    /// to `None`: a body of known length. Without any frame it is over from the start.
    pub fn end_without_none(self) -> (Scripted, Watch) {
        self.build(true)
    }

    /// A body that fails after what it yielded.
    pub fn error(mut self, text: &str) -> (Scripted, Watch) {
        self.steps.push_back(Step::Error(MockError(text.to_owned())));
        self.build(false)
    }

    fn build(self, knows_its_end: bool) -> (Scripted, Watch) {
        let seen = Arc::default();
        let watch = Watch { seen: Arc::clone(&seen) };
        let body = Scripted { steps: self.steps, hint: self.hint, knows_its_end, seen };
        (body, watch)
    }
}

impl Watch {
    /// Lets the next, or the current, [`MockBody::pending`] pass.
    pub fn wake(&self) {
        let mut seen = self.lock();
        seen.wakes += 1;
        let waker = seen.waker.take();
        drop(seen);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// How often the body was polled.
    pub fn polls(&self) -> usize {
        self.lock().polls
    }

    /// How often it was polled although it had given `None` or its error: a mistake of the wrapper.
    pub fn polls_after_the_end(&self) -> usize {
        self.lock().polls_after_the_end
    }

    /// It was polled to `None`.
    pub fn yielded_none(&self) -> bool {
        self.lock().yielded_none
    }

    /// Somebody waits for it to be woken.
    pub fn awaited(&self) -> bool {
        self.lock().waker.is_some()
    }

    /// It was dropped.
    pub fn dropped(&self) -> bool {
        self.lock().dropped
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = MockError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, MockError>>> {
        let body = self.get_mut();
        let mut seen = body.seen.lock().unwrap();
        seen.polls += 1;
        if seen.over {
            seen.polls_after_the_end += 1;
            return Poll::Ready(None);
        }
        if let Some(Step::Pending) = body.steps.front() {
            if seen.wakes == 0 {
                seen.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            seen.wakes -= 1;
            body.steps.pop_front();
        }
        Poll::Ready(match body.steps.pop_front() {
            None => {
                seen.over = true;
                seen.yielded_none = true;
                None
            }
            Some(Step::Data(data)) => {
                body.hint = less(&body.hint, data.len() as u64);
                Some(Ok(Frame::data(data)))
            }
            Some(Step::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
            Some(Step::Error(error)) => {
                seen.over = true;
                Some(Err(error))
            }
            Some(Step::Pending) => panic!("two `pending` in a row are one"),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.knows_its_end && self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.seen.lock().unwrap().dropped = true;
    }
}

impl fmt::Display for MockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::error::Error for MockError {}

fn less(hint: &SizeHint, count: u64) -> SizeHint {
    let mut less = SizeHint::new();
    less.set_lower(hint.lower().saturating_sub(count));
    if let Some(upper) = hint.upper() {
        less.set_upper(upper.saturating_sub(count));
    }
    less
}

mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::support::wait;

    fn poll(body: &mut Scripted) -> Poll<Option<Result<Frame<Bytes>, MockError>>> {
        Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()))
    }

    fn data(polled: Poll<Option<Result<Frame<Bytes>, MockError>>>) -> Bytes {
        match polled {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap(),
            other => panic!("no data frame: {other:?}"),
        }
    }

    #[test]
    fn a_stream_is_over_only_with_none() {
        let (mut body, watch) = MockBody::new().data("ab").trailers(&[("x-sum", "2")]).end();
        assert_eq!(data(poll(&mut body)), "ab");
        let Poll::Ready(Some(Ok(frame))) = poll(&mut body) else {
            panic!("no trailers");
        };
        assert_eq!(frame.trailers_ref().unwrap()["x-sum"], "2");
        assert!(!body.is_end_stream() && !watch.yielded_none());
        assert!(matches!(poll(&mut body), Poll::Ready(None)));
        assert!(watch.yielded_none());
        assert_eq!((watch.polls(), watch.polls_after_the_end()), (3, 0));
        assert!(matches!(poll(&mut body), Poll::Ready(None)));
        assert_eq!(watch.polls_after_the_end(), 1);
    }

    #[test]
    fn a_body_of_known_length_is_over_without_none() {
        let (mut body, watch) = MockBody::new().data("ab").data("c").exact_size().end_without_none();
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(3), false));
        assert_eq!(data(poll(&mut body)), "ab");
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(1), false));
        assert_eq!(data(poll(&mut body)), "c");
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
        drop(body);
        assert!(watch.dropped() && !watch.yielded_none());

        let (empty, _) = MockBody::new().end_without_none();
        assert!(empty.is_end_stream());
    }

    #[test]
    fn an_error_comes_after_what_was_yielded() {
        let (mut body, watch) = MockBody::new().data("ab").error("reset");
        assert_eq!(data(poll(&mut body)), "ab");
        let Poll::Ready(Some(Err(error))) = poll(&mut body) else {
            panic!("no error");
        };
        assert_eq!(error.to_string(), "reset");
        assert!(!watch.yielded_none() && !watch.dropped());
    }

    #[test]
    fn a_pending_body_goes_on_when_it_is_woken() {
        let hint = SizeHint::with_exact(2);
        let (mut body, watch) = MockBody::new().pending().data("ab").size_hint(hint).end();
        assert!(poll(&mut body).is_pending());
        assert!(watch.awaited());
        watch.wake();
        assert!(!watch.awaited());
        assert_eq!(data(poll(&mut body)), "ab");

        let (body, watch) = MockBody::new().data("a").pending().data("b").end();
        watch.wake();
        assert_eq!(wait(body.collect()).unwrap().to_bytes(), "ab");
    }
}
