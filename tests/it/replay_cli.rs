//! `gatetap replay`: what the program says, writes and exits with.

use crate::cli_help::help;
use crate::cli_recording::{gatetap, gatetap_with, record};
use crate::e2e_support::{ASK, ASK_STREAM, KEY, ended, json, recording, serve, show};
use crate::support::binary::{Exit, Gatetap, Home, Launch};
use crate::support::client::{Client, Ending, post};
use crate::support::gateway::{Gateway, answer};
use crate::support::wait;
use insta::assert_snapshot;
use serde_json::Value;

/// A home whose recording holds a plain answer, a stream and a refusal of the simulator.
pub fn recorded() -> Home {
    let home = Home::new();
    let upstream = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", "sim", "--speed", "max"];
    let sim = Launch::gatetap(&upstream).home(&home).serve();
    for body in [ASK, ASK_STREAM, r#"{"model":"acme/nope","messages":[]}"#] {
        ask(&sim, body);
    }
    ended(&home, 3);
    sim.terminate();
    sim.wait_exit();
    home
}

pub fn ask(gatetap: &Gatetap, body: &str) -> (u16, Vec<u8>, Ending) {
    let request = post("/v1/chat/completions", &[&format!("authorization: Bearer {KEY}")], body);
    let (head, seen) = wait(Client::exchange(gatetap.addr(), request));
    (head.status(), seen.bytes(), seen.ending)
}

/// Serves the recording of `home` into another, asks for each of `bodies`, and ends it.
fn served(home: &Home, args: &[&str], bodies: &[&str]) -> (Vec<(u16, Vec<u8>)>, Exit) {
    let recording = recording(home).display().to_string();
    let first = [
        "replay",
        "serve",
        &recording,
        "--headless",
        "--listen",
        "127.0.0.1:0",
        "--db",
        "other.db",
        "--speed",
        "max",
    ];
    let replay = Launch::gatetap(&[&first[..], args].concat()).home(home).serve();
    let answers =
        bodies.iter().map(|body| ask(&replay, body)).map(|(status, body, _)| (status, body)).collect();
    replay.terminate();
    (answers, replay.wait_exit())
}

#[test]
fn a_served_recording_sums_up_and_strict_makes_it_a_failure() {
    let home = recorded();
    let other = r#"{"model":"gpt-4o","messages":[]}"#;
    for (args, bodies, code, sum) in [
        (&[][..], &[ASK, other][..], 0, "replay: 1 served, 1 missed, 2 never used (#2 #3)"),
        (&["--strict"], &[ASK, ASK_STREAM], 0, "replay: 2 served, 0 missed, 1 never used (#3)"),
        (&["--strict=unused"], &[ASK, ASK_STREAM], 1, "replay: 2 served, 0 missed, 1 never used (#3)"),
        (
            &["--strict=unused", "--filter", "-is:error"],
            &[ASK, ASK_STREAM],
            0,
            "2 served, 0 missed, 0 never used",
        ),
        (&["--strict"], &[other], 1, "replay: 0 served, 1 missed, 3 never used (#1 #2 #3)"),
        (&["--strict", "--match", "path"], &[other], 0, "replay: 1 served, 0 missed"),
    ] {
        let (_, exit) = served(&home, args, bodies);
        assert_eq!(exit.code, Some(code), "{args:?}: {exit}");
        assert!(exit.stderr.contains(sum), "{args:?}: {exit}");
        let answers = if args.contains(&"--filter") { 2 } else { 3 };
        assert!(exit.stderr.contains(&format!("replaying {answers} exchanges of `")), "{exit}");
        let missed =
            exit.stderr.contains("replay miss: no recorded exchange is this POST /v1/chat/completions");
        assert_eq!(missed, sum.contains("1 missed"), "{exit}");
    }
    let bytes = |id: i64| {
        let id = id.to_string();
        gatetap(&home, &["show", &id, "--body", "response"]).stdout.into_bytes()
    };
    let (answers, _) = served(&home, &[], &[ASK_STREAM, ASK]);
    assert_eq!(answers, [(200, bytes(2)), (200, bytes(1))]);
}

#[test]
fn a_session_that_is_not_there_cannot_be_served() {
    let home = recorded();
    let serve = ["replay", "serve", "data/gatetap/recording.db", "--headless", "--listen", "127.0.0.1:0"];
    let exit = gatetap(&home, &[&serve[..], &["--db", "run.db", "--session", "9"]].concat());
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{exit}");
    assert!(exit.stderr.contains("none of its exchanges was chosen"), "{exit}");
}

