//! What is found while traffic passes is what is found in the recording afterwards.

use crate::support::client::{Client, post};
use crate::support::gateway::{Gate, Gateway, SSE_HEAD, Step, answer, write};
use crate::support::http1::chunk;
use crate::support::tapped::Tapped;
use gatetap::check::{Engine, Review};
use gatetap::exchange::body::Side;
use gatetap::exchange::finding::Place;
use gatetap::store::{Page, Reader};
use std::collections::{BTreeMap, BTreeSet};

const KEY: &str = "authorization: Bearer sk-fake-000000000000000000000000ab12";
const DELTA: &str = "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n";

fn body(text: &str, stream: bool) -> String {
    format!(r#"{{"model":"acme/small","messages":[{{"role":"user","content":"{text}"}}],"stream":{stream}}}"#)
}

fn ask(text: &str, stream: bool, headers: &[&str]) -> Vec<u8> {
    let headers = [&[KEY, "user-agent: node"], headers].concat();
    post("/v1/chat/completions", &headers, &body(text, stream))
}

fn refusal(head: &str, code: &str) -> Vec<Step> {
    let json = format!(r#"{{"error":{{"message":"no","type":"error","code":"{code}"}}}}"#);
    vec![write(answer(&format!("HTTP/1.1 {head}\r\ncontent-type: application/json"), json))]
}

/// What the recording says and what a review of it says must be the same, of every exchange. Gives the ids
/// of the checks that fired, each with how often.
fn agreed(tapped: &Tapped) -> BTreeMap<String, usize> {
    let reader = Reader::open(&tapped.recording()).unwrap();
    let mut review = Review::new(Engine::default());
    let (mut live, mut again) = (BTreeMap::new(), BTreeMap::new());
    for summary in reader.summaries(Page::default()).unwrap() {
        let whole = reader.exchange(summary.id).unwrap().unwrap();
        live.insert(summary.id, whole.findings);
        let request = reader.body(summary.id, Side::Request).unwrap();
        let response = reader.body(summary.id, Side::Response).unwrap();
        again.extend(review.take(whole.exchange, &request, &response));
    }
    again.extend(review.finish());
    let mut fired = BTreeMap::new();
    for (id, findings) in live {
        assert_eq!(findings, again[&id].findings, "exchange {id}");
        for finding in findings {
            assert!(!finding.places.contains(&Place::Exchange(0)), "{finding:?}");
            *fired.entry(finding.check).or_default() += 1;
        }
    }
    fired
}

#[tokio::test]
async fn retries_are_found_alike_live_and_afterwards() {
    let gateway = Gateway::replying([
        refusal("429 Too Many Requests\r\nretry-after: 7", "rate_limit_exceeded"),
        refusal("429 Too Many Requests\r\nretry-after: 7", "rate_limit_exceeded"),
        refusal("429 Too Many Requests", "insufficient_quota"),
        refusal("503 Service Unavailable\r\nx-should-retry: false", "upstream_unavailable"),
        refusal("401 Unauthorized", "invalid_api_key"),
        refusal("401 Unauthorized", "invalid_api_key"),
        refusal("413 Payload Too Large", "request_too_large"),
    ]);
    let mut tapped = Tapped::before(&gateway).await;
    // On one connection, and then on a new one each time: what ends last is not seen last.
    let mut app = Client::connect(tapped.addr()).await;
    for _ in 0..4 {
        app.send(ask("once more", false, &[])).await;
        app.read_head().await;
        app.read_body().await;
    }
    for _ in 0..6 {
        Client::exchange(tapped.addr(), ask("once more", false, &[])).await;
    }
    tapped.stop().await;
    let fired = agreed(&tapped);
    for check in [
        "retry-before-retry-after",
        "retry-ignored-x-should-retry",
        "retry-non-retryable",
        "retry-quota-as-429",
        "retry-tight-loop",
        "retry-too-large-again",
    ] {
        assert!(fired.contains_key(check), "{check} in {fired:?}");
    }
}

#[tokio::test]
async fn requests_at_the_same_time_are_counted_alike_live_and_afterwards() {
    let gate = Gate::new();
    let slow = |gate: &Gate| {
        let mut steps = vec![Step::Wait(gate.clone())];
        steps.extend(refusal("429 Too Many Requests\r\nx-ratelimit-remaining: 0", "rate_limit_exceeded"));
        steps
    };
    let gateway = Gateway::replying((0..24).map(|_| slow(&gate)));
    let mut tapped = Tapped::before(&gateway).await;
    let mut apps = Vec::new();
    for n in 0..24 {
        let mut app = Client::connect(tapped.addr()).await;
        // Every third asks the same.
        app.send(ask(&format!("question {}", n % 8), false, &[])).await;
        gateway.request(n).await;
        apps.push(app);
    }
    gate.open_for_good();
    for app in &mut apps {
        app.read_head().await;
        app.read_body().await;
    }
    tapped.stop().await;
    let fired = agreed(&tapped);
    // The first seven had fewer than seven others beside them.
    assert_eq!(fired.get("rate-concurrency"), Some(&17), "{fired:?}");
    assert!(fired.get("rate-frequent-429").is_none_or(|times| *times == 1), "{fired:?}");
    // The same request in flight twice is another call, and no retry.
    assert!(!fired.keys().any(|check| check.starts_with("retry-")), "{fired:?}");
}

#[tokio::test]
async fn cancellations_and_broken_requests_are_found_alike_live_and_afterwards() {
    let stream = || vec![write(SSE_HEAD), write(chunk(DELTA)), Step::Hang];
    let upload = {
        let mut steps = vec![Step::ReadHead];
        steps.extend(refusal("413 Payload Too Large\r\nconnection: close", "request_too_large"));
        steps.push(Step::Close);
        steps
    };
    let whole = |steps: Vec<Step>| [vec![Step::ReadHead, Step::ReadBody], steps].concat();
    let gateway = Gateway::scripted([
        whole(stream()),
        whole(stream()),
        whole(stream()),
        upload,
        whole(vec![write(SSE_HEAD), write(chunk(DELTA)), Step::Reset]),
        whole(vec![Step::Close]),
        whole(stream()),
    ]);
    let mut tapped = Tapped::before(&gateway).await;
    for n in 0..3 {
        let mut app = Client::connect(tapped.addr()).await;
        app.send(ask("stop", true, &["x-stainless-retry-count: 0"])).await;
        app.read_head().await;
        app.next_chunk().await.unwrap();
        app.close();
        gateway.peer_left(n).await;
    }
    // The answer comes while the request's body is open, and the app leaves it open.
    let mut app = Client::connect(tapped.addr()).await;
    let request = ask("too large", false, &[]);
    app.send(&request[..request.len() - 4]).await;
    app.read_head().await;
    app.abort();
    for _ in 0..2 {
        let mut app = Client::connect(tapped.addr()).await;
        app.send(ask("again", true, &[])).await;
        app.read_head().await;
        app.read_body().await;
    }
    // One is open when gatetap stops.
    let mut app = Client::connect(tapped.addr()).await;
    app.send(ask("open", true, &[])).await;
    app.read_head().await;
    app.next_chunk().await.unwrap();
    tapped.told_when(6, |whole| whole.exchange.response.is_some()).await;
    tapped.stop().await;
    let fired = agreed(&tapped);
    assert_eq!(fired.get("cancel-midstream"), Some(&1), "said once a session: {fired:?}");
    let known: BTreeSet<&str> = gatetap::check::ALL.iter().map(|check| check.id).collect();
    assert!(fired.keys().all(|check| known.contains(check.as_str())), "{fired:?}");
}
