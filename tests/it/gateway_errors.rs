//! The catalog of documented errors.

use std::collections::BTreeSet;

use gatetap::gateway::errors::{self, Confidence, Detail, Retry};
use gatetap::gateway::profile::{profile, profiles};
use serde_json::{Value, json};

#[test]
fn every_nexorouter_code_has_its_documented_status() {
    let table = [
        ("invalid_request", 400, Retry::Never, Confidence::Documented),
        ("invalid_api_key", 401, Retry::Never, Confidence::Assumed),
        ("insufficient_quota", 402, Retry::Never, Confidence::Assumed),
        ("model_not_found", 404, Retry::Never, Confidence::Documented),
        ("request_too_large", 413, Retry::Never, Confidence::Documented),
        ("rate_limit_exceeded", 429, Retry::AfterHeader, Confidence::Documented),
        ("token_rate_limit_exceeded", 429, Retry::AfterHeader, Confidence::Documented),
        ("upstream_request_timeout", 504, Retry::Once, Confidence::Documented),
        ("upstream_unavailable", 503, Retry::Backoff, Confidence::Assumed),
        ("upstream_error", 502, Retry::Backoff, Confidence::Assumed),
        ("gateway_error", 500, Retry::Backoff, Confidence::Assumed),
    ];
    for (code, status, retry, confidence) in table {
        let error = errors::lookup("nexorouter", code).unwrap();
        assert_eq!((error.status, error.retry), (status, retry), "{code}");
        assert_eq!(error.confidence, Confidence::Documented, "{code}");
        assert_eq!(error.status_confidence(), confidence, "{code}");
    }
    let all = errors::all().iter().filter(|error| error.gateway == "nexorouter");
    assert_eq!(all.count(), table.len());
}

#[test]
fn the_catalog_is_whole() {
    let mut seen = BTreeSet::new();
    for error in errors::all() {
        assert!(seen.insert((&error.gateway, &error.code)), "{} twice", error.code);
        assert!(profile(&error.gateway).is_some(), "{}", error.gateway);
        assert!((400..=599).contains(&error.status), "{}", error.code);
        assert!(error.source.starts_with("https://"), "{}", error.code);
        assert!(!error.meaning.is_empty() && !error.fix.is_empty(), "{}", error.code);
        let needs_hint = error.retry == Retry::AfterHeader;
        assert!(!needs_hint || error.retry_after.is_some(), "{}", error.code);
        serde_json::from_str::<Value>(&error.body(&Detail::default())).unwrap();
    }
    for profile in profiles() {
        let of_gateway = errors::all().iter().filter(|error| error.gateway == profile.name);
        assert!(of_gateway.count() >= 11, "{}", profile.name);
    }
}

#[test]
fn bodies_have_the_form_of_their_gateway() {
    let detail = Detail {
        model: Some("acme/nope"),
        message: Some("No."),
        request_id: Some("req_1"),
        ..Detail::default()
    };
    let table = [
        (
            "nexorouter",
            "model_not_found",
            r#"{"error":{"message":"No.","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#,
        ),
        (
            "openai",
            "insufficient_quota",
            r#"{"error":{"message":"No.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
        ),
        (
            "openrouter",
            "payment_required",
            r#"{"error":{"code":402,"message":"No.","metadata":{"error_type":"payment_required"}}}"#,
        ),
        (
            "openrouter",
            "capacity_exhausted",
            r#"{"error":{"message":"No.","error_type":"rate_limit_exceeded","http_status":429,"availability":{"code":"capacity_exhausted","retryable":true,"retry_after":40,"requested_models":["acme/nope"],"docs_url":"https://openrouter.ai/docs/errors#capacity_exhausted"}}}"#,
        ),
        (
            "anthropic",
            "overloaded_error",
            r#"{"type":"error","error":{"type":"overloaded_error","message":"No."},"request_id":"req_1"}"#,
        ),
    ];
    for (gateway, code, body) in table {
        assert_eq!(errors::lookup(gateway, code).unwrap().body(&detail), body);
    }
}

#[test]
fn a_body_names_the_model_and_escapes_it() {
    let error = errors::lookup("nexorouter", "model_not_found").unwrap();
    let body = error.body(&Detail { model: Some("a\"b"), param: Some("models"), ..Detail::default() });
    let body: Value = serde_json::from_str(&body).unwrap();
    assert!(body["error"]["message"].as_str().unwrap().contains("'a\"b'"));
    assert_eq!(body["error"]["param"], json!("models"));
}

#[test]
fn errors_are_found_by_code_and_by_status() {
    let gateways: Vec<&str> =
        errors::with_code("model_not_found").map(|error| error.gateway.as_str()).collect();
    assert_eq!(gateways, ["nexorouter", "openrouter", "openai"]);
    let codes: Vec<&str> = errors::with_status("nexorouter", 429).map(|error| error.code.as_str()).collect();
    assert_eq!(codes, ["rate_limit_exceeded", "token_rate_limit_exceeded", "insufficient_quota"]);
    assert_eq!(errors::with_code("nothing_of_the_kind").count(), 0);
    assert!(errors::lookup("openai", "upstream_error").is_none());
}
