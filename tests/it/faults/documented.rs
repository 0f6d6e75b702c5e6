//! Documented errors, as the gateway itself would send them.

use super::{ASKED, EVENTS, ask, ask_at, streaming};
use crate::support::gateway::Gateway;
use crate::support::tapped::Tapped;
use gatetap::exchange::time::{Clock, WallTime};
use gatetap::fault::catalogue;
use gatetap::gateway::errors::{self, with_reset};
use gatetap::gateway::variants::{self, Place};
use serde_json::Value;

#[tokio::test]
async fn every_documented_error_has_its_status_its_headers_and_its_code() {
    let tapped = Tapped::before(&Gateway::answering("HTTP/1.1 500 Asked\r\ncontent-length: 0\r\n\r\n")).await;
    for error in errors::all() {
        let name = format!("{}.{}", error.gateway, error.code);
        let got = ask(&tapped, &format!("{name},delay=0ms"), ASKED).await;
        assert_eq!(got.status(), error.status, "{name}");
        assert_eq!(got.header("x-gatetap-fault"), Some(name.clone()));
        assert_eq!(got.header("content-type").as_deref(), Some("application/json"), "{name}");
        assert_eq!(got.header("retry-after"), error.retry_after.map(|s| s.to_string()), "{name}");
        let wait_s = error.retry_after.unwrap_or(60);
        for (header, value) in &error.headers {
            is_filled_in(&got.header(header).unwrap(), value, wait_s, &name);
        }
        let id = gatetap::gateway::profile::profile(&error.gateway).unwrap().request_id_header.as_str();
        assert!(got.header(id).is_some_and(|id| id.contains("_fault_")), "{name}");
        let body: Value = serde_json::from_slice(&got.body()).unwrap();
        let said = body["error"]["message"].as_str().unwrap();
        assert!(!said.is_empty() && !said.contains("{model}"), "{name}: {said}");
        // Answered at once, in the gateway's place.
    }
}

/// Asserts that `got` is `template` with the time of the reset in it: `wait_s` from now, give or take a test's time.
fn is_filled_in(got: &str, template: &str, wait_s: u64, name: &str) {
    let now = Clock::system().now().wall;
    let wanted = (-5..=1).map(|late_s| WallTime(now.0 + late_s * 1_000_000));
    let Some((before, after)) = template.split_once("{reset_ms}") else {
        let mut wanted = wanted.map(|time| with_reset(template, time, wait_s));
        return assert!(wanted.any(|text| text == got), "{name}: {got}");
    };
    let told = got.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    let told: i64 = told.and_then(|time| time.parse().ok()).unwrap_or_else(|| panic!("{name}: {got}"));
    let late_ms = now.0 / 1000 + 1000 * i64::try_from(wait_s).unwrap() - told;
    assert!((0..5000).contains(&late_ms), "{name}: {late_ms} ms");
}

#[tokio::test]
async fn every_variant_shows_where_it_is_documented() {
    let gateway = streaming(&EVENTS);
    let tapped = Tapped::before(&gateway).await;
    for variant in variants::all() {
        let name = format!("{}.{}", variant.gateway, variant.name);
        let text = variant.text("gpt-x", "/v1/chat/completions");
        let spec = if variant.place == Place::Stream { format!("{name},after=2") } else { name.clone() };
        let got = ask(&tapped, &spec, ASKED).await;
        assert_eq!(got.status(), variant.status, "{name}");
        if variant.place == Place::Stream {
            let expected = [EVENTS[0], EVENTS[1], &text].concat();
            assert_eq!(String::from_utf8(got.body()).unwrap(), expected, "{name}");
            let frames = text.lines().filter_map(|line| line.strip_prefix("data: "));
            assert!(frames.clone().count() > 0, "{name}");
            frames.for_each(|frame| assert!(serde_json::from_str::<Value>(frame).is_ok(), "{name}: {frame}"));
        } else {
            is_filled_in(&String::from_utf8(got.body()).unwrap(), &text, 60, &name);
            assert!(serde_json::from_str::<Value>(&text).is_ok(), "{name}");
        }
    }
}

#[tokio::test]
async fn what_is_not_documented_can_be_switched() {
    let tapped = Tapped::before(&streaming(&EVENTS)).await;
    for (spec, status, code, retry_after) in [
        ("insufficient_quota", 402, "insufficient_quota", None),
        ("insufficient_quota,status=403", 403, "insufficient_quota", None),
        ("insufficient_quota,status=429", 429, "insufficient_quota", None),
        ("model_not_found,status=503", 503, "model_not_found", None),
        ("rate_limit_exceeded,retry_after=7", 429, "rate_limit_exceeded", Some("7")),
        ("rate_limit_exceeded,retry_after=none", 429, "rate_limit_exceeded", None),
        ("429", 429, "rate_limit_exceeded", Some("17")),
        ("504,delay=0s", 504, "upstream_request_timeout", None),
        ("529", 529, "", None),
        ("418", 418, "", None),
    ] {
        let got = ask(&tapped, spec, ASKED).await;
        assert_eq!(got.status(), status, "{spec}");
        assert_eq!(got.header("retry-after").as_deref(), retry_after, "{spec}");
        let body: Value = serde_json::from_slice(&got.body()).unwrap();
        assert_eq!(body["error"]["code"].as_str().unwrap_or_default(), code, "{spec}: {body}");
    }
}

#[tokio::test]
async fn an_app_of_anthropics_api_gets_anthropics_form() {
    let tapped = Tapped::before(&streaming(&EVENTS)).await;
    let got = ask_at(&tapped, "/v1/messages", "429", ASKED).await;
    let body: Value = serde_json::from_slice(&got.body()).unwrap();
    assert_eq!((&body["type"], &body["error"]["type"]), (&"error".into(), &"rate_limit_error".into()));
}

#[tokio::test]
async fn a_message_of_ones_own_is_said() {
    let tapped = Tapped::before(&streaming(&EVENTS)).await;
    let got = ask(&tapped, "openai.insufficient_quota,message=\"no, really\"", ASKED).await;
    assert!(String::from_utf8(got.body()).unwrap().contains("no, really"));
}

#[test]
fn the_catalogue_says_where_everything_comes_from() {
    let entries = catalogue::all();
    assert_eq!(
        entries.len(),
        errors::all().len() + variants::all().len() + gatetap::fault::wire::ALL.len() + 1
    );
    for entry in &entries {
        assert!(catalogue::find(&entry.name).is_some(), "{}", entry.name);
        assert!(!entry.summary.is_empty() && !entry.source.is_empty(), "{}", entry.name);
        let twice = entries.iter().filter(|other| other.name == entry.name).count();
        assert_eq!(twice, 1, "{}", entry.name);
    }
}
