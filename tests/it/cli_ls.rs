//! `gatetap ls`: lines for people, and its JSON.

use crate::cli_recording::{gatetap, gatetap_with, record, record_nothing};
use crate::support::binary::{Home, Launch};
use crate::support::made::{Made, START, recording, session};
use gatetap::cli::{self, Env, Exit, Output};
use gatetap::config::Directories;
use gatetap::digest::Digest;
use gatetap::digest::verdict::Judgement;
use gatetap::exchange::end::Verdict;
use gatetap::exchange::finding::Severity;
use gatetap::exchange::time::{Clock, WallTime};
use insta::assert_snapshot;
use serde_json::{Value, json};

/// Runs `words` in this process, as on a terminal of that width.
fn on_terminal(home: &Home, words: &[&str], width: usize, colour: bool) -> String {
    let mut stdout = Vec::new();
    let mut stderr = Vec::new();
    let mut env = Env {
        stdout: Output::new(&mut stdout, true).with_colour(colour),
        stderr: Output::new(&mut stderr, true).with_colour(colour),
        width,
        directories: Directories {
            working: home.path().to_owned(),
            config: None,
            data: Some(home.join("data/gatetap")),
            state: None,
        },
        // 2025-03-01T13:30:00Z: the day of the recording.
        clock: Clock::fixed(WallTime(1_740_835_800_000_000)),
        time_zone: jiff::tz::TimeZone::UTC,
    };
    let exit = cli::run(words.iter().map(Into::into), &mut env);
    drop(env);
    assert_eq!((exit, String::from_utf8(stderr).unwrap().as_str()), (Exit::Fine, ""));
    String::from_utf8(stdout).unwrap()
}

fn ids(home: &Home, args: &[&str]) -> Vec<i64> {
    let exit = gatetap(home, &[&["ls", "--json"], args].concat());
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "{exit}");
    let lines = exit.stdout.lines();
    lines.map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_i64().unwrap()).collect()
}

