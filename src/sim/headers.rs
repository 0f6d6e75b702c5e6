//! The headers that each gateway sends with every answer: ids, limits, CORS.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use super::profile::{Profile, Vendor};
use super::tell;
use crate::exchange::time::WallTime;

/// The requests a minute that a profile says it allows. It counts them and refuses none.
const RATE_LIMIT: u64 = 60;
const ANTHROPIC_RATE_LIMIT: u64 = 50;

/// The tokens a minute, likewise.
const TOKEN_LIMIT: u64 = 150_000;

/// The header that a browser's page needs Anthropic to see.
const DIRECT_ACCESS: &str = "anthropic-dangerous-direct-browser-access";

/// What the headers of one answer are made of.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) profile: &'a Profile,
    /// Which request this is, counted from 1.
    pub(super) number: u64,
    pub(super) request_id: &'a str,
    pub(super) id: u64,
    pub(super) now: WallTime,
    /// The answer is not a refusal.
    pub(super) is_fine: bool,
    /// The endpoint has limits.
    pub(super) is_limited: bool,
    pub(super) direct_access: bool,
}

/// The id of a request, in the gateway's form.
pub(super) fn request_id(id: u64) -> String {
    format!("req_sim_{id:016x}")
}

/// Whether a request, or the one that a preflight is for, asks Anthropic to be read by a page.
pub(super) fn asks_direct_access(request: &HeaderMap) -> bool {
    let wanted = request.get("access-control-request-headers").and_then(|value| value.to_str().ok());
    request.contains_key(DIRECT_ACCESS) || wanted.is_some_and(|wanted| wanted.contains(DIRECT_ACCESS))
}

/// Adds what the gateway sends with every answer.
pub(super) fn add(headers: &mut HeaderMap, facts: &Facts<'_>) {
    let minute = facts.now.0.div_euclid(60_000_000) * 60 + 60;
    let left = |limit: u64| limit - 1 - (facts.number - 1) % limit;
    match facts.profile.vendor {
        Vendor::NexoRouter => {
            put(headers, "x-request-id", facts.request_id);
            add_number(headers, "x-ratelimit-limit", RATE_LIMIT);
            add_number(headers, "x-ratelimit-remaining", left(RATE_LIMIT));
            cors(headers, "x-request-id, x-ratelimit-limit, x-ratelimit-remaining, retry-after");
        }
        Vendor::OpenRouter => {
            // No limits with an answer that is fine: that is documented.
            if facts.is_fine {
                let created = facts.now.0 / 1_000_000;
                put(headers, "x-generation-id", &tell::generation_id(created, facts.id));
            }
            reset(headers, "x-ratelimit-reset", &(minute * 1000).to_string());
            cors(headers, "x-generation-id, retry-after");
        }
        Vendor::OpenAi => {
            put(headers, "x-request-id", facts.request_id);
            put(headers, "openai-version", "2020-10-01");
            put(headers, "openai-organization", "org-sim");
            add_number(headers, "openai-processing-ms", 60 + facts.id % 400);
            if facts.is_limited {
                let seconds = minute - facts.now.0.div_euclid(1_000_000);
                add_number(headers, "x-ratelimit-limit-requests", RATE_LIMIT);
                add_number(headers, "x-ratelimit-remaining-requests", left(RATE_LIMIT));
                add_text(headers, "x-ratelimit-reset-requests", &format!("{seconds}s"));
                add_number(headers, "x-ratelimit-limit-tokens", TOKEN_LIMIT);
                add_number(headers, "x-ratelimit-remaining-tokens", TOKEN_LIMIT - 16);
                add_text(headers, "x-ratelimit-reset-tokens", "6ms");
            }
            cors(headers, "x-request-id");
        }
        Vendor::Anthropic => {
            put(headers, "request-id", facts.request_id);
            put(headers, "anthropic-organization-id", "00000000-0000-4000-8000-000000000000");
            let at = Timestamp::from_second(minute).unwrap_or_default().to_string();
            if facts.is_limited {
                add_number(headers, "anthropic-ratelimit-requests-limit", ANTHROPIC_RATE_LIMIT);
                let remaining = left(ANTHROPIC_RATE_LIMIT);
                add_number(headers, "anthropic-ratelimit-requests-remaining", remaining);
                let windows = [("tokens", 80_000), ("input-tokens", 30_000), ("output-tokens", 8_000)];
                for (window, limit) in windows {
                    add_number(headers, &format!("anthropic-ratelimit-{window}-limit"), limit);
                    add_number(
                        headers,
                        &format!("anthropic-ratelimit-{window}-remaining"),
                        limit - limit / 50,
                    );
                }
                for window in ["requests", "tokens", "input-tokens", "output-tokens"] {
                    put(headers, &format!("anthropic-ratelimit-{window}-reset"), &at);
                }
            }
            if facts.direct_access {
                cors(headers, "request-id, retry-after");
            }
        }
    }
}

fn cors(headers: &mut HeaderMap, exposed: &str) {
    put(headers, "access-control-allow-origin", "*");
    put(headers, "access-control-expose-headers", exposed);
}

/// Sets a number that a refusal has not set already.
fn add_number(headers: &mut HeaderMap, name: &str, value: u64) {
    add_text(headers, name, &value.to_string());
}

fn add_text(headers: &mut HeaderMap, name: &str, value: &str) {
    if !headers.contains_key(name) {
        put(headers, name, value);
    }
}

/// Puts the real moment into a header that the catalog has an example of.
fn reset(headers: &mut HeaderMap, name: &str, value: &str) {
    if headers.contains_key(name) {
        put(headers, name, value);
    }
}

/// Sets a header; names and values are this room's own or the error table's.
pub(super) fn put(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        headers.insert(name, value);
    }
}
