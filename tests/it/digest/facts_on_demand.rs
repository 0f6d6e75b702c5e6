//! What is derived only when it is asked for: limits, SDKs, rhythm, arguments, meanings.

use super::response_head;
use gatetap::digest::{
    ArgumentsState, Digest, EventKind, EventLine, Rhythm, Sdk, SdkName, ToolCall, Window, meaning, rate_state,
};
use gatetap::exchange::head::Headers;
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::wire::dialect::Dialect;

/// 2025-03-01T12:00:00Z.
const NOW: WallTime = WallTime(1_740_830_400_000_000);

fn headers(lines: &[(&str, &str)]) -> Headers {
    response_head(200, lines).headers
}

#[test]
fn a_reset_is_read_in_every_format() {
    for (text, after) in [
        ("1s", Some(1_000_000)),
        ("6m0s", Some(360_000_000)),
        ("12ms", Some(12_000)),
        ("1h2m3.5s", Some(3_723_500_000)),
        ("750µs", Some(750)),
        ("0s", Some(0)),
        ("30", Some(30_000_000)),
        ("0.25", Some(250_000)),
        ("1740830430", Some(30_000_000)),
        ("1740830430000", Some(30_000_000)),
        ("1740830399", Some(0)),
        ("2025-03-01T12:00:10Z", Some(10_000_000)),
        ("2025-03-01T13:00:00+01:00", Some(0)),
        ("Sat, 01 Mar 2025 12:00:07 GMT", Some(7_000_000)),
        ("", None),
        ("soon", None),
        ("5 apples", None),
        ("-3", None),
        ("nan", None),
    ] {
        let state = rate_state(&headers(&[("x-ratelimit-reset", text)]), b"", NOW);
        let window =
            Window { resets_in: after.map(Micros), reset: Some(text.to_owned()), ..Window::default() };
        assert_eq!(state.windows, [window], "{text:?}");
    }
}

#[test]
fn limits_have_one_form_whatever_they_are_called() {
    let window = |counts: Option<&str>, limit, remaining| Window {
        counts: counts.map(str::to_owned),
        limit,
        remaining,
        ..Window::default()
    };
    for (lines, windows) in [
        (
            vec![("X-RateLimit-Limit", "60"), ("x-ratelimit-remaining", "0")],
            vec![window(None, Some(60), Some(0))],
        ),
        (
            vec![
                ("x-ratelimit-limit-tokens", "150000"),
                ("x-ratelimit-remaining-tokens", "149984"),
                ("x-ratelimit-limit-requests", "60"),
            ],
            vec![
                window(Some("requests"), Some(60), None),
                window(Some("tokens"), Some(150_000), Some(149_984)),
            ],
        ),
        (
            vec![
                ("anthropic-ratelimit-input-tokens-limit", "30000"),
                ("anthropic-ratelimit-input-tokens-remaining", "1"),
            ],
            vec![window(Some("input-tokens"), Some(30_000), Some(1))],
        ),
        (
            vec![("RateLimit-Limit", "100;w=60"), ("RateLimit-Remaining", "9")],
            vec![window(None, Some(100), Some(9))],
        ),
        (vec![("x-ratelimit-limit", "many")], vec![window(None, None, None)]),
        (vec![("x-ratelimit", "1"), ("ratelimit-policy", "1"), ("x-ratelimit-limited", "1")], vec![]),
    ] {
        assert_eq!(rate_state(&headers(&lines), b"", NOW).windows, windows, "{lines:?}");
    }
}

#[test]
fn limits_in_the_body_count_where_the_headers_have_none() {
    let body = br#"{"error":{"metadata":{"headers":{"X-RateLimit-Limit":50,"X-RateLimit-Remaining":"0"}}}}"#;
    let window = Window { limit: Some(50), remaining: Some(0), ..Window::default() };
    assert_eq!(rate_state(&Headers::default(), body, NOW).windows, [window]);
    let own = rate_state(&headers(&[("x-ratelimit-limit", "7")]), body, NOW);
    assert_eq!(own.windows.first().and_then(|window| window.limit), Some(7));
    for broken in ["", "{", r#"{"error":"x"}"#, r#"{"error":{"metadata":{"headers":[1]}}}"#] {
        assert!(rate_state(&Headers::default(), broken.as_bytes(), NOW).windows.is_empty(), "{broken}");
    }
}

