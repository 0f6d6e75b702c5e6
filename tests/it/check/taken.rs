//! How fast the app took the chunks counts alike while they pass and afterwards.

use crate::support::client::{Client, post};
use crate::support::eventually_async;
use crate::support::gateway::Gateway;
use crate::support::tapped::Tapped;
use gatetap::check::{Engine, Review};
use gatetap::exchange::body::Side;
use gatetap::exchange::time::{Clock, Micros, WallTime};
use gatetap::store::{Page, Reader};

const KEY: &str = "authorization: Bearer sk-fake-000000000000000000000000ab12";

fn piece(text: &str) -> String {
    format!(
        "data: {{\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n"
    )
}

/// Whether so many bytes of the only answer are recorded, and all of them taken.
fn is_marked(reader: &Reader, bytes: usize) -> Option<()> {
    let id = reader.summaries(Page::default()).unwrap().first()?.id;
    let body = reader.body(id, Side::Response).unwrap();
    (body.bytes.len() >= bytes && body.marks.iter().all(|mark| mark.taken.is_some())).then_some(())
}

#[tokio::test]
async fn a_stream_that_left_on_time_is_found_alike_live_and_afterwards() {
    let clock = Clock::fixed(WallTime(1_740_830_400_000_000));
    let events: Vec<String> = (1..=12).map(|n| piece(&format!("t+{n} "))).collect();
    let (gateway, gate) = Gateway::sse(&events);
    let mut tapped = Tapped::timed(&gateway, clock.clone()).await;
    let mut app = Client::connect(tapped.addr()).await;
    let body = r#"{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true}"#;
    app.send(post("/v1/chat/completions", &[KEY], body)).await;
    app.read_head().await;
    tapped.told_when(0, |whole| whole.exchange.response.is_some()).await;
    let reader = Reader::open(&tapped.recording()).unwrap();
    let mut passed = 0;
    for event in &events {
        clock.advance(Micros(250_000));
        gate.open();
        app.next_chunk().await.unwrap();
        passed += event.len();
        // The clock stands until the mark of this chunk is complete.
        eventually_async("the chunk's mark", || is_marked(&reader, passed)).await;
    }
    gate.open_for_good();
    app.read_body().await;
    tapped.stop().await;

    let id = reader.summaries(Page::default()).unwrap()[0].id;
    let whole = reader.exchange(id).unwrap().unwrap();
    let request = reader.body(id, Side::Request).unwrap();
    let response = reader.body(id, Side::Response).unwrap();
    let mut review = Review::new(Engine::default());
    let mut again = review.take(whole.exchange, &request, &response);
    again.extend(review.finish());
    assert_eq!(again[0].1.findings, whole.findings);
    let said = whole.findings.iter().find(|finding| finding.check == "stream-buffered-after-proxy");
    let evidence = &said.unwrap_or_else(|| panic!("{:#?}", whole.findings)).evidence;
    assert!(evidence.starts_with("12 pieces between +250 ms and +3.00 s"), "{evidence}");
    assert!(evidence.contains("the app's socket took half of the chunks within"), "{evidence}");
}
