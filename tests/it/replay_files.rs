//! Files that are no recordings, replayed; and recordings that cannot be.

use std::path::Path;

use crate::cli_recording::gatetap;
use crate::e2e_support::{ASK, KEY, json, recording, said};
use crate::replay_cli::{ask, recorded};
use crate::support::binary::{Exit, Home, Launch};
use crate::support::client::{Client, get, post};
use crate::support::gateway::{Gateway, answer};
use crate::support::wait;

/// Serves a file, sends each request, and says what came and what is left in the directory for temporary files.
fn served(home: &Home, file: &str, requests: &[Vec<u8>]) -> (Vec<(u16, Vec<u8>)>, Exit) {
    let scratch = home.join("scratch");
    std::fs::create_dir_all(&scratch).unwrap();
    let args = [
        "replay",
        "serve",
        file,
        "--headless",
        "--listen",
        "127.0.0.1:0",
        "--db",
        "run.db",
        "--speed",
        "max",
    ];
    let replay = Launch::gatetap(&args).home(home).env("TMPDIR", &scratch).serve();
    let answers = requests.iter().map(|request| wait(Client::exchange(replay.addr(), request)));
    let answers = answers.map(|(head, body)| (head.status(), body.bytes())).collect();
    replay.terminate();
    let exit = replay.wait_exit();
    assert_eq!(std::fs::read_dir(scratch).unwrap().count(), 0, "{exit}");
    (answers, exit)
}

fn chat(body: &str) -> Vec<u8> {
    post("/v1/chat/completions", &[&format!("authorization: Bearer {KEY}")], body)
}

#[test]
fn exports_answer_as_the_recording_they_come_from() {
    let home = recorded();
    let body = gatetap(&home, &["show", "1", "--body", "response"]).stdout.into_bytes();
    for (format, told) in [
        ("jsonl", "replaying 3 exchanges of `cassette`\n"),
        ("har", "replaying 3 exchanges of `cassette`; it lacks times and ends of chunks\n"),
    ] {
        std::fs::write(home.join("cassette"), gatetap(&home, &["export", format]).stdout).unwrap();
        let (answers, exit) = served(&home, "cassette", &[chat(ASK), chat(ASK), chat("{}")]);
        assert_eq!(answers[..2], [(200, body.clone()), (200, body.clone())], "{format}");
        assert_eq!(answers[2].0, 502, "{format}");
        assert!(exit.stderr.contains(told), "{exit}");
        assert!(exit.stderr.contains("upstream replay"), "{exit}");
    }
}

/// What a browser saved of one request to OpenRouter.
const BROWSER: &str = r#"{"log":{"version":"1.2","creator":{"name":"WebInspector","version":"537.36"},"entries":[{
    "startedDateTime":"2025-03-01T12:00:00Z","time":5,"timings":{"send":1,"wait":1,"receive":1},"cache":{},
    "request":{"method":"POST","url":"https://openrouter.ai/api/v1/chat/completions","httpVersion":"h2","headers":[],
        "queryString":[],"cookies":[],"headersSize":-1,"bodySize":2,"postData":{"mimeType":"application/json","text":"{\"model\":\"a/b\",\"messages\":[]}"}},
    "response":{"status":200,"statusText":"","httpVersion":"h2","headers":[{"name":"content-type","value":"application/json"}],
        "cookies":[],"content":{"size":11,"mimeType":"application/json","text":"{\"id\":\"one\"}"},"redirectURL":"","headersSize":-1,"bodySize":-1}}]}}"#;

