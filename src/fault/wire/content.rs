//! Streams that say something else.

use super::{AFTER, Make, WireFault, after, live};
use crate::fault::stream::{Frame, Step, Steps, Transform};
use crate::fault::value::{Kind, Parameter};
use crate::gateway::errors::Confidence;
use bytes::Bytes;
use serde_json::{Value, json};

const SEEN: &str = "seen with gateways and relays";

/// A fault of what a stream says.
const fn content(
    name: &'static str,
    summary: &'static str,
    parameters: &'static [Parameter],
    make: Make,
) -> WireFault {
    WireFault {
        name,
        summary,
        source: SEEN,
        confidence: Confidence::Observed,
        parameters,
        is_live: true,
        needs_stream: true,
        make,
    }
}

pub(super) static NO_USAGE: WireFault =
    content("stream.no_usage", "No event says what was used.", &[], |_, _| live(NoUsage));

pub(super) static EMPTY_CHOICES_USAGE: WireFault = content(
    "stream.empty_choices_usage",
    "Before the end comes an event with `choices: []` and the usage.",
    &[],
    |_, _| live(EmptyChoices { template: None, done: false }),
);

pub(super) static BAD_JSON: WireFault = content(
    "stream.bad_json",
    "After some events comes one whose JSON breaks off; the stream goes on.",
    &[AFTER],
    |with, _| {
        live(Once::new(after(with), |frame, out| {
            out.write("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\n\n");
            out.write(frame.bytes);
        }))
    },
);

pub(super) static DUPLICATE_FRAME: WireFault =
    content("stream.duplicate_frame", "One event comes twice.", &[AFTER], |with, _| {
        live(Once::new(after(with), |frame, out| {
            out.write(frame.bytes.clone());
            out.write(frame.bytes);
        }))
    });

pub(super) static REORDERED_FRAME: WireFault =
    content("stream.reordered_frame", "Two events have changed places.", &[AFTER], |with, _| {
        live(Reordered { left: after(with), held: None, done: false })
    });

pub(super) static GIANT_FRAME: WireFault = content(
    "stream.giant_frame",
    "One event is as long as a book.",
    &[AFTER, Parameter { name: "size", kind: Kind::Bytes, default: "1M", meaning: "how long its text is" }],
    |with, _| {
        let size = usize::try_from(with.count("size").unwrap_or(1 << 20)).unwrap_or(usize::MAX);
        live(Giant { left: after(with), size, done: false })
    },
);

pub(super) static ONE_CHUNK: WireFault = content(
    "stream.one_chunk",
    "All text comes in one event at the end: a stream that is none.",
    &[],
    |_, _| live(OneChunk { held: None }),
);

pub(super) static TRUNCATED_TOOL_ARGS: WireFault = content(
    "stream.truncated_tool_args",
    "A tool call ends inside its arguments, with the finish reason `length`.",
    &[],
    |_, _| live(TruncatedArgs { cut: false }),
);

pub(super) static FINISH_LENGTH: WireFault = content(
    "stream.finish_length",
    "The finish reason is `length` (`max_tokens`): the answer was cut short.",
    &[],
    |_, _| live(Finish { chat: "length", messages: "max_tokens" }),
);

pub(super) static FINISH_CONTENT_FILTER: WireFault = content(
    "stream.finish_content_filter",
    "The finish reason is `content_filter` (`refusal`).",
    &[],
    |_, _| live(Finish { chat: "content_filter", messages: "refusal" }),
);

#[derive(Debug)]
struct NoUsage;

#[derive(Debug)]
struct EmptyChoices {
    template: Option<Value>,
    done: bool,
}

/// Does something to one event.
#[derive(Debug)]
struct Once {
    left: Option<u64>,
    act: fn(Frame, &mut Steps),
}

#[derive(Debug)]
struct Reordered {
    left: u64,
    held: Option<Bytes>,
    done: bool,
}

#[derive(Debug)]
struct Giant {
    left: u64,
    size: usize,
    done: bool,
}

#[derive(Debug)]
struct OneChunk {
    /// The first event with text, and all text so far.
    held: Option<(Frame, Value, String)>,
}

#[derive(Debug)]
struct TruncatedArgs {
    cut: bool,
}

#[derive(Debug)]
struct Finish {
    chat: &'static str,
    messages: &'static str,
}

impl Transform for NoUsage {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        match read(&frame) {
            Some(mut json) if json.get("usage").is_some_and(|usage| !usage.is_null()) => {
                let lone = json.get("choices").and_then(Value::as_array).is_some_and(Vec::is_empty);
                if let (false, Some(object)) = (lone, json.as_object_mut()) {
                    object.remove("usage");
                    out.write(anew(&frame, &json));
                }
            }
            _ => out.write(frame.bytes),
        }
    }
}

impl Transform for EmptyChoices {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        if let Some(json) = read(&frame).filter(|json| json.get("choices").is_some()) {
            self.template = Some(json);
        }
        if frame.is_terminal() {
            self.insert(out);
        }
        out.write(frame.bytes);
    }

    fn end(&mut self, out: &mut Steps) {
        self.insert(out);
        out.push(Step::Finish);
    }
}

