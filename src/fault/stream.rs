//! Streams on their way: the frames of an answer's body, and what becomes of them.

use super::plan::LiveHead;
use crate::wire::coding::Coding;
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use std::fmt::Debug;
use std::time::Duration;

/// Changes an answer as it passes. It is handed the body frame by frame, and says what leaves, and when.
pub trait Transform: Debug + Send {
    /// Whether it can do anything to an answer with this head. If not, the answer passes as it is.
    fn takes(&self, head: &LiveHead) -> bool {
        is_event_stream(head)
    }

    /// Changes the head.
    fn head(&mut self, _head: &mut LiveHead, _out: &mut Steps) {}

    /// The next frame has come.
    fn frame(&mut self, frame: Frame, out: &mut Steps);

    /// The origin has sent all of its body.
    fn end(&mut self, out: &mut Steps) {
        out.push(Step::Finish);
    }
}

/// One frame of a body: an event or a comment with the empty line that ends it. Of a body that is no event
/// stream, what one read returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its bytes, as they came.
    pub bytes: Bytes,
    /// Whether it has a `data` line. Comments and field lines without one are no events.
    pub is_event: bool,
}

/// What is done next. After an end nothing more is, nor after bytes that are written again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// These bytes are written, by themselves.
    Write(Bytes),
    /// So long nothing happens.
    Wait(Duration),
    /// The head is written, before there is a body.
    Begin,
    /// These bytes are written as they are, without a frame around them.
    Raw(Bytes),
    /// These bytes are written again and again.
    Pulse {
        /// What is written.
        bytes: Bytes,
        /// How often.
        every: Duration,
    },
    /// The body ends, whole.
    Finish,
    /// The connection ends cleanly where the body is not whole.
    Cut,
    /// The connection is reset.
    Reset,
    /// Nothing ever happens again.
    Hang,
}

/// The steps to be done, in order.
#[derive(Debug, Default)]
pub struct Steps {
    queue: VecDeque<Step>,
    ended: bool,
}

/// Takes a body apart into its frames.
#[derive(Debug)]
pub struct Frames {
    events: bool,
    partial: BytesMut,
    /// How far the partial frame has been looked at.
    looked: usize,
    /// Where its current line began.
    line: usize,
}

impl Steps {
    /// Does this next. What comes after an end is not done.
    pub fn push(&mut self, step: Step) {
        if !self.ended {
            self.ended =
                matches!(step, Step::Finish | Step::Cut | Step::Reset | Step::Hang | Step::Pulse { .. });
            self.queue.push_back(step);
        }
    }

    /// Writes `bytes` by themselves.
    pub fn write(&mut self, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        if !bytes.is_empty() {
            self.push(Step::Write(bytes));
        }
    }

    /// Does nothing for so long.
    pub fn wait(&mut self, time: Duration) {
        if !time.is_zero() {
            self.push(Step::Wait(time));
        }
    }

    /// The next step.
    pub fn take_next(&mut self) -> Option<Step> {
        self.queue.pop_front()
    }
}

impl Frames {
    /// For a body that is an event stream, or is not.
    pub fn new(events: bool) -> Self {
        Self { events, partial: BytesMut::new(), looked: 0, line: 0 }
    }

    /// Takes the next bytes of the body; gives the frames that are whole.
    pub fn push(&mut self, bytes: &Bytes) -> Vec<Frame> {
        if !self.events {
            return vec![Frame { bytes: bytes.clone(), is_event: true }];
        }
        self.partial.extend_from_slice(bytes);
        let mut frames = Vec::new();
        while let Some(&byte) = self.partial.get(self.looked) {
            let at = self.looked;
            if byte != b'\n' && byte != b'\r' {
                self.looked += 1;
                continue;
            }
            let end = match (byte, self.partial.get(at + 1)) {
                (b'\r', Some(b'\n')) => at + 2,
                // Whether a line feed belongs to it is not known yet.
                (b'\r', None) => break,
                _ => at + 1,
            };
            let empty = at == self.line;
            self.looked = end;
            self.line = end;
            if empty {
                frames.push(self.take(end));
            }
        }
        frames
    }

    /// What is left when the body has ended: a frame that never became whole.
    pub fn rest(&mut self) -> Option<Frame> {
        Some(self.take(self.partial.len())).filter(|frame| !frame.bytes.is_empty())
    }

    fn take(&mut self, end: usize) -> Frame {
        let bytes = self.partial.split_to(end.min(self.partial.len())).freeze();
        self.looked = 0;
        self.line = 0;
        let is_event = lines(&bytes).any(|line| line.starts_with(b"data"));
        Frame { bytes, is_event }
    }
}

impl Frame {
    /// The data of its first `data` line; empty where there is none.
    pub fn data(&self) -> &[u8] {
        let line = lines(&self.bytes).find_map(|line| line.strip_prefix(b"data:"));
        line.map(|data| data.strip_prefix(b" ").unwrap_or(data)).unwrap_or_default()
    }

    /// Whether it is the event that ends its stream by its dialect, or `[DONE]`.
    pub fn is_terminal(&self) -> bool {
        let data = self.data();
        data.starts_with(b"[DONE]")
            || [&b"\"message_stop\""[..], b"\"response.completed\"", b"\"response.incomplete\""]
                .iter()
                .any(|kind| memchr::memmem::find(data, kind).is_some())
    }

    /// Whether it says why the answer ended.
    pub fn has_finish_reason(&self) -> bool {
        let data: serde_json::Value = serde_json::from_slice(self.data()).unwrap_or_default();
        let said = |pointer: &str| data.pointer(pointer).is_some_and(|reason| !reason.is_null());
        said("/choices/0/finish_reason") || said("/delta/stop_reason")
    }
}

/// Whether an answer is an event stream that can be read as it comes.
pub fn is_event_stream(head: &LiveHead) -> bool {
    let header = |wanted: &str| {
        head.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    let coded = header("content-encoding").is_some_and(|value| Coding::is_in(value));
    head.status == 200
        && !coded
        && header("content-type").is_some_and(|kind| {
            kind.get(..17).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/event-stream"))
        })
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&byte| byte == b'\n' || byte == b'\r').filter(|line| !line.is_empty())
}
