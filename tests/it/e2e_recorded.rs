//! What passes through the real program is what its commands tell afterwards, under the keys of the
//! contract.

use crate::e2e_support::{ASK, ASK_STREAM, KEY, ended, json, names, recording, said, serve, show, words};
use crate::support::binary::{Gatetap, Home};
use crate::support::client::{Client, Ending, SeenBody, post};
use crate::support::http1::Head;
use crate::support::wait;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

const EXCHANGE: &str = "id started_at method path query gateway url status verdict streaming model \
    model_answered request_id error_code finish_reason duration_ms ttft_ms tokens findings fault replay_of \
    credential client request_bytes response_bytes session";
const TIMING: &str =
    "connect_ms tls_ms sent_ms head_ms first_event_ms last_event_ms end_ms held_ms added_p50_us added_p99_us";

fn ask(gatetap: &Gatetap, path: &str, body: &str) -> (Head, SeenBody) {
    let key = format!("Authorization: Bearer {KEY}");
    let headers =
        ["user-agent: e2e/1.0", "x-stainless-retry-count: 2", "x-stainless-timeout: 600", key.as_str()];
    let (head, seen) = wait(Client::exchange(gatetap.addr(), post(path, &headers, body)));
    assert_eq!((head.status(), seen.ending), (200, Ending::Whole));
    (head, seen)
}

fn header(head: &Head, name: &str) -> String {
    let found = head.headers().into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.unwrap_or_else(|| panic!("no {name}")).1
}

/// The texts of the `data:` lines of a stream.
fn data(stream: &str) -> Vec<&str> {
    stream.lines().filter_map(|line| line.strip_prefix("data: ")).collect()
}