#[test]
fn a_wrapped_command_runs_offline_and_fails_where_something_was_missed() {
    let home = recorded();
    let upstream = format!("replay:{}", recording(&home).display());
    for (body, code) in [(ASK, 0), (r#"{"model":"gpt-4o","messages":[]}"#, 1)] {
        let curl = ["curl", "-s", "-o", "answer", "-H", &format!("authorization: Bearer {KEY}"), "-d", body]
            .join("\u{1}");
        let script = "url=\"$OPENAI_BASE_URL/chat/completions\"; exec \"$@\" \"$url\"";
        let mut args =
            vec!["exec", "--upstream", &upstream, "--speed", "max", "--strict", "--db", "run.db", "--"];
        args.extend(["sh", "-c", script, "sh"]);
        args.extend(curl.split('\u{1}'));
        let exit = gatetap(&home, &args);
        assert_eq!(exit.code, Some(code), "{exit}");
    }
}

#[test]
fn a_recording_is_not_recorded_into_while_it_is_replayed_unless_that_is_meant() {
    let home = recorded();
    let recording = recording(&home).display().to_string();
    let exit = gatetap(&home, &["replay", "serve", &recording, "--headless", "--listen", "127.0.0.1:0"]);
    assert_eq!(exit.code, Some(2), "{exit}");
    assert!(exit.stderr.contains("would be replayed and recorded into at once"), "{exit}");
    let meant = ["replay", "serve", &recording, "--headless", "--listen", "127.0.0.1:0", "--db", &recording];
    let replay = Launch::gatetap(&meant).home(&home).serve();
    assert_eq!(ask(&replay, ASK).0, 200);
    replay.terminate();
    assert_eq!(replay.wait_exit().code, Some(0));
    assert_eq!(ended(&home, 4)[3]["gateway"], "replay");
}

#[test]
fn a_request_to_another_gateway_goes_there_again() {
    let home = Home::new();
    let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", "sim", "--speed", "max"];
    let routed = [&args[..], &["--route", "other=sim:openrouter"]].concat();
    let gatetap = Launch::gatetap(&routed).home(&home).serve();
    let request = post("/@other/v1/chat/completions", &[&format!("authorization: Bearer {KEY}")], ASK);
    wait(Client::exchange(gatetap.addr(), request));
    let first = &ended(&home, 1)[0];
    gatetap.terminate();
    gatetap.wait_exit();
    let exit = self::gatetap(&home, &["replay", "send", "1"]);
    let again = &ended(&home, 2)[1];
    assert_eq!((&again["gateway"], &again["status"]), (&first["gateway"], &first["status"]), "{exit}");
    assert_eq!((&again["gateway"], &again["replay_of"]), (&Value::from("sim:openrouter"), &Value::from(1)));
}

#[test]
fn a_request_is_sent_again_recorded_linked_and_compared() {
    let home = recorded();
    let exit = gatetap(&home, &["replay", "send", "1", "--expect", "status,verdict"]);
    assert_eq!(exit.code, Some(0), "{exit}");
    assert!(exit.stdout.contains("#1 → #4  200  complete"), "{exit}");
    let again = &ended(&home, 4)[3];
    assert_eq!((&again["replay_of"], &again["gateway"]), (&Value::from(1), &Value::from("sim")));
    let (was, is) = (show(&home, &Value::from(1)), show(&home, &Value::from(4)));
    assert_eq!(was["request"]["body"]["text"], is["request"]["body"]["text"]);
    assert_eq!(was["path"], is["path"]);
    let args = [
        "replay",
        "send",
        "1",
        "--stream",
        "--model",
        "gpt-4o-mini",
        "--set",
        "/max_tokens=3",
        "--header",
        "X-Title: again",
        "--json",
        "--expect",
        "text",
    ];
    let exit = gatetap(&home, &args);
    assert_eq!(exit.code, Some(1), "{exit}");
    let line: Value = serde_json::from_str(&exit.stdout).unwrap();
    assert_eq!(
        (&line["mismatches"][0], &line["replay_of"], &line["id"]),
        (&"text".into(), &1.into(), &5.into())
    );
    let sent = show(&home, &Value::from(5));
    let body: Value = serde_json::from_str(sent["request"]["body"]["text"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&body["model"], &body["max_tokens"], &body["stream"]),
        (&"gpt-4o-mini".into(), &3.into(), &true.into())
    );
    assert!(sent["request"]["headers"].to_string().contains(r#"["x-title","again"]"#), "{sent}");
    assert_eq!(sent["streaming"], true);
}

#[test]
fn several_sendings_want_a_yes_and_come_to_distributions() {
    let home = recorded();
    let exit = gatetap(&home, &["replay", "send", "model:deepseek-*", "-is:streaming", "--count", "3"]);
    assert_eq!(exit.code, Some(2), "{exit}");
    assert!(exit.stderr.contains("that would be 3 requests, about 69 tokens in, at most 36 out"), "{exit}");
    let args = ["replay", "send", "2", "--count", "3", "--concurrency", "2", "--rate", "100", "--yes"];
    let exit = gatetap(&home, &args);
    assert_eq!(exit.code, Some(0), "{exit}");
    for part in
        ["#2 → #4", "#2 → #5", "#2 → #6", "of 3 texts are as recorded", "first token      was", "median"]
    {
        assert!(exit.stdout.contains(part), "{part}: {exit}");
    }
    assert_eq!(json(&home, &["ls", "--json", "is:replayed"]).len(), 3);
}

#[test]
fn the_key_comes_from_the_environment_and_is_never_shown() {
    let home = Home::new();
    let ok = answer("HTTP/1.1 200 OK\r\ncontent-type: application/json", "{}");
    let gateway = Gateway::answering(ok);
    let live = serve(&home, &format!("{}/v1", gateway.url()));
    ask(&live, ASK);
    ended(&home, 1);
    live.terminate();
    live.wait_exit();
    let exit = gatetap(&home, &["replay", "send", "1"]);
    assert_eq!(exit.code, Some(2), "{exit}");
    assert!(exit.stderr.contains("its key is not in the recording"), "{exit}");
    assert!(exit.stderr.contains("--key-env"), "{exit}");
    let exit = gatetap(&home, &["replay", "send", "1", "--to", "openai"]);
    assert!(exit.stderr.contains("put the key into `OPENAI_API_KEY`"), "{exit}");
    let exit = gatetap(&home, &["replay", "send", "1", "--key-env", "MY_KEY"]);
    assert!(exit.stderr.contains("there is no key in `MY_KEY`"), "{exit}");
    let key = [("MY_KEY", "sk-fake-another-key-000")];
    let shown = gatetap_with(&home, &["replay", "send", "1", "--key-env", "MY_KEY", "--dry-run"], &key);
    assert_eq!(shown.code, Some(0), "{shown}");
    assert!(shown.stdout.contains(ASK) && !shown.to_string().contains("another-key"), "{shown}");
    assert!(shown.stdout.contains(&format!("Content-Length: {}\r\n", ASK.len())), "{shown}");
    assert_eq!(gateway.requests().len(), 1);
    let exit = gatetap_with(&home, &["replay", "send", "1", "--key-env", "MY_KEY"], &key);
    assert_eq!(exit.code, Some(0), "{exit}");
    let sent = wait(gateway.request(1));
    assert_eq!(sent.head.header("authorization").as_deref(), Some("Bearer sk-fake-another-key-000"));
    assert_eq!((sent.head.target(), sent.body), ("/v1/chat/completions".to_owned(), ASK.as_bytes().to_vec()));
    let nowhere = ["replay", "send", "1", "--key-env", "MY_KEY", "--to", "http://127.0.0.1:1/v1"];
    assert_eq!(gatetap_with(&home, &nowhere, &key).code, Some(4));
}

#[test]
fn a_dry_run_shows_the_head_that_is_sent() {
    let home = Home::new();
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK\r\ncontent-type: application/json", "{}"));
    let live = serve(&home, &format!("{}/v1", gateway.url()));
    let asks = ["DELETE /v1/files/1", "GET /v1/search", "POST /v1/files/1/cancel"];
    for (ask, body) in asks.into_iter().zip(["{\"force\":true}", "", ""]) {
        let (line, length) = (format!("{ask} HTTP/1.1"), body.len());
        let framing = if body.is_empty() { String::new() } else { format!("Content-Length: {length}\r\n") };
        let raw = format!("{line}\r\nHost: localhost\r\nX-Length: Content-Length: 0\r\n{framing}\r\n{body}");
        assert_eq!(wait(Client::exchange(live.addr(), raw)).0.status(), 200);
    }
    ended(&home, asks.len());
    live.terminate();
    live.wait_exit();
    for (n, body) in ["{\"force\":true}", "", ""].into_iter().enumerate() {
        let id = (n + 1).to_string();
        let shown = gatetap(&home, &["replay", "send", &id, "--dry-run"]);
        assert_eq!(shown.code, Some(0), "{shown}");
        let exit = gatetap(&home, &["replay", "send", &id]);
        assert_eq!(exit.code, Some(0), "{exit}");
        let sent = wait(gateway.request(asks.len() + n));
        assert_eq!(sent.body, body.as_bytes());
        let sent = String::from_utf8(sent.head.raw).unwrap();
        assert_eq!(shown.stdout, format!("{sent}{body}\n\n"));
    }
}

#[test]
fn what_cannot_be_sent_again_is_told_with_the_reason() {
    let home = Home::new();
    record(&home);
    let key = [
        ("NEXOROUTER_API_KEY", "sk-fake-another-key-000"),
        ("OPENROUTER_API_KEY", "sk-fake-another-key-000"),
    ];
    for (args, reason) in [
        (&["1", "--set", "/a/b=1"][..], "exchange 1 cannot be sent again: its body has no place `/a/b`"),
        (
            &["6", "--model", "m"],
            "exchange 6 cannot be sent again: its body is no JSON document that could be changed",
        ),
        (&["status:499"], "the filter finds no exchange"),
        (&["1", "--set", "x=1"], "expected a JSON pointer"),
        (&["1", "--header", "x"], "expected a name and a value"),
        (&["1", "--expect", "all"], "expected some of status, verdict, text, json, tools"),
        (&["1", "--to", "nowhere"], "nowhere"),
        (&["9"], "there is no exchange 9"),
    ] {
        let exit = gatetap_with(&home, &[&["replay", "send", "--dry-run"][..], args].concat(), &key);
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{args:?}: {exit}");
        assert!(exit.stderr.contains(reason), "{args:?}: {exit}");
    }
}

#[test]
fn the_help_says_what_both_do() {
    assert_snapshot!(help(&["replay", "send", "--help"]), @r#"
    Send recorded requests again, record what comes of it, and compare

    The key is not in the recording: it comes from the environment, by default from the variable that is
    usual for the gateway. Each sending passes through gatetap into the same recording, linked to the
    exchange that it repeats (`is:replayed`).

    Usage: gatetap replay send [OPTIONS] <ID|FILTER>...

    Arguments:
      <ID|FILTER>...
              Which: numbers, `last`, a range such as 3-7, or a filter

    Options:
          --db <FILE>
              The recording [default: recording.db in your data directory]
              
              [env: GATETAP_DB]

          --to <UPSTREAM>
              Where to send it: a gateway's name, a base URL, or sim [default: where it went]

          --key-env <VAR>
              The variable that holds the key [default: the gateway's usual one, such as
              `OPENAI_API_KEY`]

          --set <POINTER=VALUE>
              Set a member of the body, as in `/temperature=0`; null takes it out; may be repeated

          --model <MODEL>
              Ask for another model

          --header <NAME: VALUE>
              Set a header, as in `X-Title: test`; without a value it is left out; may be repeated

          --stream
              Ask for a stream

          --no-stream
              Ask for a plain answer

          --count <N>
              How many times each
              
              [default: 1]

          --concurrency <K>
              How many at a time
              
              [default: 1]

          --rate <NUMBER>
              At most this many a second

          --dry-run
              Print what would be sent, the key masked, and send nothing

          --yes
              Send more than one request without asking

          --expect <WHAT>
              Exit with 1 where these differ: status, verdict, text, json (the text as JSON), tools

          --json
              One JSON object a sending

      -h, --help
              Print help (see a summary with '-h')
    "#);
    let serve = help(&["replay", "serve", "--help"]);
    let start = serve.split("\nArguments:").next().unwrap_or_default();
    assert_snapshot!(start, @r#"
    Answer with a recording: the same as `gatetap run --upstream replay:FILE`

    An app that points here runs offline. A request gets what was recorded for it: status, headers,
    chunks at their times, and the end as it was. What nothing recorded fits gets 502 and
    `x-gatetap-error: replay-miss`, with the nearest recorded exchange and what differs; with --mode it
    is sent to --upstream and recorded instead.

    Usage: gatetap replay serve [OPTIONS] <FILE>
    "#);
}
