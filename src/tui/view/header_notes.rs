//! What headers mean that gateways and their SDKs send.

/// By the start of a header's name, in lower case: what it says. The longest start counts.
const NOTES: [(&str, &str); 32] = [
    ("accept-encoding", "codings the app can undo"),
    ("anthropic-beta", "features that are asked for"),
    ("anthropic-ratelimit-", "a limit, or what is left of it"),
    ("anthropic-version", "the version of the API that is spoken"),
    ("authorization", "the key; only facts of it are kept"),
    ("cache-control", "whether something between may keep it; `no-transform` forbids buffering"),
    ("cf-cache-status", "Cloudflare stands in between"),
    ("cf-ray", "Cloudflare's id of the request"),
    ("content-encoding", "the body is coded; a coded stream is often buffered"),
    ("content-length", "a body of this length; a stream has none"),
    ("http-referer", "names the app to OpenRouter"),
    ("idempotency-key", "the same for every attempt"),
    ("openai-organization", "who is charged"),
    ("openai-processing-ms", "how long the gateway says it took"),
    ("openai-project", "which project is charged"),
    ("ratelimit-", "a limit, or what is left of it"),
    ("request-id", "the gateway's id of the request; support asks for it"),
    ("retry-after-ms", "when to try again, in milliseconds; SDKs look here first"),
    ("retry-after", "when to try again"),
    ("transfer-encoding", "the body comes in chunks"),
    ("x-accel-buffering", "`no` asks nginx not to buffer"),
    ("x-api-key", "the key; only facts of it are kept"),
    ("x-gatetap-", "gatetap's own; never goes to the gateway"),
    ("x-generation-id", "OpenRouter's id of the answer"),
    ("x-ratelimit-", "a limit, or what is left of it"),
    ("x-request-id", "the gateway's id of the request; support asks for it"),
    ("x-should-retry", "tells SDKs whether to try again, whatever the status"),
    ("x-stainless-retry-count", "which attempt this is; the first is 0"),
    ("x-stainless-read-timeout", "after how long the SDK gives up, in seconds"),
    ("x-stainless-timeout", "after how long the SDK gives up, in seconds"),
    ("x-stainless-", "what the SDK says of itself"),
    ("x-title", "names the app to OpenRouter"),
];

/// What a header says; `None` for one that is not known here.
pub(super) fn note(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    NOTES
        .iter()
        .filter(|(start, _)| {
            name.strip_prefix(start).is_some_and(|rest| start.ends_with('-') || rest.is_empty())
        })
        .max_by_key(|(start, _)| start.len())
        .map(|(_, note)| *note)
}
