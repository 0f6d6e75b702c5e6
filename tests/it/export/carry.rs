//! Carrying recordings around: out as JSON Lines or as a recording of its own, and in again.

use super::{fine, home_of, home_of_all, json_lines, lines_of};
use crate::captures::capture;
use crate::cli_recording;
use crate::cli_recording::gatetap;
use crate::support::binary::Home;
use crate::support::made::{START, session};
use gatetap::exchange::Exchange;
use gatetap::exchange::body::{Cut, Hidden, Mark, Rest, Side};
use gatetap::exchange::end::{BodyEnd, Hop};
use gatetap::exchange::origin::Origin;
use gatetap::exchange::time::Micros;
use gatetap::store::{Editor, Reader};
use insta::assert_snapshot;
use serde_json::{Value, json};

/// What `ls` and `show` say of a recording, without what the checks found: they ran on import only.
fn said(home: &Home, db: &str) -> Vec<Value> {
    let listed = json_lines(home, &["ls", "--json", "--db", db]);
    let last = listed.last().unwrap()["id"].to_string();
    let shown = json_lines(home, &["show", &format!("1-{last}"), "--json", "--db", db]);
    let without_findings = |mut line: Value| {
        line.as_object_mut().unwrap().remove("findings");
        line
    };
    listed.into_iter().chain(shown).map(without_findings).collect()
}

/// A note that is a formula to a spreadsheet and markup to a browser.
const NOTE: &str = "=flaky <b>since</b> Monday";

#[test]
fn notes_go_where_a_format_has_a_place_for_them() {
    let home = home_of(&["chat-plain", "models"]);
    let editor = Editor::open(&home.join("data/gatetap/recording.db")).unwrap();
    editor.put_note(&[1], Some(NOTE)).unwrap();
    let exported = |format: &str| fine(&home, &["export", format]).stdout;
    for (format, shown) in [
        ("har", json!({ "comment": NOTE }).to_string().trim_matches(['{', '}']).to_owned()),
        ("jsonl", json!({ "note": NOTE }).to_string().trim_matches(['{', '}']).to_owned()),
        ("csv", format!(",\"'{NOTE}\"\r\n")),
        ("html", "<dt>note<dd>=flaky &lt;b&gt;since&lt;/b&gt; Monday".to_owned()),
        ("support", format!("- Note: `{NOTE}`\n")),
    ] {
        let text = exported(format);
        assert_eq!(text.matches(&shown).count(), 1, "{format}: {shown} in {text}");
    }
    for format in ["har", "jsonl"] {
        let (file, db) = (format!("a.{format}"), format!("{format}.db"));
        let with_key = exported(format).replace("Monday", "sk-sim-0123456789abcdefghijklmnopqrstuv");
        std::fs::write(home.join(&file), with_key).unwrap();
        fine(&home, &["import", &file, "--db", &db]);
        let notes = json_lines(&home, &["show", "1-2", "--json", "--db", &db]);
        let notes: Vec<&Value> = notes.iter().map(|line| &line["note"]).collect();
        let hidden = notes[0].as_str().unwrap();
        assert!(hidden.starts_with("=flaky <b>since</b> ***") && !hidden.contains("0123"), "{hidden}");
        assert_eq!(notes[1], &Value::Null);
    }
}

#[test]
fn every_capture_comes_back_as_it_was() {
    let home = home_of_all();
    let db = "data/gatetap/recording.db";
    fine(&home, &["export", "jsonl", "-o", "a.jsonl"]);
    fine(&home, &["import", "a.jsonl", "--db", "b.db"]);
    fine(&home, &["export", "jsonl", "--db", "b.db", "-o", "b.jsonl"]);
    let [first, second] =
        ["a.jsonl", "b.jsonl"].map(|name| std::fs::read_to_string(home.join(name)).unwrap());
    for (first, second) in first.lines().zip(second.lines()) {
        assert_eq!(first, second);
    }
    assert_eq!(first, second);
    let (before, after) = (said(&home, db), said(&home, "b.db"));
    assert!(before.len() >= 140, "{}", before.len());
    for (before, mut after) in before.into_iter().zip(after) {
        // What its session had left open, nobody goes on with.
        if before["verdict"] == "open" {
            assert_eq!(after["verdict"], "lost");
            after["verdict"] = json!("open");
        }
        assert_eq!(before, after);
    }
}

