//! Two exchanges compared.

use crate::captures::capture;
use crate::wire_property::config;
use gatetap::digest::compare::{Compared, Comparison, Difference, Edit, words};
use gatetap::digest::examine;
use gatetap::digest::summary::{Summary, Whole};
use gatetap::exchange::body::Body;
use gatetap::wire::script::Capture;
use proptest::prelude::*;

fn whole(capture: &Capture) -> Whole {
    let exchange = capture.exchange.clone();
    let examined = examine(&exchange, &capture.request, &capture.response);
    Whole {
        summary: Summary {
            id: 1,
            session: 1,
            started_at: exchange.started_at,
            method: exchange.request.method.clone(),
            path: exchange.request.path().to_owned(),
            query: None,
            gateway: exchange.gateway.clone(),
            url: exchange.url.clone(),
            status: exchange.response.as_ref().map(|head| head.status),
            verdict: examined.judgement.verdict,
            own_error: None,
            digest: examined.digest,
            duration: exchange.timing.end,
            findings: Vec::new(),
            severity: None,
            fault: None,
            replay_of: None,
            note: None,
            credential: None,
            request_bytes: exchange.request_bytes,
            response_bytes: exchange.response_bytes,
        },
        exchange,
        findings: Vec::new(),
    }
}

fn compare(a: &Capture, b: &Capture) -> Comparison {
    let (whole_a, whole_b) = (whole(a), whole(b));
    Comparison::of(
        Compared { whole: &whole_a, request: &a.request, response: &a.response },
        Compared { whole: &whole_b, request: &b.request, response: &b.response },
    )
}

fn with_request(text: &str) -> Capture {
    let mut capture = capture("chat-plain");
    capture.request = Body { bytes: text.as_bytes().to_vec(), ..Body::default() };
    capture
}

fn places(differences: &[Difference]) -> Vec<(&str, Option<&str>, Option<&str>)> {
    differences.iter().map(|d| (d.place.as_str(), d.a.as_deref(), d.b.as_deref())).collect()
}

#[test]
fn an_exchange_is_the_same_as_itself() {
    for name in ["chat-stream", "chat-stream-gzip", "error-502-html", "models", "no-answer-app-leaves"] {
        let capture = capture(name);
        let comparison = compare(&capture, &capture);
        assert_eq!(comparison, Comparison::default(), "{name}");
        assert!(comparison.is_same(), "{name}");
    }
}

