//! The documented errors of the known gateways: status, body, whether trying again helps, and how sure
//! all that is.
//!
//! The catalog is `errors.toml`. Its messages are written for gatetap; what a gateway's clients branch
//! on, status, code and the form of the body, is the gateway's own.

use std::sync::LazyLock;

use crate::exchange::time::{Micros, WallTime};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How long a limit lasts where nothing says it, in seconds.
const MINUTE: u64 = 60;

/// A text in which `{reset}` (RFC 3339) and `{reset_ms}` (milliseconds since 1970) stand for the time `wait_s`
/// seconds after `now`.
pub fn with_reset(text: &str, now: WallTime, wait_s: u64) -> String {
    let reset = now.plus(Micros(wait_s.saturating_mul(1_000_000)));
    let milliseconds = reset.0.div_euclid(1000);
    let text = text.replace("{reset_ms}", &milliseconds.to_string());
    match Timestamp::from_millisecond(milliseconds) {
        Ok(time) => text.replace("{reset}", &time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        Err(_) => text,
    }
}

/// One documented error of one gateway.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorCode {
    /// The gateway's name, as in its profile.
    pub gateway: String,
    /// The code by which a client tells it: `error.code`, or the nearest thing the gateway has.
    pub code: String,
    /// The HTTP status.
    pub status: u16,
    /// Statuses that the same code may come with instead.
    #[serde(default)]
    pub other_statuses: Vec<u16>,
    /// `error.type`, where the form of the body has one that is not the code itself.
    pub kind: Option<String>,
    /// `error.param`.
    pub param: Option<String>,
    /// What the body says; `{model}` stands for the model that was asked for.
    pub message: String,
    /// Whether trying again helps.
    pub retry: Retry,
    /// The `retry-after` it comes with, in seconds; `None` if it comes without.
    pub retry_after: Option<u64>,
    /// Headers that it comes with besides. `{reset}` and `{reset_ms}` stand for the time when its limit is reset:
    /// [`ErrorCode::headers_at`] fills it in.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// OpenRouter's `error.metadata`.
    pub metadata: Option<Map<String, Value>>,
    /// Whether this is one of OpenRouter's model availability errors, which have a body of their own.
    #[serde(default)]
    pub availability: bool,
    /// What it means.
    pub meaning: String,
    /// What to do about it.
    pub fix: String,
    /// Where it is documented.
    pub source: String,
    /// How sure it is that the code exists and means this.
    pub confidence: Confidence,
    /// How sure the status is, where that is less sure than the code.
    pub status_confidence: Option<Confidence>,
}

/// Whether sending the same request again helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retry {
    /// The same request gets the same answer.
    Never,
    /// Once the time in `retry-after` is over.
    AfterHeader,
    /// Once, with a longer timeout or another model.
    Once,
    /// After a while, waiting longer each time.
    Backoff,
}

/// How sure a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The vendor says so.
    Documented,
    /// It was seen on the wire; nobody promises it.
    Observed,
    /// The likeliest guess.
    Assumed,
}

/// The form of an error body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// `{"error":{"message","type","param","code"}}`
    #[serde(rename = "openai")]
    OpenAi,
    /// `{"error":{"code":STATUS,"message","metadata"}}`
    #[serde(rename = "openrouter")]
    OpenRouter,
    /// `{"type":"error","error":{"type","message"},"request_id"}`
    Anthropic,
}

/// What a body says differently from the catalog; `None` leaves what stands there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Detail<'a> {
    /// Another message.
    pub message: Option<&'a str>,
    /// Another `error.param`.
    pub param: Option<&'a str>,
    /// The model that was asked for.
    pub model: Option<&'a str>,
    /// The request id, where the body repeats it.
    pub request_id: Option<&'a str>,
    /// The seconds of `retry-after`, where the body repeats them.
    pub retry_after: Option<u64>,
    /// Another status, where the body repeats it.
    pub status: Option<u16>,
    /// Another form of the body.
    pub shape: Option<Shape>,
}

/// Every error of the catalog, gateway by gateway.
pub fn all() -> &'static [ErrorCode] {
    #[derive(Default, Deserialize)]
    struct File {
        error: Vec<ErrorCode>,
    }
    // A test holds that the file is well formed.
    static FILE: LazyLock<File> =
        LazyLock::new(|| toml::from_str(include_str!("errors.toml")).unwrap_or_default());
    &FILE.error
}

/// The error that `gateway` gives that code.
pub fn lookup(gateway: &str, code: &str) -> Option<&'static ErrorCode> {
    all().iter().find(|error| error.gateway == gateway && error.code == code)
}

/// Every gateway's error of that code; the default gateway's first.
pub fn with_code(code: &str) -> impl Iterator<Item = &'static ErrorCode> {
    all().iter().filter(move |error| error.code == code)
}

