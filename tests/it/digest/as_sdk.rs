//! What SDKs make of answers: the rows that were measured against real ones.

use crate::captures::capture;
use gatetap::digest::{Given, Outcome, ReadAs, View, examine, given, view};
use gatetap::exchange::end::{BodyEnd, Hop, Verdict};
use gatetap::wire::event_stream::{Item, parse};
use gatetap::wire::script::Capture;

use ReadAs::{AiSdk, Anthropic, OpenAiNode, OpenAiPython};

fn seen(capture: &Capture, read_as: ReadAs) -> View {
    let digest = examine(&capture.exchange, &capture.request, &capture.response).digest;
    view(read_as, &capture.exchange, &capture.request, &capture.response, &digest)
}

/// An outcome in one word, and of an error its name.
fn word(view: &View) -> String {
    match &view.outcome {
        Outcome::Fine => "fine".to_owned(),
        Outcome::Silent(_) => "silent".to_owned(),
        Outcome::Raises(error) => error.split([' ', ':', ';']).next().unwrap_or_default().to_owned(),
        Outcome::Left => "left".to_owned(),
        Outcome::Open => "open".to_owned(),
    }
}

#[test]
fn chat_ends_for_each_sdk_as_it_was_measured() {
    for (name, python, node, ai) in [
        ("chat-stream", "fine", "fine", "fine"),
        ("openrouter-stream", "fine", "fine", "fine"),
        ("chat-stream-crlf", "fine", "fine", "fine"),
        ("chat-stream-split-utf8", "fine", "fine", "fine"),
        ("chat-stream-no-done", "fine", "fine", "fine"),
        ("chat-stream-app-closes-after-done", "fine", "fine", "fine"),
        ("chat-stream-clean-cut", "silent", "silent", "an"),
        ("chat-stream-cut-mid-event", "silent", "silent", "an"),
        ("chat-stream-cut-mid-character", "UnicodeDecodeError", "silent", "an"),
        ("chat-stream-done-alone", "silent", "silent", "an"),
        ("chat-stream-reset", "APIConnectionError", "TypeError", "APICallError"),
        ("chat-stream-cut-connection-close", "APIConnectionError", "silent", "APICallError"),
        ("chat-stream-bad-json", "json.JSONDecodeError", "SyntaxError", "an"),
        ("chat-stream-empty-ping", "json.JSONDecodeError", "SyntaxError", "fine"),
        ("openrouter-stream-error-numeric", "APIError", "APIError", "an"),
        ("openrouter-stream-error-string", "APIError", "APIError", "an"),
        ("chat-stream-error-inside", "APIError", "APIError", "an"),
        ("chat-stream-json-instead", "silent", "silent", "an"),
        ("chat-stream-html-instead", "silent", "silent", "an"),
        ("chat-stream-json-error-declared-stream", "silent", "silent", "an"),
        ("chat-stream-app-leaves", "left", "left", "left"),
        ("chat-stream-open", "open", "open", "open"),
        ("chat-plain", "fine", "fine", "fine"),
        ("chat-error-only-200", "silent", "silent", "AI_APICallError"),
        ("chat-plain-cut", "APIConnectionError", "TypeError", "APICallError"),
        ("error-401", "AuthenticationError", "AuthenticationError", "APICallError"),
        ("error-429-nexorouter", "RateLimitError", "RateLimitError", "APICallError"),
        ("error-502-html", "InternalServerError", "InternalServerError", "APICallError"),
        ("responses-stream", "fine", "fine", "fine"),
        ("responses-stream-failed", "silent", "silent", "an"),
        ("responses-stream-cut", "APIConnectionError", "TypeError", "APICallError"),
        ("no-answer-app-leaves", "left", "left", "left"),
    ] {
        let capture = capture(name);
        for (read_as, expected) in [(OpenAiPython, python), (OpenAiNode, node), (AiSdk, ai)] {
            let view = seen(&capture, read_as);
            assert_eq!(word(&view), expected, "{name} as {}: {view:?}", read_as.as_str());
        }
    }
}

#[test]
fn messages_end_for_each_sdk_as_it_was_measured() {
    for (name, anthropic, ai) in [
        ("messages-stream", "fine", "fine"),
        ("messages-stream-clean-cut", "silent", "an"),
        ("messages-stream-error", "APIStatusError", "an"),
        ("messages-plain", "fine", "fine"),
        ("error-429-anthropic", "RateLimitError", "APICallError"),
    ] {
        let capture = capture(name);
        for (read_as, expected) in [(Anthropic, anthropic), (AiSdk, ai)] {
            let view = seen(&capture, read_as);
            assert_eq!(word(&view), expected, "{name} as {}: {view:?}", read_as.as_str());
        }
    }
}

