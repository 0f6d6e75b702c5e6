//! Streams in another dress: the same events, framed, coded or cut into writes otherwise.

use super::{WireFault, live};
use crate::fault::plan::{Framing, LiveHead};
use crate::fault::stream::{Frame, Step, Steps, Transform};
use crate::fault::value::{Kind, Parameter};
use crate::gateway::errors::Confidence;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

const LEGAL: &str = "https://html.spec.whatwg.org/multipage/server-sent-events.html";
const HTTP: &str = "https://www.rfc-editor.org/rfc/rfc9112";

pub(super) static GZIP: WireFault = WireFault {
    name: "stream.gzip",
    summary: "The stream is compressed, each event flushed.",
    source: HTTP,
    confidence: Confidence::Observed,
    parameters: &[],
    is_live: true,
    needs_stream: true,
    make: |_, _| live(Gzip(GzEncoder::new(Vec::new(), Compression::default()))),
};

pub(super) static CONTENT_LENGTH: WireFault = WireFault {
    name: "stream.content_length",
    summary: "The stream comes whole, with a Content-Length, once it is over.",
    source: HTTP,
    confidence: Confidence::Observed,
    parameters: &[],
    is_live: true,
    needs_stream: true,
    make: |_, _| live(Framed(Framing::Length)),
};

pub(super) static HTTP10: WireFault = WireFault {
    name: "stream.http10",
    summary: "HTTP/1.0: the end of the connection is the end of the body, so that a cut looks whole.",
    source: HTTP,
    confidence: Confidence::Observed,
    parameters: &[],
    is_live: true,
    needs_stream: true,
    make: |_, _| live(Framed(Framing::UntilClose)),
};

pub(super) static SPLIT_UTF8: WireFault = WireFault {
    name: "stream.split_utf8",
    summary: "The stream comes in writes of a few bytes, which cut characters in two.",
    source: LEGAL,
    confidence: Confidence::Observed,
    parameters: &[Parameter { name: "size", kind: Kind::Bytes, default: "1", meaning: "of one write" }],
    is_live: true,
    needs_stream: true,
    make: |with, _| {
        live(Split(usize::try_from(with.count("size").unwrap_or(1)).unwrap_or(usize::MAX).max(1)))
    },
};

pub(super) static WRONG_CTYPE: WireFault = WireFault {
    name: "stream.wrong_ctype",
    summary: "The stream says that it is something else.",
    source: LEGAL,
    confidence: Confidence::Observed,
    parameters: &[Parameter {
        name: "type",
        kind: Kind::Text,
        default: "text/plain",
        meaning: "what it says that it is",
    }],
    is_live: true,
    needs_stream: true,
    make: |with, _| live(WrongType(with.text("type").unwrap_or("text/plain").to_owned())),
};

pub(super) static BAD_CHUNK: WireFault = WireFault {
    name: "stream.bad_chunk",
    summary: "After some events comes a chunk whose size is no number, and the connection ends.",
    source: HTTP,
    confidence: Confidence::Observed,
    parameters: &[super::AFTER],
    is_live: true,
    needs_stream: true,
    make: |with, _| live(BadChunk(super::after(with))),
};

struct Gzip(GzEncoder<Vec<u8>>);

#[derive(Debug)]
struct Framed(Framing);

#[derive(Debug)]
struct Split(usize);

#[derive(Debug)]
struct WrongType(String);

#[derive(Debug)]
struct BadChunk(u64);

impl std::fmt::Debug for Gzip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gzip")
    }
}

impl Transform for Gzip {
    fn head(&mut self, head: &mut LiveHead, _out: &mut Steps) {
        head.headers.push(("content-encoding".to_owned(), Bytes::from_static(b"gzip")));
    }

    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        // Writing into memory cannot fail.
        drop(self.0.write_all(&frame.bytes));
        drop(self.0.flush());
        out.write(std::mem::take(self.0.get_mut()));
    }

    fn end(&mut self, out: &mut Steps) {
        drop(self.0.try_finish());
        out.write(std::mem::take(self.0.get_mut()));
        out.push(Step::Finish);
    }
}

impl Transform for Framed {
    fn head(&mut self, head: &mut LiveHead, _out: &mut Steps) {
        head.framing = self.0;
    }

    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        out.write(frame.bytes);
    }
}

impl Transform for Split {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        let mut rest = frame.bytes;
        while !rest.is_empty() {
            out.write(rest.split_to(self.0.min(rest.len())));
        }
    }
}

impl Transform for WrongType {
    fn head(&mut self, head: &mut LiveHead, _out: &mut Steps) {
        head.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        head.headers.push(("content-type".to_owned(), self.0.clone().into()));
    }

    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        out.write(frame.bytes);
    }
}

impl Transform for BadChunk {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        if frame.is_event && self.0 == 0 {
            out.push(Step::Raw(Bytes::from_static(b"zz\r\n")));
            out.push(Step::Cut);
            return;
        }
        self.0 = self.0.saturating_sub(u64::from(frame.is_event));
        out.write(frame.bytes);
    }
}
