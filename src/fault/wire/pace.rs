//! Streams that come at another pace.

use super::{AFTER, WireFault, after, live};
use crate::fault::catalogue::DELAY;
use crate::fault::plan::LiveHead;
use crate::fault::stream::{Frame, Step, Steps, Transform};
use crate::fault::value::{Kind, Parameter};
use crate::gateway::errors::Confidence;
use bytes::{Bytes, BytesMut};
use std::time::Duration;

/// How many slices a second a bandwidth is made of.
const SLICES: u64 = 10;

/// What keeps a silent stream alive.
const KEEPALIVE: &[u8] = b": keep-alive\n\n";

/// What a silent stream may send all the same.
const KEEPALIVE_EVERY: Parameter = Parameter {
    name: "keepalive",
    kind: Kind::Time,
    default: "none",
    meaning: "a comment is sent this often meanwhile",
};

pub(super) static SLOW_HEADERS: WireFault = WireFault {
    name: "net.slow_headers",
    summary: "The answer's head comes late; then everything passes as it comes.",
    source: "a gateway that sends its head only with the first token",
    confidence: Confidence::Observed,
    parameters: &[DELAY],
    is_live: true,
    needs_stream: false,
    make: |with, _| live(SlowHeaders(with.time("delay").unwrap_or(Duration::from_secs(5)))),
};

pub(super) static STALL: WireFault = WireFault {
    name: "stream.stall",
    summary: "The stream falls silent after some events, for a while or for good.",
    source: "measured with the SDKs: Python's read timeout ends it, JavaScript waits",
    confidence: Confidence::Observed,
    parameters: &[
        AFTER,
        Parameter {
            name: "silence",
            kind: Kind::Time,
            default: "for good",
            meaning: "how long it is silent",
        },
        KEEPALIVE_EVERY,
    ],
    is_live: true,
    needs_stream: true,
    make: |with, _| {
        live(Stall {
            left: after(with),
            silence: with.time("silence"),
            keepalive: with.time("keepalive").filter(|every| !every.is_zero()),
            done: false,
        })
    },
};

pub(super) static SLOW: WireFault = WireFault {
    name: "stream.slow",
    summary: "The events trickle: each waits before it passes.",
    source: "slow models and busy providers",
    confidence: Confidence::Observed,
    parameters: &[Parameter {
        name: "each",
        kind: Kind::Time,
        default: "200ms",
        meaning: "how long each waits",
    }],
    is_live: true,
    needs_stream: true,
    make: |with, _| live(Slow(with.time("each").unwrap_or(Duration::from_millis(200)))),
};

pub(super) static SLOW_FIRST: WireFault = WireFault {
    name: "stream.slow_first",
    summary: "The head comes at once, the first event late.",
    source: "cold models; OpenRouter sends comments meanwhile",
    confidence: Confidence::Observed,
    parameters: &[
        Parameter { name: "delay", kind: Kind::Time, default: "5s", meaning: "how late the first event is" },
        KEEPALIVE_EVERY,
    ],
    is_live: true,
    needs_stream: true,
    make: |with, _| {
        live(Stall {
            left: 0,
            silence: Some(with.time("delay").unwrap_or(Duration::from_secs(5))),
            keepalive: with.time("keepalive").filter(|every| !every.is_zero()),
            done: false,
        })
    },
};

pub(super) static BANDWIDTH: WireFault = WireFault {
    name: "stream.bandwidth",
    summary: "The body passes through a narrow line, a slice at a time.",
    source: "slow networks",
    confidence: Confidence::Observed,
    parameters: &[Parameter { name: "rate", kind: Kind::Bytes, default: "1k", meaning: "bytes a second" }],
    is_live: true,
    needs_stream: false,
    make: |with, _| live(Bandwidth(with.count("rate").unwrap_or(1024).max(1))),
};