#[test]
fn a_pipe_gets_lines_without_titles() {
    let home = Home::new();
    record(&home);
    assert_snapshot!(gatetap(&home, &["ls"]).stdout, @"
    1  03-01 12:00:00  POST  /v1/chat/completions  acme/small                                                       200  complete             -  1.25 s  12+4  -
    2  03-01 12:00:01  POST  /v1/chat/completions  acme/small                                                       200  complete        300 ms  1.25 s     -  warning
    3  03-01 12:00:03  POST  /v1/chat/completions  acme/a-model-with-a-very-long-name-that-does-not-fit-2025-03-01  429  refused              -  150 ms     -  -
    4  03-01 12:00:04  POST  /v1/chat/␛]0;owned␇   ␛[31mred                                                         200  cut-by-gateway  200 ms  1.25 s     -  -
    5  03-01 12:00:06  POST  /v1/chat/completions  acme/small                                                       502  failed               -  3.1 ms     -  -
    6  03-01 13:00:00  GET   /v1/models            -                                                                200  complete             -  1.25 s     -  -
    ");
}

#[test]
fn a_terminal_gets_titles_and_lines_that_fit() {
    let home = Home::new();
    record(&home);
    assert_snapshot!(on_terminal(&home, &["gatetap", "ls"], 110, false), @"
    id  time      method  path                  model           status  verdict           ttft  duration  findings
     1  12:00:00  POST    /v1/chat/completions  acme/small         200  complete             -    1.25 s  -
     2  12:00:01  POST    /v1/chat/completions  acme/small         200  complete        300 ms    1.25 s  warning
     3  12:00:03  POST    /v1/chat/completions  acme/a-model-…     429  refused              -    150 ms  -
     4  12:00:04  POST    /v1/chat/␛]0;owned␇   ␛[31mred           200  cut-by-gateway  200 ms    1.25 s  -
     5  12:00:06  POST    /v1/chat/completions  acme/small         502  failed               -    3.1 ms  -
     6  13:00:00  GET     /v1/models            -                  200  complete             -    1.25 s  -
    ");
    assert_snapshot!(on_terminal(&home, &["gatetap", "ls"], 70, false), @"
    id  path                  model       status  verdict         findings
     1  /v1/chat/completions  acme/small     200  complete        -
     2  /v1/chat/completions  acme/small     200  complete        warning
     3  /v1/chat/completions  acme/a-mo…     429  refused         -
     4  /v1/chat/␛]0;owned␇   ␛[31mred       200  cut-by-gateway  -
     5  /v1/chat/completions  acme/small     502  failed          -
     6  /v1/models            -              200  complete        -
    ");
    for width in 60..140 {
        let shown = on_terminal(&home, &["gatetap", "ls"], width, false);
        for line in shown.lines() {
            assert!(unicode_width::UnicodeWidthStr::width(line) <= width, "{width}: {line}");
        }
    }
}

#[test]
fn a_pipe_gets_whole_paths_and_a_terminal_their_ends() {
    let home = Home::new();
    let long = "/@openrouter/v1/chat/completions";
    let found = vec![("stream-gap".to_owned(), Severity::Warning)];
    let digest = Digest { model: Some("a-model-with-a-long-name".to_owned()), ..Digest::default() };
    let made = Made {
        path: long.to_owned(),
        verdict: Verdict::CutByGateway,
        findings: found,
        digest,
        ..Made::default()
    };
    recording(&home.join("made.db"), &[made]);
    let piped = gatetap_with(&home, &["ls", "--db", "made.db"], &[("COLUMNS", "40")]).stdout;
    assert!(piped.contains(long) && piped.contains("a-model-with-a-long-name"), "{piped}");
    let db = home.join("made.db").display().to_string();
    for width in [80, 100] {
        let shown = on_terminal(&home, &["gatetap", "ls", "--db", &db], width, false);
        for part in ["/@openro", "…", "completions", "warning"] {
            assert!(shown.contains(part), "{width}: {part}: {shown}");
        }
    }
    let none = gatetap(&home, &["ls", "--db", "made.db", "--limit", "0"]);
    assert_eq!((none.code, none.stdout.as_str(), none.stderr.as_str()), (Some(0), "", ""), "{none}");
}

#[test]
fn colours_only_add_to_the_words() {
    let home = Home::new();
    record(&home);
    let coloured = on_terminal(&home, &["gatetap", "ls"], 110, true);
    assert!(coloured.contains("\x1b[1;31mrefused\x1b[0m"), "{coloured:?}");
    let mut bare = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        bare.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    bare.push_str(rest);
    assert_eq!(bare, on_terminal(&home, &["gatetap", "ls"], 110, false));
}

#[test]
fn limits_and_sessions_choose() {
    let home = Home::new();
    record(&home);
    for (args, expected) in [
        (&[][..], &[1, 2, 3, 4, 5, 6][..]),
        (&["--limit", "2"], &[5, 6]),
        (&["--limit", "0"], &[]),
        (&["--limit", "100"], &[1, 2, 3, 4, 5, 6]),
        (&["--session", "last"], &[6]),
        (&["--session", "1"], &[1, 2, 3, 4, 5]),
        (&["--session", "1", "--limit", "2"], &[4, 5]),
        (&["--session=2", "--limit=5"], &[6]),
    ] {
        assert_eq!(ids(&home, args), expected, "{args:?}");
    }
}

#[test]
fn filters_choose() {
    let home = Home::new();
    record(&home);
    for (args, expected) in [
        (&["status:429"][..], &[3][..]),
        (&["status>=400"], &[3, 5]),
        (&["status>=400", "--limit", "1"], &[5]),
        (&["-status>=400", "path:/v1/chat*"], &[1, 2, 4]),
        (&["is:streaming", "OR", "verdict:failed"], &[2, 4, 5]),
        (&["(is:streaming OR verdict:failed) -finding:*"], &[4, 5]),
        (&["--session", "1", "path:/v1/models"], &[]),
        (&["session:last"], &[6]),
        (&["since:90m"], &[]),
    ] {
        assert_eq!(ids(&home, args), expected, "{args:?}");
    }
    let exit = gatetap(&home, &["ls", "status:418"]);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(0), ""));
    assert_eq!(exit.stderr, "no such exchanges in `HOME/data/gatetap/recording.db`\n");
}

#[test]
fn a_mistake_in_a_filter_is_pointed_at() {
    let home = Home::new();
    record(&home);
    let exit = gatetap(&home, &["ls", "is:error", "staus:\u{1b}[2J"]);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""));
    assert_snapshot!(exit.stderr, @"
    error: unknown key `staus` (column 10 of the filter)
        is:error staus:␛[2J
                 ^^^^^

    hint: did you mean `status`?
    ");
}

#[test]
fn a_tail_lists_what_ends_until_it_is_interrupted() {
    let home = Home::new();
    let recording = record(&home);
    let mut tail =
        Launch::gatetap(&["ls", "--tail", "--limit", "2", "--json", "path:/v1/*"]).home(&home).start();
    assert!(tail.wait_line("\"id\":5").contains("\"status\":502"));
    tail.wait_line("\"id\":6");
    let writer = session(&recording);
    let open = Made { verdict: Verdict::Open, duration: None, ..Made::default() };
    open.write(&writer);
    Made { path: "/else".to_owned(), ..Made::default() }.write(&writer);
    Made { status: Some(418), ..Made::default() }.write(&writer);
    assert!(tail.wait_line("\"id\":9").contains("\"status\":418"));
    writer.begin().unwrap();
    let judgement = Judgement { verdict: Verdict::CutByApp, evidence: "it was made so".to_owned() };
    writer.put_digest(7, &Digest::default(), &judgement).unwrap();
    writer.commit().unwrap();
    assert!(tail.wait_line("\"id\":7").contains("cut-by-app"));
    tail.interrupt();
    let exit = tail.wait_exit();
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "{exit}");
    let listed: Vec<i64> = exit
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_i64().unwrap())
        .collect();
    assert_eq!(listed, [5, 6, 9, 7]);
    writer.end_session(START).unwrap();
}

