//! What an SDK would have made of an answer.
//!
//! Rests on measurements of openai 3.52 (Python) and 6.49 (Node), anthropic 2.11 (Python) and 1.11 (Node) and
//! ai 6.0 against a server that breaks streams in every way: most of them do not notice a stream that ends
//! early and cleanly. Retries are told, not counted: each view is of this one answer.

mod decoder;
mod refused;

pub use decoder::Given;

use super::{Digest, SdkName};
use crate::exchange::Exchange;
use crate::exchange::body::Body;
use crate::exchange::end::{BodyEnd, Hop};
use crate::exchange::head::ResponseHead;
use crate::wire::coding;
use crate::wire::dialect::Dialect;
use crate::wire::media;
use crate::wire::piece::{self, Piece};
use decoder::Flavor;
use serde_json::Value;

/// Whose eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadAs {
    /// `openai` for Python.
    OpenAiPython,
    /// `openai` for Node.
    OpenAiNode,
    /// `anthropic` for Python; where Node's differs it is said.
    Anthropic,
    /// Vercel's AI SDK.
    AiSdk,
}

/// What an SDK would have made of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Which SDK.
    pub read_as: ReadAs,
    /// How it ends for the app.
    pub outcome: Outcome,
    /// Events that the app is given; 0 of a plain answer.
    pub events: usize,
    /// Events that a reader to the standard gives, without `[DONE]`.
    pub standard_events: usize,
    /// The text of the first choice, from the events that the app is given.
    pub text: String,
    /// What is worth knowing besides.
    pub notes: Vec<String>,
}

/// How an answer ends for the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Without an error, and rightly so.
    Fine,
    /// Without an error, though something is wrong: this.
    Silent(String),
    /// With this error.
    Raises(String),
    /// The app stopped reading by itself.
    Left,
    /// It goes on.
    Open,
}

impl ReadAs {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OpenAiPython, Self::OpenAiNode, Self::Anthropic, Self::AiSdk];

    /// The word on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAiPython => "openai-python",
            Self::OpenAiNode => "openai-node",
            Self::Anthropic => "anthropic",
            Self::AiSdk => "ai-sdk",
        }
    }

    /// Those that people read this dialect with.
    pub const fn of_dialect(dialect: Dialect) -> &'static [Self] {
        match dialect {
            Dialect::Chat | Dialect::Completions | Dialect::Responses => {
                &[Self::OpenAiPython, Self::OpenAiNode, Self::AiSdk]
            }
            Dialect::Messages => &[Self::Anthropic, Self::AiSdk],
            Dialect::Embeddings | Dialect::Models | Dialect::Ollama | Dialect::Unknown => &[],
        }
    }

    /// The eyes of an SDK, if they are known.
    pub const fn of_sdk(sdk: SdkName) -> Option<Self> {
        match sdk {
            SdkName::OpenAiPython => Some(Self::OpenAiPython),
            SdkName::OpenAiNode => Some(Self::OpenAiNode),
            SdkName::AnthropicPython | SdkName::AnthropicNode => Some(Self::Anthropic),
            SdkName::AiSdk => Some(Self::AiSdk),
            _ => None,
        }
    }

    const fn flavor(self) -> Flavor {
        match self {
            Self::OpenAiPython | Self::Anthropic => Flavor::Python,
            Self::OpenAiNode => Flavor::Node,
            Self::AiSdk => Flavor::Standard,
        }
    }

    /// What it raises when the connection breaks.
    const fn connection_error(self) -> &'static str {
        match self {
            Self::OpenAiPython => "APIConnectionError",
            Self::OpenAiNode => "TypeError: terminated",
            Self::Anthropic => "RemoteProtocolError (of httpx, no class of the SDK)",
            Self::AiSdk => "APICallError",
        }
    }

    /// What it raises at data that is not JSON.
    const fn json_error(self) -> &'static str {
        match self {
            Self::OpenAiPython | Self::Anthropic => "json.JSONDecodeError",
            Self::OpenAiNode => "SyntaxError",
            Self::AiSdk => "an error part",
        }
    }
}

impl View {
    /// Whether this is not what a reader to the standard, who also looks at how the stream ended, would say.
    pub fn differs(&self, is_complete: bool) -> bool {
        match &self.outcome {
            Outcome::Silent(_) => true,
            // What raises does not give the events after it.
            Outcome::Raises(_) => is_complete,
            Outcome::Fine => !is_complete || self.events != self.standard_events,
            Outcome::Left | Outcome::Open => self.events != self.standard_events,
        }
    }
}