/// What holds for every exchange of [`ask`].
fn assert_line(line: &Value, head: &Head, body: &str, seen: &SeenBody) {
    assert_eq!(names(line), words(EXCHANGE));
    assert_eq!(names(&line["tokens"]), words("input output total"));
    assert_eq!(names(&line["client"]), words("agent retry_count timeout_s"));
    assert_eq!(names(&line["credential"]), words("scheme vendor length last4 fingerprint defects"));
    for (name, expected) in [
        ("method", json!("POST")),
        ("path", json!("/v1/chat/completions")),
        ("gateway", json!("sim")),
        ("status", json!(200)),
        ("verdict", json!("complete")),
        ("model", json!("deepseek-v4-flash")),
        ("model_answered", json!("deepseek-v4-flash")),
        ("request_id", json!(header(head, "x-request-id"))),
        ("error_code", Value::Null),
        ("fault", Value::Null),
        ("replay_of", Value::Null),
        ("client", json!({ "agent": "e2e/1.0", "retry_count": 2, "timeout_s": 600.0 })),
        ("request_bytes", json!(body.len())),
        ("response_bytes", json!(seen.bytes().len())),
        ("session", json!(1)),
    ] {
        assert_eq!(line[name], expected, "{name}");
    }
    // The request allows twelve tokens, and the answer would have been longer.
    let findings = line["findings"].as_array().unwrap();
    assert!(findings.contains(&json!("resp-truncated-length")), "{findings:?}");
    let credential = &line["credential"];
    for (name, expected) in [
        ("scheme", json!("Bearer")),
        ("length", json!(KEY.len())),
        ("last4", json!("0000")),
        ("defects", json!([])),
    ] {
        assert_eq!(credential[name], expected, "{name}");
    }
    let tokens = &line["tokens"];
    assert_eq!(tokens["output"], 12);
    assert_eq!(tokens["total"].as_u64(), tokens["input"].as_u64().map(|input| input + 12));
    assert!(line["url"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{line}");
    assert!(line["started_at"].as_str().unwrap().ends_with('Z'), "{line}");
    assert!(line["duration_ms"].as_f64().unwrap() > 0.0, "{line}");
}

/// What `show` adds.
fn assert_whole(whole: &Value, line: &Value, head: &Head, body: &str, seen: &SeenBody) {
    assert_eq!(names(whole), words(&format!("{EXCHANGE} request response timing note interim")));
    for name in words(EXCHANGE).into_iter().filter(|name| *name != "findings") {
        assert_eq!(whole[name], line[name], "{name}");
    }
    let found = whole["findings"].as_array().unwrap();
    let checks: Vec<&Value> = found.iter().map(|finding| &finding["check"]).collect();
    assert_eq!(json!(checks), line["findings"]);
    for (side, text) in [("request", body.to_owned()), ("response", seen.text())] {
        let message = &whole[side];
        assert_eq!(names(message), words("headers raw_head body trailers"), "{side}");
        assert_eq!(names(&message["body"]), words("text bytes stored cut sha256"), "{side}");
        assert_eq!(message["body"]["text"], json!(text), "{side}");
        let (bytes, stored) = (&message["body"]["bytes"], &message["body"]["stored"]);
        assert_eq!((bytes, stored), (&json!(text.len()), &json!(text.len())), "{side}");
        assert_eq!(message["body"]["cut"], Value::Null, "{side}");
    }
    let hidden = format!("Bearer {}0000", "*".repeat(KEY.len() - 4));
    let sent = &whole["request"]["headers"];
    assert_eq!(sent[6], json!(["Authorization", hidden]), "{sent}");
    let raw = whole["request"]["raw_head"].as_str().unwrap();
    assert!(raw.starts_with("POST /v1/chat/completions"), "{raw}");
    assert!(raw.contains(&format!("\r\nAuthorization: {hidden}\r\n\r\n")), "{raw}");
    let got: Vec<Value> = head.headers().into_iter().map(|pair| json!(pair)).collect();
    for pair in whole["response"]["headers"].as_array().unwrap() {
        assert!(got.contains(pair), "the app was not given {pair}");
    }
    let timing = &whole["timing"];
    assert_eq!(names(timing), words(TIMING));
    assert_eq!(timing["tls_ms"], Value::Null, "{timing}");
    let times: Vec<f64> =
        ["sent_ms", "head_ms", "end_ms"].iter().map(|name| timing[*name].as_f64().unwrap()).collect();
    assert!(times.is_sorted(), "{timing}");
    assert!(timing["added_p50_us"].as_u64() <= timing["added_p99_us"].as_u64(), "{timing}");
    assert!(timing["added_p99_us"].is_u64(), "{timing}");
}

#[test]
fn a_plain_answer_is_told_with_the_keys_of_the_contract() {
    let home = Home::new();
    let gatetap = serve(&home, "sim");
    let (head, seen) = ask(&gatetap, "/v1/chat/completions", ASK);
    let line = ended(&home, 1).remove(0);
    assert_line(&line, &head, ASK, &seen);
    assert_eq!((&line["id"], &line["query"]), (&json!(1), &Value::Null));
    assert_eq!((&line["streaming"], &line["ttft_ms"]), (&json!(false), &Value::Null));
    let answer: Value = serde_json::from_slice(&seen.bytes()).unwrap();
    assert_eq!(line["finish_reason"], answer["choices"][0]["finish_reason"]);
    assert_eq!(line["tokens"]["input"], answer["usage"]["prompt_tokens"]);

    let whole = show(&home, &line["id"]);
    assert_whole(&whole, &line, &head, ASK, &seen);
    for name in ["first_event_ms", "last_event_ms"] {
        assert_eq!(whole["timing"][name], Value::Null, "{name}");
    }
    assert_eq!(said(&home, &["show", "1", "--body", "request"]).stdout, ASK);
    assert_eq!(json(&home, &["show", "1", "--events", "--json"]), Vec::<Value>::new());
}

#[test]
fn a_stream_is_told_event_by_event() {
    let home = Home::new();
    let gatetap = serve(&home, "sim");
    let (head, seen) = ask(&gatetap, "/v1/chat/completions?trace=1", ASK_STREAM);
    let line = ended(&home, 1).remove(0);
    assert_line(&line, &head, ASK_STREAM, &seen);
    assert_eq!((&line["streaming"], &line["query"]), (&json!(true), &json!("trace=1")));
    assert!(line["ttft_ms"].as_f64().unwrap() <= line["duration_ms"].as_f64().unwrap(), "{line}");

    let whole = show(&home, &line["id"]);
    assert_whole(&whole, &line, &head, ASK_STREAM, &seen);
    let timing = &whole["timing"];
    let times: Vec<f64> = ["head_ms", "first_event_ms", "last_event_ms", "end_ms"]
        .iter()
        .map(|name| timing[*name].as_f64().unwrap())
        .collect();
    assert!(times.is_sorted(), "{timing}");

    let stream = seen.text();
    assert_eq!(said(&home, &["show", "last", "--body", "response"]).stdout, stream);
    let events = json(&home, &["show", "1", "--events", "--json"]);
    let told: Vec<&str> = events.iter().map(|event| event["data"].as_str().unwrap()).collect();
    assert_eq!(told, data(&stream));
    let mut passed = (0, 0.0);
    for (index, event) in events.iter().enumerate() {
        let expected = words("index kind event id data at_ms taken_ms chunk offset length");
        assert_eq!(names(event), expected);
        assert_eq!((&event["index"], &event["kind"]), (&json!(index), &json!("event")));
        let (offset, length) = (event["offset"].as_u64().unwrap(), event["length"].as_u64().unwrap());
        let (at, taken) = (event["at_ms"].as_f64().unwrap(), event["taken_ms"].as_f64().unwrap());
        assert_eq!(offset, passed.0, "events lie side by side: {event}");
        assert!(passed.1 <= at && at <= taken, "{event} after {passed:?}");
        assert_eq!(data(&stream[offset as usize..(offset + length) as usize]), [told[index]]);
        passed = (offset + length, at);
    }
    assert_eq!(passed.0, stream.len() as u64);
}

#[test]
fn the_recording_is_for_its_owner_alone() {
    let home = Home::new();
    let gatetap = serve(&home, "sim");
    ask(&gatetap, "/v1/chat/completions", ASK);
    let path = recording(&home);
    let folder = path.parent().unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    let mut files = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let entry = entry.unwrap().path();
        let own = if entry.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&entry), own, "{}", entry.display());
        files.push(entry.file_name().unwrap().to_str().unwrap().to_owned());
    }
    for name in ["recording.db", "recording.db-wal"] {
        assert!(files.iter().any(|file| file == name), "{files:?}");
    }
}

#[test]
fn two_gatetaps_write_into_one_recording_at_once() {
    const EACH: usize = 12;
    let home = Home::new();
    let two = [serve(&home, "sim"), serve(&home, "sim")];
    std::thread::scope(|scope| {
        for gatetap in &two {
            for _ in 0..EACH {
                scope.spawn(|| ask(gatetap, "/v1/chat/completions", ASK_STREAM));
            }
        }
    });
    let all = ended(&home, 2 * EACH);
    assert_eq!(all.len(), 2 * EACH);
    for session in [1, 2] {
        let of_session: Vec<&Value> = all.iter().filter(|one| one["session"] == session).collect();
        assert_eq!(of_session.len(), EACH, "session {session}");
        assert!(of_session.iter().all(|one| one["verdict"] == "complete"), "session {session}");
    }
    for gatetap in two {
        gatetap.terminate();
        let exit = gatetap.wait_exit();
        assert_eq!(exit.code, Some(0), "{exit}");
        assert!(exit.stderr.contains("recorded 12 exchanges\n"), "{exit}");
    }
}
