//! What cannot be exported or imported is said, and nothing is left behind.

use super::{fine, home_of, lines_of};
use crate::cli_recording::{gatetap, record_nothing};
use crate::support::binary::Home;
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

#[track_caller]
fn complaint(home: &Home, args: &[&str]) -> String {
    let exit = gatetap(home, args);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{exit}");
    exit.stderr
}

#[test]
fn what_cannot_be_exported() {
    let home = home_of(&["models"]);
    record_nothing(&home.join("empty.db"));
    assert_snapshot!(complaint(&home, &["export", "curk"]), @"
    error: invalid value 'curk' for '<FORMAT>'
      [possible values: har, curl, jsonl, sse, support, html, csv, recording]

      tip: a similar value exists: 'curl'

    For more information, try '--help'.
    ");
    assert_snapshot!(complaint(&home, &["export", "har", "status:500"]), @"
    error: there are no such exchanges in `HOME/data/gatetap/recording.db`

    hint: `gatetap ls FILTER` shows what a filter finds
    ");
    assert_snapshot!(complaint(&home, &["export", "har", "--db", "empty.db"]), @"
    error: there are no exchanges in `empty.db`

    hint: record some with `gatetap run`
    ");
    assert_snapshot!(complaint(&home, &["export", "har", "7"]), @"
    error: there is no exchange 7 in `HOME/data/gatetap/recording.db`

    hint: it holds exchange 1 only
    ");
    assert_snapshot!(complaint(&home, &["export", "sse", "last"]), @"
    error: there is nothing to export as sse: no stream

    hint: ask for other exchanges, or for another format
    ");
    assert_snapshot!(complaint(&home, &["export", "recording"]), @"
    error: a recording cannot be written to stdout

    hint: name a file with -o FILE
    ");
}

#[test]
fn a_file_is_replaced_only_by_one_that_is_whole() {
    let home = home_of(&["models"]);
    let path = home.join("there.sse");
    std::fs::write(&path, "data: before\n\n").unwrap();
    complaint(&home, &["export", "sse", "-o", "there.sse"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "data: before\n\n");
    fine(&home, &["export", "har", "-o", "there.sse"]);
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("{\"log\":"));
    let left: Vec<_> = std::fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("partial"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

/// What is done to an exchange.
type Change = fn(&mut Value);

/// Changes the exchange of an export, and says what import has to say of it.
fn broken(home: &Home, change: Change) -> String {
    let text = fine(home, &["export", "jsonl", "1"]).stdout;
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    change(&mut lines[2]["exchange"]);
    let text = lines_of(&lines);
    std::fs::write(home.join("broken.jsonl"), text).unwrap();
    let said = complaint(home, &["import", "broken.jsonl", "--db", "b.db"]);
    assert!(!home.join("b.db").exists(), "something was imported");
    said.lines().next().unwrap().to_owned()
}

#[test]
fn a_mistake_is_named_with_its_place() {
    let home = home_of(&["chat-stream"]);
    let cases: [(Change, &str); 11] = [
        (|one| one["status"] = json!(1), "unknown field `status`"),
        (|one| one["started_at"] = json!("yesterday"), "\"yesterday\" is no time in RFC 3339"),
        (|one| one["id"] = json!(0), "the number of an exchange is at least 1"),
        (|one| one["session"] = json!(9), "session 9 has no line before this one"),
        (
            |one| one["request"]["headers"] = json!([["Host", "elsewhere"]]),
            "raw_head and headers do not agree",
        ),
        (
            |one| one["response"]["body"]["marks"] = json!([[1, 5, null]]),
            "the response's content, cut and marks do not add up",
        ),
        (
            |one| one["response"]["body"]["end"] = json!({"broken": {"by": "nobody", "detail": ""}}),
            "\"nobody\" is none of app, gateway, gatetap",
        ),
        (
            |one| one["request"]["body"]["content"] = json!({"base64": "***"}),
            "this is not Base64: Invalid symbol 42",
        ),
        (|one| one["request"]["body"]["sha256"] = json!("12"), "\"12\" is no SHA-256"),
        (|one| one["response"]["head"]["status"] = json!(7), "7 is no status"),
        (
            |one| one["credentials"] = json!([{"place": "x", "scheme": null, "vendor": null, "length": 9, "last4": "whole key", "fingerprint": "", "defects": []}]),
            "last4 has more than four characters",
        ),
    ];
    for (change, sentence) in cases {
        let said = broken(&home, change);
        assert!(said.starts_with("error: `broken.jsonl`, line 3, column "), "{said}");
        assert!(said.contains(sentence), "{said}\nis not\n{sentence}");
    }
}

#[test]
fn what_no_exchange_can_be_is_refused_however_it_is_written() {
    let home = home_of(&["models"]);
    let har: Value = serde_json::from_str(&fine(&home, &["export", "har"]).stdout).unwrap();
    let cases: [(Change, &str); 4] = [
        (
            |entry| entry["response"]["content"] = json!({"size": 1_u64 << 62}),
            "an answer of 4611686018427387904 bytes is longer than any that is read: 4 GiB",
        ),
        (|entry| entry["timings"]["wait"] = json!(1e300), "a timing of 1e300 ms is longer than a year"),
        (
            |entry| entry["timings"] = json!({"blocked": 1e19, "dns": 1e19, "send": 1e19}),
            "a timing of 1e19 ms is longer than a year",
        ),
        (|entry| entry["timings"]["ssl"] = json!(3.2e10), "a timing of 3.2e10 ms is longer than a year"),
    ];
    for (change, sentence) in cases {
        let mut har = har.clone();
        change(&mut har["log"]["entries"][0]);
        std::fs::write(home.join("bad.har"), har.to_string()).unwrap();
        let said = complaint(&home, &["import", "bad.har", "--db", "b.db"]);
        assert!(said.contains(sentence), "{said}\nis not\n{sentence}");
        assert!(!home.join("b.db").exists(), "{sentence}: something was imported");
    }
    // What is long, and could be.
    let mut long = har;
    long["log"]["entries"][0]["response"]["content"] = json!({"size": 4_u64 << 30});
    long["log"]["entries"][0]["timings"] = json!({"blocked": 3e10, "wait": 3e10, "receive": 3e10});
    std::fs::write(home.join("long.har"), long.to_string()).unwrap();
    fine(&home, &["import", "long.har", "--db", "b.db"]);
    let shown = fine(&home, &["show", "1", "--json", "--db", "b.db"]).stdout;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["response"]["body"]["bytes"], 4_u64 << 30);
    assert_eq!(shown["timing"]["end_ms"], 9e10);
}

#[test]
fn a_file_that_is_cut_off_or_something_else_is_refused() {
    let home = home_of(&["chat-stream"]);
    let text = fine(&home, &["export", "jsonl"]).stdout;
    let har = fine(&home, &["export", "har"]).stdout;
    for (content, sentence) in [
        (text.lines().take(3).collect::<Vec<_>>().join("\n"), "line 3, column 1: the file is cut off"),
        (text[..text.len() / 2].to_owned(), "line 3, column "),
        (text.replace("\"version\":1", "\"version\":2"), "version 2 of the format is not known here, only 1"),
        (format!("{text}{text}"), "nothing may follow the line that ends the file"),
        (har[..har.len() / 2].to_owned(), "EOF while parsing"),
        ("{\"log\":{\"entries\":[{}]}}".to_owned(), "line 1, column 21: missing field `startedDateTime`"),
        ("{\"log\":{}}".to_owned(), "the log has no `entries`"),
        ("{}".to_owned(), "there is no `log`: this is not a HAR"),
        ("id,started_at\n".to_owned(), "is neither JSON Lines of gatetap, nor a HAR, nor a recording"),
        (String::new(), "is neither JSON Lines of gatetap, nor a HAR, nor a recording"),
    ] {
        std::fs::write(home.join("bad"), &content).unwrap();
        let said = complaint(&home, &["import", "bad", "--db", "b.db"]);
        assert!(said.contains(sentence), "{said}\nis not\n{sentence}");
        assert!(!home.join("b.db").exists(), "{sentence}: something was imported");
    }
    assert!(complaint(&home, &["import", "missing.jsonl"]).contains("cannot read `missing.jsonl`"));
}
