//! Streams: whether one was asked for and given, whether it flowed, whether it came to its end.

pub(super) mod app_reads_slowly;
pub(super) mod bad_json;
pub(super) mod buffered_after_proxy;
pub(super) mod buffered_upstream;
pub(super) mod choices_unfinished;
pub(super) mod chunky;
pub(super) mod comment_with_unknown_client;
pub(super) mod compressed;
pub(super) mod connection_close_chunked;
pub(super) mod data_after_end;
pub(super) mod disabled_by_proxy_hdr;
pub(super) mod done_on_anthropic;
pub(super) mod end_disagrees;
pub(super) mod error_but_client_continued;
pub(super) mod expected_not_requested;
pub(super) mod fake;
mod flow;
pub(super) mod from_cache;
pub(super) mod has_content_length;
pub(super) mod http10;
pub(super) mod inband_error;
pub(super) mod json_reply;
pub(super) mod no_done;
pub(super) mod order;
pub(super) mod partial_frame;
pub(super) mod sdk_reads_otherwise;
pub(super) mod slow_first_token;
pub(super) mod stall;
pub(super) mod tool_args_invalid;
pub(super) mod truncated_silent;
pub(super) mod truncated_transport;
pub(super) mod unverified_gateway;
pub(super) mod usage_empty_choices;
pub(super) mod wrong_content_type;

use crate::check::Subject;
use crate::digest::{EventPlace, SdkName};
use crate::exchange::finding::Place;
use crate::exchange::head::ResponseHead;
use crate::wire::coding::Decoder;
use crate::wire::media;

/// Whether the answer was meant to be, or was, an event stream.
fn is_event_stream(subject: &Subject<'_>) -> bool {
    let declared = subject.head().is_some_and(|head| media::is_event_stream(&head.headers));
    declared || (subject.is_stream() && !is_lines(subject))
}

/// Whether the answer is JSON documents, one a line.
fn is_lines(subject: &Subject<'_>) -> bool {
    subject.head().is_some_and(|head| media::is_json_lines(&head.headers))
}

/// Whether the answer came as a stream of a model's words, or was to.
fn is_streamed(subject: &Subject<'_>) -> bool {
    subject.dialect().generates() && (subject.is_stream() || is_event_stream(subject))
}

/// The last line of the stream's list, if it has any.
fn last_event(subject: &Subject<'_>) -> Option<Place> {
    let lines = subject.stream.lines();
    (subject.digest.events > 0).then(|| Place::Event(lines.saturating_sub(1)))
}

/// Whether the gateway accepted the request.
fn is_good(subject: &Subject<'_>) -> bool {
    (200..300).contains(&subject.status())
}

/// The coding of a body, if it has one.
fn coding(head: &ResponseHead) -> Option<&str> {
    let is_coded = Decoder::for_headers(&head.headers).is_coded();
    head.headers.text("content-encoding").map(str::trim).filter(|_| is_coded)
}

/// Where an event stands.
fn event(place: EventPlace) -> Place {
    Place::Event(place.index)
}

/// Whether the answer is one that the gateway had stored (OpenRouter, or a cache in between).
fn is_from_cache(subject: &Subject<'_>) -> Option<&'static str> {
    const NAMES: [&str; 3] = ["x-openrouter-cache-status", "x-litellm-cache-hit", "helicone-cache"];
    let head = subject.head()?;
    NAMES.into_iter().find(|name| {
        let value = head.headers.text(name).unwrap_or_default();
        ["hit", "true"].iter().any(|hit| value.trim().eq_ignore_ascii_case(hit))
    })
}

/// What the SDK that asked makes of a stream that ends early and cleanly.
fn at_clean_cut(subject: &Subject<'_>) -> String {
    if subject.stream.bad_json.is_some() {
        return "what came before it was no JSON".to_owned();
    }
    let name = subject.sdk().map(|sdk| sdk.name);
    if let Some(name @ (SdkName::OpenAiPython | SdkName::AnthropicPython)) = name
        && subject.stream.oddities.not_utf8.is_some()
    {
        return format!("{} raises `UnicodeDecodeError` at a character that is not whole", name.as_str());
    }
    match name {
        Some(SdkName::AiSdk) => "AI SDK raises an error part here".to_owned(),
        Some(
            name @ (SdkName::OpenAiPython
            | SdkName::OpenAiNode
            | SdkName::AnthropicPython
            | SdkName::AnthropicNode),
        ) => format!("{} raises nothing here", name.as_str()),
        _ => "the OpenAI and Anthropic SDKs raise nothing here".to_owned(),
    }
}
