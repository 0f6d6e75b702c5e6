//! What the model says: text or tool calls, cut at `max_tokens`, with its usage and its times.

use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;

use super::behavior::Behavior;
use super::request::ChatRequest;
use super::tools::{self, Call};
use super::{Options, estimated_tokens, hash, schema, writer};

/// A whole answer.
#[derive(Debug)]
pub(super) struct Completion {
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) model: &'static str,
    pub(super) content: Content,
    pub(super) finish_reason: &'static str,
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
    /// The answer in the order it is written, each piece with its lifelike time after the head.
    pub(super) pieces: Vec<(Duration, Piece)>,
    /// When it is all written.
    pub(super) end: Duration,
}

/// What an answer holds.
#[derive(Debug)]
pub(super) enum Content {
    Text(String),
    Calls(Vec<Call>),
}

/// What one event of a stream adds to the answer.
#[derive(Debug)]
pub(super) enum Piece {
    /// More text.
    Text(String),
    /// A call begins.
    Call { index: usize },
    /// More of a call's arguments.
    Arguments { index: usize, part: String },
}

const OFFSET_PIECES: u32 = 20;
const OFFSET_STEP: Duration = Duration::from_millis(250);

impl Completion {
    /// The answer to `request`. Its content depends on the seed, the model and the messages, so that a
    /// streamed answer says what a plain one does; its id comes from `id`.
    pub(super) fn new(options: &Options, id: u64, request: &ChatRequest, behavior: &Behavior) -> Self {
        let mut rng = Rng::with_seed(content_seed(options, request));
        let limit = request.max_tokens.map(|tokens| tokens.saturating_mul(4));
        let (content, pieces) = if *behavior == Behavior::Offset {
            offsets(options)
        } else {
            let content = content(&mut rng, request);
            let pieces = timed(&mut rng, request, written(&content));
            (content, pieces)
        };
        let (pieces, length) = cut(pieces, limit);
        let whole = content.length();
        let finish_reason = match &content {
            _ if length < whole => "length",
            Content::Text(_) => "stop",
            Content::Calls(_) => "tool_calls",
        };
        let end = pieces.last().map_or(Duration::ZERO, |(at, _)| *at);
        Self {
            id: format!("chatcmpl-sim{id:016x}"),
            created: options.clock.now().wall.0 / 1_000_000,
            model: request.model.id,
            content: content.limited_to(limit),
            finish_reason,
            input_tokens: request.prompt_tokens,
            output_tokens: estimated_tokens(length),
            pieces,
            end,
        }
    }
}

impl Piece {
    fn text_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Text(text) | Self::Arguments { part: text, .. } => Some(text),
            Self::Call { .. } => None,
        }
    }
}

impl Content {
    fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Calls(calls) => calls.iter().map(|call| call.arguments.len() as u64).sum(),
        }
    }

    fn limited_to(self, limit: Option<u64>) -> Self {
        let Some(mut left) = limit else {
            return self;
        };
        match self {
            Self::Text(text) => Self::Text(writer::truncated(&text, left).to_owned()),
            Self::Calls(mut calls) => {
                // A call whose arguments have not begun is not made.
                calls.retain_mut(|call| {
                    call.arguments = writer::truncated(&call.arguments, left).to_owned();
                    left -= call.arguments.len() as u64;
                    !call.arguments.is_empty()
                });
                Self::Calls(calls)
            }
        }
    }
}

fn content_seed(options: &Options, request: &ChatRequest) -> u64 {
    let messages = request.body.get("messages").map(Value::to_string).unwrap_or_default();
    hash(hash(options.seed, request.model.id.as_bytes()), messages.as_bytes())
}

fn content(rng: &mut Rng, request: &ChatRequest) -> Content {
    let calls = tools::calls(rng, request);
    if !calls.is_empty() {
        return Content::Calls(calls);
    }
    let format = request.body.get("response_format");
    let kind = format.and_then(|format| format.get("type")).and_then(Value::as_str);
    let about = request.tool_result.as_deref().unwrap_or(&request.question);
    Content::Text(match (kind, &request.tool_result) {
        (Some("json_schema"), _) => {
            let asked = format.and_then(|format| format.pointer("/json_schema/schema"));
            schema::value(rng, asked.unwrap_or(&Value::Null), about).to_string()
        }
        (Some("json_object"), _) => {
            let confidence = f64::from(rng.u8(50..100)) / 100.0;
            serde_json::json!({
                "answer": writer::phrase(rng, about),
                "topic": writer::topic(about),
                "confidence": confidence,
            })
            .to_string()
        }
        (_, Some(result)) => writer::report(rng, result),
        (_, None) => writer::answer(rng, about),
    })
}

/// The content as it is written down, piece by piece.
fn written(content: &Content) -> Vec<Piece> {
    match content {
        Content::Text(text) => vec![Piece::Text(text.clone())],
        Content::Calls(calls) => calls
            .iter()
            .enumerate()
            .flat_map(|(index, call)| {
                let part = call.arguments.clone();
                [Piece::Call { index }, Piece::Arguments { index, part }]
            })
            .collect(),
    }
}

/// Cuts pieces into tokens and gives each its time: a wait for the first, then one after the other with
/// jitter and now and then a pause.
fn timed(rng: &mut Rng, request: &ChatRequest, pieces: Vec<Piece>) -> Vec<(Duration, Piece)> {
    let (least, most) = request.model.first_token;
    let mut at = Duration::from_millis(rng.u64(least..=most));
    let (least, most) = request.model.token;
    let mut timed = Vec::new();
    let mut emit = |rng: &mut Rng, piece| {
        timed.push((at, piece));
        at += Duration::from_micros(rng.u64(least * 1000..=most * 1000));
        if rng.u8(..40) == 0 {
            at += Duration::from_millis(rng.u64(120..=450));
        }
    };
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                for token in writer::tokens(rng, &text) {
                    emit(rng, Piece::Text(token));
                }
            }
            Piece::Call { index } => emit(rng, Piece::Call { index }),
            Piece::Arguments { index, part } => {
                for part in writer::tokens(rng, &part) {
                    emit(rng, Piece::Arguments { index, part });
                }
            }
        }
    }
    timed
}

/// Twenty pieces of text that say when they are sent, at the speed at hand.
fn offsets(options: &Options) -> (Content, Vec<(Duration, Piece)>) {
    let piece = |number| {
        let at = OFFSET_STEP * number;
        let sent = options.scaled(at).as_secs_f64();
        (at, format!("t+{sent:.2} "))
    };
    let pieces: Vec<_> = (1..=OFFSET_PIECES).map(piece).collect();
    let text = pieces.iter().map(|(_, text)| text.as_str()).collect();
    let pieces = pieces.into_iter().map(|(at, text)| (at, Piece::Text(text)));
    (Content::Text(text), pieces.collect())
}

/// Cuts the pieces where the limit in bytes is reached. Says how many bytes are left.
fn cut(pieces: Vec<(Duration, Piece)>, limit: Option<u64>) -> (Vec<(Duration, Piece)>, u64) {
    let mut left = limit.unwrap_or(u64::MAX);
    let mut length = 0_u64;
    let mut kept = Vec::with_capacity(pieces.len());
    for (at, mut piece) in pieces {
        if left == 0 {
            break;
        }
        if let Some(text) = piece.text_mut() {
            let fits = writer::truncated(text, left).len();
            // What is left may be less than the next character: then nothing more fits.
            left = if fits == text.len() { left - fits as u64 } else { 0 };
            length += fits as u64;
            text.truncate(fits);
            if fits == 0 {
                continue;
            }
        }
        kept.push((at, piece));
    }
    (kept, length)
}
