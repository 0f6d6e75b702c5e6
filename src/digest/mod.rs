//! From bytes and marks to meaning: what was asked of which model, what came back, how it ended.
//!
//! [`Digester`] takes the pieces of an exchange in the order they pass and can be asked at any
//! time; [`examine()`] does the same for an exchange that lies whole in a recording, and
//! [`events()`] lists its stream, [`Rhythm`] says how evenly it came. [`verdict::judge`] names the end, with its
//! evidence; [`view`] says what an SDK would have made of it, and [`compare`] how two differ.
//! What only a few ask about is derived when they do: [`rate_state`], [`Sdk`], [`meaning()`].
//!
//! Invariants: no IO; any bytes are accepted, and what is not understood is left `None`; the result does
//! not depend on where the chunks were cut.

mod as_sdk;
mod client;
pub mod compare;
mod digester;
mod events;
mod examine;
mod feed;
mod gather;
mod meaning;
mod rate_limit;
mod rhythm;
mod stream_facts;
pub mod summary;
mod text;
mod tool_arguments;
pub mod verdict;
mod walk;

pub use as_sdk::{Given, Outcome, ReadAs, View, given, view};
pub use client::{Sdk, SdkName};
pub use digester::Digester;
pub use events::{EventKind, EventLine, events};
pub use examine::{Examined, examine};
pub use meaning::meaning;
pub use rate_limit::{RateState, Window, rate_state};
pub use rhythm::Rhythm;
pub use stream_facts::{EventPlace, Oddities, Silence, StreamFacts};
pub use text::Text;
pub use tool_arguments::ArgumentsState;
pub use walk::{Part, walk};

use crate::exchange::time::Micros;
use crate::wire::dialect::Dialect;
use serde::{Deserialize, Serialize};

/// What was derived from one exchange: everything that lists, filters and checks ask about. No text of
/// prompts or answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// The API the exchange speaks.
    pub dialect: Dialect,
    /// A stream was asked for (`"stream": true`) or the answer was an event stream.
    pub streaming: bool,
    /// The model the request named.
    pub model: Option<String>,
    /// The model the answer named.
    pub model_answered: Option<String>,
    /// The gateway's id of the request: `x-request-id`, `request-id`, `x-generation-id` or
    /// `x-oneapi-request-id`, first found, else `request_id` in the body of an error.
    pub request_id: Option<String>,
    /// The error's code, as a text or as the digits of a number: `error.code`, else `error.type`, else
    /// OpenRouter's `availability.code` or `error_type`; from the body or from inside the stream.
    pub error_code: Option<String>,
    /// The error's stable kind, where its code is another word or the status as a number: OpenRouter's
    /// `error_type`, else `error.type`.
    pub error_kind: Option<String>,
    /// The error's message; of an error page its title.
    pub error_message: Option<String>,
    /// The finish reason of the first choice, in the dialect's own word.
    pub finish_reason: Option<String>,
    /// The provider's own reason, where the gateway has put it into another word.
    pub native_finish_reason: Option<String>,
    /// The provider that the gateway asked (OpenRouter).
    pub provider: Option<String>,
    /// The answer's own id: `chatcmpl-…`, `resp_…`, `msg_…`, OpenRouter's `gen-…`.
    pub answer_id: Option<String>,
    /// The terminal event, if one was seen: `[DONE]`, `message_stop`, `response.completed`, …
    pub terminal_event: Option<String>,
    /// Tokens, as the answer reported them.
    pub usage: Usage,
    /// When the first event with a piece of the answer was complete: text, reasoning, a refusal or a tool
    /// call. `None` for a plain answer.
    pub first_token: Option<Micros>,
    /// When the first event was complete.
    pub first_event: Option<Micros>,
    /// When the last event was complete.
    pub last_event: Option<Micros>,
    /// Events dispatched so far; comments are not events.
    pub events: u64,
    /// Comment lines so far.
    pub comments: u64,
    /// How evenly the events came.
    pub pace: Pace,
    /// Choices begun; more than one if `n` was.
    pub choices: u64,
    /// Choices beside the first that were begun and have no finish reason.
    pub open_choices: u64,
    /// Bytes after the last complete event: the start of one that never ended. Of a plain answer, the
    /// length of a JSON document that stops in its middle.
    pub leftover: u64,
    /// Who asked.
    pub client: ClientFacts,
}

/// How evenly the events of a stream came, as far as it is kept. [`Rhythm`] is the whole of it, read anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// The longest time between two events.
    pub longest_gap: Option<Micros>,
    /// The number, from 1, of the event before that gap.
    pub longest_gap_after: u64,
    /// Reads that completed at least one event.
    pub reads: u64,
    /// The most events that one read completed.
    pub most_in_a_read: u64,
}

/// Tokens and money, as reported; `None` is *not reported*.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input: Option<u64>,
    /// Tokens of the answer.
    pub output: Option<u64>,
    /// Both, as reported, else their sum.
    pub total: Option<u64>,
    /// Tokens of the prompt that came from a cache.
    pub cached: Option<u64>,
    /// Tokens of the answer that were reasoning.
    pub reasoning: Option<u64>,
    /// The cost in the gateway's own unit (OpenRouter: credits, which are US dollars).
    pub cost: Option<f64>,
}

/// What the request says about its client.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientFacts {
    /// The `User-Agent`.
    pub agent: Option<String>,
    /// Which attempt this is, from `x-stainless-retry-count`; the first is 0.
    pub retry_count: Option<u32>,
    /// The client's own timeout in seconds, from `x-stainless-read-timeout` or `x-stainless-timeout`.
    pub timeout_s: Option<f64>,
}

/// What the model said, put together from all its pieces.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The text of the first choice.
    pub text: String,
    /// Its reasoning, where it is given.
    pub reasoning: String,
    /// Its refusal, where it is given.
    pub refusal: String,
    /// Its tool calls, in order.
    pub tool_calls: Vec<ToolCall>,
    /// The choices beside the first, by their index, where more than one was asked for.
    pub others: Vec<OtherChoice>,
    /// What a list holds: the ids of models, or what each embedding is made of.
    pub listed: Vec<String>,
    /// The stream's end repeats the answer in other words than its events gave it: some were lost.
    pub disagrees: bool,
}

/// One more choice of an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OtherChoice {
    /// Its index; the first choice has 0.
    pub index: u64,
    /// Its finish reason.
    pub finish_reason: Option<String>,
    /// What it says. Has no others of its own.
    pub answer: Answer,
}

/// One tool call of an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolCall {
    /// The call's id.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments, as the text the model wrote; valid JSON only if it finished.
    pub arguments: String,
}