#[test]
fn documents_are_compared_by_path() {
    for (a, b, differences) in [
        (r#"{"a":1,"b":2}"#, r#" { "b" : 2, "a" : 1 } "#, vec![]),
        (r#"{"a":"\u00e4"}"#, r#"{"a":"ä"}"#, vec![]),
        (r#"{"a":1}"#, r#"{"a":"1"}"#, vec![("a", Some("1"), Some("\"1\""))]),
        (r#"{"a":1.0}"#, r#"{"a":1}"#, vec![("a", Some("1.0"), Some("1"))]),
        (
            r#"{"a":{"b":[1,2]}}"#,
            r#"{"a":{"b":[1,3,4]}}"#,
            vec![("a.b[1]", Some("2"), Some("3")), ("a.b[2]", None, Some("4"))],
        ),
        (r#"{"a":[]}"#, r#"{"a":[1]}"#, vec![("a", Some("empty"), None), ("a[0]", None, Some("1"))]),
        (r#"{"a":null}"#, "{}", vec![("", None, Some("empty")), ("a", Some("null"), None)]),
        (r#"{"a":1"#, r#"{"a":1}"#, vec![("from byte 6 on", Some("6 bytes"), Some("7 bytes"))]),
        ("text", "texts", vec![("from byte 4 on", Some("4 bytes"), Some("5 bytes"))]),
    ] {
        let comparison = compare(&with_request(a), &with_request(b));
        assert_eq!(places(&comparison.request_body), differences, "{a} {b}");
        assert_eq!(comparison.is_same(), differences.is_empty(), "{a} {b}");
    }
}

#[test]
fn nesting_without_end_is_compared_too() {
    let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(5000), "]".repeat(5000));
    let comparison = compare(&with_request(&deep("1")), &with_request(&deep("2")));
    assert_eq!(comparison.request_body.len(), 1);
}

#[test]
fn headers_that_always_differ_do_not_count() {
    let a = capture("chat-plain");
    for (name, value, counts) in [
        ("Date", "now", false),
        ("X-Request-Id", "other", false),
        ("x-ratelimit-remaining-tokens", "3", false),
        ("x-feature", "on", true),
    ] {
        let mut b = a.clone();
        b.exchange.response.as_mut().unwrap().headers.lines_mut().insert(0, (name.into(), value.into()));
        let comparison = compare(&a, &b);
        assert_eq!(comparison.response_headers.len(), 1, "{name}");
        assert_eq!(comparison.response_headers[0].place, name.to_lowercase());
        assert_eq!(comparison.is_same(), !counts, "{name}");
    }
    let mut b = a.clone();
    let named =
        b.exchange.request.headers.lines_mut().iter_mut().find(|(name, _)| name == "User-Agent").unwrap();
    named.0 = "user-agent".into();
    assert_eq!(compare(&a, &b), Comparison::default(), "names have no case");
}

#[test]
fn two_answers_differ_by_outcome_words_and_times() {
    let comparison = compare(&capture("chat-stream"), &capture("chat-stream-clean-cut"));
    assert_eq!(
        places(&comparison.outcome)[..2],
        [("verdict", Some("complete"), Some("incomplete")), ("finish reason", Some("stop"), None)]
    );
    let [text] = &comparison.answer[..] else { panic!("{:?}", comparison.answer) };
    assert_eq!(text.part, "text");
    assert_eq!(text.edits, [Edit::Gone("Hello there.".to_owned()), Edit::New("The answer is".to_owned())]);
    assert!(comparison.timing.iter().any(|difference| difference.place == "end" && !difference.counts));
    assert!(!comparison.is_same());
    let tools = compare(&capture("chat-stream-tool-calls"), &capture("chat-stream-tool-arguments-cut"));
    let parts: Vec<_> = tools.answer.iter().map(|difference| difference.part.as_str()).collect();
    assert_eq!(parts, ["tool call 1", "tool call 2"]);
}

#[test]
fn bodies_that_are_no_words_of_a_model_are_compared_by_path() {
    let mut other = capture("models");
    let text = String::from_utf8(other.response.bytes).unwrap().replace("gpt-4o-mini", "gpt-5");
    other.response.bytes = text.into_bytes();
    let comparison = compare(&capture("models"), &other);
    assert_eq!(
        places(&comparison.response_body),
        [("data[1].id", Some("\"gpt-4o-mini\""), Some("\"gpt-5\""))]
    );
}

#[test]
fn words_are_compared_in_their_order() {
    let same = |text: &str| Edit::Same(text.to_owned());
    let gone = |text: &str| Edit::Gone(text.to_owned());
    let new = |text: &str| Edit::New(text.to_owned());
    for (a, b, edits) in [
        ("", "", vec![]),
        ("a b", "a b", vec![same("a b")]),
        ("", "a", vec![new("a")]),
        ("a", "", vec![gone("a")]),
        (
            "the red fox ran",
            "the blue fox ran",
            vec![same("the "), gone("red "), new("blue "), same("fox ran")],
        ),
        (
            "one two three",
            "two three four ",
            vec![gone("one "), same("two "), gone("three"), new("three four ")],
        ),
        ("a  b", "a b", vec![gone("a  "), new("a "), same("b")]),
    ] {
        assert_eq!(words(a, b), edits, "{a:?} {b:?}");
    }
}

#[test]
fn texts_with_nothing_in_common_are_shown_whole() {
    let text = |word: &str| (0..3000).map(|n| format!("{word}{n} ")).collect::<Vec<_>>().concat();
    let (a, b) = (format!("start {}end", text("a")), format!("start {}end", text("b")));
    let edits = words(&a, &b);
    assert_eq!(edits.len(), 4, "what they begin and end with, and each between");
    assert_eq!(edits[0], Edit::Same("start ".to_owned()));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn edits_make_both_texts(a in "[ab ]{0,40}", b in "[ab ]{0,40}") {
        let (mut first, mut second) = (String::new(), String::new());
        for edit in words(&a, &b) {
            match edit {
                Edit::Same(text) => {
                    first.push_str(&text);
                    second.push_str(&text);
                }
                Edit::Gone(text) => first.push_str(&text),
                Edit::New(text) => second.push_str(&text),
            }
        }
        prop_assert_eq!(first, a);
        prop_assert_eq!(second, b);
    }

    #[test]
    fn an_edit_more_is_never_made(a in prop::collection::vec(0_u8..3, 0..9), b in prop::collection::vec(0_u8..3, 0..9)) {
        let text = |words: &[u8]| words.iter().map(|word| format!("{word} ")).collect::<Vec<_>>().concat();
        let count = |text: &str| text.split_whitespace().count();
        let common: usize = words(&text(&a), &text(&b))
            .iter()
            .map(|edit| if let Edit::Same(text) = edit { count(text) } else { 0 })
            .sum();
        prop_assert_eq!(common, longest_common(&a, &b));
    }
}

/// The length of the longest common subsequence, the slow way.
fn longest_common(a: &[u8], b: &[u8]) -> usize {
    match (a, b) {
        ([], _) | (_, []) => 0,
        ([x, a_rest @ ..], [y, b_rest @ ..]) if x == y => 1 + longest_common(a_rest, b_rest),
        ([_, a_rest @ ..], [_, b_rest @ ..]) => longest_common(a_rest, b).max(longest_common(a, b_rest)),
    }
}
