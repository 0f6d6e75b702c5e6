//! `gatetap search`: what is found, for people and for programs.

use crate::cli_recording::{gatetap, record};
use crate::support::binary::Home;
use crate::support::made::{Made, recording};
use insta::assert_snapshot;
use serde_json::{Value, json};

#[test]
fn people_get_the_words_in_their_place() {
    let home = Home::new();
    record(&home);
    assert_snapshot!(gatetap(&home, &["search", "hello"]).stdout, @"
    2  03-01 12:00:01  complete  /v1/chat/completions  acme/small
      answer: Hello
    1  03-01 12:00:00  complete  /v1/chat/completions  acme/small
      answer: Hello. Bye
    ");
}

#[test]
fn programs_get_the_line_of_ls_and_the_snippets() {
    let home = Home::new();
    let request = br#"{"messages":[{"role":"user","content":"\u00e4 zebra \u001b[2J \u202e end"}]}"#;
    let path = home.join("a.db");
    recording(
        &path,
        &[Made { request: request.into(), prompt: "ä zebra end".to_owned(), ..Made::default() }],
    );
    let exit = gatetap(&home, &["search", "--db", "a.db", "--json", "zebra"]);
    let lines: Vec<Value> = exit.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["id"], json!(1));
    assert_eq!(
        lines[0]["snippets"],
        json!([{"source": "prompt", "text": "ä zebra \u{1b}[2J \u{202e} end", "marks": [[2, 7]]}])
    );
    let exit = gatetap(&home, &["search", "--db", "a.db", "zebra"]);
    assert!(exit.stdout.ends_with("prompt: ä zebra ␛[2J <U+202E> end\n"), "{exit}");
}

#[test]
fn what_is_not_there_and_what_is_no_search_are_said() {
    let home = Home::new();
    record(&home);
    let exit = gatetap(&home, &["search", "quagga"]);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(0), ""));
    assert_eq!(exit.stderr, "nothing found in `HOME/data/gatetap/recording.db`\n");
    let exit = gatetap(&home, &["search", "quagga", "--json"]);
    assert_eq!((exit.code, exit.stdout.as_str(), exit.stderr.as_str()), (Some(0), "", ""));
    let exit = gatetap(&home, &["search", "status:200"]);
    assert_eq!(exit.code, Some(2));
    assert!(exit.stderr.contains("there is no word to search for"), "{exit}");
}
