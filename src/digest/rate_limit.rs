//! The state of a rate limit in one form, whatever the gateway's headers and the format of its reset.
//!
//! Limits come as `x-ratelimit-limit` (NexoRouter, OpenRouter), `x-ratelimit-limit-requests` (OpenAI),
//! `anthropic-ratelimit-requests-limit` or `ratelimit-limit` (the IETF's draft); OpenRouter also puts them
//! into the body of an error. A reset is a Go duration (`6m0s`), a time (RFC 3339), a Unix time in seconds or
//! milliseconds, or seconds from now. `retry-after` is seconds or an HTTP date; `retry-after-ms` is what SDKs
//! look at first.

use crate::exchange::head::Headers;
use crate::exchange::time::{Micros, WallTime};
use crate::wire::json::{Reader, Shape};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What an answer says about limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateState {
    /// The limits, by what they count.
    pub windows: Vec<Window>,
    /// For how long to wait before asking again.
    pub retry_after: Option<Micros>,
    /// Whether the gateway says that asking again helps: `x-should-retry`.
    pub should_retry: Option<bool>,
}

/// One limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Window {
    /// What it counts: `requests`, `tokens`, `input-tokens`; `None` where the headers do not say.
    pub counts: Option<String>,
    /// How many there may be.
    pub limit: Option<u64>,
    /// How many are left.
    pub remaining: Option<u64>,
    /// After how long they are back. Of a reset in a known format.
    pub resets_in: Option<Micros>,
    /// The reset as it was written.
    pub reset: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figure {
    Limit,
    Remaining,
    Reset,
}

/// What the headers of an answer say, and where they say nothing of limits, the body of its error. `at` is
/// when the head was there.
pub fn rate_state(headers: &Headers, body: &[u8], at: WallTime) -> RateState {
    let mut state = of_headers(headers, at);
    if state.windows.is_empty()
        && let Some(inner) = headers_in_body(body)
    {
        state.windows = of_headers(&inner, at).windows;
    }
    state
}

fn of_headers(headers: &Headers, at: WallTime) -> RateState {
    let mut windows: BTreeMap<String, Window> = BTreeMap::new();
    for (name, value) in headers {
        let Some((figure, counts)) = parse_name(name) else {
            continue;
        };
        let Ok(value) = std::str::from_utf8(value) else {
            continue;
        };
        let value = value.trim();
        let window = windows.entry(counts.clone().unwrap_or_default()).or_default();
        window.counts = counts;
        match figure {
            // The draft's `100;w=60` says its window after the number.
            Figure::Limit => window.limit = number(value.split([';', ',']).next().unwrap_or_default()),
            Figure::Remaining => window.remaining = number(value),
            Figure::Reset => {
                window.resets_in = reset(value, at);
                window.reset = Some(value.to_owned());
            }
        }
    }
    RateState {
        windows: windows.into_values().collect(),
        retry_after: retry_after(headers, at),
        should_retry: match headers.text("x-should-retry").map(str::trim) {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        },
    }
}

/// What a header of this name tells of which count.
fn parse_name(name: &str) -> Option<(Figure, Option<String>)> {
    let name = strip(name, "x-").or_else(|| strip(name, "anthropic-")).unwrap_or(name);
    let rest = strip(name, "ratelimit-")?.to_ascii_lowercase();
    let figures = [("limit", Figure::Limit), ("remaining", Figure::Remaining), ("reset", Figure::Reset)];
    figures.into_iter().find_map(|(word, figure)| {
        let counts = match rest.strip_prefix(word) {
            Some("") => None,
            Some(after) => Some(after.strip_prefix('-')?),
            None => Some(rest.strip_suffix(word)?.strip_suffix('-')?),
        };
        Some((figure, counts.map(str::to_owned)))
    })
}

/// What follows a prefix in any case.
fn strip<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// OpenRouter's `error.metadata.headers`.
fn headers_in_body(body: &[u8]) -> Option<Headers> {
    let inner = Reader::new(body).member("error")?.member("metadata")?.member("headers");
    let mut headers = Headers::default();
    inner?.object(|name, value| {
        let text = match value.shape() {
            Shape::Text => value.text().map(std::borrow::Cow::into_owned),
            Shape::Number => value.number_text().map(str::to_owned),
            _ => None,
        };
        if let Some(text) = text {
            headers.lines_mut().push((name.into(), text.into()));
        }
    });
    Some(headers)
}

fn retry_after(headers: &Headers, at: WallTime) -> Option<Micros> {
    let milliseconds = || {
        let value: f64 = headers.text("retry-after-ms")?.trim().parse().ok()?;
        seconds(value / 1000.0)
    };
    let after = || {
        let value = headers.text("retry-after")?.trim();
        value.parse().ok().and_then(seconds).or_else(|| http_date(value, at))
    };
    milliseconds().or_else(after)
}

/// After how long a limit is whole again.
fn reset(value: &str, at: WallTime) -> Option<Micros> {
    if let Ok(number) = value.parse::<f64>() {
        return if number >= 1e11 {
            until((number * 1e3) as i64, at)
        } else if number >= 1e9 {
            until((number * 1e6) as i64, at)
        } else {
            seconds(number)
        };
    }
    go_duration(value)
        .or_else(|| until(value.parse::<Timestamp>().ok()?.as_microsecond(), at))
        .or_else(|| http_date(value, at))
}

/// Go's way to write a duration: `1h2m3.5s`, `12ms`, `750µs`.
fn go_duration(text: &str) -> Option<Micros> {
    const UNITS: [(&str, f64); 7] =
        [("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
    let mut sum = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, after) = rest.split_at_checked(digits)?;
        let (unit, factor) = UNITS.into_iter().find(|(unit, _)| after.starts_with(unit))?;
        sum += number.parse::<f64>().ok()? * factor;
        rest = after.get(unit.len()..)?;
    }
    (!text.is_empty()).then(|| seconds(sum)).flatten()
}

fn http_date(text: &str, at: WallTime) -> Option<Micros> {
    let moment = jiff::fmt::rfc2822::parse(&text.replace("GMT", "+0000")).ok()?;
    until(moment.timestamp().as_microsecond(), at)
}

/// From `at` to a Unix time in microseconds; zero if that is over.
fn until(moment: i64, at: WallTime) -> Option<Micros> {
    u64::try_from(moment.saturating_sub(at.0).max(0)).ok().map(Micros)
}

fn seconds(number: f64) -> Option<Micros> {
    // A century is no pause but a mistake.
    (number.is_finite() && (0.0..3.2e9).contains(&number)).then(|| Micros((number * 1e6).round() as u64))
}

fn number(text: &str) -> Option<u64> {
    let number: f64 = text.trim().replace(',', "").parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number as u64)
}
