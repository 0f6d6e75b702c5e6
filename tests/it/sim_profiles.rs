//! The profiles: paths, models, keys, errors and headers as each gateway has them.

use gatetap::exchange::time::{Clock, WallTime};
use gatetap::gateway::errors::{self, Confidence};
use gatetap::gateway::profile::profiles;
use gatetap::sim::{Options, Simulator, assumptions};
use serde_json::{Value, json};

use crate::sim_client::{Answer, exchange, simulator};

/// A simulator of that profile that never waits, at 2025-10-09T08:53:20Z.
pub(crate) async fn profile(name: &'static str) -> Simulator {
    simulator(Options {
        profile: name,
        seed: 1,
        speed: f64::INFINITY,
        clock: Clock::fixed(WallTime(1_760_000_000_000_000)),
        ..Options::default()
    })
    .await
}

const GOOD: &str = "authorization: Bearer sk-sim-good";
const PLAIN: &str = "x-api-key: sk-sim-good\r\nanthropic-version: 2023-06-01";

/// Sends a request with these headers.
pub(crate) async fn ask(sim: &Simulator, line: &str, headers: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = if headers.is_empty() { String::new() } else { format!("\r\n{headers}") };
    exchange(sim.addr(), &format!("{line} HTTP/1.1{headers}"), &body).await
}

fn chat(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "Hi"}]})
}

fn messages(model: &str) -> Value {
    json!({"model": model, "max_tokens": 99, "messages": [{"role": "user", "content": "Hi"}]})
}

/// A profile, a path with its body, the headers, and the status and code that answer.
type Refused<'a> = (&'static str, (&'a str, Value), String, u16, &'a str);

