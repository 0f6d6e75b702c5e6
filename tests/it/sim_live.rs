//! The simulator as the upstream of a running gatetap: profiles by name, routes, times, scripts.

use crate::e2e_support::{KEY, ended, show};
use crate::support::binary::{Gatetap, Home, Launch};
use crate::support::client::{Client, Ending, post};
use crate::support::wait;
use serde_json::{Value, json};

fn serve(home: &Home, args: &[&str]) -> Gatetap {
    let first = ["run", "--headless", "--listen", "127.0.0.1:0", "--seed", "7", "--speed", "max"];
    Launch::gatetap(&[&first[..], args].concat()).home(home).serve()
}

/// Sends `body` to `path`: the status, the body, and how that ended.
fn send(gatetap: &Gatetap, path: &str, body: &Value) -> (u16, String, Ending) {
    let headers = [&*format!("authorization: Bearer {KEY}"), "anthropic-version: 2023-06-01"];
    let (head, seen) = wait(Client::exchange(gatetap.addr(), post(path, &headers, &body.to_string())));
    (head.status(), String::from_utf8_lossy(&seen.bytes()).into_owned(), seen.ending)
}

fn chat(model: &str) -> Value {
    json!({"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]})
}

#[test]
fn a_profile_is_an_upstream_and_others_are_routes() {
    let home = Home::new();
    let routes = ["--upstream", "sim:openrouter", "--route", "an=sim:anthropic", "--route", "plain=sim"];
    let gatetap = serve(&home, &routes);
    // The local base URL stands for the gateway's own, whose base path is another.
    for (path, model, status) in [
        ("/v1/chat/completions", "openai/gpt-4o", 200),
        ("/v1/messages", "openai/gpt-4o", 200),
        ("/v1/chat/completions", "acme/nope", 400),
        ("/v1/v1/chat/completions", "openai/gpt-4o", 404),
        ("/@an/v1/messages", "claude-haiku-4-5", 200),
        ("/@plain/v1/chat/completions", "gpt-4o", 200),
    ] {
        let (answered, body, _) = send(&gatetap, path, &chat(model));
        assert_eq!(answered, status, "{path}: {body}");
    }
    let all = ended(&home, 6);
    let gateways: Vec<&str> = all.iter().map(|one| one["gateway"].as_str().unwrap()).collect();
    let sim = "sim:openrouter";
    assert_eq!(gateways, [sim, sim, sim, sim, "sim:anthropic", "sim"]);
    assert_eq!(all[2]["error_code"], "model_not_found");
    let verdicts: Vec<&str> = all.iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["complete", "complete", "refused", "refused", "complete", "complete"]);
    assert!(all[0]["request_id"].as_str().unwrap().starts_with("gen-"), "{}", all[0]);
    assert!(show(&home, &all[4]["id"])["response"]["headers"].to_string().contains("anthropic-ratelimit"));
    gatetap.terminate();
}

#[test]
fn a_scripted_answer_reaches_the_app_as_it_is_and_is_judged() {
    let home = Home::new();
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/scenarios/broken-streams.toml");
    let gatetap = serve(&home, &["--upstream", "sim", "--scenario", scenario]);
    let mut body = chat("gpt-4o");
    body["stream"] = json!(true);
    let ends: Vec<Ending> = (0..4).map(|_| send(&gatetap, "/v1/chat/completions", &body).2).collect();
    assert_eq!(ends[1..], [Ending::Whole, ends[2], Ending::Whole]);
    assert!(ends[0] != Ending::Whole && ends[2] != Ending::Whole, "{ends:?}");
    let all = ended(&home, 4);
    let verdicts: Vec<&str> = all.iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["cut-by-gateway", "incomplete", "cut-by-gateway", "complete"]);
    gatetap.terminate();
}
