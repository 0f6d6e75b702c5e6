//! What the simulator refuses, in which order, and with what.

use gatetap::sim::{Options, SCOPED_MODEL};
use serde_json::{Value, json};

use crate::sim_client::{Answer, KEY, exchange, instant, simulator};

const CHAT: &str = "POST /v1/chat/completions";
const GOOD: &str = r#"{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}"#;

async fn ask(sim: &gatetap::sim::Simulator, line: &str, key: &str, body: &str) -> Answer {
    let key = if key.is_empty() { String::new() } else { format!("\r\nauthorization: {key}") };
    exchange(sim.addr(), &format!("{line} HTTP/1.1{key}"), body).await
}

#[tokio::test]
async fn every_refusal_has_its_status_code_and_parameter() {
    let messages = r#""messages":[{"role":"user","content":"Hi"}]"#;
    let with = |more: &str| format!(r#"{{"model":"gpt-4o-mini",{messages},{more}}}"#);
    let no_code = Value::Null;
    let table: Vec<(&str, &str, String, u16, Value, Value)> = vec![
        // The path comes before all else, the method next, then the key.
        ("POST /v1/x", "", "{".to_owned(), 404, no_code.clone(), json!(null)),
        ("POST /chat/completions", KEY, GOOD.to_owned(), 404, no_code.clone(), json!(null)),
        ("POST /v1/v1/chat/completions", KEY, GOOD.to_owned(), 404, no_code.clone(), json!(null)),
        ("POST /v1/chat/completions/", KEY, GOOD.to_owned(), 404, no_code.clone(), json!(null)),
        ("POST //v1/chat/completions", KEY, GOOD.to_owned(), 404, no_code.clone(), json!(null)),
        ("GET /", "", String::new(), 404, no_code.clone(), json!(null)),
        ("GET /v1/chat/completions", "", String::new(), 405, no_code.clone(), json!(null)),
        ("POST /v1/models", KEY, String::new(), 405, no_code.clone(), json!(null)),
        ("GET /v1/models", "", String::new(), 401, json!("invalid_api_key"), json!(null)),
        (CHAT, "", "{".to_owned(), 401, json!("invalid_api_key"), json!(null)),
        (CHAT, "fake-key", GOOD.to_owned(), 401, json!("invalid_api_key"), json!(null)),
        (CHAT, "Bearer", GOOD.to_owned(), 401, json!("invalid_api_key"), json!(null)),
        (CHAT, "Bearerfake-key", GOOD.to_owned(), 401, json!("invalid_api_key"), json!(null)),
        (CHAT, "Bearer  fake-key", GOOD.to_owned(), 401, json!("invalid_api_key"), json!(null)),
        (CHAT, "Bearer\tfake-key", GOOD.to_owned(), 401, json!("invalid_api_key"), json!(null)),
        (CHAT, "Bearer \"fake-key\"", GOOD.to_owned(), 401, json!("invalid_api_key"), json!(null)),
        (CHAT, "Bearer 'fake-key'", GOOD.to_owned(), 401, json!("invalid_api_key"), json!(null)),
        (CHAT, "Bearer fake key", GOOD.to_owned(), 401, json!("invalid_api_key"), json!(null)),
        (CHAT, "Bearer fake-kéy", GOOD.to_owned(), 401, json!("invalid_api_key"), json!(null)),
        (CHAT, "Basic ZmFrZQ==", GOOD.to_owned(), 401, json!("invalid_api_key"), json!(null)),
        // Then JSON, the model, and the ranges.
        (CHAT, KEY, String::new(), 400, json!("invalid_request"), json!(null)),
        (CHAT, KEY, "{".to_owned(), 400, json!("invalid_request"), json!(null)),
        (CHAT, KEY, "[]".to_owned(), 400, json!("invalid_request"), json!(null)),
        (CHAT, KEY, "{}".to_owned(), 400, json!("invalid_request"), json!("model")),
        (CHAT, KEY, r#"{"model":1}"#.to_owned(), 400, json!("invalid_request"), json!("model")),
        (CHAT, KEY, r#"{"model":"gpt-4O-mini"}"#.to_owned(), 404, json!("model_not_found"), json!("model")),
        (
            CHAT,
            KEY,
            r#"{"model":"gpt-4o-mini"}"#.to_owned(),
            400,
            json!("invalid_request"),
            json!("messages"),
        ),
        (
            CHAT,
            KEY,
            r#"{"model":"gpt-4o-mini","messages":[]}"#.to_owned(),
            400,
            json!("invalid_request"),
            json!("messages"),
        ),
        (
            CHAT,
            KEY,
            r#"{"model":"gpt-4o-mini","messages":"Hi"}"#.to_owned(),
            400,
            json!("invalid_request"),
            json!("messages"),
        ),
        (
            CHAT,
            KEY,
            r#"{"model":"gpt-4o-mini","messages":[{"role":"me","content":"Hi"}]}"#.to_owned(),
            400,
            json!("invalid_request"),
            json!("messages"),
        ),
        (
            CHAT,
            KEY,
            r#"{"model":"gpt-4o-mini","messages":[{"role":"user"}]}"#.to_owned(),
            400,
            json!("invalid_request"),
            json!("messages"),
        ),
        (CHAT, KEY, with(r#""temperature":2.1"#), 400, json!("invalid_request"), json!("temperature")),
        (CHAT, KEY, with(r#""temperature":-0.1"#), 400, json!("invalid_request"), json!("temperature")),
        (CHAT, KEY, with(r#""temperature":"1""#), 400, json!("invalid_request"), json!("temperature")),
        (CHAT, KEY, with(r#""top_p":1.5"#), 400, json!("invalid_request"), json!("top_p")),
        (CHAT, KEY, with(r#""max_tokens":0"#), 400, json!("invalid_request"), json!("max_tokens")),
        (CHAT, KEY, with(r#""max_tokens":-1"#), 400, json!("invalid_request"), json!("max_tokens")),
        (CHAT, KEY, with(r#""max_tokens":1.5"#), 400, json!("invalid_request"), json!("max_tokens")),
        (CHAT, KEY, with(r#""max_tokens":"9""#), 400, json!("invalid_request"), json!("max_tokens")),
        (CHAT, KEY, with(r#""stream":"true""#), 400, json!("invalid_request"), json!("stream")),
        (CHAT, KEY, with(r#""tools":{}"#), 400, json!("invalid_request"), json!("tools")),
        (
            CHAT,
            KEY,
            with(
                r#""tools":[{"type":"function","function":{"name":"a"}}],"tool_choice":{"type":"function","function":{"name":"b"}}"#,
            ),
            400,
            json!("invalid_request"),
            json!("tool_choice"),
        ),
    ];
    let sim = instant(1).await;
    for (line, key, body, status, code, param) in table {
        let answer = ask(&sim, line, key, &body).await;
        let case = format!("{line} {key} {body}");
        assert_eq!(answer.status, status, "{case}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{case}");
        assert!(answer.header("x-request-id").is_some(), "{case}");
        let error = answer.json()["error"].clone();
        assert_eq!((&error["code"], &error["param"]), (&code, &param), "{case}");
        assert!(!error["message"].as_str().unwrap().is_empty(), "{case}");
        assert!(error["type"].is_string(), "{case}");
    }
}

#[tokio::test]
async fn values_at_the_edge_of_their_range_pass() {
    let sim = instant(1).await;
    for more in [
        r#""temperature":0"#,
        r#""temperature":2"#,
        r#""top_p":0,"max_tokens":1"#,
        r#""top_p":1,"stream":false"#,
        r#""temperature":null,"max_tokens":null,"stream":null,"tools":null"#,
        r#""n":3,"seed":7,"stop":["x"],"user":"u""#,
    ] {
        let body =
            format!(r#"{{"model":"gpt-4o-mini","messages":[{{"role":"user","content":"Hi"}}],{more}}}"#);
        assert_eq!(ask(&sim, CHAT, KEY, &body).await.status, 200, "{more}");
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused_by_its_tokens() {
    let sim = simulator(Options { speed: f64::INFINITY, max_input_tokens: 10, ..Options::default() }).await;
    for (bytes, status) in [(40, 200), (41, 413)] {
        let body =
            json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x".repeat(bytes)}]});
        let answer = ask(&sim, CHAT, KEY, &body.to_string()).await;
        assert_eq!(answer.status, status, "{bytes}");
        if status == 413 {
            assert_eq!(answer.json()["error"]["code"], "request_too_large");
        }
    }
}

#[tokio::test]
async fn special_keys_have_their_states() {
    let sim = instant(1).await;
    let scoped = GOOD.replace("gpt-4o-mini", SCOPED_MODEL);
    let table = [
        ("GET /v1/models", "sk-sim-disabled-1", "", 401, Some("invalid_api_key")),
        (CHAT, "sk-sim-disabled-1", GOOD, 401, Some("invalid_api_key")),
        (CHAT, "sk-sim-expired-1", GOOD, 401, Some("invalid_api_key")),
        ("GET /v1/models", "sk-sim-broke-1", "", 200, None),
        (CHAT, "sk-sim-broke-1", GOOD, 402, Some("insufficient_quota")),
        (CHAT, "sk-sim-broke-1", "{}", 400, Some("invalid_request")),
        (CHAT, "sk-sim-scope-1", GOOD, 404, Some("model_not_found")),
        (CHAT, "sk-sim-scope-1", &scoped, 200, None),
        (CHAT, "YOUR_API_KEY", GOOD, 200, None),
    ];
    for (line, key, body, status, code) in table {
        let answer = ask(&sim, line, &format!("Bearer {key}"), body).await;
        assert_eq!(answer.status, status, "{line} {key}");
        assert_eq!(answer.json()["error"]["code"].as_str(), code, "{line} {key}");
    }
    let disabled = ask(&sim, CHAT, "Bearer sk-sim-disabled-1", GOOD).await.json();
    let expired = ask(&sim, CHAT, "Bearer sk-sim-expired-1", GOOD).await.json();
    assert_ne!(disabled["error"]["message"], expired["error"]["message"]);
}

#[tokio::test]
async fn the_models_are_listed() {
    let sim = instant(1).await;
    let ids = |answer: &Answer| -> Vec<String> {
        let json = answer.json();
        assert_eq!(json["object"], "list");
        let data = json["data"].as_array().unwrap().clone();
        data.iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = ids(&ask(&sim, "GET /v1/models?limit=1", KEY, "").await);
    for id in ["deepseek-v4-flash", "gpt-4o-mini", "Qwen/Qwen-Plus", "sim-offset"] {
        assert!(all.contains(&id.to_owned()), "{id}");
    }
    assert_eq!(ids(&ask(&sim, "GET /v1/models", "Bearer sk-sim-scope", "").await), [SCOPED_MODEL]);
}

#[tokio::test]
async fn a_wrong_url_is_named_in_the_message() {
    let sim = instant(1).await;
    let answer = ask(&sim, "POST /v1/v1/chat/completions", KEY, GOOD).await;
    assert_eq!(answer.json()["error"]["message"], "Invalid URL (POST /v1/v1/chat/completions)");
    let answer = ask(&sim, "DELETE /v1/models", KEY, "").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, OPTIONS")));
}
