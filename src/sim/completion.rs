//! What the model says: reasoning, text or tool calls, cut at the token limit, with its usage and its times.

use std::time::Duration;

use super::ask::{Ask, Format};
use super::behavior::Behavior;
use super::tools::{self, Call};
use super::{Options, estimated_tokens, hash, schema, writer};
use fastrand::Rng;

/// What answers one request.
#[derive(Debug)]
pub(super) struct Completion {
    /// What its ids are made of.
    pub(super) id: u64,
    /// Seconds since 1970.
    pub(super) created: i64,
    pub(super) answers: Vec<Answer>,
    pub(super) input_tokens: u64,
    /// Those of the reasoning among them.
    pub(super) output_tokens: u64,
    pub(super) reasoning_tokens: u64,
    /// The answers in the order they are written.
    pub(super) pieces: Vec<Timed>,
    /// When it is all written.
    pub(super) end: Duration,
}

/// One of the answers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) reasoning: String,
    pub(super) content: Content,
    pub(super) finish: Finish,
}

/// What an answer holds.
#[derive(Debug)]
pub(super) enum Content {
    Text(String),
    Calls(Vec<Call>),
}

/// Why an answer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finish {
    Stop,
    /// One of the request's stop sequences came up.
    Sequence(String),
    Length,
    Calls,
}

/// A piece of an answer and its lifelike time after the head.
#[derive(Debug)]
pub(super) struct Timed {
    pub(super) at: Duration,
    /// Which of the answers it belongs to.
    pub(super) answer: usize,
    pub(super) piece: Piece,
}

/// What one event of a stream adds to an answer.
#[derive(Debug)]
pub(super) enum Piece {
    /// More of the reasoning.
    Reasoning(String),
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
    /// The answer to a request. Its content depends on the seed, the model and the conversation, so that a
    /// streamed answer says what a plain one does; its ids come from `id`.
    pub(super) fn new(options: &Options, id: u64, ask: &Ask, behavior: &Behavior) -> Self {
        let seed = hash(hash(options.seed, ask.model.id.as_bytes()), ask.conversation.as_bytes());
        let mut completion = Self {
            id,
            created: options.clock.now().wall.0 / 1_000_000,
            answers: Vec::with_capacity(ask.count),
            input_tokens: ask.prompt_tokens,
            output_tokens: 0,
            reasoning_tokens: 0,
            pieces: Vec::new(),
            end: Duration::ZERO,
        };
        for index in 0..ask.count {
            let mut rng = Rng::with_seed(seed.wrapping_add(index as u64));
            completion.add(options, &mut rng, ask, behavior);
        }
        // Answers beside each other are written at the same time.
        completion.pieces.sort_by_key(|timed| timed.at);
        completion.end = completion.pieces.last().map_or(Duration::ZERO, |timed| timed.at);
        completion
    }

    /// One more answer.
    fn add(&mut self, options: &Options, rng: &mut Rng, ask: &Ask, behavior: &Behavior) {
        let mut finish = Finish::Stop;
        let (reasoning, content, pieces) = if *behavior == Behavior::Offset {
            let (content, pieces) = offsets(options);
            (String::new(), content, pieces)
        } else {
            let reasoning = if ask.reasoning { writer::reasoning(rng, &ask.question) } else { String::new() };
            let mut content = content(rng, ask);
            if let Some(stop) = content.stop_at(&ask.stops) {
                finish = Finish::Sequence(stop);
            }
            let pieces = timed(options, rng, ask, written(&reasoning, &content));
            (reasoning, content, pieces)
        };
        let limit = ask.max_tokens.map(|tokens| tokens.saturating_mul(4));
        let whole = content.length() + reasoning.len() as u64;
        let (pieces, length) = cut(pieces, limit);
        let reasoning = writer::truncated(&reasoning, limit.unwrap_or(u64::MAX)).to_owned();
        let left = limit.map(|limit| limit - reasoning.len() as u64);
        if length < whole {
            finish = Finish::Length;
        } else if matches!(content, Content::Calls(_)) {
            finish = Finish::Calls;
        }
        let answer = self.answers.len();
        self.output_tokens += estimated_tokens(length);
        self.reasoning_tokens += estimated_tokens(reasoning.len() as u64);
        self.pieces.extend(pieces.into_iter().map(|(at, piece)| Timed { at, answer, piece }));
        self.answers.push(Answer { reasoning, content: content.limited_to(left), finish });
    }

