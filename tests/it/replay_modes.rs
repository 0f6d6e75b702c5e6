//! `--mode`: what a replay sends on, records, and answers with the next time.

use crate::cli_recording::gatetap;
use crate::e2e_support::{ASK, ASK_STREAM, json};
use crate::replay_cli::ask;
use crate::support::binary::{Exit, Gatetap, Home, Launch};
use crate::support::client::{Client, post};
use crate::support::gateway::{Gateway, Refusing, answer};
use crate::support::{eventually, wait};
use serde_json::Value;

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
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
    let args = ["exec", "--upstream", "sim", "--mode", "once", "--", "true"];
    let exit = gatetap(&home, &args);
    assert_eq!(exit.code, Some(0), "{exit}");
    assert!(exit.stderr.contains("note: mode once changes nothing: `sim` is no recording"), "{exit}");
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

/// Runs `cassette.db` with these arguments and says what came of each raw request, and how it ended.
fn raw(home: &Home, args: &[&str], requests: &[Vec<u8>]) -> (Vec<(u16, String)>, Exit) {
    let replay = launched(home, args);
    let answers = requests.iter().map(|request| wait(Client::exchange(replay.addr(), request)));
    let answers = answers.map(|(head, body)| (head.status(), body.text())).collect();
    replay.terminate();
    (answers, replay.wait_exit())
}

fn launched(home: &Home, args: &[&str]) -> Gatetap {
    let first = ["replay", "serve", "cassette.db", "--headless", "--listen", "127.0.0.1:0", "--speed", "max"];
    let scratch = home.join("scratch");
    std::fs::create_dir_all(&scratch).unwrap();
    Launch::gatetap(&[&first[..], args].concat()).home(home).env("TMPDIR", scratch).serve()
}

#[test]
fn a_mode_holds_for_routes_too() {
    let (home, main, other) = (Home::new(), gateway("main"), gateway("other"));
    let (url, route) = (format!("{}/v1", main.url()), format!("or={}/v1", other.url()));
    let told = |text: &str| (200, text.to_owned());
    let [plain, routed] = ["/v1/chat/completions", "/@or/v1/chat/completions"];
    let requests = [post(plain, &[], ASK), post(routed, &[], OTHER)];
    for mode in ["once", "none", "new-episodes", "once"] {
        let args = ["--mode", mode, "--forward", &url, "--route", &route];
        let into = if mode == "none" { &["--db", "run.db"][..] } else { &[] };
        let (answers, exit) = raw(&home, &[&args[..], into].concat(), &requests);
        assert_eq!(answers, [told("main"), told("other")], "{mode}: {exit}");
        // Only the first time.
        assert_eq!((main.requests().len(), other.requests().len()), (1, 1), "{mode}: {exit}");
    }
    // The same request has an answer of its own on each way, whichever is asked first.
    let same = [post(plain, &[], "{}"), post(routed, &[], "{}")];
    let args = ["--mode", "new-episodes", "--forward", &url, "--route", &route];
    raw(&home, &args, &same);
    let swapped = [same[1].clone(), same[0].clone()];
    let (answers, exit) = raw(&home, &args, &swapped);
    assert_eq!(answers, [told("other"), told("main")], "{exit}");
    assert_eq!((main.requests().len(), other.requests().len()), (2, 2), "{exit}");
    // Where a route leads somewhere, the answer of another gateway does not stand in.
    let (answers, _) = raw(&home, &args, &[post(routed, &[], ASK)]);
    assert_eq!((answers, other.requests().len()), (vec![told("other")], 3));
    // What a route's recording does not have goes where the route leads, and nowhere else.
    let new = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"new"}]}"#;
    let args = ["--mode", "new-episodes", "--forward", &url, "--route", &route];
    let (answers, _) = raw(&home, &args, &[post(routed, &[], new)]);
    assert_eq!((answers, main.requests().len(), other.requests().len()), (vec![told("other")], 2, 4));
    let args = ["--mode", "none", "--route", &route, "--db", "run.db"];
    let (answers, _) = raw(&home, &args, &[post(routed, &[], new), post(routed, &[], "[]")]);
    assert_eq!((answers[0].0, answers[1].0, other.requests().len()), (200, 502, 4));
    // What is sent on from plain paths goes where plain paths went.
    let (_, exit) = raw(&home, &["--mode", "new-episodes"], &[]);
    assert!(exit.stderr.contains(&format!("does not have goes to {url}, and into")), "{exit}");
    // Without a mode a route leads where it says.
    let (answers, _) = raw(&home, &["--route", &route, "--db", "run.db"], &requests);
    assert_eq!((answers[1].clone(), other.requests().len()), (told("other"), 5));
    let args =
        ["--mode", "once", "--route", "old=replay:cassette.db", "--headless", "--listen", "127.0.0.1:0"];
    let exit = gatetap(&home, &[&["replay", "serve", "another.db"][..], &args].concat());
    assert_eq!(exit.code, Some(2), "{exit}");
    let said =
        "--mode once records into one recording, and the route `old` leads to another: `replay:cassette.db`";
    assert!(exit.stderr.contains(said) && exit.stderr.contains("a gatetap of its own"), "{exit}");
}

