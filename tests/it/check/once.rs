//! What is true of a setup is said once.

use super::support::{rendered, reviewed};
use gatetap::check::Engine;
use gatetap::exchange::finding::Severity;
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::wire::script::read;
use std::path::Path;

/// Captures of SDKs at several gateways.
const ORDINARY: [&str; 8] = [
    "chat-plain",
    "chat-stream",
    "chat-stream-tool-calls",
    "embeddings",
    "messages-stream",
    "models",
    "openrouter-stream",
    "responses-stream",
];

#[test]
fn the_same_exchange_a_minute_later_yields_no_info_again() {
    for name in ORDINARY {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/captures/{name}.capture"));
        let mut first = read(&std::fs::read_to_string(&path).unwrap()).unwrap();
        first.exchange.started_at = WallTime(1_740_830_400_000_000);
        let mut second = first.clone();
        second.exchange.started_at = first.exchange.started_at.plus(Micros(60_000_000));
        let twice = reviewed(Engine::default(), &[first, second]);
        let infos = twice[1].findings.iter().filter(|finding| finding.severity == Severity::Info);
        assert_eq!(infos.count(), 0, "{name}, the second time\n{}", rendered(&twice));
    }
}
