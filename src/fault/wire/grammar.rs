//! Streams that are written otherwise: legal by the standard, and a trap for parsers made by hand.

use super::{WireFault, live};
use crate::fault::plan::Effect;
use crate::fault::stream::{Frame, Steps, Transform};
use crate::fault::value::{Kind, Parameter};
use crate::gateway::errors::Confidence;
use bytes::{BufMut as _, BytesMut};

const LEGAL: &str = "https://html.spec.whatwg.org/multipage/server-sent-events.html";

/// A fault that writes each frame anew.
const fn rewriting(name: &'static str, summary: &'static str, make: super::Make) -> WireFault {
    WireFault {
        name,
        summary,
        source: LEGAL,
        confidence: Confidence::Documented,
        parameters: &[],
        is_live: true,
        needs_stream: true,
        make,
    }
}

pub(super) static CRLF: WireFault =
    rewriting("stream.crlf", "Every line ends with CRLF.", |_, _| rewrite(|line| ends_in(line, b"\r\n")));

pub(super) static CR_ONLY: WireFault =
    rewriting("stream.cr_only", "Every line ends with a lone CR.", |_, _| {
        rewrite(|line| ends_in(line, b"\r"))
    });

pub(super) static NO_SPACE_AFTER_COLON: WireFault =
    rewriting("stream.no_space_after_colon", "`data:{…}` stands for `data: {…}`.", |_, _| {
        rewrite(|line| {
            let (text, end) = split_end(line);
            match text.iter().position(|&byte| byte == b':') {
                Some(colon) if colon > 0 && text.get(colon + 1) == Some(&b' ') => {
                    let (name, value) = text.split_at(colon + 1);
                    [name, value.get(1..).unwrap_or_default(), end].concat()
                }
                _ => line.to_vec(),
            }
        })
    });

pub(super) static MULTI_DATA_LINES: WireFault =
    rewriting("stream.multi_data_lines", "The JSON of every event stands on two `data:` lines.", |_, _| {
        rewrite(|line| match line.strip_prefix(b"data: {") {
            Some(rest) => [b"data: {\ndata: ", rest].concat(),
            None => line.to_vec(),
        })
    });

pub(super) static BOM: WireFault =
    rewriting("stream.bom", "A byte order mark stands before the first event.", |_, _| {
        live(Bom { done: false })
    });

pub(super) static EVENT_ID_RETRY_FIELDS: WireFault =
    rewriting("stream.event_id_retry_fields", "Every event has an `id:` and a `retry:` line.", |_, _| {
        live(Fields { number: 0 })
    });

pub(super) static COMMENTS: WireFault = WireFault {
    name: "stream.comments",
    summary: "Comments stand between the events, as OpenRouter sends them to keep a connection open.",
    source: "https://openrouter.ai/docs/api_reference/streaming",
    confidence: Confidence::Documented,
    parameters: &[
        Parameter {
            name: "text",
            kind: Kind::Text,
            default: "OPENROUTER PROCESSING",
            meaning: "what the comments say",
        },
        Parameter { name: "count", kind: Kind::Count, default: "1", meaning: "how many before each event" },
    ],
    is_live: true,
    needs_stream: true,
    make: |with, _| {
        let text = with.text("text").unwrap_or("OPENROUTER PROCESSING").replace(['\r', '\n'], " ");
        live(Comments { comment: format!(": {text}\n\n"), count: with.count("count").unwrap_or(1) })
    },
};

/// Writes every line of an event anew.
#[derive(Debug)]
struct Rewrite(fn(&[u8]) -> Vec<u8>);

#[derive(Debug)]
struct Bom {
    done: bool,
}

#[derive(Debug)]
struct Fields {
    number: u64,
}

#[derive(Debug)]
struct Comments {
    comment: String,
    count: u64,
}

fn rewrite(line: fn(&[u8]) -> Vec<u8>) -> Effect {
    live(Rewrite(line))
}

impl Transform for Rewrite {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        let lines = frame.bytes.split_inclusive(|&byte| byte == b'\n').map(self.0);
        out.write(lines.collect::<Vec<_>>().concat());
    }
}

impl Transform for Bom {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        if std::mem::replace(&mut self.done, true) {
            out.write(frame.bytes);
        } else {
            out.write([b"\xef\xbb\xbf", frame.bytes.as_ref()].concat());
        }
    }
}

impl Transform for Fields {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        if !frame.is_event {
            return out.write(frame.bytes);
        }
        self.number += 1;
        let mut whole = BytesMut::from(format!("id: {}\nretry: 3000\n", self.number).as_bytes());
        whole.put_slice(&frame.bytes);
        out.write(whole);
    }
}

impl Transform for Comments {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        if frame.is_event {
            for _ in 0..self.count {
                out.write(self.comment.clone());
            }
        }
        out.write(frame.bytes);
    }
}

fn ends_in(line: &[u8], end: &[u8]) -> Vec<u8> {
    let (text, old) = split_end(line);
    if old.is_empty() { text.to_vec() } else { [text, end].concat() }
}

/// A line and what ends it.
fn split_end(line: &[u8]) -> (&[u8], &[u8]) {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    line.split_at(text.len())
}
