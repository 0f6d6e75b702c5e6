//! Ways in: the flags, the control API, and the command that speaks with it.

use super::{ASKED, EVENTS, streaming};
use crate::support::binary::{Gatetap, Home, run_to_end};
use crate::support::client::{Client, post};
use crate::support::eventually_async;
use crate::support::gateway::{Gateway, SSE_HEAD, write};
use crate::support::http1::chunk;
use serde_json::{Value, json};

/// One request to the control API: its status and its JSON.
async fn control(gatetap: &Gatetap, method: &str, query: &str, kind: &str, body: &str) -> (u16, Value) {
    let raw = format!(
        "{method} /_gatetap/faults{query} HTTP/1.1\r\nhost: {}\r\n{kind}content-length: {}\r\n\r\n{body}",
        gatetap.addr(),
        body.len()
    );
    let (head, body) = Client::exchange(gatetap.addr(), raw).await;
    (head.status(), serde_json::from_slice(&body.bytes()).unwrap())
}

const JSON: &str = "content-type: application/json\r\n";

fn run(rules: &[&str]) -> (Gateway, Gatetap) {
    let gateway = streaming(&EVENTS);
    let upstream = format!("{}/v1", gateway.url());
    let mut args =
        vec!["run", "--headless", "--listen", "127.0.0.1:0", "--seed", "7", "--upstream", &upstream];
    args.extend(rules.iter().flat_map(|rule| ["--fault", rule]));
    (gateway, Gatetap::run(&args))
}

async fn status(gatetap: &Gatetap) -> u16 {
    Client::exchange(gatetap.addr(), post("/v1/chat/completions", &[], ASKED)).await.0.status()
}

#[tokio::test]
async fn a_flag_arms_and_what_is_armed_is_said() {
    let (_gateway, mut gatetap) = run(&["429,first=1", "preset:out-of-quota"]);
    let armed = "armed: 429,first=1\narmed: insufficient_quota\n";
    eventually_async("what is armed on stderr", || gatetap.running().stderr().contains(armed).then_some(()))
        .await;
    assert_eq!((status(&gatetap).await, status(&gatetap).await), (429, 402));
    let (_, listed) = control(&gatetap, "GET", "", "", "").await;
    assert_eq!(listed[0]["injected"], 1);
    assert_eq!(
        listed[1],
        json!({
            "fault": "insufficient_quota", "when": {}, "with": {}, "rule": "insufficient_quota", "matched": 1,
            "injected": 1, "left_s": null,
        })
    );
}

#[tokio::test]
async fn the_control_api_replaces_adds_and_disarms() {
    let (_gateway, gatetap) = run(&["429"]);
    let rules = json!([{ "fault": "503", "when": { "first": 1 }, "with": { "retry_after": 3 } }, "500"]);
    let (code, listed) = control(&gatetap, "PUT", "", JSON, &rules.to_string()).await;
    assert_eq!((code, listed.as_array().unwrap().len()), (200, 2));
    assert_eq!((status(&gatetap).await, status(&gatetap).await), (503, 500));
    let (code, listed) = control(&gatetap, "POST", "", JSON, "[\"404,first=1\"]").await;
    assert_eq!((code, listed[2]["rule"].as_str()), (200, Some("404,first=1")));
    for (query, name) in [("?falut=500", "`falut`"), ("?x=1&fault=500", "`x`"), ("?fault=500&all", "`all`")] {
        let (code, answer) = control(&gatetap, "DELETE", query, "", "").await;
        let said = answer["error"]["message"].as_str().unwrap();
        assert!(code == 400 && said.contains(name) && said.contains("there is fault"), "{query}: {said}");
    }
    let (_, listed) = control(&gatetap, "DELETE", "?fault=500", "", "").await;
    assert_eq!(listed.as_array().unwrap().len(), 2, "a mistake has disarmed nothing");
    let (_, listed) = control(&gatetap, "DELETE", "?fault=404%2Cfirst%3d1", "", "").await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let (_, listed) = control(&gatetap, "DELETE", "", "", "").await;
    assert_eq!(listed, json!([]));
    control(&gatetap, "POST", "", JSON, "[\"404\"]").await;
    let (_, listed) = control(&gatetap, "PUT", "", JSON, "[]").await;
    assert_eq!(listed, json!([]));
    assert_eq!(status(&gatetap).await, 200);
}

#[tokio::test]
async fn the_control_api_says_what_is_wrong() {
    let (_gateway, gatetap) = run(&["429"]);
    for (kind, body, code, message) in [
        ("", "[]", 415, "takes JSON only"),
        ("content-type: text/plain\r\n", "[]", 415, "takes JSON only"),
        (JSON, "{}", 400, "a list of rules is expected"),
        (JSON, "[", 400, "this is not JSON"),
        (
            JSON,
            "[\"429\", {\"fault\": \"net.rest\"}]",
            400,
            "rule 2: there is no fault `net.rest`; did you mean `net.refused`?",
        ),
        (
            "content-type: application/json\r\norigin: http://evil.example\r\n",
            "[]",
            403,
            "closed to web pages",
        ),
    ] {
        let (got, answer) = control(&gatetap, "PUT", "", kind, body).await;
        let said = answer["error"]["message"].as_str().unwrap();
        assert!(got == code && said.contains(message), "{body}: {got} {said}");
    }
    let (_, listed) = control(&gatetap, "GET", "", "", "").await;
    assert_eq!(listed[0]["rule"], "429", "what was wrong changed nothing");
}