#[test]
fn a_tail_keeps_its_columns() {
    let home = Home::new();
    let recording = record(&home);
    let mut tail = Launch::gatetap(&["ls", "--tail", "--limit", "6"]).home(&home).start();
    let first = tail.wait_line("/v1/models");
    let writer = session(&recording);
    Made { path: "/v1/models".to_owned(), status: Some(418), ..Made::default() }.write(&writer);
    let second = tail.wait_line("418");
    tail.interrupt();
    assert_eq!(tail.wait_exit().code, Some(0));
    assert_eq!(first.find("/v1/models"), second.find("/v1/models"), "{first}\n{second}");
    assert_eq!(first.find("200"), second.find("418"), "{first}\n{second}");
    writer.end_session(START).unwrap();
}

#[test]
fn an_empty_recording_has_nothing_to_list() {
    let home = Home::new();
    record_nothing(&home.join("empty.db"));
    let exit = gatetap(&home, &["ls", "--db", "empty.db"]);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(0), ""), "{exit}");
    assert_eq!(exit.stderr, "no exchanges in `empty.db`\n");
    assert_eq!(ids(&home, &["--db", "empty.db", "--session", "last"]), [0; 0]);
}

#[test]
fn the_json_of_a_line_is_as_documented() {
    let home = Home::new();
    record(&home);
    let exit = gatetap(&home, &["ls", "--json"]);
    let lines: Vec<&str> = exit.stdout.lines().collect();
    assert_snapshot!(lines[1], @r#"{"id":2,"started_at":"2025-03-01T12:00:01.500250Z","method":"POST","path":"/v1/chat/completions","query":null,"gateway":"nexorouter","url":"https://api.nexorouter.com/v1/chat/completions","status":200,"verdict":"complete","streaming":true,"model":"acme/small","model_answered":"acme/small","request_id":"req_200","error_code":null,"finish_reason":"stop","duration_ms":1250.5,"ttft_ms":300.0,"tokens":{"input":null,"output":null,"total":null},"findings":["stream-gap"],"fault":null,"replay_of":null,"credential":{"scheme":"Bearer","vendor":"openai","length":8,"last4":null,"fingerprint":"f1a2b3c4","defects":["wrong-length"]},"client":{"agent":"OpenAI/Python 1.99.0","retry_count":1,"timeout_s":null},"request_bytes":127,"response_bytes":323,"session":1}"#);
    let parsed: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &parsed {
        assert_eq!(line.as_object().unwrap().len(), 26, "{line}");
        assert_eq!(line["tokens"].as_object().unwrap().len(), 3, "{line}");
        assert_eq!(line["client"].as_object().unwrap().len(), 3, "{line}");
    }
    let of = |id: usize, key: &str| parsed[id - 1][key].clone();
    assert_eq!(of(1, "query"), json!("beta=1"));
    assert_eq!(of(1, "tokens"), json!({"input": 12, "output": 4, "total": 16}));
    assert_eq!(of(1, "model_answered"), json!("acme/small-0301"));
    assert_eq!(of(1, "ttft_ms"), Value::Null);
    assert_eq!(of(2, "ttft_ms"), json!(300.0));
    assert_eq!(of(2, "findings"), json!(["stream-gap"]));
    assert_eq!(of(3, "error_code"), json!("rate_limit_exceeded"));
    assert_eq!(of(3, "fault"), json!("rate_limit_exceeded"));
    assert_eq!(of(4, "replay_of"), json!(2));
    assert_eq!(of(4, "verdict"), json!("cut-by-gateway"));
    assert_eq!(of(5, "credential"), Value::Null);
    assert_eq!(of(6, "tokens"), json!({"input": null, "output": null, "total": null}));
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let home = Home::new();
    record(&home);
    let mut command = Launch::gatetap(&["ls", "--json"]).home(&home).command();
    let (reader, writer) = std::io::pipe().unwrap();
    // Nobody reads from the start.
    drop(reader);
    let output = command.stdout(writer).stderr(std::process::Stdio::piped()).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}