/// The errors that `gateway` answers with that status, the likeliest first.
pub fn with_status(gateway: &str, status: u16) -> impl Iterator<Item = &'static ErrorCode> {
    let of_gateway = move || all().iter().filter(move |error| error.gateway == gateway);
    let usual = of_gateway().filter(move |error| error.status == status);
    let other = of_gateway().filter(move |error| error.other_statuses.contains(&status));
    usual.chain(other)
}

impl Retry {
    /// The rule in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::AfterHeader => "after retry-after",
            Self::Once => "once, with a longer timeout or another model",
            Self::Backoff => "after a while, waiting longer each time",
        }
    }
}

impl Confidence {
    /// The word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Observed => "observed",
            Self::Assumed => "assumed",
        }
    }
}

impl ErrorCode {
    /// The form of its body, which is its gateway's.
    pub fn shape(&self) -> Shape {
        super::profile::profile(&self.gateway).map_or(Shape::OpenAi, |profile| profile.errors)
    }

    /// `error.type` in Anthropic's form: its own code, or what a status means there.
    fn anthropic_kind(&self) -> &str {
        if self.shape() == Shape::Anthropic {
            return &self.code;
        }
        let same = all().iter().find(|error| error.gateway == "anthropic" && error.status == self.status);
        same.map_or("api_error", |error| &error.code)
    }

    /// How sure the status is.
    pub fn status_confidence(&self) -> Confidence {
        self.status_confidence.unwrap_or(self.confidence)
    }

    /// The headers that it comes with besides, said at `now`, where `wait_s` seconds are to be waited; `None` is
    /// what is documented, else a minute.
    pub fn headers_at(&self, now: WallTime, wait_s: Option<u64>) -> Vec<(String, String)> {
        let wait_s = wait_s.or(self.retry_after).unwrap_or(MINUTE);
        let fill = |(name, value): &(String, String)| (name.clone(), with_reset(value, now, wait_s));
        self.headers.iter().map(fill).collect()
    }

    /// The body, as JSON text, with what `detail` says differently.
    pub fn body(&self, detail: &Detail<'_>) -> String {
        let message = match detail.message {
            Some(message) => message.to_owned(),
            None => self.message.replace("{model}", detail.model.unwrap_or("unknown")),
        };
        let status = detail.status.unwrap_or(self.status);
        let text = match detail.shape.unwrap_or_else(|| self.shape()) {
            Shape::OpenAi => serde_json::to_string(&OpenAiBody {
                error: OpenAiError {
                    message: &message,
                    kind: self.kind.as_deref().unwrap_or("invalid_request_error"),
                    param: detail.param.or(self.param.as_deref()),
                    code: &self.code,
                },
            }),
            Shape::OpenRouter if self.availability => serde_json::to_string(&AvailabilityBody {
                error: AvailabilityError {
                    message: &message,
                    error_type: self.kind.as_deref().unwrap_or("invalid_request"),
                    http_status: status,
                    availability: Availability {
                        code: &self.code,
                        retryable: self.retry != Retry::Never,
                        retry_after: detail.retry_after.or(self.retry_after),
                        requested_models: detail.model.into_iter().collect(),
                        docs_url: format!("https://openrouter.ai/docs/errors#{}", self.code),
                    },
                },
            }),
            Shape::OpenRouter => serde_json::to_string(&OpenRouterBody {
                error: OpenRouterError { code: status, message: &message, metadata: self.metadata.as_ref() },
            }),
            Shape::Anthropic => serde_json::to_string(&AnthropicBody {
                kind: "error",
                error: AnthropicError { kind: self.anthropic_kind(), message: &message },
                request_id: detail.request_id,
            }),
        };
        // Strings, numbers and maps with string keys always serialize.
        text.unwrap_or_default()
    }
}

// One struct a form, so that the fields come in the order the gateways send them.

#[derive(Serialize)]
struct OpenAiBody<'a> {
    error: OpenAiError<'a>,
}

#[derive(Serialize)]
struct OpenAiError<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    param: Option<&'a str>,
    code: &'a str,
}

#[derive(Serialize)]
struct OpenRouterBody<'a> {
    error: OpenRouterError<'a>,
}

#[derive(Serialize)]
struct OpenRouterError<'a> {
    code: u16,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Map<String, Value>>,
}

#[derive(Serialize)]
struct AvailabilityBody<'a> {
    error: AvailabilityError<'a>,
}

#[derive(Serialize)]
struct AvailabilityError<'a> {
    message: &'a str,
    error_type: &'a str,
    http_status: u16,
    availability: Availability<'a>,
}

#[derive(Serialize)]
struct Availability<'a> {
    code: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    requested_models: Vec<&'a str>,
    docs_url: String,
}

#[derive(Serialize)]
struct AnthropicBody<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    error: AnthropicError<'a>,
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct AnthropicError<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    message: &'a str,
}