/// What the event-stream decoder of `read_as` gives for a whole body, decoded.
pub fn given(read_as: ReadAs, body: &[u8]) -> Vec<Given> {
    decoder::decode(read_as.flavor(), body)
}

/// What `read_as` would have made of the answer of `exchange`.
pub fn view(read_as: ReadAs, exchange: &Exchange, request: &Body, response: &Body, digest: &Digest) -> View {
    let mut view = View {
        read_as,
        outcome: Outcome::Open,
        events: 0,
        standard_events: 0,
        text: String::new(),
        notes: Vec::new(),
    };
    let Some(head) = &exchange.response else {
        view.outcome = match (&exchange.response_end, exchange.timing.end) {
            (None, None) => Outcome::Open,
            _ if exchange.broken_by() == Some(Hop::App) => Outcome::Left,
            _ => Outcome::Raises(format!("{}; up to 3 attempts", read_as.connection_error())),
        };
        return view;
    };
    let asked = coding::decode(&exchange.request.headers, &request.bytes, coding::DEFAULT_CAP);
    let stream = piece::read_request(&asked.bytes).stream == Some(true);
    let body = coding::decode(&head.headers, &response.bytes, coding::DEFAULT_CAP).bytes;
    if stream && head.status < 400 {
        view.stream(exchange, head, digest, &body);
    } else {
        view.plain(exchange, head, &body);
    }
    view
}

impl View {
    fn stream(&mut self, exchange: &Exchange, head: &ResponseHead, digest: &Digest, body: &[u8]) {
        self.standard_events =
            decoder::decode(Flavor::Standard, body).iter().filter(|given| !self.is_no_news(given)).count();
        let mut done = false;
        let mut finished = false;
        for given in decoder::decode(self.read_as.flavor(), body) {
            match self.event(given, digest.dialect, &mut finished) {
                Step::Given => self.events += 1,
                Step::Passed => {}
                Step::Done => {
                    done = true;
                    // Node and the AI SDK read on to the end of the body, and give nothing more.
                    break;
                }
                Step::Raises(error) => {
                    self.outcome = Outcome::Raises(error);
                    return;
                }
            }
        }
        // Python closes the connection at `[DONE]`, so what comes after it cannot break anything.
        if done && self.read_as == ReadAs::OpenAiPython {
            self.outcome = self.clean_end(finished, digest);
            return;
        }
        self.outcome = match &exchange.response_end {
            None => Outcome::Open,
            Some(BodyEnd::Broken { by: Hop::App, .. }) if finished => Outcome::Fine,
            Some(BodyEnd::Broken { by: Hop::App, .. }) => Outcome::Left,
            Some(end @ BodyEnd::Broken { .. }) if !self.overlooks_cut(head, end) => {
                Outcome::Raises(self.read_as.connection_error().to_owned())
            }
            Some(_) => self.clean_end(finished, digest),
        };
    }

    /// Whether nobody means this event to reach the app: `[DONE]`, and the pings of Messages.
    fn is_no_news(&self, given: &Given) -> bool {
        let Given::Event { kind, data } = given else {
            return false;
        };
        data.trim() == "[DONE]" || self.read_as == ReadAs::Anthropic && kind.as_deref() == Some("ping")
    }