#[test]
fn large_bodies_and_those_that_wait_to_be_asked_for_are_episodes_too() {
    let (home, first) = (Home::new(), gateway("first"));
    let url = format!("{}/v1", first.url());
    let large = format!(r#"{{"model":"gpt-4o","input":"{}"}}"#, "x".repeat(9 << 20));
    let waits = |replay: &Gatetap| {
        wait(async {
            let mut client = Client::connect(replay.addr()).await;
            let head = format!(
                "POST /v1/responses HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
                OTHER.len()
            );
            client.send(head).await;
            assert_eq!(client.read_raw(CONTINUE.len()).await, CONTINUE);
            client.send(OTHER).await;
            (client.read_head().await.status(), client.read_body().await.text())
        })
    };
    for round in 0..2 {
        let replay = launched(&home, &["--mode", "new-episodes", "--forward", &url]);
        let (head, body) = wait(Client::exchange(replay.addr(), post("/v1/responses", &[], &large)));
        assert_eq!((head.status(), body.text().as_str()), (200, "first"));
        if round == 0 {
            // Everything is sent on: the app is asked to go on by nobody but the gateway.
            wait(Client::exchange(replay.addr(), post("/v1/other", &[], "{}")));
        } else {
            assert_eq!(waits(&replay), (200, "first".to_owned()));
        }
        replay.terminate();
        let exit = replay.wait_exit();
        assert_eq!(first.requests().len(), 2 + round, "{exit}");
    }
    assert_eq!(first.requests()[2].head.header("expect"), None);
    assert_eq!(kept(&home).len(), 3);
    let replay = launched(&home, &["--db", "run.db"]);
    assert_eq!(waits(&replay), (200, "first".to_owned()));
    replay.terminate();
    replay.wait_exit();
    let shown = json(&home, &["show", "1", "--json", "--db", "run.db"]).remove(0);
    assert_eq!(shown["interim"][0]["raw_head"], String::from_utf8_lossy(CONTINUE).as_ref());
}

#[test]
fn what_a_killed_session_left_is_tidied_by_the_next() {
    let (home, first) = (Home::new(), gateway("first"));
    let url = format!("{}/v1", first.url());
    served(&home, &["--mode", "once", "--upstream", &url], &[ASK]);
    for (mode, copies, kept_then) in [("new-episodes", 1, 2), ("all", 0, 2)] {
        let mut replay = launched(&home, &["--mode", mode, "--forward", &url]);
        for body in [ASK, OTHER] {
            assert_eq!(ask(&replay, body).0, 200);
        }
        let before = kept_then + copies + if mode == "all" { 2 } else { 0 };
        let all = || json(&home, &["ls", "--json", "--db", "cassette.db"]);
        eventually("all of it to be recorded", || {
            let all = all();
            (all.len() == before && all.iter().all(|one| one["verdict"] != "open")).then_some(())
        });
        replay.kill_9();
        drop(replay);
        let (answers, exit) = served(&home, &["--db", "run.db"], &[OTHER, ASK]);
        assert_eq!(answers, [(200, "first".to_owned()), (200, "first".to_owned())]);
        let gone = if copies == 1 { "1 exchange removed" } else { "0 exchanges removed" };
        assert!(exit.stderr.contains("was killed") && exit.stderr.contains(gone), "{exit}");
        assert!(exit.stderr.contains("replay: 2 served, 0 missed, 0 never used"), "{exit}");
        let name = first.url().replace("http://", "");
        assert_eq!(kept(&home), vec![(name, 200.into()); kept_then], "{mode}");
        let (_, exit) = served(&home, &["--db", "run.db"], &[]);
        assert!(!exit.stderr.contains("was killed"), "{exit}");
    }
    // So are recordings that were made of other files.
    let lines = gatetap(&home, &["export", "jsonl", "--db", "cassette.db"]).stdout;
    std::fs::remove_file(home.join("cassette.db")).unwrap();
    std::fs::write(home.join("cassette.db"), lines).unwrap();
    let left = || std::fs::read_dir(home.join("scratch")).unwrap().count();
    let mut killed = launched(&home, &["--db", "run.db"]);
    let running = launched(&home, &["--db", "run.db"]);
    assert_eq!(left(), 2);
    killed.kill_9();
    drop(killed);
    let another = launched(&home, &["--db", "run.db"]);
    assert_eq!(left(), 2);
    for replay in [running, another] {
        assert_eq!(ask(&replay, ASK).0, 200);
        replay.terminate();
        replay.wait_exit();
    }
    assert_eq!(left(), 0);
}