#[test]
fn a_whole_stream_is_the_same_to_all_and_a_cut_one_is_not() {
    for (name, complete, differing) in [
        ("chat-stream", true, &[][..]),
        ("messages-stream", true, &[]),
        ("chat-stream-clean-cut", false, &[OpenAiPython, OpenAiNode]),
        ("chat-stream-cr-bom", true, &[OpenAiPython]),
        ("chat-stream-empty-ping", true, &[OpenAiPython, OpenAiNode]),
        ("chat-stream-reset", false, &[]),
        ("openrouter-stream-error-numeric", false, &[]),
    ] {
        let capture = capture(name);
        let examined = examine(&capture.exchange, &capture.request, &capture.response);
        assert_eq!(examined.judgement.verdict == Verdict::Complete, complete, "{name}");
        let eyes = ReadAs::of_dialect(examined.digest.dialect).iter().copied();
        let found: Vec<_> = eyes.filter(|eyes| seen(&capture, *eyes).differs(complete)).collect();
        assert_eq!(found, differing, "{name}");
    }
}

#[test]
fn the_text_is_what_the_app_is_given() {
    let capture = capture("chat-stream-cr-bom");
    assert_eq!(seen(&capture, OpenAiPython).text, "");
    assert_eq!(seen(&capture, OpenAiNode).text, "Hi");
    let choices = seen(&crate::captures::capture("chat-stream-three-choices"), OpenAiPython);
    assert_eq!(choices.text, "one");
    let repeats = seen(&crate::captures::capture("responses-stream"), OpenAiPython);
    assert_eq!(repeats.text, "Hello there.");
}

#[test]
fn python_is_done_at_done_and_node_reads_on() {
    let mut cut = capture("chat-stream");
    cut.exchange.response_end = Some(BodyEnd::broken(Hop::Gateway, "connection reset"));
    assert_eq!(word(&seen(&cut, OpenAiPython)), "fine");
    assert_eq!(word(&seen(&cut, OpenAiNode)), "TypeError");
}

#[test]
fn what_an_sdk_does_with_a_long_retry_after_is_noted() {
    for (after, read_as, note) in [
        ("17", OpenAiPython, None),
        ("61", OpenAiNode, Some("ignores it")),
        ("90", OpenAiPython, Some("waits from 2.52 on")),
        ("121", OpenAiPython, Some("does not try again at all")),
        ("60", AiSdk, Some("after 2 s and 4 s")),
        ("3600", Anthropic, None),
    ] {
        let mut capture = capture("error-429-nexorouter");
        let head = capture.exchange.response.as_mut().unwrap();
        head.headers.lines_mut().retain(|(name, _)| name != "retry-after");
        head.headers.lines_mut().push(("retry-after".into(), after.into()));
        let notes = seen(&capture, read_as).notes;
        let found = notes.first().map(String::as_str).unwrap_or_default();
        assert_eq!(notes.len(), usize::from(note.is_some()), "{after} {notes:?}");
        assert!(found.contains(note.unwrap_or_default()), "{found}");
    }
}

/// The cases in which each decoder was measured to give something else than the standard.
#[test]
fn decoders_differ_from_the_standard_where_they_were_measured_to() {
    let cases = crate::wire_event_stream::case_bytes();
    let python = ["K17", "K18", "K20", "K22", "R12", "R15", "W01", "X04", "X05", "X07", "X11"];
    let node = ["W01", "X04"];
    for (read_as, expected) in [(OpenAiPython, &python[..]), (OpenAiNode, &node), (AiSdk, &[])] {
        let mut differing: Vec<_> = cases
            .iter()
            .filter(|(_, bytes)| given(read_as, bytes) != standard(bytes))
            .map(|(id, _)| id.as_str())
            .collect();
        differing.sort_unstable();
        assert_eq!(differing, expected, "{}", read_as.as_str());
    }
}

fn standard(body: &[u8]) -> Vec<Given> {
    let items = parse(body).0.into_iter();
    let events = items.filter_map(|item| match item {
        Item::Event(event) => Some(Given::Event {
            kind: Some(event.kind.into_owned()).filter(|kind| kind != "message"),
            data: event.data.into_owned(),
        }),
        _ => None,
    });
    events.collect()
}
