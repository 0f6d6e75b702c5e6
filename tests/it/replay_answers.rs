//! Which recorded answer a request gets, and what is said where there is none.

use gatetap::exchange::body::Side;
use gatetap::exchange::time::{Clock, WallTime};
use gatetap::live::Live;
use gatetap::replay::OwnWord;
use gatetap::sim::Options;
use gatetap::store::filter::Filter;
use gatetap::store::{Page, Reader};
use tempfile::TempDir;

use crate::replay_served::Replayed;
use crate::sim_client::simulator;
use crate::support::client::{Client, get, post};
use crate::support::gateway::Gateway;
use crate::support::tapped;

/// A recording of these requests at the simulator, each with the status it got.
async fn recorded(requests: &[Vec<u8>]) -> (TempDir, Vec<u16>) {
    let sim = simulator(Options { speed: f64::INFINITY, ..Options::default() }).await;
    let (settings, home) = tapped::settings(&sim.base_url());
    let live = Live::start(settings, Clock::system()).await.unwrap();
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(Client::exchange(live.addresses()[0], request).await.0.status());
    }
    assert!(live.stop().await.is_whole());
    (home, statuses)
}

fn chat(key: &str, content: &str) -> Vec<u8> {
    let body = format!(
        r#"{{"model":"gpt-4o","max_tokens":4,"messages":[{{"role":"user","content":"{content}"}}]}}"#
    );
    post("/v1/chat/completions", &[&format!("authorization: {key}"), "content-type: application/json"], &body)
}

const GOOD: &str = "Bearer sk-sim-fake-0123456789";

#[tokio::test]
async fn a_miss_names_the_nearest_and_is_gatetaps_own_answer() {
    let (home, statuses) = recorded(&[chat(GOOD, "one"), chat("Bearer sk-sim-expired-fake", "one")]).await;
    assert_eq!(statuses, [200, 401]);
    let again = home.path().join("again.db");
    let replayed = Replayed::of(&home.path().join("recording.db"), |settings| {
        settings.recording = again.clone();
        settings.replay.on_miss = 404;
    })
    .await;
    for (request, status, differs) in [
        (chat(GOOD, "one"), 200, ""),
        // Another key that looks like one, as offline runs have it.
        (chat("Bearer sk-offline-0123456789", "one"), 200, ""),
        (chat("Bearer sk-sim-expired-fake", "one"), 401, ""),
        (chat(GOOD, "two"), 404, "#1: messages[0].content was \\\"one\\\", is \\\"two\\\""),
        (
            chat("Bearer YOUR_API_KEY", "one"),
            404,
            "credential was a well-formed credential, is a malformed credential",
        ),
        (chat("sk-sim-fake-0123456789", "one"), 404, "credential was"),
        (
            get("/v1/other", &[&format!("authorization: {GOOD}")]),
            404,
            "path was /v1/chat/completions, is /v1/other",
        ),
    ] {
        let (head, body) = Client::exchange(replayed.addr(), &request).await;
        let text = body.text();
        assert_eq!(head.status(), status, "{text}");
        assert!(text.contains(differs), "{text}");
        let own = (status == 404).then(|| "replay-miss".to_owned());
        assert_eq!(head.header("x-gatetap-error"), own);
        assert_eq!(head.header("x-should-retry"), own.as_ref().map(|_| "false".to_owned()));
        // What goes between the replay and the proxy is nobody else's.
        assert_eq!(head.header("x-gatetap-own"), None);
    }
    let summary = replayed.tally.summary();
    assert_eq!((summary.served, summary.missed, summary.unused), (3, 4, Vec::new()));
    assert_eq!(replayed.tally.take_misses().len(), 4);
    assert!(replayed.live.stop().await.is_whole());
    let told = Reader::open(&again).unwrap().summaries(Page::default()).unwrap();
    let own: Vec<_> = told.iter().map(|one| one.own_error.as_deref()).collect();
    let miss = Some("replay-miss");
    assert_eq!(own, [None, None, None, miss, miss, miss, miss]);
    assert_eq!(told[3].digest.error_code.as_deref(), miss);
    // A replay is called after the gateway that had answered; the default one goes without saying.
    let played = format!(
        "replay:{}",
        Reader::open(&home.path().join("recording.db")).unwrap().summaries(Page::default()).unwrap()[0]
            .gateway
    );
    let gateways: Vec<&str> = told.iter().map(|one| one.gateway.as_str()).collect();
    assert_eq!(gateways, [played.as_str(), &played, &played, "replay", "replay", "replay", "replay"]);
}

#[tokio::test]
async fn an_app_or_a_recording_cannot_speak_for_a_replay() {
    // A gateway that says what a replay would, if it knew the word.
    let word = OwnWord::draw().unwrap();
    let gateway = Gateway::answering(
        "HTTP/1.1 200 OK\r\nx-gatetap-own: 00000000000000000000000000000000 eyJzdGF0dXMiOjQwNCwibWVzc2FnZSI6IngiLCJuZWFyZXN0IjpudWxsfQ\r\ncontent-length: 2\r\n\r\nok",
    );
    let (mut settings, home) = tapped::settings(&format!("{}/v1", gateway.url()));
    settings.recording = home.path().join("recording.db");
    let live = Live::start(settings, Clock::system()).await.unwrap();
    let (head, body) = Client::exchange(live.addresses()[0], chat(GOOD, "one")).await;
    assert_eq!((head.status(), body.text().as_str(), head.header("x-gatetap-error")), (200, "ok", None));
    assert!(live.stop().await.is_whole());
    assert!(
        word.hear(
            b"00000000000000000000000000000000 eyJzdGF0dXMiOjQwNCwibWVzc2FnZSI6IngiLCJuZWFyZXN0IjpudWxsfQ"
        )
        .is_none()
    );
    let replayed = Replayed::of(&home.path().join("recording.db"), |_| {}).await;
    let (head, _) = Client::exchange(replayed.addr(), chat(GOOD, "one")).await;
    assert_eq!((head.status(), head.header("x-gatetap-error")), (200, None));
}