#[test]
fn what_gatetap_itself_recorded_comes_back() {
    let home = Home::new();
    let db = cli_recording::record(&home);
    fine(&home, &["export", "jsonl", "-o", "a.jsonl"]);
    fine(&home, &["import", "a.jsonl", "--db", "b.db"]);
    assert_eq!(said(&home, db.to_str().unwrap()), said(&home, "b.db"));
    let again = fine(&home, &["export", "jsonl", "--db", "b.db"]);
    assert_eq!(again.stdout, std::fs::read_to_string(home.join("a.jsonl")).unwrap());
    let sessions: Vec<i64> = json_lines(&home, &["ls", "--json", "--db", "b.db"])
        .iter()
        .map(|line| line["session"].as_i64().unwrap())
        .collect();
    assert_eq!(sessions, [1, 1, 1, 1, 1, 2]);
}

#[test]
fn what_a_fault_altered_and_what_was_cut_come_back() {
    let home = Home::new();
    let capture = capture("ollama-chat");
    let writer = session(&home.join("a.db"));
    writer.begin().unwrap();
    let exchange = Exchange {
        fault: Some("stream.cut_clean".to_owned()),
        response_bytes: 60,
        response_sha256: Some([7; 32]),
        response_hidden: Hidden { count: 2, own: 1, first: Some(3) },
        ..capture.exchange
    };
    let id = writer.insert_exchange(&exchange).unwrap();
    let mark =
        |length, at| Mark { length, read: Micros(at), taken: Some(Micros(at + 5)), rest: Rest::default() };
    // Of three chunks the second is not kept, and of the third only its end.
    writer.insert_segment(id, Side::Response, 0, b"data: 1\n\n", &[mark(9, 10)]).unwrap();
    writer
        .insert_segment(
            id,
            Side::Response,
            9,
            b"",
            &[Mark { rest: Rest { bytes: 31, capitals: true }, ..mark(20, 30) }],
        )
        .unwrap();
    writer.insert_segment(id, Side::Response, 29, b"data: \xff\n\n", &[mark(31, 50)]).unwrap();
    let end = Some(BodyEnd::broken(Hop::Gatetap, "nobody waited"));
    writer.put_origin(id, &Origin { head: "HTTP/1.1 200 OK\r\n\r\n".into(), end }).unwrap();
    writer.insert_segment(id, Side::Origin, 0, b"data: whole\n\n", &[mark(13, 9)]).unwrap();
    writer.commit().unwrap();
    writer.end_session(START).unwrap();
    fine(&home, &["export", "jsonl", "--db", "a.db", "-o", "a.jsonl"]);
    fine(&home, &["import", "a.jsonl", "--db", "b.db"]);
    let [before, after] = ["a.db", "b.db"].map(|name| Reader::open(&home.join(name)).unwrap());
    assert_eq!(before.exchange(1).unwrap().unwrap().exchange, after.exchange(1).unwrap().unwrap().exchange);
    assert_eq!(before.origin(1).unwrap(), after.origin(1).unwrap());
    assert!(after.origin(1).unwrap().is_some());
    for side in [Side::Request, Side::Response, Side::Origin] {
        assert_eq!(before.body(1, side).unwrap(), after.body(1, side).unwrap());
    }
    assert_eq!(after.body(1, Side::Response).unwrap().cut, Some(Cut { at: 9, tail: 9 }));
}

