//! The credential of a request, in the forms that the profile's gateway takes.

use http::header::{self, HeaderMap, HeaderValue};

use crate::sim::profile::{Profile, Vendor};
use crate::sim::refusal::Refusal;

/// A key that the simulator knows to be special.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Key {
    Good,
    Broke,
    Scoped,
}

/// Checks the key of a request. `skinned` says that OpenRouter is asked in Anthropic's manner, whose clients
/// send `x-api-key`.
pub(in crate::sim) fn check(profile: &Profile, headers: &HeaderMap, skinned: bool) -> Result<Key, Refusal> {
    let takes_plain = profile.vendor == Vendor::Anthropic || skinned;
    let plain = headers.get("x-api-key").filter(|value| takes_plain && !value.is_empty());
    if let Some(key) = plain {
        return std::str::from_utf8(key.as_bytes())
            .ok()
            .filter(|key| is_plain(key))
            .ok_or_else(|| Refusal::key("invalid x-api-key"))
            .and_then(|key| state(profile, key));
    }
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Err(missing(profile));
    };
    let malformed = || match profile.vendor {
        Vendor::Anthropic => Refusal::key("Invalid bearer token"),
        _ => Refusal::key("The Authorization header is not 'Bearer <key>' with exactly one space."),
    };
    let (scheme, key) = std::str::from_utf8(HeaderValue::as_bytes(value))
        .ok()
        .and_then(|value| value.split_once(' '))
        .ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") || !is_plain(key) {
        return Err(malformed());
    }
    state(profile, key)
}

/// One word of ASCII without quotes.
fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`'))
}

fn missing(profile: &Profile) -> Refusal {
    match profile.vendor {
        Vendor::NexoRouter => {
            Refusal::key("There is no Authorization header. Send 'Authorization: Bearer <key>'.")
        }
        Vendor::OpenRouter => Refusal::key("There is no Authorization header with a key."),
        // Documented as observed: a request without any key gets no code.
        Vendor::OpenAi => Refusal::uncoded(
            401,
            "You didn't provide an API key. Send it in an Authorization header: 'Bearer <key>'.",
        ),
        Vendor::Anthropic => Refusal::key("x-api-key header is required"),
    }
}

fn state(profile: &Profile, key: &str) -> Result<Key, Refusal> {
    let is = |start: &str| key.starts_with(start);
    if is("sk-sim-disabled") || is("sk-sim-expired") {
        let state = if is("sk-sim-disabled") { "is disabled" } else { "has expired" };
        return Err(Refusal::key(&match profile.vendor {
            Vendor::NexoRouter => format!("This API key {state}."),
            Vendor::OpenRouter => format!("The key {state}."),
            Vendor::OpenAi => format!("Incorrect API key provided: this key {state}."),
            Vendor::Anthropic => format!("invalid x-api-key: this key {state}"),
        }));
    }
    Ok(match key {
        _ if is("sk-sim-broke") => Key::Broke,
        _ if is("sk-sim-scope") => Key::Scoped,
        _ => Key::Good,
    })
}
