//! `--mode`: what a replay sends on, records, and answers with the next time.

use crate::cli_recording::gatetap;
use crate::e2e_support::{ASK, ASK_STREAM, json};
use crate::replay_cli::ask;
use crate::support::binary::{Exit, Home, Launch};
use crate::support::gateway::{Gateway, Refusing, answer};
use serde_json::Value;

const OTHER: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"other"}]}"#;

fn gateway(body: &str) -> Gateway {
    Gateway::answering(answer("HTTP/1.1 200 OK\r\ncontent-type: application/json", body))
}

/// Serves `cassette.db` and asks for each of `bodies`.
fn served(home: &Home, args: &[&str], bodies: &[&str]) -> (Vec<(u16, String)>, Exit) {
    let first = ["replay", "serve", "cassette.db", "--headless", "--listen", "127.0.0.1:0", "--speed", "max"];
    let replay = Launch::gatetap(&[&first[..], args].concat()).home(home).serve();
    let told = |(status, body, _): (u16, Vec<u8>, _)| (status, String::from_utf8(body).unwrap());
    let answers = bodies.iter().map(|body| told(ask(&replay, body))).collect();
    replay.terminate();
    let exit = replay.wait_exit();
    assert_eq!(exit.code, Some(0), "{exit}");
    (answers, exit)
}

/// The exchanges in `cassette.db`, each by its gateway and its status.
fn kept(home: &Home) -> Vec<(String, Value)> {
    let lines = json(home, &["ls", "--json", "--db", "cassette.db"]);
    lines.iter().map(|line| (line["gateway"].as_str().unwrap().to_owned(), line["status"].clone())).collect()
}

#[test]
fn what_the_first_run_records_the_second_serves_offline() {
    let (home, first) = (Home::new(), gateway("first"));
    let url = format!("{}/v1", first.url());
    let (answers, exit) = served(&home, &["--mode", "once", "--upstream", &url], &[ASK, ASK_STREAM]);
    assert_eq!(answers, [(200, "first".to_owned()), (200, "first".to_owned())]);
    assert!(
        exit.stderr.contains(&format!("mode once: everything goes to {url}, and into `cassette.db`")),
        "{exit}"
    );
    assert!(exit.stderr.contains("kept in `cassette.db`: 2 exchanges\n"), "{exit}");
    assert_eq!(first.requests().len(), 2);
    // What is there is all there is.
    let (answers, exit) = served(&home, &["--mode", "once", "--db", "run.db"], &[ASK, OTHER]);
    assert_eq!((answers[0].1.as_str(), answers[1].0), ("first", 502), "{exit}");
    assert!(answers[1].1.contains("replay-miss"), "{}", answers[1].1);
    assert!(exit.stderr.contains("`cassette.db` is recorded already, so nothing is sent on"), "{exit}");
    assert_eq!(first.requests().len(), 2);
    assert_eq!(kept(&home).len(), 2);
}

#[test]
fn new_episodes_go_where_the_recorded_ones_went_and_are_kept_once() {
    let (home, first) = (Home::new(), gateway("first"));
    let url = format!("{}/v1", first.url());
    served(&home, &["--mode", "new-episodes", "--upstream", &url], &[ASK]);
    let (answers, exit) = served(&home, &["--mode", "new-episodes"], &[ASK, OTHER, ASK]);
    assert!(answers.iter().all(|answer| *answer == (200, "first".to_owned())), "{answers:?}");
    assert!(
        exit.stderr
            .contains(&format!("what `cassette.db` does not have goes to {url}, and into `cassette.db`")),
        "{exit}"
    );
    assert!(
        exit.stderr.contains("replay: 2 served, 0 missed, 0 never used, 1 sent on and recorded"),
        "{exit}"
    );
    let sent = first.requests();
    assert_eq!((sent.len(), sent[1].body.as_slice()), (2, OTHER.as_bytes()));
    assert_eq!(sent[1].head.header("x-gatetap-own"), None);
    // What was replayed is not there twice.
    let name = first.url().replace("http://", "");
    assert_eq!(kept(&home), [(name.clone(), 200.into()), (name, 200.into())]);
    let (answers, _) = served(&home, &["--db", "run.db"], &[OTHER, ASK]);
    assert!(answers.iter().all(|answer| *answer == (200, "first".to_owned())), "{answers:?}");
    assert_eq!(first.requests().len(), 2);
}