    /// The call of that number in the only answer.
    pub(super) fn call(&self, answer: usize, index: usize) -> Option<&Call> {
        self.answers.get(answer)?.content.calls().get(index)
    }
}

impl Piece {
    fn text_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Reasoning(text) | Self::Text(text) | Self::Arguments { part: text, .. } => Some(text),
            Self::Call { .. } => None,
        }
    }
}

impl Content {
    /// The text; empty where there are calls.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Calls(_) => "",
        }
    }

    /// The calls; none where there is text.
    pub(super) fn calls(&self) -> &[Call] {
        match self {
            Self::Text(_) => &[],
            Self::Calls(calls) => calls,
        }
    }

    fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Calls(calls) => calls.iter().map(|call| call.arguments.len() as u64).sum(),
        }
    }

    /// Ends a text before the first of these; gives back which.
    fn stop_at(&mut self, stops: &[String]) -> Option<String> {
        let Self::Text(text) = self else {
            return None;
        };
        let places = stops.iter().filter(|stop| !stop.is_empty());
        let (at, stop) = places.filter_map(|stop| Some((text.find(stop.as_str())?, stop))).min()?;
        let stop = stop.clone();
        text.truncate(at);
        Some(stop)
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

fn content(rng: &mut Rng, ask: &Ask) -> Content {
    let calls = tools::calls(rng, ask);
    if !calls.is_empty() {
        return Content::Calls(calls);
    }
    let about = ask.tool_result.as_deref().unwrap_or(&ask.question);
    Content::Text(match (&ask.format, &ask.tool_result) {
        (Format::Schema(schema), _) => schema::value(rng, schema, about).to_string(),
        (Format::Json, _) => {
            let confidence = f64::from(rng.u8(50..100)) / 100.0;
            serde_json::json!({
                "answer": writer::phrase(rng, about),
                "topic": writer::topic(about),
                "confidence": confidence,
            })
            .to_string()
        }
        (Format::Text, Some(result)) => writer::report(rng, result),
        (Format::Text, None) => writer::answer(rng, about),
    })
}

/// An answer as it is written down, piece by piece.
fn written(reasoning: &str, content: &Content) -> Vec<Piece> {
    let reasoning = (!reasoning.is_empty()).then(|| Piece::Reasoning(reasoning.to_owned()));
    let content = match content {
        Content::Text(text) => vec![Piece::Text(text.clone())],
        Content::Calls(calls) => calls
            .iter()
            .enumerate()
            .flat_map(|(index, call)| {
                let part = call.arguments.clone();
                [Piece::Call { index }, Piece::Arguments { index, part }]
            })
            .collect(),
    };
    reasoning.into_iter().chain(content).collect()
}

/// Cuts pieces into tokens and gives each its time.
fn timed(options: &Options, rng: &mut Rng, ask: &Ask, pieces: Vec<Piece>) -> Vec<(Duration, Piece)> {
    let mut ticks = options.pace.ticks(rng, &ask.model);
    let mut timed = Vec::new();
    for piece in pieces {
        let (text, make): (String, &dyn Fn(String) -> Piece) = match piece {
            Piece::Text(text) => (text, &Piece::Text),
            Piece::Reasoning(text) => (text, &Piece::Reasoning),
            Piece::Call { index } => {
                timed.push((ticks.next(rng), Piece::Call { index }));
                continue;
            }
            Piece::Arguments { index, part } => (part, &move |part| Piece::Arguments { index, part }),
        };
        for token in writer::tokens(rng, &text) {
            timed.push((ticks.next(rng), make(token)));
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
