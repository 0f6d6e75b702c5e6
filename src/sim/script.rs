//! A completion as bytes: the events of a stream with their times, or one JSON body.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::behavior::Behavior;
use super::completion::{Completion, Content, Piece};
use super::playback::{Ending, Script};
use crate::gateway::errors::Detail;

/// One event of the stream before it is put into its wire form.
struct Event {
    at: Duration,
    data: String,
}

/// The stream of a completion, in lifelike time, with what the behavior does to it.
pub(super) fn stream(completion: &Completion, include_usage: bool, behavior: &Behavior) -> Script {
    let (mut events, tail) = events(completion, include_usage);
    let written = events.len();
    let mut ending = Ending::Clean;
    match behavior {
        Behavior::Usual | Behavior::RateLimited { .. } | Behavior::Offset => events.extend(tail),
        Behavior::Cut { after } => {
            events.truncate(*after);
            ending = Ending::Cut;
        }
        Behavior::Buffered => {
            events.extend(tail);
            return in_one_piece(&events);
        }
        Behavior::Stall { after, silence } => {
            let after = written.min(*after);
            events.extend(tail);
            if let Some(silence) = silence {
                for event in events.iter_mut().skip(after) {
                    event.at += *silence;
                }
            } else {
                events.truncate(after);
                ending = Ending::Silence;
            }
        }
        Behavior::NoFinish => {}
        Behavior::ErrorInside { after, code } => {
            events.truncate(*after);
            let at = events.last().map_or(Duration::ZERO, |event| event.at);
            let data = code.body(&Detail { model: Some(completion.model), ..Detail::default() });
            events.push(Event { at, data });
        }
    }
    Script { pieces: events.iter().map(|event| (event.at, event.wire())).collect(), ending }
}

/// All events at the time of the last, as one piece: what a buffering proxy would pass on.
fn in_one_piece(events: &[Event]) -> Script {
    let end = events.last().map_or(Duration::ZERO, |event| event.at);
    let bytes: Vec<u8> = events.iter().flat_map(Event::wire).collect();
    Script { pieces: VecDeque::from([(end, Bytes::from(bytes))]), ending: Ending::Clean }
}

/// The answer as one JSON body.
pub(super) fn whole(completion: &Completion, behavior: &Behavior) -> String {
    let message = match &completion.content {
        Content::Text(text) => Message { role: "assistant", content: Some(text), tool_calls: None },
        Content::Calls(calls) => Message {
            role: "assistant",
            content: None,
            tool_calls: Some(
                calls
                    .iter()
                    .map(|call| CallDelta {
                        index: None,
                        id: Some(&call.id),
                        kind: Some("function"),
                        function: Function { name: Some(&call.name), arguments: &call.arguments },
                    })
                    .collect(),
            ),
        },
    };
    to_json(&WholeBody {
        id: &completion.id,
        object: "chat.completion",
        created: completion.created,
        model: completion.model,
        choices: [WholeChoice {
            index: 0,
            message,
            finish_reason: (*behavior != Behavior::NoFinish).then_some(completion.finish_reason),
        }],
        usage: Usage::of(completion),
    })
}

/// The events of a stream: first those of the answer, then those that end it.
fn events(completion: &Completion, include_usage: bool) -> (Vec<Event>, Vec<Event>) {
    let chunk = |delta: Delta<'_>, finish_reason: Option<&'static str>| {
        to_json(&Chunk {
            choices: vec![ChunkChoice { index: 0, delta, finish_reason }],
            usage: if include_usage { Field::Null } else { Field::Absent },
            ..Chunk::of(completion)
        })
    };
    let is_text = matches!(completion.content, Content::Text(_));
    let start = Delta {
        role: Some("assistant"),
        content: if is_text { Field::There("") } else { Field::Null },
        tool_calls: None,
    };
    let first = completion.pieces.first().map_or(Duration::ZERO, |(at, _)| *at);
    // The role comes with the first token.
    let mut body = vec![Event { at: first, data: chunk(start, None) }];
    body.extend(
        completion
            .pieces
            .iter()
            .map(|(at, piece)| Event { at: *at, data: chunk(Delta::of(piece, &completion.content), None) }),
    );
    let mut tail = vec![chunk(Delta::default(), Some(completion.finish_reason))];
    if include_usage {
        tail.push(to_json(&Chunk { usage: Field::There(Usage::of(completion)), ..Chunk::of(completion) }));
    }
    tail.push("[DONE]".to_owned());
    let at = completion.end;
    (body, tail.into_iter().map(|data| Event { at, data }).collect())
}

impl Event {
    fn wire(&self) -> Bytes {
        format!("data: {}\n\n", self.data).into()
    }
}

fn to_json(value: &impl Serialize) -> String {
    // Strings and numbers always serialize.
    serde_json::to_string(value).unwrap_or_default()
}

// The bodies, with their fields in the order in which gateways send them.

/// A field that may be absent, `null`, or there.
#[derive(Default, Serialize)]
#[serde(untagged)]
enum Field<T> {
    #[default]
    Absent,
    Null,
    There(T),
}

impl<T> Field<T> {
    const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

#[derive(Serialize)]
struct WholeBody<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: [WholeChoice<'a>; 1],
    usage: Usage,
}

#[derive(Serialize)]
struct WholeChoice<'a> {
    index: u32,
    message: Message<'a>,
    finish_reason: Option<&'static str>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<Vec<CallDelta<'a>>>,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: Vec<ChunkChoice<'a>>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    usage: Field<Usage>,
}

#[derive(Serialize)]
struct ChunkChoice<'a> {
    index: u32,
    delta: Delta<'a>,
    finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    content: Field<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[CallDelta<'a>; 1]>,
}

#[derive(Serialize)]
struct CallDelta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the format")]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}

impl<'a> Chunk<'a> {
    /// A chunk without choices.
    fn of(completion: &'a Completion) -> Self {
        Self {
            id: &completion.id,
            object: "chat.completion.chunk",
            created: completion.created,
            model: completion.model,
            choices: Vec::new(),
            usage: Field::Absent,
        }
    }
}

impl<'a> Delta<'a> {
    fn of(piece: &'a Piece, content: &'a Content) -> Self {
        let call = match (piece, content) {
            (Piece::Text(text), _) => {
                return Self { content: Field::There(text), ..Self::default() };
            }
            (Piece::Arguments { index, part }, _) => CallDelta {
                index: Some(*index),
                id: None,
                kind: None,
                function: Function { name: None, arguments: part },
            },
            (Piece::Call { index }, content) => {
                let call = match content {
                    Content::Calls(calls) => calls.get(*index),
                    Content::Text(_) => None,
                };
                CallDelta {
                    index: Some(*index),
                    id: call.map(|call| call.id.as_str()),
                    kind: Some("function"),
                    function: Function { name: call.map(|call| call.name.as_str()), arguments: "" },
                }
            }
        };
        Self { tool_calls: Some([call]), ..Self::default() }
    }
}

impl Usage {
    const fn of(completion: &Completion) -> Self {
        Self {
            prompt_tokens: completion.input_tokens,
            completion_tokens: completion.output_tokens,
            total_tokens: completion.input_tokens + completion.output_tokens,
        }
    }
}