#[test]
fn a_har_without_keys_answers_any_key_with_what_is_not_about_keys() {
    for (recorded, answered) in [(200, 200), (404, 404), (429, 429), (500, 500), (401, 502), (403, 502)] {
        let home = Home::new();
        let har = BROWSER.replace(r#""status":200"#, &format!(r#""status":{recorded}"#));
        std::fs::write(home.join("browser.har"), har).unwrap();
        let (answers, exit) = served(&home, "browser.har", &[chat(r#"{"messages":[],"model":"a/b"}"#)]);
        assert_eq!(answers[0].0, answered, "{exit}");
    }
}

#[test]
fn a_har_of_a_browser_answers_under_the_local_path() {
    // Browsers leave keys out of what they save.
    let home = Home::new();
    std::fs::write(home.join("browser.har"), BROWSER).unwrap();
    let (answers, exit) = served(&home, "browser.har", &[chat(r#"{"messages":[],"model":"a/b"}"#)]);
    assert_eq!(answers, [(200, br#"{"id":"one"}"#.to_vec())], "{exit}");
    let line = json(&home, &["ls", "--json", "--db", "run.db"]).remove(0);
    assert_eq!(line["gateway"], "replay:openrouter");
    let lines = gatetap(&home, &["export", "jsonl", "--db", "run.db"]).stdout;
    assert!(lines.contains(r#""upstream":"replay:browser.har""#), "{lines}");
    assert!(line["url"].as_str().unwrap().ends_with("/api/v1/chat/completions"), "{line}");
    // The answer is OpenRouter's to the checks as well: a path outside of its base path would be a finding.
    assert!(!line["findings"].to_string().contains("url-"), "{line}");
}

#[test]
fn captures_are_imported_and_replayed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captures");
    let home = Home::new();
    let two = format!(
        "{}\nexchange +2s\n> GET /v1/models HTTP/1.1\n< HTTP/1.1 200 OK\n< Content-Length: 3\n|~ two\nend\n",
        std::fs::read_to_string(folder.join("chat-plain.capture")).unwrap()
    );
    std::fs::write(home.join("two.capture"), two).unwrap();
    let exit = said(&home, &["import", "two.capture", "--db", "imported.db"]);
    assert!(
        exit.stderr.contains("imported 2 exchanges of `two.capture` into `imported.db` as 1 to 2"),
        "{exit}"
    );
    let lines = json(&home, &["ls", "--json", "--db", "imported.db"]);
    assert_eq!((&lines[0]["gateway"], &lines[0]["model"]), (&"nexorouter".into(), &"acme/small".into()));
    assert_eq!((&lines[0]["verdict"], &lines[0]["request_id"]), (&"complete".into(), &"req_fake_01".into()));
    for file in ["two.capture", "imported.db"] {
        let (answers, _) =
            served(&home, file, &[get("/v1/models", &[&format!("authorization: Bearer {KEY}")])]);
        assert_eq!(answers, [(200, b"two".to_vec())], "{file}");
    }
}

#[test]
fn a_mistake_in_a_file_is_named_with_its_place_and_nothing_stays() {
    let home = recorded();
    said(&home, &["export", "jsonl", "-o", "whole.jsonl"]);
    let whole = std::fs::read_to_string(home.join("whole.jsonl")).unwrap();
    let cut = whole.lines().take(3).collect::<Vec<_>>().join("\n");
    for (name, text, reason) in [
        ("cut.jsonl", cut.as_str(), "`cut.jsonl`, line 3, column 1: the file is cut off"),
        ("bad.har", r#"{"log":{"entries":3}}"#, "`bad.har`, line 1, column"),
        (
            "bad.capture",
            "# a\n> GET /v1 HTTP/1.1\nnonsense\n",
            "`bad.capture`, line 3, column 1: `nonsense` is no word of a capture",
        ),
        ("empty", "", "`empty` is neither JSON Lines of gatetap, nor a HAR, nor a recording, nor a capture"),
    ] {
        std::fs::write(home.join(name), text).unwrap();
        for args in [&["replay", "serve", name, "--headless"][..], &["import", name, "--db", "imported.db"]] {
            let exit = Launch::gatetap(args).home(&home).env("TMPDIR", home.path()).run_to_end();
            assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{args:?}: {exit}");
            assert!(exit.stderr.contains(reason), "{args:?}: {exit}");
        }
    }
    let left = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("gatetap-")).collect();
    assert!(left.is_empty() && !home.join("imported.db").exists(), "{left:?}");
}

#[test]
fn white_space_around_a_key_is_compared_too() {
    let gateway = Gateway::answering(answer("HTTP/1.1 401 Unauthorized", "no"));
    let home = Home::new();
    let url = format!("{}/v1", gateway.url());
    let spaced = post("/v1/chat/completions", &[&format!("authorization: Bearer  {KEY}\t ")], ASK);
    let live = crate::e2e_support::serve(&home, &url);
    assert_eq!(wait(Client::exchange(live.addr(), &spaced)).0.status(), 401);
    live.terminate();
    live.wait_exit();
    let defects = json(&home, &["ls", "--json"]).remove(0)["credential"]["defects"].clone();
    assert!(!defects.as_array().unwrap().is_empty(), "{defects}");
    let file = recording(&home).display().to_string();
    let (answers, _) = served(&home, &file, &[chat(ASK), spaced]);
    assert_eq!((answers[0].0, answers[1].0), (502, 401));
}

#[test]
fn a_recording_without_text_is_refused_with_the_reason() {
    let home = Home::new();
    let args = [
        "run",
        "--headless",
        "--listen",
        "127.0.0.1:0",
        "--upstream",
        "sim",
        "--speed",
        "max",
        "--redact-bodies",
    ];
    let live = Launch::gatetap(&args).home(&home).serve();
    let responses = r#"{"model":"gpt-4o","input":"Say hello","max_output_tokens":4}"#;
    ask(&live, ASK);
    wait(Client::exchange(
        live.addr(),
        post("/v1/responses", &[&format!("authorization: Bearer {KEY}")], responses),
    ));
    live.terminate();
    live.wait_exit();
    let file = recording(&home).display().to_string();
    let exit = gatetap(&home, &["replay", "serve", &file, "--headless", "--db", "run.db"]);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{exit}");
    assert!(exit.stderr.contains("it was recorded with --redact-bodies"), "{exit}");
    for id in ["1", "2"] {
        let exit = gatetap(&home, &["replay", "send", id]);
        assert_eq!(exit.code, Some(2), "{exit}");
        assert!(
            exit.stderr.contains("its text was not kept: it was recorded with --redact-bodies"),
            "{exit}"
        );
    }
}
