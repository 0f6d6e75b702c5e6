//! What is recorded of an injected fault, and what the gateway sees of it.

use super::{ASKED, EVENTS, ask, streaming};
use crate::support::client::{Client, Ending, post};
use crate::support::gateway::{Gate, Gateway, SSE_HEAD, Step, write};
use crate::support::http1::chunk;
use crate::support::http2::{Ended, Http2, rest};
use crate::support::tapped::Tapped;
use gatetap::exchange::body::Side;
use gatetap::fault::spec;
use gatetap::store::Reader;

#[tokio::test]
async fn what_the_app_got_and_what_the_origin_had_sent_are_both_there() {
    let gateway = streaming(&EVENTS);
    let tapped = Tapped::before(&gateway).await;
    let got = ask(&tapped, "stream.duplicate_frame,after=1", ASKED).await;
    let told = tapped
        .told_when(0, |whole| whole.exchange.response_end.is_some() && whole.summary.fault.is_some())
        .await;
    assert_eq!(told.whole.summary.fault.as_deref(), Some("stream.duplicate_frame"));
    assert_eq!(told.response.bytes, got.body());
    let reader = Reader::open(&tapped.recording()).unwrap();
    let id = told.whole.summary.id;
    let origin = crate::support::eventually_async("the origin's answer", || {
        reader.origin(id).unwrap().filter(|origin| origin.end.is_some())
    })
    .await;
    assert_eq!(origin.head, SSE_HEAD.as_bytes());
    assert_eq!(reader.body(id, Side::Origin).unwrap().bytes, EVENTS.concat().as_bytes());
}

#[tokio::test]
async fn an_answer_in_the_origins_place_asks_nobody() {
    let gateway = streaming(&EVENTS);
    let tapped = Tapped::before(&gateway).await;
    assert_eq!(ask(&tapped, "429", ASKED).await.status(), 429);
    let told = tapped.told(0).await;
    assert_eq!((told.verdict(), told.whole.summary.fault.as_deref()), ("refused", Some("429")));
    assert_eq!(told.request.bytes, ASKED.as_bytes());
    assert_eq!(gateway.connections(), 0);
    assert_eq!(Reader::open(&tapped.recording()).unwrap().origin(told.whole.summary.id).unwrap(), None);
}

#[tokio::test]
async fn only_the_header_that_speaks_to_gatetap_is_held_back() {
    let gateway = streaming(&EVENTS);
    let tapped = Tapped::before(&gateway).await;
    // A fault that means no such request: it goes on as if nobody had asked.
    ask(&tapped, "429,model=other", ASKED).await;
    ask(&tapped, "stream.bom", ASKED).await;
    let (plain, changed) = (gateway.request(0).await, gateway.request(1).await);
    let names = |request: &crate::support::gateway::Request| -> Vec<String> {
        request.head.headers().into_iter().map(|(name, _)| name).collect()
    };
    let expected = ["host", "content-type", "content-length", "authorization", "accept-encoding"];
    let mut seen = names(&plain);
    seen.sort();
    let mut sorted = expected.map(str::to_owned).to_vec();
    sorted.sort();
    assert_eq!(seen, sorted);
    assert_eq!(plain.body, ASKED.as_bytes());
    // An answer that is changed has to come in no coding.
    assert!(!names(&changed).contains(&"accept-encoding".to_owned()));
    assert_eq!(changed.body, ASKED.as_bytes());
}

#[tokio::test]
async fn a_mistake_in_the_header_is_answered() {
    let gateway = streaming(&EVENTS);
    let tapped = Tapped::before(&gateway).await;
    let got = ask(&tapped, "net.rest", ASKED).await;
    assert_eq!((got.status(), got.header("x-gatetap-error").as_deref()), (502, Some("bad-fault")));
    assert_eq!(got.header("x-should-retry").as_deref(), Some("false"), "an SDK would try it again");
    let body = String::from_utf8(got.body()).unwrap();
    assert!(body.contains("column 1: there is no fault `net.rest`; did you mean `net.refused`?"), "{body}");
    assert_eq!(tapped.told(0).await.own_error(), Some("bad-fault"));
    assert_eq!(gateway.connections(), 0);
}

#[tokio::test]
async fn the_connection_goes_on_after_an_injected_answer() {
    let gateway = streaming(&EVENTS);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Client::connect(tapped.addr()).await;
    for fault in ["x-gatetap-fault: 429", "x-gatetap-fault: stream.crlf", "x-plain: 1"] {
        app.send(post("/v1/chat/completions", &[fault], ASKED)).await;
        app.read_head().await;
        assert_eq!(app.read_body().await.ending, Ending::Whole, "{fault}");
    }
}

#[tokio::test]
async fn arming_and_disarming_loses_no_byte_of_a_running_stream() {
    let gate = Gate::new();
    let mut script = vec![write(SSE_HEAD)];
    for event in EVENTS {
        script.extend([Step::Wait(gate.clone()), write(chunk(event))]);
    }
    script.push(write("0\r\n\r\n"));
    let gateway = Gateway::replying([script]);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Client::connect(tapped.addr()).await;
    app.send(post("/v1/chat/completions", &["x-gatetap-fault: stream.no_done"], ASKED)).await;
    app.read_head().await;
    for (at, event) in EVENTS.iter().take(4).enumerate() {
        let rules = if at % 2 == 0 { vec![spec::parse("net.reset_midbody").unwrap()] } else { Vec::new() };
        tapped.armed().replace(rules, gatetap::exchange::time::Micros(0));
        gate.open();
        assert_eq!(app.next_chunk().await.unwrap().bytes, event.as_bytes());
    }
    gate.open();
    assert_eq!(app.read_body().await.ending, Ending::Whole);
}

#[tokio::test]
async fn an_app_of_http2_meets_the_same_faults() {
    let gateway = streaming(&EVENTS);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Http2::connect(tapped.addr()).await;
    let asked = |fault: &'static str| [("x-gatetap-fault", fault), ("authorization", "Bearer test-key-0000")];
    let path = "/v1/chat/completions";
    let response = app.send("POST", path, &asked("429"), ASKED).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-gatetap-fault"]),
        (429, &"429".parse().unwrap())
    );
    let response = app.send("POST", path, &asked("stream.cut_clean,after=2"), ASKED).await;
    let (bytes, _, ended) = rest(&mut response.into_body()).await;
    assert_eq!((bytes, ended), (EVENTS[..2].concat().into_bytes(), Ended::Whole));
    let response = app.send("POST", path, &asked("stream.cut_unterminated,after=1"), ASKED).await;
    let (bytes, _, ended) = rest(&mut response.into_body()).await;
    assert_eq!(bytes, EVENTS[0].as_bytes());
    assert_ne!(ended, Ended::Whole);
    let told = tapped.told(1).await;
    assert_eq!(
        (told.verdict(), told.whole.summary.fault.as_deref()),
        ("incomplete", Some("stream.cut_clean"))
    );
}
