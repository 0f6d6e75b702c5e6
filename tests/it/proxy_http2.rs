//! An app that speaks HTTP/2 in clear text in front of a gateway that speaks HTTP/1.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;

use crate::support::eventually_async;
use crate::support::gateway::{Gate, Gateway, Left, SSE_HEAD, Step, answer, write};
use crate::support::http1::chunk;
use crate::support::http2::{Ended, Http2, next_data, rest};
use crate::support::tapped::Tapped;

#[tokio::test]
async fn requests_and_answers_pass() {
    let raw =
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nX-A: 1\r\nx-b: 2\r\nX-A: 3\r\nConnection: close";
    let gateway = Gateway::answering(answer(raw, "{\"error\":1}"));
    let tapped = Tapped::before(&gateway).await;
    let mut app = Http2::connect(tapped.addr()).await;
    let headers = [
        ("x-a", "1"),
        ("x-b", ""),
        ("x-a", "2"),
        ("authorization", "Bearer test-key-0000"),
        ("te", "trailers"),
    ];
    let response = app.send("POST", "/v1/chat%2Fx//y?a=%20+&b=", &headers, "{\"a\":1}").await;
    assert_eq!(response.status(), 429);
    let names: Vec<_> =
        response.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(
        names,
        [("retry-after", "7"), ("x-a", "1"), ("x-a", "3"), ("x-b", "2"), ("content-length", "11")]
    );
    let mut body = response.into_body();
    assert_eq!(rest(&mut body).await, (b"{\"error\":1}".to_vec(), http::HeaderMap::new(), Ended::Whole));
    let request = gateway.request(0).await;
    assert_eq!(request.head.start_line(), "POST /v1/chat%2Fx//y?a=%20+&b= HTTP/1.1");
    assert_eq!(request.head.header("host"), Some(gateway.addr().to_string()));
    assert_eq!(request.body, b"{\"a\":1}");
    let told = tapped.told(0).await;
    assert_eq!((told.verdict(), told.whole.exchange.request.version.as_str()), ("refused", "HTTP/2"));
    assert_eq!(told.request.bytes, b"{\"a\":1}");
    assert!(!format!("{told:?}").contains("test-key-0000"));
}

#[tokio::test]
async fn a_long_head_passes_as_it_does_in_http_1() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "{}"));
    let tapped = Tapped::before(&gateway).await;
    let mut app = Http2::connect(tapped.addr()).await;
    for length in [20_000, 700_000] {
        let long = "a".repeat(length);
        assert_eq!(app.send("GET", "/v1/x", &[("x-long", &long)], "").await.status(), 200, "{length}");
    }
    assert_eq!(gateway.request(1).await.head.header("x-long").map(|long| long.len()), Some(700_000));
    assert_eq!(tapped.told(0).await.verdict(), "complete");
}

#[tokio::test]
async fn streams_arrive_at_once_and_their_marks_are_plausible() {
    let events = ["data: 1\n\n", ": 2\n\n", "data: 3\n\n"];
    let (gateway, gate) = Gateway::sse(events);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Http2::connect(tapped.addr()).await;
    let response = app.send("POST", "/v1/x", &[], "{}").await;
    let mut body = response.into_body();
    for event in events {
        gate.open();
        assert_eq!(next_data(&mut body).await.unwrap(), event);
    }
    assert_eq!(rest(&mut body).await.2, Ended::Whole);
    let told = tapped.told(0).await;
    assert_eq!(told.response.bytes, events.concat().as_bytes());
    assert!(told.response.marks.iter().all(|mark| mark.taken.is_some()), "{:?}", told.response.marks);
    told.assert_marks();
}

#[tokio::test]
async fn trailers_pass() {
    let raw = format!("{SSE_HEAD}2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n");
    let gateway = Gateway::answering(raw);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Http2::connect(tapped.addr()).await;
    let mut body = app.send("GET", "/v1/x", &[], "").await.into_body();
    let (data, trailers, end) = rest(&mut body).await;
    assert_eq!((data, trailers["x-sum"].as_bytes(), end), (b"ab".to_vec(), &b"1"[..], Ended::Whole));
}