impl EmptyChoices {
    fn insert(&mut self, out: &mut Steps) {
        let Some(mut json) = self.template.take().filter(|_| !self.done) else { return };
        self.done = true;
        if let Some(object) = json.as_object_mut() {
            object.insert("choices".to_owned(), json!([]));
            let usage = json!({ "prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11 });
            object.insert("usage".to_owned(), usage);
        }
        out.write(format!("data: {json}\n\n"));
    }
}

impl Once {
    fn new(after: u64, act: fn(Frame, &mut Steps)) -> Self {
        Self { left: Some(after), act }
    }
}

impl Transform for Once {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        match self.left {
            Some(0) if frame.is_event => {
                self.left = None;
                (self.act)(frame, out);
            }
            left => {
                self.left = left.map(|left| left.saturating_sub(u64::from(frame.is_event)));
                out.write(frame.bytes);
            }
        }
    }
}

impl Transform for Reordered {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        if !frame.is_event || self.done {
            out.write(frame.bytes);
        } else if let Some(held) = self.held.take() {
            self.done = true;
            out.write(frame.bytes);
            out.write(held);
        } else if self.left == 0 {
            self.held = Some(frame.bytes);
        } else {
            self.left -= 1;
            out.write(frame.bytes);
        }
    }

    fn end(&mut self, out: &mut Steps) {
        out.write(self.held.take().unwrap_or_default());
        out.push(Step::Finish);
    }
}

impl Transform for Giant {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        let mut json = read(&frame).filter(|_| self.left == 0 && !self.done);
        self.left = self.left.saturating_sub(u64::from(frame.is_event));
        if let Some(text) = json.as_mut().and_then(text_of) {
            self.done = true;
            *text = "long ".chars().cycle().take(self.size).collect::<String>().into();
        }
        match json {
            Some(json) if self.done => out.write(anew(&frame, &json)),
            _ => out.write(frame.bytes),
        }
    }
}

impl Transform for OneChunk {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        let mut json = read(&frame);
        if let Some(text) = json.as_mut().and_then(text_of) {
            let more = text.as_str().unwrap_or_default().to_owned();
            if let Some((_, _, all)) = &mut self.held {
                all.push_str(&more);
            } else if let Some(json) = json {
                self.held = Some((frame, json, more));
            }
            return;
        }
        if frame.is_event {
            self.release(out);
        }
        out.write(frame.bytes);
    }

    fn end(&mut self, out: &mut Steps) {
        self.release(out);
        out.push(Step::Finish);
    }
}

impl OneChunk {
    fn release(&mut self, out: &mut Steps) {
        let Some((frame, mut json, all)) = self.held.take() else { return };
        if let Some(text) = text_of(&mut json) {
            *text = all.into();
        }
        out.write(anew(&frame, &json));
    }
}

impl Transform for TruncatedArgs {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        let Some(mut json) = read(&frame) else { return out.write(frame.bytes) };
        if let Some(arguments) = arguments_of(&mut json) {
            let text = arguments.as_str().unwrap_or_default();
            if self.cut {
                return;
            }
            if !text.is_empty() {
                self.cut = true;
                let half: String = text.chars().take(text.chars().count() / 2).collect();
                *arguments = half.into();
                return out.write(anew(&frame, &json));
            }
        }
        if self.cut && set_finish(&mut json, "length", "max_tokens") {
            return out.write(anew(&frame, &json));
        }
        out.write(frame.bytes);
    }
}

impl Transform for Finish {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        let mut json = read(&frame);
        let set = json.as_mut().is_some_and(|json| set_finish(json, self.chat, self.messages));
        match json {
            Some(json) if set => out.write(anew(&frame, &json)),
            _ => out.write(frame.bytes),
        }
    }
}

/// The JSON of an event.
fn read(frame: &Frame) -> Option<Value> {
    serde_json::from_slice(frame.data()).ok()
}

/// The event with other JSON; its other lines stay.
fn anew(frame: &Frame, json: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    for line in frame.bytes.split_inclusive(|&byte| byte == b'\n') {
        if line.starts_with(b"data:") {
            out.extend_from_slice(format!("data: {json}\n").as_bytes());
        } else {
            out.extend_from_slice(line);
        }
    }
    out
}

/// The text that an event adds to the answer, in any dialect.
fn text_of(json: &mut Value) -> Option<&mut Value> {
    let place = match json.get("type").and_then(Value::as_str) {
        Some("response.output_text.delta") => "/delta",
        Some("content_block_delta") => "/delta/text",
        _ => "/choices/0/delta/content",
    };
    let ended = json.pointer("/choices/0/finish_reason").is_some_and(|reason| !reason.is_null());
    json.pointer_mut(place).filter(|text| text.as_str().is_some_and(|text| !text.is_empty() && !ended))
}

/// The piece of a tool call's arguments that an event brings, in any dialect.
fn arguments_of(json: &mut Value) -> Option<&mut Value> {
    let place = match json.get("type").and_then(Value::as_str) {
        Some("response.function_call_arguments.delta") => "/delta",
        Some("content_block_delta") => "/delta/partial_json",
        _ => "/choices/0/delta/tool_calls/0/function/arguments",
    };
    json.pointer_mut(place)
}

/// Sets the finish reason of an event that has one; says whether it had.
fn set_finish(json: &mut Value, chat: &str, messages: &str) -> bool {
    for (place, reason) in [("/choices/0/finish_reason", chat), ("/delta/stop_reason", messages)] {
        if let Some(there) = json.pointer_mut(place).filter(|there| !there.is_null()) {
            *there = reason.into();
            return true;
        }
    }
    false
}