#[test]
fn all_records_anew_in_place_of_what_it_repeats() {
    let (home, first, second) = (Home::new(), gateway("first"), gateway("second"));
    let (one, two) = (format!("{}/v1", first.url()), format!("{}/v1", second.url()));
    served(&home, &["--mode", "once", "--forward", &one], &[ASK, OTHER]);
    let (answers, exit) = served(&home, &["--mode", "all", "--forward", &two], &[ASK]);
    assert_eq!(answers, [(200, "second".to_owned())]);
    assert!(exit.stderr.contains("kept in `cassette.db`: 1 exchange, in place of 1 older\n"), "{exit}");
    let (answers, _) = served(&home, &["--db", "run.db"], &[ASK, OTHER]);
    assert_eq!(answers, [(200, "second".to_owned()), (200, "first".to_owned())]);
}

#[test]
fn a_gateway_that_could_not_be_reached_is_no_episode() {
    let (home, nobody) = (Home::new(), Refusing::new());
    let url = format!("{}/v1", nobody.url());
    let (answers, exit) = served(&home, &["--mode", "once", "--forward", &url], &[ASK]);
    assert_eq!(answers[0].0, 502);
    assert!(exit.stderr.contains("kept in `cassette.db`: 0 exchanges"), "{exit}");
    assert_eq!(kept(&home), []);
    // So the next run records.
    let first = gateway("first");
    let (answers, _) =
        served(&home, &["--mode", "once", "--forward", &format!("{}/v1", first.url())], &[ASK]);
    assert_eq!(answers, [(200, "first".to_owned())]);
}

#[test]
fn a_wrapped_command_records_once_and_runs_offline_then() {
    let (home, first) = (Home::new(), gateway("first"));
    let url = format!("{}/v1", first.url());
    let script = format!("curl -sf -d '{ASK}' \"$OPENAI_BASE_URL/chat/completions\"");
    for round in 0..2 {
        let exit = gatetap(
            &home,
            &[
                "exec",
                "--upstream",
                "replay:cassette.db",
                "--mode",
                "once",
                "--forward",
                &url,
                "--strict",
                "--",
                "sh",
                "-c",
                &script,
            ],
        );
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(0), "first"), "{round}: {exit}");
        assert_eq!(first.requests().len(), 1);
    }
    // As JSON Lines it can be reviewed and committed, and is as good.
    let lines = gatetap(&home, &["export", "jsonl", "--db", "cassette.db"]).stdout;
    std::fs::write(home.join("cassette.jsonl"), lines).unwrap();
    let offline = [
        "exec",
        "--upstream",
        "replay:cassette.jsonl",
        "--mode",
        "once",
        "--strict",
        "--",
        "sh",
        "-c",
        &script,
    ];
    let exit = gatetap(&home, &offline);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(0), "first"), "{exit}");
    assert_eq!(first.requests().len(), 1);
}

#[test]
fn what_cannot_be_is_told() {
    let home = Home::new();
    std::fs::write(home.join("notes.txt"), "notes").unwrap();
    std::fs::write(home.join("a.capture"), "# a\n> GET /v1/models HTTP/1.1\n< HTTP/1.1 200 OK\nend\n")
        .unwrap();
    for (args, reason) in [
        (&["nowhere.db"][..], "cannot read `nowhere.db`"),
        (
            &["notes.txt", "--mode", "once"],
            "`notes.txt` is neither JSON Lines of gatetap, nor a HAR, nor a recording, nor a capture",
        ),
        (
            &["a.capture", "--mode", "new-episodes"],
            "`a.capture` is no recording: nothing can be recorded into it",
        ),
        (&["cassette.db", "--mode", "once", "--forward", "replay:a.capture"], "cannot come from a recording"),
        (&["cassette.db", "--mode", "one"], "did you mean `once`? there are once, new-episodes, all, none"),
    ] {
        let exit = gatetap(
            &home,
            &[&["replay", "serve", "--headless", "--listen", "127.0.0.1:0"][..], args].concat(),
        );
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{args:?}: {exit}");
        assert!(exit.stderr.contains(reason), "{args:?}: {exit}");
    }
    assert!(!home.join("cassette.db").exists());
}