    /// Node takes the close of a connection that was announced for the end of the body, but not a reset.
    fn overlooks_cut(&self, head: &ResponseHead, end: &BodyEnd) -> bool {
        let closes = head.headers.text("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        self.read_as == ReadAs::OpenAiNode && closes && !end.is_reset()
    }

    fn event(&mut self, given: Given, dialect: Dialect, finished: &mut bool) -> Step {
        let Given::Event { kind, data } = given else {
            return Step::Raises("UnicodeDecodeError".to_owned());
        };
        let read_as = self.read_as;
        match read_as {
            ReadAs::OpenAiPython if data.starts_with("[DONE]") => return Step::Done,
            ReadAs::OpenAiNode | ReadAs::AiSdk if data == "[DONE]" => return Step::Done,
            ReadAs::Anthropic => match kind.as_deref() {
                Some("ping") => return Step::Passed,
                Some("error") => return Step::Raises(format!("APIStatusError: {}", error_text(&data))),
                Some(kind) if is_of_messages(kind) => {}
                _ => return Step::Passed,
            },
            _ => {}
        }
        let Ok(value) = serde_json::from_str::<Value>(&data) else {
            return Step::Raises(format!("{} at `{}`", read_as.json_error(), start_of(&data)));
        };
        if read_as != ReadAs::Anthropic && value.get("error").is_some_and(is_truthy) {
            let class =
                if read_as == ReadAs::AiSdk { "an error part" } else { "APIError (without a status)" };
            return Step::Raises(format!("{class}: {}", error_text(&data)));
        }
        let mut first = true;
        piece::read_event(dialect, kind.as_deref().unwrap_or("message"), &data, &mut |piece| match piece {
            Piece::Choice(index) => first = index == 0,
            Piece::Repeats(repeats) => first = !repeats,
            Piece::Text(text) if first => self.text.push_str(text),
            Piece::Finish(_) if first => *finished = true,
            Piece::Terminal(event) if event != "[DONE]" => *finished = true,
            _ => {}
        });
        Step::Given
    }

    /// How it goes on when the body ends as bodies do.
    fn clean_end(&self, finished: bool, digest: &Digest) -> Outcome {
        if digest.error_code.is_some() && self.events > 0 {
            return match self.read_as {
                ReadAs::AiSdk => Outcome::Raises("an error part".to_owned()),
                _ => Outcome::Silent("hands the error on as one more event".to_owned()),
            };
        }
        if finished || !digest.dialect.generates() && self.events > 0 {
            return Outcome::Fine;
        }
        let what = if self.events == 0 {
            "gives the app not one event"
        } else {
            "ends as if the answer were whole: there is no finish reason"
        };
        match self.read_as {
            ReadAs::AiSdk => Outcome::Raises("an error part: it ended without a finish reason".to_owned()),
            ReadAs::Anthropic => Outcome::Silent(format!("{what}; in Node only `finalMessage()` raises")),
            _ => Outcome::Silent(what.to_owned()),
        }
    }

    fn plain(&mut self, exchange: &Exchange, head: &ResponseHead, body: &[u8]) {
        if head.status >= 400 {
            self.refused(head);
            return;
        }
        self.outcome = match &exchange.response_end {
            None => Outcome::Open,
            Some(BodyEnd::Broken { by: Hop::App, .. }) => Outcome::Left,
            Some(BodyEnd::Broken { .. }) => {
                Outcome::Raises(format!("{}; up to 3 attempts", self.read_as.connection_error()))
            }
            Some(BodyEnd::Whole) => self.document(head, body),
        };
    }

    fn document(&self, head: &ResponseHead, body: &[u8]) -> Outcome {
        let is_ai_sdk = self.read_as == ReadAs::AiSdk;
        let parsed = serde_json::from_slice::<Value>(body);
        match parsed {
            Ok(value) if value.get("error").is_some_and(is_truthy) => {
                if is_ai_sdk {
                    Outcome::Raises("AI_APICallError: the answer is not of the expected form".to_owned())
                } else {
                    Outcome::Silent(
                        "gives the app an object whose `choices` and `id` are empty; the error stands beside them"
                            .to_owned(),
                    )
                }
            }
            Ok(_) => Outcome::Fine,
            Err(_) if is_ai_sdk => Outcome::Raises("AI_APICallError: the answer is not JSON".to_owned()),
            Err(_) if !media::is_json(&head.headers) => {
                Outcome::Silent("gives the app a string instead of an object".to_owned())
            }
            Err(_) => Outcome::Raises(self.read_as.json_error().to_owned()),
        }
    }
}

/// What one event does.
enum Step {
    Given,
    Passed,
    Done,
    Raises(String),
}

fn is_of_messages(kind: &str) -> bool {
    matches!(
        kind,
        "completion"
            | "message_start"
            | "message_delta"
            | "message_stop"
            | "content_block_start"
            | "content_block_delta"
            | "content_block_stop"
    )
}

/// As Python and JavaScript have it.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        _ => true,
    }
}

fn error_text(data: &str) -> String {
    let mut text = String::new();
    piece::read_event(Dialect::Unknown, "error", data, &mut |piece| {
        if let Piece::Error(error) = piece {
            text = error.message.or(error.code).unwrap_or_default();
        }
    });
    if text.is_empty() { start_of(data) } else { text }
}

fn start_of(text: &str) -> String {
    const MOST: usize = 40;
    let start: String = text.chars().take(MOST).collect();
    if start.len() < text.len() { format!("{start}…") } else { start }
}