#[test]
fn the_wait_is_read_as_sdks_read_it() {
    for (lines, after) in [
        (vec![("retry-after", "17")], Some(17_000_000)),
        (vec![("retry-after", "0.5")], Some(500_000)),
        (vec![("retry-after", "Sat, 01 Mar 2025 12:00:40 GMT")], Some(40_000_000)),
        (vec![("retry-after", "17"), ("retry-after-ms", "750")], Some(750_000)),
        (vec![("retry-after", "later")], None),
        (vec![], None),
    ] {
        let state = rate_state(&headers(&lines), b"", NOW);
        assert_eq!(state.retry_after, after.map(Micros), "{lines:?}");
    }
    for (text, should) in [("true", Some(true)), ("false", Some(false)), ("yes", None)] {
        assert_eq!(rate_state(&headers(&[("x-should-retry", text)]), b"", NOW).should_retry, should);
    }
}

#[test]
fn sdks_are_known_by_what_they_say() {
    for (lines, name, version) in [
        (vec![("user-agent", "OpenAI/Python 3.52.0")], SdkName::OpenAiPython, Some("3.52.0")),
        (vec![("user-agent", "AsyncOpenAI/Python 1.2.3")], SdkName::OpenAiPython, Some("1.2.3")),
        (vec![("user-agent", "OpenAI/JS 6.49.0")], SdkName::OpenAiNode, Some("6.49.0")),
        (vec![("user-agent", "Anthropic/Python 2.11.0")], SdkName::AnthropicPython, Some("2.11.0")),
        (vec![("user-agent", "Anthropic/JS 1.11.0")], SdkName::AnthropicNode, Some("1.11.0")),
        (
            vec![("user-agent", "ai/6.0.326 ai-sdk/provider-utils/4.0.1 runtime/node.js/v20")],
            SdkName::AiSdk,
            Some("6.0.326"),
        ),
        (vec![("user-agent", "ai-sdk/openai-compatible/2.0.87 ai/6.0.326")], SdkName::AiSdk, Some("2.0.87")),
        (vec![("user-agent", "curl/8.14.1")], SdkName::Curl, Some("8.14.1")),
        (vec![("user-agent", "node")], SdkName::NodeFetch, None),
        (vec![("user-agent", "python-requests/2.32.3")], SdkName::Requests, Some("2.32.3")),
        (
            vec![
                ("user-agent", "my-app/1.0"),
                ("x-stainless-lang", "python"),
                ("x-stainless-package-version", "3.1.0"),
            ],
            SdkName::OpenAiPython,
            Some("3.1.0"),
        ),
        (vec![("x-stainless-lang", "js"), ("anthropic-version", "2023-06-01")], SdkName::AnthropicNode, None),
        (
            vec![("user-agent", "OpenAI/Python"), ("x-stainless-package-version", "3.1.0")],
            SdkName::OpenAiPython,
            Some("3.1.0"),
        ),
    ] {
        let sdk = Sdk { name, version: version.map(str::to_owned) };
        assert_eq!(Sdk::of(&headers(&lines)), Some(sdk), "{lines:?}");
    }
    for lines in [vec![], vec![("user-agent", "my-app/1.0")], vec![("x-stainless-lang", "ruby")]] {
        assert_eq!(Sdk::of(&headers(&lines)), None, "{lines:?}");
    }
}

fn line(kind: EventKind, at_ms: u64, chunk: usize) -> EventLine {
    EventLine {
        index: 0,
        number: 0,
        kind,
        event: None,
        id: None,
        data: String::new(),
        at: Some(Micros(at_ms * 1000)),
        taken: None,
        chunk,
        offset: 0,
        length: 0,
    }
}

fn numbered(lines: impl IntoIterator<Item = EventLine>) -> Vec<EventLine> {
    let mut number = 0;
    let numbered = lines.into_iter().enumerate().map(|(index, line)| {
        number += usize::from(line.kind == EventKind::Event);
        EventLine { index, number, ..line }
    });
    numbered.collect()
}

#[test]
fn the_rhythm_counts_events_and_not_comments() {
    let event = |at, chunk| line(EventKind::Event, at, chunk);
    let lines = [
        event(100, 0),
        line(EventKind::Comment, 110, 1),
        event(120, 2),
        event(120, 2),
        event(120, 2),
        event(1320, 3),
        line(EventKind::Partial, 1400, 4),
    ];
    let lines = numbered(lines);
    let rhythm = Rhythm::of(&lines).unwrap();
    assert_eq!((rhythm.events, rhythm.reads, rhythm.most_in_a_read), (5, 3, 3));
    assert_eq!((rhythm.median, rhythm.p99), (Micros(0), Micros(1_200_000)));
    assert_eq!((rhythm.longest, rhythm.longest_after), (Micros(1_200_000), 4));
    assert_eq!(rhythm.span, Micros(1_220_000));
    assert_eq!(rhythm.histogram, [2, 0, 0, 1, 0, 0, 0, 1, 0]);
    assert!(rhythm.is_long(Micros(1_000_000)) && !rhythm.is_long(Micros(999_999)));
    assert!((rhythm.burst_ratio(Micros(2_440_000)).unwrap() - 0.5).abs() < 1e-9);
    assert_eq!(rhythm.burst_ratio(Micros(0)), None);
    assert_eq!(Rhythm::of(&lines[..1]), None);
    assert_eq!(Rhythm::of(&[]), None);
}

