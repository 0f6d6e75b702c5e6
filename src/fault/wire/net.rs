//! Connections that give no answer, or break inside one.

use super::{AFTER, WireFault, after, live};
use crate::fault::catalogue::DELAY;
use crate::fault::plan::{Effect, LiveHead, Silence};
use crate::fault::stream::{Frame, Step, Steps, Transform, is_event_stream};
use crate::fault::value::With;
use crate::gateway::errors::Confidence;

pub(super) static REFUSED: WireFault = WireFault {
    name: "net.refused",
    summary: "The connection ends without a byte, as if nobody listened; it had been accepted already.",
    source: "measured with the SDKs: a connection error, tried three times",
    confidence: Confidence::Observed,
    parameters: &[DELAY],
    is_live: false,
    needs_stream: false,
    make: |with, _| silence(with, Silence::Close),
};

pub(super) static RESET_BEFORE_HEADERS: WireFault = WireFault {
    name: "net.reset_before_headers",
    summary: "The connection is reset (RST) before there is an answer.",
    source: "measured with the SDKs: a connection error, tried three times",
    confidence: Confidence::Observed,
    parameters: &[DELAY],
    is_live: false,
    needs_stream: false,
    make: |with, _| silence(with, Silence::Reset),
};

pub(super) static HANG_BEFORE_HEADERS: WireFault = WireFault {
    name: "net.hang_before_headers",
    summary: "The request is taken and never answered: the client's own timeout has to end it.",
    source: "measured with the SDKs: a timeout, tried three times",
    confidence: Confidence::Observed,
    parameters: &[],
    is_live: false,
    needs_stream: false,
    make: |with, _| silence(with, Silence::Hang),
};

pub(super) static RESET_MIDBODY: WireFault = WireFault {
    name: "net.reset_midbody",
    summary: "The connection is reset (RST) inside the body, after some events; of a plain body, after half \
              of its first bytes.",
    source: "measured with the SDKs: a transport error, not tried again once the stream has begun",
    confidence: Confidence::Observed,
    parameters: &[AFTER],
    is_live: true,
    needs_stream: false,
    make: |with, _| live(ResetMidbody { left: after(with), events: true }),
};

fn silence(with: &With, then: Silence) -> Effect {
    Effect::Silence { delay: with.time("delay").unwrap_or_default(), then }
}

#[derive(Debug)]
struct ResetMidbody {
    left: u64,
    events: bool,
}

impl Transform for ResetMidbody {
    fn takes(&self, _head: &LiveHead) -> bool {
        true
    }

    fn head(&mut self, head: &mut LiveHead, _out: &mut Steps) {
        self.events = is_event_stream(head);
        head.framing = head.origin;
    }

    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        if !self.events {
            out.write(frame.bytes.slice(..frame.bytes.len() / 2));
            out.push(Step::Reset);
        } else if frame.is_event && self.left == 0 {
            out.push(Step::Reset);
        } else {
            self.left = self.left.saturating_sub(u64::from(frame.is_event));
            out.write(frame.bytes);
            if self.left == 0 {
                out.push(Step::Reset);
            }
        }
    }

    fn end(&mut self, out: &mut Steps) {
        out.push(Step::Reset);
    }
}
