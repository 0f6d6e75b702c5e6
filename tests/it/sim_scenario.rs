//! Scripted answers: which request gets which, and how a mistake in a script is said.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatetap::sim::{Options, Scenario, ScenarioError, Simulator};
use serde_json::{Value, json};

use crate::cli_recording::gatetap;
use crate::sim_client::{Answer, KEY, exchange, simulator};
use crate::support::binary::Home;
use insta::assert_snapshot;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios").join(name)
}

async fn playing(scenario: Scenario) -> Simulator {
    simulator(Options { speed: f64::INFINITY, scenario: Some(Arc::new(scenario)), ..Options::default() })
        .await
}

async fn ask(sim: &Simulator, line: &str, body: &Value) -> Answer {
    exchange(sim.addr(), &format!("{line} HTTP/1.1\r\nauthorization: {KEY}"), &body.to_string()).await
}

fn question(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}], "stream": true})
}

const CHAT: &str = "POST /v1/chat/completions";

/// Reads a scenario with this text.
fn read(home: &Home, text: &str) -> Result<Scenario, ScenarioError> {
    let path = home.join("scenario.toml");
    std::fs::write(&path, text).unwrap();
    Scenario::read(&path)
}

fn inline(when: &str, status: u16) -> String {
    format!("[[answer]]\nwhen = {{ {when} }}\ninline = '''\n< HTTP/1.1 {status} Scripted\nend\n'''\n")
}

#[tokio::test]
async fn the_first_two_requests_are_refused_and_the_profile_answers_the_rest() {
    let sim = playing(Scenario::read(&fixture("rate-limited-twice.toml")).unwrap()).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let answer = ask(&sim, CHAT, &question("gpt-4o", "Hi")).await;
        assert!(answer.whole);
        statuses.push((answer.status, answer.header("retry-after").map(str::to_owned)));
    }
    let refused = (429, Some("1".to_owned()));
    assert_eq!(statuses, [refused.clone(), refused, (200, None)]);
    assert_eq!(ask(&sim, "GET /v1/models", &Value::Null).await.status, 200);
}

#[tokio::test]
async fn answers_that_take_turns_end_as_their_captures_do() {
    let sim = playing(Scenario::read(&fixture("broken-streams.toml")).unwrap()).await;
    let mut ends = Vec::new();
    for _ in 0..4 {
        let answer = ask(&sim, CHAT, &question("gpt-4o", "Hi")).await;
        ends.push((answer.whole, answer.text().contains("[DONE]")));
    }
    assert_eq!(ends, [(false, false), (true, false), (false, false), (true, true)]);
}

#[tokio::test]
async fn a_conversation_follows_its_script() {
    let sim = playing(Scenario::read(&fixture("weather.toml")).unwrap()).await;
    let call = ask(&sim, CHAT, &question("gpt-4o-mini", "What is the weather?")).await;
    assert_eq!(call.finish_reason().as_deref(), Some("tool_calls"));
    let mut body = question("gpt-4o-mini", "What is the weather?");
    body["messages"]
        .as_array_mut()
        .unwrap()
        .push(json!({"role": "tool", "tool_call_id": "x", "content": "rain"}));
    let told = ask(&sim, CHAT, &body).await;
    assert_eq!(
        (told.streamed_text().as_str(), told.finish_reason().as_deref()),
        ("It is raining.", Some("stop"))
    );
}

#[tokio::test]
async fn conditions_choose_the_requests() {
    let table: Vec<(&str, [u16; 6])> = vec![
        ("", [299; 6]),
        ("method = \"post\"", [299, 299, 299, 299, 299, 200]),
        ("path = \"/v1/models\"", [200, 200, 200, 200, 200, 299]),
        ("path = \"*/completions\"", [299, 299, 299, 299, 299, 200]),
        ("model = \"gpt-4o\"", [299, 200, 299, 299, 299, 200]),
        ("model = \"gpt-*\"", [299, 299, 299, 299, 299, 200]),
        ("model = \"*-mini\"", [200, 299, 200, 200, 200, 200]),
        ("text = \"tides\"", [200, 200, 299, 200, 200, 200]),
        ("first = 2", [299, 299, 200, 200, 200, 200]),
        ("nth = 2", [200, 299, 200, 200, 200, 200]),
        ("nth = [1, 4]", [299, 200, 200, 299, 200, 200]),
        ("every = 3", [200, 200, 299, 200, 200, 299]),
        ("model = \"gpt-4o\", nth = 2", [200, 200, 299, 200, 200, 200]),
        ("model = \"gpt-4o\", text = \"tides\", first = 1", [200, 200, 299, 200, 200, 200]),
    ];
    let home = Home::new();
    for (when, expected) in table {
        let sim = playing(read(&home, &inline(when, 299)).unwrap()).await;
        let asks = [
            (CHAT, question("gpt-4o", "Hi")),
            (CHAT, question("gpt-4o-mini", "Hi")),
            (CHAT, question("gpt-4o", "tides")),
            (CHAT, question("gpt-4o", "Hi")),
            (CHAT, question("gpt-4o", "Hi")),
            ("GET /v1/models", Value::Null),
        ];
        let mut statuses = Vec::new();
        for (line, body) in &asks {
            statuses.push(ask(&sim, line, body).await.status);
        }
        assert_eq!(statuses, expected, "{when}");
    }
}