#[test]
fn into_a_recording_that_has_some_they_come_with_new_numbers() {
    let home = home_of(&["chat-stream", "error-401"]);
    fine(&home, &["export", "jsonl", "2", "-o", "one.jsonl"]);
    let exit = fine(&home, &["import", "one.jsonl"]);
    assert_eq!(
        exit.stderr,
        "imported 1 exchange of `one.jsonl` into `HOME/data/gatetap/recording.db` as 3\n"
    );
    let lines = json_lines(&home, &["ls", "--json"]);
    assert_eq!(lines.len(), 3);
    assert_eq!((&lines[2]["id"], &lines[2]["session"]), (&json!(3), &json!(2)));
    assert_eq!(lines[2]["error_code"], lines[1]["error_code"]);
    // What was taken in can be searched; the fixture itself was put in without its text.
    let hits = json_lines(&home, &["search", "--json", "hello"]);
    assert_eq!(hits.iter().map(|hit| hit["id"].clone()).collect::<Vec<_>>(), [json!(3)]);
}

#[test]
fn a_recording_is_cut_out_and_taken_in_again() {
    let home = home_of(&["chat-stream", "error-401", "chat-stream-reset"]);
    let exit = fine(&home, &["export", "recording", "status:200", "-o", "small.db"]);
    assert_eq!(exit.stderr, "wrote 2 exchanges to `small.db`\n");
    let ids = |db: &str| -> Vec<i64> {
        json_lines(&home, &["ls", "--json", "--db", db])
            .iter()
            .map(|line| line["id"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(ids("small.db"), [1, 3]);
    let body = |db: &str| fine(&home, &["show", "3", "--events", "--json", "--db", db]).stdout;
    assert_eq!(body("small.db"), body("data/gatetap/recording.db"));
    fine(&home, &["import", "small.db"]);
    assert_eq!(ids("data/gatetap/recording.db"), [1, 2, 3, 4, 5]);
    let exit = gatetap(&home, &["export", "recording", "-o", "small.db"]);
    assert_eq!(exit.code, Some(2));
    assert!(exit.stderr.contains("`small.db` is there already"), "{exit}");
    let exit = gatetap(&home, &["import", "small.db", "--db", "small.db"]);
    assert!(exit.stderr.contains("cannot be imported into itself"), "{exit}");
}

#[test]
fn a_key_in_a_file_does_not_reach_the_recording() {
    let key = format!("sk-or-v1-{}", "0".repeat(64));
    let home = home_of(&["chat-plain"]);
    let text = fine(&home, &["export", "jsonl"]).stdout;
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let request = &mut lines[2]["exchange"]["request"];
    request["raw_head"] = Value::Null;
    request["headers"] = json!([["Host", "localhost"], ["Authorization", format!("Bearer {key}")]]);
    let prompt = format!("{{\"messages\":[{{\"role\":\"user\",\"content\":\"my key is {key}\"}}]}}");
    request["body"]["bytes"] = json!(prompt.len());
    request["body"]["marks"] = json!([[prompt.len(), 0, null]]);
    request["body"]["content"] = json!(prompt);
    let text = lines_of(&lines);
    std::fs::write(home.join("keyed.jsonl"), text).unwrap();
    let exit = fine(&home, &["import", "keyed.jsonl", "--db", "b.db"]);
    assert!(exit.stderr.contains("secrets were hidden in 1 exchange\n"), "{exit}");
    for entry in std::fs::read_dir(home.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.to_str().unwrap().contains("b.db") {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(20).any(|window| window == &key.as_bytes()[..20]), "{}", path.display());
        }
    }
    let shown = json_lines(&home, &["show", "1", "--json", "--db", "b.db"]);
    assert_eq!(shown[0]["credential"]["vendor"], "openrouter");
    assert_eq!(shown[0]["credential"]["last4"], "0000");
}

#[test]
fn the_lines_are_as_documented() {
    let home = home_of(&["error-401"]);
    let program = format!("gatetap {}", env!("CARGO_PKG_VERSION"));
    let text = fine(&home, &["export", "jsonl"]).stdout.replace(&program, "gatetap VERSION");
    let pretty: Vec<String> = text
        .lines()
        .map(|line| serde_json::to_string_pretty(&serde_json::from_str::<Value>(line).unwrap()).unwrap())
        .collect();
    assert_snapshot!(pretty.join("\n"));
}
