//! Healthy exchanges, in which no check finds an error or a warning.

use super::support::{rendered, reviewed};
use gatetap::check::Engine;
use gatetap::exchange::finding::Severity;
use gatetap::exchange::time::WallTime;
use gatetap::wire::script::read;
use std::path::Path;

/// The captures that show nothing wrong, and what SDKs do by themselves.
const HEALTHY: [&str; 23] = [
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
    "chat-stream-tool-calls",
    "embeddings",
    "error-429-nexorouter",
    "messages-plain",
    "messages-stream",
    "models",
    "models-not-modified",
    "no-answer-app-leaves",
    "openrouter-stream",
    "responses-plain",
    "responses-stream",
    "responses-stream-output-at-end",
];

#[test]
fn healthy_exchanges_have_no_error_and_no_warning() {
    let mut wrong = String::new();
    for name in HEALTHY {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/captures/{name}.capture"));
        let mut capture = read(&std::fs::read_to_string(&path).unwrap()).unwrap();
        capture.exchange.started_at = WallTime(1_740_830_400_000_000);
        let mut found = reviewed(Engine::default(), &[capture]);
        for one in &mut found {
            one.findings.retain(|finding| finding.severity > Severity::Info);
            if !one.findings.is_empty() {
                wrong.push_str(name);
                wrong.push('\n');
                wrong.push_str(&rendered(std::slice::from_ref(one)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