/// A profile, a request, the headers that its answer has, and those that it has not.
type Headed<'a> = (&'static str, &'a str, &'a str, Value, &'a [(&'a str, &'a str)], &'a [&'a str]);

/// What tells an error: `code` or the nearest thing that the body has.
fn code(answer: &Answer) -> String {
    let error = &answer.json()["error"];
    let availability = &error["availability"]["code"];
    let places = [
        availability,
        &error["metadata"]["error_type"],
        &error["error_type"],
        &error["code"],
        &error["type"],
    ];
    let word = places.into_iter().find_map(Value::as_str);
    word.map_or_else(|| error["code"].to_string(), str::to_owned)
}

#[tokio::test]
async fn every_profile_refuses_in_its_own_way() {
    let (or, oa, an, nx) = ("openrouter", "openai", "anthropic", "nexorouter");
    let chat_of = |model: &str| ("/chat/completions", chat(model));
    let message_of = |model: &str| ("/messages", messages(model));
    let key = |key: &str| format!("authorization: Bearer {key}");
    let plain = |key: &str| format!("x-api-key: {key}\r\nanthropic-version: 2023-06-01");
    let none = String::new();
    let table: Vec<Refused<'_>> = vec![
        (nx, chat_of("gpt-4o"), key("sk-sim-broke"), 402, "insufficient_quota"),
        (or, chat_of("openai/gpt-4o"), none.clone(), 401, "authentication"),
        (or, chat_of("openai/gpt-4o"), key("sk-sim-disabled-1"), 401, "authentication"),
        (or, chat_of("openai/gpt-4o"), key("sk-sim-expired-1"), 401, "authentication"),
        (or, chat_of("openai/gpt-4o"), key("sk-sim-broke-1"), 402, "payment_required"),
        (or, chat_of("openai/gpt-4o"), key("sk-sim-scope-1"), 400, "model_not_found"),
        (or, chat_of("acme/nope"), key("k"), 400, "model_not_found"),
        (or, ("/chat/completions", json!({"messages": []})), key("k"), 400, "invalid_request"),
        (
            or,
            ("/responses", json!({"model": "openai/gpt-4o", "input": "x", "store": true})),
            key("k"),
            400,
            "invalid_prompt",
        ),
        (or, message_of("openai/gpt-4o"), key("sk-sim-broke-1"), 402, "payment_required"),
        (oa, chat_of("gpt-4o"), none.clone(), 401, "invalid_request_error"),
        (oa, chat_of("gpt-4o"), key("sk-sim-disabled-1"), 401, "invalid_api_key"),
        (oa, chat_of("gpt-4o"), key("sk-sim-expired-1"), 401, "invalid_api_key"),
        (oa, chat_of("gpt-4o"), key("sk-sim-broke-1"), 429, "insufficient_quota"),
        (oa, chat_of("gpt-4o"), key("sk-sim-scope-1"), 404, "model_not_found"),
        (oa, chat_of("nope"), key("k"), 404, "model_not_found"),
        (oa, chat_of("text-embedding-3-small"), key("k"), 400, "invalid_request_error"),
        (
            oa,
            ("/embeddings", json!({"model": "gpt-4o", "input": "x"})),
            key("k"),
            400,
            "invalid_request_error",
        ),
        (
            oa,
            ("/embeddings", json!({"model": "text-embedding-3-small", "input": []})),
            key("k"),
            400,
            "invalid_request_error",
        ),
        (
            oa,
            ("/embeddings", json!({"model": "text-embedding-3-small", "input": "x"})),
            key("sk-sim-broke"),
            429,
            "insufficient_quota",
        ),
        (oa, ("/responses", json!({"model": "gpt-4o"})), key("k"), 400, "invalid_request_error"),
        (oa, ("/completions", json!({"model": "gpt-4o"})), key("k"), 400, "invalid_request_error"),
        (an, message_of("claude-haiku-4-5"), none, 401, "authentication_error"),
        (an, message_of("claude-haiku-4-5"), plain("sk-sim-disabled"), 401, "authentication_error"),
        (an, message_of("claude-haiku-4-5"), plain("\"quoted\""), 401, "authentication_error"),
        (an, message_of("claude-haiku-4-5"), key("sk-sim-expired"), 401, "authentication_error"),
        (an, message_of("claude-haiku-4-5"), key("k"), 400, "invalid_request_error"),
        (an, message_of("claude-haiku-4-5"), plain("sk-sim-broke"), 402, "billing_error"),
        (an, message_of("claude-haiku-4-5"), plain("sk-sim-scope"), 404, "not_found_error"),
        (an, message_of("claude-nope"), plain("k"), 404, "not_found_error"),
        (
            an,
            ("/messages", json!({"model": "claude-haiku-4-5", "messages": []})),
            plain("k"),
            400,
            "invalid_request_error",
        ),
        (
            an,
            ("/messages/count_tokens", json!({"model": "claude-haiku-4-5"})),
            plain("k"),
            400,
            "invalid_request_error",
        ),
    ];
    for (name, (path, body), headers, status, expected) in table {
        let sim = profile(name).await;
        let base = if name == or { "/api/v1" } else { "/v1" };
        let answer = ask(&sim, &format!("POST {base}{path}"), &headers, &body).await;
        let case = format!("{name} {path} {headers} {body}: {}", answer.text());
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, Some("application/json")),
            "{case}"
        );
        let said = code(&answer);
        let by_skin = answer.json()["error_type"].as_str().map(str::to_owned);
        assert!(said == expected || by_skin.as_deref() == Some(expected), "{case}");
        assert!(!answer.json()["error"]["message"].as_str().unwrap().is_empty(), "{case}");
        assert!(answer.header("retry-after").is_none(), "{case}");
    }
}