#[test]
fn mistakes_have_their_line_and_a_way_out() {
    let home = Home::new();
    let table = [
        ("x = 1\n", 1, "unknown field `x`"),
        ("", 1, "there is no [[answer]]"),
        ("\n[[answer]]\ncapure = \"x\"\n", 3, "unknown field `capure`"),
        ("[[answer]]\nwhen = { frist = 1 }\n", 2, "unknown field `frist`"),
        ("[[answer]]\nwhen = { first = 1, nth = 2 }\ninline = \"< HTTP/1.1 200 OK\"\n", 1, "only one of"),
        ("[[answer]]\nwhen = { every = 0 }\ninline = \"< HTTP/1.1 200 OK\"\n", 1, "every counts from 1"),
        ("[[answer]]\nwhen = { nth = \"two\" }\n", 2, "a number or a list of numbers"),
        ("\n\n[[answer]]\n", 3, "needs a capture or an inline text"),
        ("[[answer]]\ninline = '''\n< HTTP/1.1 200 OK\nnope\nend\n'''\n", 4, "`nope` is no word"),
        ("[[answer]]\ninline = \"nope\"\n", 2, "`nope` is no word"),
        ("[[answer]]\ninline = '''\n> GET / HTTP/1.1\n+soon\n'''\n", 4, "`soon` is no time"),
        ("[[answer]\n", 1, ""),
    ];
    for (text, line, message) in table {
        let error = read(&home, text).unwrap_err();
        let said = error.to_string();
        assert!(said.contains(&format!("scenario.toml`, line {line}: ")), "{text:?}: {said}");
        assert!(said.contains(message), "{text:?}: {said}");
        assert!(error.hint().is_some(), "{text:?}");
    }
}

#[test]
fn the_command_says_what_is_wrong_with_a_script() {
    let home = Home::new();
    std::fs::write(home.join("a.toml"), "[[answer]]\ncapture = \"b.capture\"\n").unwrap();
    std::fs::write(home.join("b.capture"), "> GET / HTTP/1.1\n< HTTP/1.1 200 OK\n|oops\n").unwrap();
    std::fs::create_dir(home.join("empty")).unwrap();
    let said = |args: &[&str]| {
        let exit = gatetap(&home, args);
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{exit}");
        exit.stderr
    };
    let file = home.join("a.toml").to_str().unwrap().to_owned();
    assert_snapshot!(said(&["sim", "--listen", "0", "--scenario", &file]), @"
    error: `HOME/b.capture`, line 3: a space, `~` or `=` follows the mark

    hint: a capture's lines begin with `>` or `<` (heads), `|` (body), `+120ms` (time) or `end`; fixtures/captures has examples
    ");
    let empty = home.join("empty").to_str().unwrap().to_owned();
    assert_snapshot!(said(&["run", "--headless", "--listen", "0", "--upstream", "sim", "--captures", &empty]), @"
    error: `HOME/empty` holds no `.capture` file

    hint: name a capture, or a folder of files that end in .capture
    ");
    let upstream = said(&["run", "--headless", "--listen", "0", "--upstream", "sim:nothing"]);
    assert!(upstream.contains("the simulator has no profile `nothing`: there are nexorouter,"), "{upstream}");
    assert_snapshot!(said(&["sim", "--listen", "0", "--profile", "opnai"]), @"
    error: invalid value 'opnai' for '--profile <NAME>': the simulator has no profile `opnai`, did you mean `openai`? there are nexorouter, openrouter, openai, anthropic

    For more information, try '--help'.
    ");
}
