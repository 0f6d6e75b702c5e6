//! Streams that end before they are over.

use super::{AFTER, WireFault, after, live};
use crate::fault::plan::LiveHead;
use crate::fault::stream::{Frame, Step, Steps, Transform};
use crate::fault::value::{Kind, Parameter};
use crate::gateway::errors::Confidence;
use bytes::Bytes;

const LAB: &str = "measured with the SDKs";

pub(super) static UNTERMINATED: WireFault = WireFault {
    name: "stream.cut_unterminated",
    summary: "The connection ends after some events, without the last chunk: a broken body.",
    source: LAB,
    confidence: Confidence::Observed,
    parameters: &[AFTER],
    is_live: true,
    needs_stream: true,
    make: |with, _| live(Cut::after_events(after(with), Step::Cut)),
};

pub(super) static UNTERMINATED_CLOSE: WireFault = WireFault {
    name: "stream.cut_unterminated_close",
    summary: "As stream.cut_unterminated, with `Connection: close` in the head: some clients take the end for whole.",
    source: LAB,
    confidence: Confidence::Observed,
    parameters: &[AFTER],
    is_live: true,
    needs_stream: true,
    make: |with, _| live(Cut { close: true, ..Cut::after_events(after(with), Step::Cut) }),
};

pub(super) static CLEAN: WireFault = WireFault {
    name: "stream.cut_clean",
    summary: "The body ends cleanly after some events, without a finish reason or a terminal event.",
    source: LAB,
    confidence: Confidence::Observed,
    parameters: &[AFTER],
    is_live: true,
    needs_stream: true,
    make: |with, _| live(Cut::after_events(after(with), Step::Finish)),
};

pub(super) static BEFORE_END: WireFault = WireFault {
    name: "stream.cut_before_end",
    summary: "All text passes; the body ends cleanly before the finish reason and the terminal event.",
    source: LAB,
    confidence: Confidence::Observed,
    parameters: &[],
    is_live: true,
    needs_stream: true,
    make: |_, _| live(Cut { at: Place::End, inside: Inside::Frame, then: Step::Finish, close: false }),
};

pub(super) static MID_FRAME: WireFault = WireFault {
    name: "stream.cut_mid_frame",
    summary: "The body ends cleanly inside an event, at a byte of it.",
    source: LAB,
    confidence: Confidence::Observed,
    parameters: &[AFTER, AT],
    is_live: true,
    needs_stream: true,
    make: |with, _| {
        let inside = Inside::Byte(with.count("at"));
        live(Cut { at: Place::Events(after(with)), inside, then: Step::Finish, close: false })
    },
};

pub(super) static MID_CHARACTER: WireFault = WireFault {
    name: "stream.cut_mid_character",
    summary: "The body ends cleanly between the bytes of one character, at the first event that holds one of \
              several bytes.",
    source: LAB,
    confidence: Confidence::Observed,
    parameters: &[AFTER],
    is_live: true,
    needs_stream: true,
    make: |with, _| {
        let at = Place::Events(after(with));
        live(Cut { at, inside: Inside::Character, then: Step::Finish, close: false })
    },
};

pub(super) static NO_DONE: WireFault = WireFault {
    name: "stream.no_done",
    summary: "The finish reason passes, the terminal event or `[DONE]` does not.",
    source: LAB,
    confidence: Confidence::Observed,
    parameters: &[],
    is_live: true,
    needs_stream: true,
    make: |_, _| live(NoDone),
};

const AT: Parameter = Parameter {
    name: "at",
    kind: Kind::Count,
    default: "half of the event",
    meaning: "how many bytes of that event pass",
};

/// Where a stream is cut.
#[derive(Debug)]
enum Place {
    /// After so many events.
    Events(u64),
    /// Before the first frame that says how the answer ended.
    End,
}

/// How much of the event at that place still passes.
#[derive(Debug)]
enum Inside {
    /// None of it.
    Frame,
    /// So many bytes; half of it where that is not said.
    Byte(Option<u64>),
    /// As much as cuts a character of several bytes in two.
    Character,
}

#[derive(Debug)]
struct Cut {
    at: Place,
    inside: Inside,
    then: Step,
    close: bool,
}

#[derive(Debug)]
struct NoDone;

impl Cut {
    fn after_events(events: u64, then: Step) -> Self {
        Self { at: Place::Events(events), inside: Inside::Frame, then, close: false }
    }

    /// Whether the stream is cut in or before this frame.
    fn is_here(&mut self, frame: &Frame) -> bool {
        match &mut self.at {
            Place::End => frame.is_terminal() || frame.has_finish_reason(),
            Place::Events(0) => frame.is_event,
            Place::Events(left) => {
                *left -= u64::from(frame.is_event);
                false
            }
        }
    }
}

impl Transform for Cut {
    fn head(&mut self, head: &mut LiveHead, out: &mut Steps) {
        if self.close {
            head.headers.push(("connection".to_owned(), Bytes::from_static(b"close")));
        }
        if matches!((&self.at, &self.inside), (Place::Events(0), Inside::Frame)) {
            out.push(self.then.clone());
        }
    }

    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        if self.is_here(&frame) {
            let passing = match self.inside {
                Inside::Frame => 0,
                Inside::Byte(None) => frame.bytes.len() / 2,
                Inside::Byte(Some(bytes)) => usize::try_from(bytes).unwrap_or(usize::MAX),
                Inside::Character => match inside_character(&frame.bytes) {
                    Some(at) => at,
                    // This event has none: the next one may.
                    None => return out.write(frame.bytes),
                },
            };
            out.write(frame.bytes.slice(..passing.min(frame.bytes.len())));
            out.push(self.then.clone());
            return;
        }
        out.write(frame.bytes);
        // Where nothing of the next event passes, there is nothing to wait for.
        if matches!((&self.at, &self.inside), (Place::Events(0), Inside::Frame)) {
            out.push(self.then.clone());
        }
    }

    fn end(&mut self, out: &mut Steps) {
        out.push(self.then.clone());
    }
}

impl Transform for NoDone {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        if !frame.is_terminal() {
            out.write(frame.bytes);
        }
    }
}

/// Where the first character of several bytes is cut in two.
fn inside_character(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte >= 0xc0).map(|at| at + 1)
}