#[test]
fn even_slow_events_are_no_silence() {
    let lines = numbered((0..5).map(|n| line(EventKind::Event, n * 2000, n as usize)));
    let rhythm = Rhythm::of(&lines).unwrap();
    assert!(!rhythm.is_long(Micros(2_000_000)));
    assert_eq!(rhythm.longest_after, 1, "the first of several");
}

#[test]
fn tokens_a_second_need_some_time() {
    let rate = |tokens, from, to| Rhythm::tokens_per_second(tokens, Micros(from), Micros(to));
    assert_eq!(rate(50, 1_000_000, 3_000_000), Some(25.0));
    assert_eq!(rate(50, 1_000_000, 1_000_900), None);
    assert_eq!(rate(1, 0, 1_000_000), None);
}

#[test]
fn arguments_are_json_or_it_is_said_where_they_break() {
    for (arguments, state) in [
        ("", ArgumentsState::Empty),
        ("{}", ArgumentsState::Valid),
        (r#" {"a":[1,"b"]} "#, ArgumentsState::Valid),
        (r#"{"a":"te"#, ArgumentsState::Unfinished),
        (r#"{"a":1"#, ArgumentsState::Unfinished),
        ("{\"a\":1}{\"a\":1}", ArgumentsState::Broken { at: 7, why: "trailing characters".to_owned() }),
        ("{\n\"a\" 1}", ArgumentsState::Broken { at: 6, why: "expected `:`".to_owned() }),
        ("x", ArgumentsState::Broken { at: 0, why: "expected value".to_owned() }),
    ] {
        let call = ToolCall { arguments: arguments.to_owned(), ..ToolCall::default() };
        assert_eq!(call.state(), state, "{arguments:?}");
    }
}

#[test]
fn an_error_has_the_meaning_that_its_gateway_documents() {
    for (gateway, dialect, code, kind, status, meant) in [
        (
            "nexorouter",
            Dialect::Chat,
            Some("rate_limit_exceeded"),
            None,
            429,
            Some(("nexorouter", "rate_limit_exceeded")),
        ),
        (
            "sim",
            Dialect::Chat,
            Some("rate_limit_exceeded"),
            None,
            429,
            Some(("nexorouter", "rate_limit_exceeded")),
        ),
        (
            "openai",
            Dialect::Chat,
            Some("rate_limit_exceeded"),
            None,
            429,
            Some(("openai", "rate_limit_exceeded")),
        ),
        ("my-own", Dialect::Chat, Some("slow_down"), None, 429, Some(("openai", "slow_down"))),
        (
            "my-own",
            Dialect::Messages,
            Some("overloaded_error"),
            None,
            529,
            Some(("anthropic", "overloaded_error")),
        ),
        (
            "openrouter",
            Dialect::Chat,
            Some("429"),
            Some("rate_limit_exceeded"),
            429,
            Some(("openrouter", "rate_limit_exceeded")),
        ),
        (
            "openrouter",
            Dialect::Chat,
            Some("502"),
            Some("provider_unavailable"),
            200,
            Some(("openrouter", "provider_unavailable")),
        ),
        ("openrouter", Dialect::Chat, Some("402"), None, 402, Some(("openrouter", "payment_required"))),
        ("openrouter", Dialect::Chat, Some("server_error"), None, 200, Some(("openai", "server_error"))),
        ("openai", Dialect::Chat, Some("invalid_request_error"), None, 404, None),
        ("nexorouter", Dialect::Chat, None, None, 502, None),
        ("nexorouter", Dialect::Chat, Some("unheard_of"), None, 400, None),
    ] {
        let digest = Digest {
            dialect,
            error_code: code.map(str::to_owned),
            error_kind: kind.map(str::to_owned),
            ..Digest::default()
        };
        let found = meaning(gateway, &digest, Some(status))
            .map(|error| (error.gateway.as_str(), error.code.as_str()));
        assert_eq!(found, meant, "{gateway} {code:?} {kind:?}");
    }
}