pub(super) static BURST: WireFault = WireFault {
    name: "stream.burst",
    summary: "The head passes; the body is held until all of it is there and comes in one piece, as through a \
              proxy that buffers.",
    source: "proxies and compressing middleware between app and gateway",
    confidence: Confidence::Observed,
    parameters: &[],
    is_live: true,
    needs_stream: true,
    make: |_, _| live(Slab { size: usize::MAX, held: BytesMut::new() }),
};

pub(super) static SLAB: WireFault = WireFault {
    name: "stream.slab",
    summary: "The body comes in slabs of one size, whatever the events, as through a proxy with a fixed buffer.",
    source: "https://nginx.org/en/docs/http/ngx_http_proxy_module.html",
    confidence: Confidence::Observed,
    parameters: &[Parameter { name: "size", kind: Kind::Bytes, default: "4096", meaning: "of one slab" }],
    is_live: true,
    needs_stream: true,
    make: |with, _| {
        let size = usize::try_from(with.count("size").unwrap_or(4096)).unwrap_or(usize::MAX).max(1);
        live(Slab { size, held: BytesMut::new() })
    },
};

#[derive(Debug)]
struct SlowHeaders(Duration);

#[derive(Debug)]
struct Stall {
    left: u64,
    silence: Option<Duration>,
    keepalive: Option<Duration>,
    done: bool,
}

#[derive(Debug)]
struct Slow(Duration);

#[derive(Debug)]
struct Bandwidth(u64);

#[derive(Debug)]
struct Slab {
    size: usize,
    held: BytesMut,
}

impl Transform for SlowHeaders {
    fn takes(&self, _head: &LiveHead) -> bool {
        true
    }

    fn head(&mut self, head: &mut LiveHead, out: &mut Steps) {
        head.framing = head.origin;
        out.wait(self.0);
    }

    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        out.write(frame.bytes);
    }
}

impl Stall {
    fn stall(&mut self, out: &mut Steps) {
        self.done = true;
        match (self.silence, self.keepalive) {
            (None, None) => out.push(Step::Hang),
            (None, Some(every)) => out.push(Step::Pulse { bytes: Bytes::from_static(KEEPALIVE), every }),
            (Some(silence), None) => out.wait(silence),
            (Some(silence), Some(every)) => {
                let mut left = silence;
                while left > every {
                    out.wait(every);
                    out.write(KEEPALIVE);
                    left -= every;
                }
                out.wait(left);
            }
        }
    }
}

impl Transform for Stall {
    fn head(&mut self, _head: &mut LiveHead, out: &mut Steps) {
        if self.left == 0 {
            out.push(Step::Begin);
            self.stall(out);
        }
    }

    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        self.left = self.left.saturating_sub(u64::from(frame.is_event));
        out.write(frame.bytes);
        if self.left == 0 && !self.done {
            self.stall(out);
        }
    }
}

impl Transform for Slow {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        if frame.is_event {
            out.wait(self.0);
        }
        out.write(frame.bytes);
    }
}

impl Transform for Bandwidth {
    fn takes(&self, head: &LiveHead) -> bool {
        head.status == 200
    }

    fn head(&mut self, head: &mut LiveHead, _out: &mut Steps) {
        head.framing = head.origin;
    }

    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        let slice = usize::try_from((self.0 / SLICES).max(1)).unwrap_or(usize::MAX);
        let mut rest = frame.bytes;
        while !rest.is_empty() {
            let piece = rest.split_to(slice.min(rest.len()));
            out.wait(Duration::from_secs_f64(piece.len() as f64 / self.0 as f64));
            out.write(piece);
        }
    }
}

impl Transform for Slab {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        self.held.extend_from_slice(&frame.bytes);
        while self.held.len() >= self.size {
            out.write(self.held.split_to(self.size));
        }
    }

    fn end(&mut self, out: &mut Steps) {
        out.write(std::mem::take(&mut self.held));
        out.push(Step::Finish);
    }
}
