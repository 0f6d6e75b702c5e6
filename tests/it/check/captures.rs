//! Healthy traffic gives no error and no warning, and what broken traffic gives is known.

use super::support::{load, reviewed};
use gatetap::check::Engine;
use gatetap::exchange::finding::Severity;
use insta::assert_snapshot;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Captures of `fixtures/captures` in which nothing is wrong: what official SDKs, curl and a healthy gateway
/// do, with their normal cancellations.
const HEALTHY: [&str; 22] = [
    "chat-plain",
    "chat-plain-http2",
    "chat-stream",
    "chat-stream-app-closes-after-done",
    "chat-stream-app-leaves",
    "chat-stream-crlf",
    "chat-stream-gzip",
    "chat-stream-logprobs-obfuscation",
    "chat-stream-many-data-lines",
    "chat-stream-reasoning",
    "chat-stream-split-utf8",
    "chat-stream-stall",
    "chat-stream-tool-calls",
    "embeddings",
    "messages-plain",
    "messages-stream",
    "models",
    "models-not-modified",
    "openrouter-stream",
    "responses-plain",
    "responses-stream",
    "responses-stream-output-at-end",
];

/// Captures that show nothing wrong with the app: what may happen to anyone, once.
const BAD_LUCK: [&str; 2] = ["error-429-nexorouter", "no-answer-app-leaves"];

#[test]
fn healthy_traffic_gives_no_error_and_no_warning() {
    for name in HEALTHY.iter().chain(&BAD_LUCK) {
        for one in reviewed(Engine::default(), &load(&folder().join(format!("{name}.capture")))) {
            let loud: Vec<_> =
                one.findings.iter().filter(|finding| finding.severity > Severity::Info).collect();
            assert!(loud.is_empty(), "{name}: {loud:#?}");
        }
    }
}

#[test]
fn an_info_is_said_once_a_session_and_not_of_every_request() {
    for name in HEALTHY {
        let capture = load(&folder().join(format!("{name}.capture")));
        let mut again: Vec<_> = capture.iter().chain(&capture).chain(&capture).cloned().collect();
        for (nth, capture) in again.iter_mut().enumerate() {
            capture.exchange.started_at.0 += nth as i64 * 60_000_000;
        }
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for finding in reviewed(Engine::default(), &again).into_iter().flat_map(|one| one.findings) {
            *times.entry(finding.check).or_default() += 1;
        }
        let often: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
        assert!(often.is_empty(), "{name}: {often:?}");
    }
}

#[test]
fn what_every_capture_gives() {
    let mut text = String::new();
    let mut files: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        for one in reviewed(Engine::default(), &load(&file)) {
            let found: Vec<String> = one
                .findings
                .iter()
                .map(|finding| format!("{} {}", finding.severity.as_str(), finding.check))
                .collect();
            let name = file.file_stem().unwrap().to_string_lossy();
            writeln!(text, "{name}: {}", found.join(", ")).unwrap();
        }
    }
    assert_snapshot!(text);
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captures")
}