#[tokio::test]
async fn the_command_arms_and_disarms_the_running_proxy() {
    let (_gateway, gatetap) = run(&[]);
    let url = gatetap.url();
    let faults = |words: &[&str]| run_to_end(&[&["faults"], words, &["--url", &url]].concat(), &[]);
    let armed = faults(&["arm", "429,first=1", "preset:overloaded"]);
    assert_eq!((armed.code, armed.stdout.lines().count()), (Some(0), 2), "{}", armed.stderr);
    assert_eq!(status(&gatetap).await, 429);
    let listed = faults(&["list"]).stdout;
    assert!(listed.contains("armed  429,first=1  met 1 of 1 request"), "{listed}");
    assert!(listed.contains("stream.cut_clean") && listed.contains("preset:flaky-provider"), "{listed}");
    let unknown = faults(&["disarm", "500"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("no rule of `500` is armed"), "{}", unknown.stderr);
    assert!(faults(&["disarm", "429"]).stdout.contains("503"));
    // The text of a rule names it too, whatever is in it.
    let text = "500,path=/v1/a b&c*,first=1";
    let armed = faults(&["arm", text]);
    assert_eq!(armed.code, Some(0), "{}", armed.stderr);
    let listed = faults(&["list"]).stdout;
    let rule = listed.lines().find_map(|line| line.strip_prefix("armed  500")).unwrap();
    let rule = format!("500{}", rule.split("  ").next().unwrap());
    assert!(rule.contains("a b&c"), "{rule}");
    let left = faults(&["disarm", &rule]);
    assert!(left.code == Some(0) && !left.stdout.contains("500"), "{}{}", left.stdout, left.stderr);
    assert_eq!(faults(&["disarm"]).stdout, "nothing is armed\n");
    assert_eq!(status(&gatetap).await, 200);
}

#[test]
fn the_catalogue_needs_no_proxy() {
    let listed = run_to_end(&["faults", "list", "--json", "--url", "http://127.0.0.1:9"], &[]);
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    for line in listed.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["summary"].is_string(), "{line}");
    }
    let unreachable = run_to_end(&["faults", "arm", "429", "--url", "http://127.0.0.1:9"], &[]);
    assert_eq!(unreachable.code, Some(3));
    assert!(unreachable.stderr.contains("`gatetap status` says where one runs"), "{}", unreachable.stderr);
}

#[tokio::test]
async fn the_report_reads_a_wait_that_is_a_date() {
    let date = "retry-after: Thu, 31 Dec 2099 23:59:59 GMT\r\n\r\n";
    let head = SSE_HEAD.replacen("\r\n\r\n", &format!("\r\n{date}"), 1);
    let gateway = Gateway::replying([vec![write(head), write(chunk(EVENTS[0])), write("0\r\n\r\n")]]);
    let home = Home::new();
    let (upstream, db) = (format!("{}/v1", gateway.url()), home.join("r.db").display().to_string());
    let usual = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &upstream, "--db", &db];
    let gatetap = Gatetap::run(&[&usual[..], &["--fault", "stream.cut_clean,after=1"]].concat());
    assert_eq!(status(&gatetap).await, 200);
    gatetap.terminate();
    gatetap.wait_exit();
    let line = run_to_end(&["faults", "report", "--db", &db, "--format", "json"], &[]).stdout;
    let line: Value = serde_json::from_str(&line).unwrap();
    let day = 86_400_000.0;
    assert!(line["retry_after_ms"].as_f64().is_some_and(|wait| wait > day), "{line}");
}

#[tokio::test]
async fn a_file_of_rules_is_read_and_the_recording_is_reported_on() {
    let home = Home::new();
    let file = home.join("rules.toml");
    std::fs::write(&file, "[[faults]]\nfault = \"413\"\nwhen = { first = 1 }\n").unwrap();
    let gateway = streaming(&EVENTS);
    let upstream = format!("{}/v1", gateway.url());
    let (file, db) = (file.display().to_string(), home.join("r.db").display().to_string());
    let gatetap = Gatetap::run(&[
        "run",
        "--headless",
        "--listen",
        "127.0.0.1:0",
        "--upstream",
        &upstream,
        "--db",
        &db,
        "--faults",
        &file,
    ]);
    assert_eq!((status(&gatetap).await, status(&gatetap).await), (413, 200));
    gatetap.terminate();
    gatetap.wait_exit();
    let report = run_to_end(&["faults", "report", "--db", &db], &[]);
    assert_eq!(report.code, Some(1), "{}", report.stderr);
    assert!(report.stdout.starts_with("✗ #1  413  retried what cannot succeed"), "{}", report.stdout);
    let line = run_to_end(&["faults", "report", "--db", &db, "--format", "json"], &[]).stdout;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&line["attempts"], &line["outcome"], &line["bad"]),
        (&2.into(), &"complete".into(), &true.into())
    );
    let junit = run_to_end(&["faults", "report", "--db", &db, "--format", "junit"], &[]).stdout;
    assert!(junit.contains("tests=\"1\" failures=\"1\""), "{junit}");
}