#[tokio::test]
async fn wrong_paths_fail_as_they_fail_there() {
    let table: [(&'static str, &str, u16, &str, &str); 10] = [
        (
            "nexorouter",
            "POST /v1/v1/chat/completions",
            404,
            "json",
            "Invalid URL (POST /v1/v1/chat/completions)",
        ),
        ("nexorouter", "POST /v1/responses", 404, "json", "Invalid URL"),
        ("openai", "POST /chat/completions", 404, "json", "Invalid URL (POST /chat/completions)"),
        ("openai", "GET /v1/responses", 405, "json", "Invalid method"),
        ("openrouter", "POST /chat/completions", 404, "html", "<!DOCTYPE html>"),
        ("openrouter", "POST /v1/chat/completions", 404, "html", "<!DOCTYPE html>"),
        ("openrouter", "POST /api/v1/v1/chat/completions", 404, "json", "Not Found"),
        ("anthropic", "POST /v1/v1/messages", 404, "json", "not_found_error"),
        ("anthropic", "POST /v1/chat/completions", 404, "json", "not_found_error"),
        ("anthropic", "GET /v1/messages", 405, "json", "Method Not Allowed"),
    ];
    for (name, line, status, kind, text) in table {
        let sim = profile(name).await;
        let answer = ask(&sim, line, GOOD, &chat("gpt-4o")).await;
        assert_eq!(answer.status, status, "{name} {line}");
        assert!(answer.header("content-type").unwrap().contains(kind), "{name} {line}");
        assert!(answer.text().contains(text), "{name} {line}: {}", answer.text());
    }
}

#[tokio::test]
async fn the_models_are_listed_in_each_form() {
    for (name, path, headers) in [
        ("nexorouter", "/v1/models", GOOD),
        ("openrouter", "/api/v1/models", GOOD),
        ("openrouter", "/api/v1/models", ""),
        ("openai", "/v1/models", GOOD),
        ("anthropic", "/v1/models", PLAIN),
    ] {
        let sim = profile(name).await;
        let list = ask(&sim, &format!("GET {path}"), headers, &Value::Null).await.json();
        let ids: Vec<&str> =
            list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
        assert!(ids.len() >= 12 && ids.contains(&"sim-offset"), "{name}: {ids:?}");
        let scoped = headers.replace("sk-sim-good", "sk-sim-scope");
        if !scoped.is_empty() {
            let list = ask(&sim, &format!("GET {path}"), &scoped, &Value::Null).await.json();
            assert_eq!(list["data"].as_array().unwrap().len(), 1, "{name}");
            assert_eq!(list["data"][0]["id"], ids[0], "{name}");
        }
    }
    let sim = profile("openai").await;
    let one = ask(&sim, "GET /v1/models/gpt-4o", GOOD, &Value::Null).await;
    assert_eq!((one.status, one.json()["object"].clone()), (200, json!("model")));
    assert_eq!(ask(&sim, "GET /v1/models/nope", GOOD, &Value::Null).await.status, 404);
    let sim = profile("anthropic").await;
    let one = ask(&sim, "GET /v1/models/claude-haiku-4-5", PLAIN, &Value::Null).await.json();
    assert_eq!((&one["type"], &one["display_name"]), (&json!("model"), &json!("Claude Haiku 4.5")));
    let sim = profile("openrouter").await;
    for (key, left) in [("sk-sim-good", 74.5), ("sk-sim-broke", 0.0)] {
        let answer =
            ask(&sim, "GET /api/v1/key", &format!("authorization: Bearer {key}"), &Value::Null).await;
        assert_eq!(answer.json()["data"]["limit_remaining"], left, "{key}");
    }
    assert_eq!(
        ask(&sim, "GET /api/v1/key", "authorization: Bearer sk-sim-disabled", &Value::Null).await.status,
        401
    );
}

#[tokio::test]
async fn headers_are_those_of_the_gateway() {
    let table: [Headed<'_>; 4] = [
        (
            "nexorouter",
            "POST /v1/chat/completions",
            GOOD,
            chat("gpt-4o"),
            &[
                ("x-ratelimit-limit", "60"),
                ("x-ratelimit-remaining", "59"),
                ("access-control-allow-origin", "*"),
            ],
            &["x-generation-id", "request-id", "openai-version"],
        ),
        (
            "openrouter",
            "POST /api/v1/chat/completions",
            GOOD,
            chat("openai/gpt-4o"),
            &[("access-control-allow-origin", "*")],
            &["x-ratelimit-limit", "x-ratelimit-remaining", "x-request-id", "request-id"],
        ),
        (
            "openai",
            "POST /v1/chat/completions",
            GOOD,
            chat("gpt-4o"),
            &[
                ("openai-version", "2020-10-01"),
                ("x-ratelimit-limit-requests", "60"),
                ("x-ratelimit-remaining-requests", "59"),
                ("x-ratelimit-reset-requests", "40s"),
                ("x-ratelimit-reset-tokens", "6ms"),
            ],
            &["x-ratelimit-limit", "request-id", "x-generation-id"],
        ),
        (
            "anthropic",
            "POST /v1/messages",
            PLAIN,
            messages("claude-haiku-4-5"),
            &[
                ("anthropic-ratelimit-requests-limit", "50"),
                ("anthropic-ratelimit-requests-remaining", "49"),
                ("anthropic-ratelimit-requests-reset", "2025-10-09T08:54:00Z"),
                ("anthropic-ratelimit-input-tokens-limit", "30000"),
            ],
            &["x-request-id", "access-control-allow-origin", "x-ratelimit-limit"],
        ),
    ];
    for (name, line, headers, body, there, absent) in table {
        let sim = profile(name).await;
        let answer = ask(&sim, line, headers, &body).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        for (header, value) in there {
            assert_eq!(answer.header(header), Some(*value), "{name} {header}");
        }
        for header in absent.iter().chain(&["retry-after", "x-sim-assumed"]) {
            assert_eq!(answer.header(header), None, "{name} {header}");
        }
        let known = profiles().iter().find(|known| known.name == name).unwrap();
        let id = answer.header(&known.request_id_header).unwrap_or_else(|| panic!("{name}")).to_owned();
        if name == "openrouter" {
            assert_eq!(answer.json()["id"], id);
        }
        let again = ask(&sim, line, headers, &body).await;
        assert_ne!(again.header(&known.request_id_header), Some(id.as_str()), "{name}");
    }
}

#[tokio::test]
async fn anthropic_repeats_its_request_id_and_lets_pages_in_only_on_demand() {
    let sim = profile("anthropic").await;
    let refused = ask(&sim, "POST /v1/messages", PLAIN, &messages("nope")).await;
    assert_eq!(refused.json()["request_id"], refused.header("request-id").unwrap());
    let direct = format!("{PLAIN}\r\nanthropic-dangerous-direct-browser-access: true");
    let answer = ask(&sim, "POST /v1/messages", &direct, &messages("claude-haiku-4-5")).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn openrouter_falls_back_and_takes_variants() {
    let sim = profile("openrouter").await;
    let mut fallback = chat("acme/nope");
    fallback["models"] = json!(["acme/neither", "deepseek/deepseek-chat"]);
    let mut default = chat("x");
    default.as_object_mut().unwrap().remove("model");
    for (body, model) in [
        (fallback, "deepseek/deepseek-chat"),
        (chat("openai/gpt-4o:nitro"), "openai/gpt-4o:nitro"),
        (default, "openai/gpt-4o-mini"),
    ] {
        let answer = ask(&sim, "POST /api/v1/chat/completions", GOOD, &body).await;
        assert_eq!((answer.status, answer.json()["model"].clone()), (200, json!(model)));
    }
}

#[tokio::test]
async fn what_is_assumed_is_said_on_demand() {
    let sim = profile("nexorouter").await;
    let asked = format!("{GOOD}\r\nx-sim-assumed: 1");
    let mut body = chat("gpt-4o");
    let plain = ask(&sim, "POST /v1/chat/completions", &asked, &body).await;
    assert!(!plain.header("x-sim-assumed").unwrap().contains("nexorouter.stream"));
    body["stream"] = json!(true);
    let stream = ask(&sim, "POST /v1/chat/completions", &asked, &body).await;
    assert!(stream.header("x-sim-assumed").unwrap().contains("nexorouter.stream"));
    let broke = asked.replace("sk-sim-good", "sk-sim-broke");
    let refused = ask(&sim, "POST /v1/chat/completions", &broke, &body).await;
    let said = refused.header("x-sim-assumed").unwrap().to_owned();
    assert!(said.contains("nexorouter.insufficient_quota.status"), "{said}");
    let known = |id: &str| {
        let status =
            errors::all().iter().find(|error| format!("{}.{}.status", error.gateway, error.code) == id);
        assumptions().iter().any(|assumption| assumption.id == id)
            || status.is_some_and(|error| error.status_confidence() == Confidence::Assumed)
    };
    for answer in [plain, stream, refused] {
        for id in answer.header("x-sim-assumed").unwrap().split(", ") {
            assert!(known(id), "{id}");
        }
    }
}

#[test]
fn assumptions_are_whole_and_name_profiles() {
    let sorts = ["models", "plain", "stream", "error", "key", "path", "embeddings"];
    let mut ids = std::collections::BTreeSet::new();
    for assumption in assumptions() {
        assert!(ids.insert(&assumption.id), "{}", assumption.id);
        for name in &assumption.profiles {
            assert!(profiles().iter().any(|profile| profile.name == *name), "{name}");
        }
        for on in &assumption.on {
            assert!(sorts.contains(&on.as_str()), "{on}");
        }
        assert!(assumption.what.ends_with('.') && assumption.why.ends_with('.'), "{}", assumption.id);
    }
    assert!(ids.len() >= 10);
}