#[tokio::test]
async fn a_cut_answer_is_a_reset_stream() {
    for (raw, last) in [
        (format!("{SSE_HEAD}2\r\nab\r\n"), Step::Close),
        (format!("{SSE_HEAD}2\r\nab\r\n"), Step::Reset),
        (format!("{SSE_HEAD}9\r\nab"), Step::Close),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab".to_owned(), Step::Close),
    ] {
        let gate = Gate::new();
        let gateway = Gateway::replying([vec![write(&raw), Step::Wait(gate.clone()), last]]);
        let tapped = Tapped::before(&gateway).await;
        let mut app = Http2::connect(tapped.addr()).await;
        let mut body = app.send("GET", "/v1/x", &[], "").await.into_body();
        assert_eq!(next_data(&mut body).await.unwrap(), "ab");
        gate.open();
        let (_, _, end) = rest(&mut body).await;
        assert!(matches!(end, Ended::Reset(_)), "{raw:?}: {end:?}");
        assert_eq!(tapped.told(0).await.verdict(), "cut-by-gateway");
        // The connection goes on.
        assert_eq!(app.send("GET", "/_gatetap/x", &[("host", "x")], "").await.status(), 403);
    }
}

#[tokio::test]
async fn an_app_that_cancels_is_missed_by_the_gateway() {
    for whole_connection in [false, true] {
        let gate = Gate::new();
        let gateway = Gateway::replying([vec![write(SSE_HEAD), write(chunk("ab")), Step::Wait(gate)]]);
        let tapped = Tapped::before(&gateway).await;
        let mut app = Http2::connect(tapped.addr()).await;
        let mut body = app.send("POST", "/v1/x", &[], "{}").await.into_body();
        assert_eq!(next_data(&mut body).await.unwrap(), "ab");
        let at = Instant::now();
        drop(body);
        if whole_connection {
            drop(app);
        }
        let departure = gateway.peer_left(0).await;
        // At once; the bound is for a machine that is busy with other tests.
        assert!(departure.at - at < Duration::from_millis(500), "{:?}", departure.at - at);
        assert!(matches!(departure.how, Left::Fin | Left::Reset));
        assert_eq!(tapped.told(0).await.verdict(), "cut-by-app");
    }
}

#[tokio::test]
async fn an_app_that_cancels_before_the_answer_is_missed_too() {
    let gateway = Gateway::replying([vec![Step::Hang]]);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Http2::connect(tapped.addr()).await;
    let asking = tokio::spawn(async move { app.send("POST", "/v1/x", &[], "{}").await });
    gateway.request(0).await;
    asking.abort();
    gateway.peer_left(0).await;
    assert_eq!(tapped.told(0).await.verdict(), "cut-by-app");
}

#[tokio::test]
async fn uploads_stream_and_many_go_at_once() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "{}"));
    let tapped = Tapped::before(&gateway).await;
    let mut app = Http2::connect(tapped.addr()).await;
    let (pieces, receiver) = tokio::sync::mpsc::channel::<&'static str>(1);
    let stream = futures_util::stream::unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from_static(piece.as_bytes()))), receiver))
    });
    let request = Request::post(format!("http://{}/v1/x", tapped.addr()));
    let request = request.body(StreamBody::new(stream).boxed_unsync()).unwrap();
    let answer = async { app.send_with(request).await };
    let upload = async {
        pieces.send("abc").await.unwrap();
        let head = gateway.request_head(0).await.head.raw.len();
        gateway.raw_of(0, head + 3).await;
        pieces.send("de").await.unwrap();
        drop(pieces);
    };
    assert_eq!(tokio::join!(answer, upload).0.status(), 200);
    assert_eq!(gateway.request(0).await.body, b"abcde");
    for n in 0..20 {
        assert_eq!(app.send("POST", &format!("/v1/{n}"), &[], "{}").await.status(), 200);
    }
    eventually_async("every exchange", || (tapped.count() == 21).then_some(())).await;
}

#[tokio::test]
async fn where_there_is_no_answer_gatetap_says_why() {
    let gateway = Gateway::replying([vec![Step::Close]]);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Http2::connect(tapped.addr()).await;
    let response = app.send("POST", "/v1/x", &[], "{}").await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-gatetap-error"]),
        (502, &"closed-before-response".parse().unwrap())
    );
    assert_eq!(tapped.told(0).await.own_error(), Some("closed-before-response"));
}
