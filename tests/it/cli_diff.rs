//! `gatetap diff`.

use crate::captures::record;
use crate::cli_recording::gatetap;
use crate::support::binary::{Exit, Home};
use insta::assert_snapshot;
use serde_json::{Value, json};

fn diff(names: &[&str], args: &[&str]) -> Exit {
    let home = Home::new();
    record(&home, names);
    gatetap(&home, &[&["diff"], args].concat())
}

#[test]
fn what_is_the_same_exits_with_zero() {
    let exit = diff(&["chat-stream", "chat-stream"], &["1", "last"]);
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "{exit}");
    assert_eq!(exit.stdout, "  #1 and #2: nothing that counts differs\n");
}

#[test]
fn what_differs_is_a_page_and_exits_with_one() {
    let exit = diff(&["chat-stream", "chat-stream-clean-cut"], &["1", "2"]);
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(1), ""), "{exit}");
    assert_snapshot!(exit.stdout, @r"
      #1 and #2: they differ

    Request body
      stream_options.include_usage
        - true

    Outcome
      verdict
        - complete
        + incomplete
      finish reason
        - stop
      tokens in
        - 12
      tokens out
        - 3

    Response headers
      x-request-id
        - req_fake_01

    Answer: text
      - Hello there.
      + The answer is

    Timing
      last event
        - 360 ms
        + 300 ms
      longest gap
        - 50 ms
        + 40 ms
      end
        - 361 ms
        + 330 ms
    ");
}

#[test]
fn the_json_has_every_key() {
    let exit = diff(&["chat-stream", "chat-stream-clean-cut"], &["-2", "-1", "--json"]);
    assert_eq!(exit.code, Some(1), "{exit}");
    let value: Value = serde_json::from_str(&exit.stdout).unwrap();
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "a",
            "answer",
            "b",
            "outcome",
            "request",
            "request_body",
            "request_headers",
            "response_body",
            "response_headers",
            "same",
            "timing"
        ]
    );
    assert_eq!((&value["a"], &value["b"], &value["same"]), (&json!(1), &json!(2), &json!(false)));
    assert_eq!(
        value["outcome"][0],
        json!({"place": "verdict", "a": "complete", "b": "incomplete", "counts": true})
    );
    assert_eq!(
        value["answer"],
        json!([{"part": "text", "edits": [["a", "Hello there."], ["b", "The answer is"]]}])
    );
}

#[test]
fn an_exchange_that_is_not_there_is_named() {
    let exit = diff(&["models"], &["1", "2"]);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{exit}");
    assert!(exit.stderr.contains("there is no exchange 2"), "{exit}");
    assert!(exit.stderr.contains("it holds exchange 1 only"), "{exit}");
}