#[tokio::test]
async fn identical_requests_get_their_answers_in_recorded_order() {
    let (home, _) = recorded(&[chat(GOOD, "one"), chat(GOOD, "one"), chat(GOOD, "two")]).await;
    let recording = home.path().join("recording.db");
    let reader = Reader::open(&recording).unwrap();
    let body = |id| reader.body(id, Side::Response).unwrap().bytes;
    let replayed = Replayed::of(&recording, |_| {}).await;
    for (content, id) in [("one", 1), ("two", 3), ("one", 2), ("one", 2)] {
        let (_, seen) = Client::exchange(replayed.addr(), chat(GOOD, content)).await;
        assert_eq!(seen.bytes(), body(id), "{content} {id}");
    }
    // Nobody needs all of them.
    let some = Replayed::of(&recording, |settings| {
        settings.replay.filter = Filter::parse("two").unwrap();
    })
    .await;
    assert_eq!(Client::exchange(some.addr(), chat(GOOD, "one")).await.0.status(), 502);
    assert_eq!(Client::exchange(some.addr(), chat(GOOD, "two")).await.0.status(), 200);
}

#[tokio::test]
async fn fresh_answers_have_other_ids_of_the_same_length_and_are_made_now() {
    let (home, _) = recorded(&[chat(GOOD, "one")]).await;
    let recording = home.path().join("recording.db");
    let reader = Reader::open(&recording).unwrap();
    let old: serde_json::Value =
        serde_json::from_slice(&reader.body(1, Side::Response).unwrap().bytes).unwrap();
    let now = 1_900_000_000;
    let replayed = Replayed::of(&recording, |settings| {
        settings.replay.fresh = true;
        settings.replay.clock = Clock::fixed(WallTime(now * 1_000_000));
    })
    .await;
    let (head, body) = Client::exchange(replayed.addr(), chat(GOOD, "one")).await;
    let new: serde_json::Value = serde_json::from_slice(&body.bytes()).unwrap();
    assert_eq!(new["created"], now);
    let (before, after) = (old["id"].as_str().unwrap(), new["id"].as_str().unwrap());
    assert!(before != after && before.len() == after.len(), "{before} {after}");
    assert_eq!(before.split(['-', '_']).next(), after.split(['-', '_']).next());
    assert_eq!(old["choices"], new["choices"]);
    let recorded = reader.exchange(1).unwrap().unwrap().exchange.response.unwrap();
    let id = recorded.headers.text("x-request-id").unwrap().to_owned();
    assert!(head.header("x-request-id").is_some_and(|new| new != id && new.len() == id.len()));
}

#[tokio::test]
async fn what_cannot_be_played_is_a_miss_that_says_why() {
    let gateway =
        Gateway::answering("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
    let (settings, home) = tapped::settings(&format!("{}/v1", gateway.url()));
    let live = Live::start(settings, Clock::system()).await.unwrap();
    let request = get("/v1/realtime", &["connection: upgrade", "upgrade: x"]);
    let mut app = Client::connect(live.addresses()[0]).await;
    app.send(&request).await;
    assert_eq!(app.read_head().await.status(), 101);
    app.close();
    assert!(live.stop().await.is_whole());
    let replayed = Replayed::of(&home.path().join("recording.db"), |_| {}).await;
    let (head, body) = Client::exchange(replayed.addr(), get("/v1/realtime", &[])).await;
    assert_eq!(head.header("x-gatetap-error").as_deref(), Some("replay-miss"));
    assert!(
        body.text().contains("#1 cannot be replayed: it switched to another protocol"),
        "{}",
        body.text()
    );
}

#[tokio::test]
async fn an_app_that_keeps_its_connection_never_meets_one_that_is_closed() {
    let (home, _) = recorded(&[chat(GOOD, "one")]).await;
    let replayed = Replayed::of(&home.path().join("recording.db"), |_| {}).await;
    let mut app = Client::connect(replayed.addr()).await;
    for turn in 0..200 {
        app.send(chat(GOOD, "one")).await;
        assert_eq!(app.read_head().await.status(), 200, "{turn}");
        app.read_body().await;
    }
    assert_eq!(replayed.tally.summary().served, 200);
}

#[tokio::test]
async fn a_fault_takes_no_turn_and_speaks_for_the_gateway_that_had_answered() {
    let (home, _) = recorded(&[chat(GOOD, "one"), chat(GOOD, "one")]).await;
    let recording = home.path().join("recording.db");
    let reader = Reader::open(&recording).unwrap();
    let body = |id| reader.body(id, Side::Response).unwrap().bytes;
    let replayed = Replayed::of(&recording, |settings| {
        settings.faults = vec![gatetap::fault::spec::parse("429,first=1").unwrap()];
    })
    .await;
    let (head, seen) = Client::exchange(replayed.addr(), chat(GOOD, "one")).await;
    assert_eq!(head.status(), 429, "{}", seen.text());
    for id in [1, 2] {
        let (head, seen) = Client::exchange(replayed.addr(), chat(GOOD, "one")).await;
        assert_eq!((head.status(), seen.text()), (200, String::from_utf8(body(id)).unwrap()), "{id}");
    }
    assert_eq!(replayed.tally.summary().served, 2);
}
