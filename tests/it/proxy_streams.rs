//! Streams pass as they come: at once, chunk by chunk, and no faster than they are taken.

use std::time::Duration;

use crate::support::client::{Client, Ending, get, post};
use crate::support::gateway::{Gate, Gateway, SSE_HEAD, Step, answer, write};
use crate::support::http1::chunk;
use crate::support::tapped::{Seen, Tapped, assert_same};
use crate::support::{eventually_async, within};

const EVENTS: [&str; 3] = ["data: {\"a\":\"\u{e9}\"}\n\n", ": comment\r\n\r\n", "data: [DONE]\n\n"];

#[tokio::test]
async fn the_head_and_every_event_arrive_at_once() {
    let (gateway, gate) = Gateway::sse(EVENTS);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Client::connect(tapped.addr()).await;
    app.send(post("/v1/chat/completions", &[], "{\"stream\":true}")).await;
    // Before the first byte of a body exists.
    assert_eq!(app.read_head().await.raw, SSE_HEAD.as_bytes());
    for event in EVENTS {
        gate.open();
        // The next one is not let through before this one has arrived.
        assert_eq!(app.next_chunk().await.unwrap().bytes, event.as_bytes());
    }
    let rest = app.read_body().await;
    assert_eq!((rest.ending, rest.chunks.len()), (Ending::Whole, 0));
    let told = tapped.told(0).await;
    assert_eq!(told.response.bytes, EVENTS.concat().into_bytes());
    let lengths: Vec<_> = told.response.marks.iter().map(|mark| mark.length as usize).collect();
    assert_eq!(lengths, EVENTS.map(str::len));
    assert!(told.response.marks.iter().all(|mark| mark.taken.is_some()), "{:?}", told.response.marks);
    told.assert_marks();
}

#[tokio::test]
async fn bodies_without_chunks_arrive_at_once_too() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n",
    ] {
        let gate = Gate::new();
        let script = vec![
            write(head),
            Step::Wait(gate.clone()),
            write("a"),
            Step::Wait(gate.clone()),
            write("bc"),
            Step::Close,
        ];
        let gateway = Gateway::replying([script]);
        let tapped = Tapped::before(&gateway).await;
        let mut app = Client::connect(tapped.addr()).await;
        app.send(get("/v1/x", &[])).await;
        app.read_head().await;
        gate.open();
        assert_eq!(app.next_chunk().await.unwrap().bytes, b"a");
        gate.open();
        assert_eq!(app.next_chunk().await.unwrap().bytes, b"bc");
        assert_eq!(app.read_body().await.ending, Ending::Fin);
    }
}

#[tokio::test]
async fn what_gatetap_adds_to_a_chunk_is_not_noticed() {
    let events: Vec<String> = (0..400).map(|n| format!("data: {n}\n\n")).collect();
    let (gateway, gate) = Gateway::sse(&events);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Client::connect(tapped.addr()).await;
    app.send(get("/v1/x", &[])).await;
    app.read_head().await;
    let mut delays = Vec::new();
    for event in &events {
        gate.open();
        let seen = app.next_chunk().await.unwrap();
        assert_eq!(seen.bytes, event.as_bytes());
        let written = gateway.written(0).last().unwrap().at;
        delays.push(seen.at - written);
    }
    delays.sort_unstable();
    // Generous, since the machine may be busy: what is looked for are timers and waiting for each other.
    assert!(delays[delays.len() / 2] < Duration::from_millis(5), "median {:?}", delays[delays.len() / 2]);
    let told = tapped.told(0).await;
    let added: Vec<_> = told.response.marks.iter().map(|mark| mark.taken.unwrap().since(mark.read)).collect();
    assert_eq!(added.len(), events.len());
}

#[tokio::test]
async fn ten_thousand_chunks_of_one_byte() {
    let mut raw = SSE_HEAD.as_bytes().to_vec();
    for n in 0..10_000_u32 {
        raw.extend(chunk([b'a' + (n % 26) as u8]));
    }
    raw.extend(b"0\r\n\r\n");
    let one = || Gateway::answering(&raw);
    let (seen, tapped, _gateway) =
        assert_same("one byte each", one, async |addr, _: &Gateway| Seen::of(addr, get("/v1/x", &[])).await)
            .await;
    assert_eq!(seen.chunks.len(), 10_000);
    let told = tapped.told(0).await;
    assert_eq!(told.response.marks.len(), 10_000);
    assert_eq!(told.response.bytes, seen.bytes());
    told.assert_marks();
}

#[tokio::test]
async fn one_event_of_five_megabytes() {
    let event = format!("data: {}\n\n", "x".repeat(5_000_000));
    let raw = [SSE_HEAD.as_bytes(), &chunk(&event), b"0\r\n\r\n"].concat();
    let one = || Gateway::answering(&raw);
    let (seen, tapped, _gateway) =
        assert_same("5 MB", one, async |addr, _: &Gateway| Seen::of(addr, get("/v1/x", &[])).await).await;
    assert_eq!(seen.chunks.len(), 1, "it is one chunk still");
    let told = tapped.told(0).await;
    assert!(told.response.bytes == event.as_bytes());
    told.assert_marks();
}

#[tokio::test]
async fn a_stream_that_is_cut_anywhere_passes_unchanged() {
    let stream = "data: {\"text\":\"h\u{e9} \u{1f600}\"}\r\n\r\ndata: 2\r\rdata: 3\n\n".as_bytes();
    let mut steps = vec![write(SSE_HEAD)];
    let mut app_chunks = Vec::new();
    for at in 1..stream.len() {
        let (left, right) = stream.split_at(at);
        steps.extend([write(chunk(left)), write(chunk(right))]);
        app_chunks.extend([left.to_vec(), right.to_vec()]);
    }
    steps.push(write("0\r\n\r\n"));
    let gateway = Gateway::replying([steps]);
    let tapped = Tapped::before(&gateway).await;
    let seen = Seen::of(tapped.addr(), get("/v1/x", &[])).await;
    assert_eq!(seen.chunks, app_chunks);
    assert_eq!(tapped.told(0).await.response.bytes, app_chunks.concat());
}

#[tokio::test]
async fn a_slow_app_slows_the_gateway() {
    const PIECE: usize = 1 << 20;
    let pieces = 48;
    let gate = Gate::new();
    let mut steps = vec![write(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", pieces * PIECE))];
    for _ in 0..pieces {
        steps.extend([write(vec![b'x'; PIECE]), Step::Wait(gate.clone())]);
    }
    gate.open_for_good();
    let gateway = Gateway::replying([steps]);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Client::connect(tapped.addr()).await;
    app.send(get("/v1/x", &[])).await;
    app.read_head().await;
    // It stops somewhere: when the sockets' buffers are full and nobody reads.
    let (mut before, mut looks) = (0, 0);
    let stuck = eventually_async("the gateway to be held back", || {
        let written = gateway.written(0).len();
        looks = if written == before { looks + 1 } else { 0 };
        before = written;
        (looks == 40).then_some(written)
    })
    .await;
    assert!(stuck < pieces, "{stuck} MB were taken though nobody reads");
    let body = app.read_body().await;
    assert_eq!((body.bytes().len(), body.ending), (pieces * PIECE, Ending::Whole));
    let told = tapped.told(0).await;
    assert_eq!(told.whole.summary.response_bytes, (pieces * PIECE) as u64);
    told.assert_marks();
    // The chunk that stuck waited for the app, and the marks say so.
    let longest = told.response.marks.iter().filter_map(|m| Some(m.taken?.since(m.read))).max().unwrap();
    assert!(longest.0 > 50_000, "{longest}");
}

#[tokio::test]
async fn a_slow_gateway_slows_the_app() {
    let (open, size) = (Gate::new(), 48 << 20);
    let script = vec![
        Step::ReadHead,
        Step::PauseReading,
        Step::Wait(open.clone()),
        Step::ResumeReading,
        Step::ReadBody,
        write(answer("HTTP/1.1 200 OK", "{}")),
    ];
    let gateway = Gateway::scripted([script]);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Client::connect(tapped.addr()).await;
    app.send(format!("POST /v1/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: {size}\r\n\r\n")).await;
    let body = vec![b'x'; size];
    let half = tokio::time::timeout(Duration::from_millis(300), app.try_send(&body)).await;
    assert!(half.is_err(), "the app was never held back");
    drop(app);
    open.open();
    let told = tapped.told(0).await;
    assert!(told.whole.summary.request_bytes < size as u64, "what nobody took was read all the same");
}

#[tokio::test]
async fn an_upload_streams_too() {
    let gate = Gate::new();
    let script = vec![
        Step::ReadHead,
        Step::Wait(gate.clone()),
        Step::ReadBody,
        write(answer("HTTP/1.1 200 OK", "{}")),
    ];
    let gateway = Gateway::scripted([script]);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Client::connect(tapped.addr()).await;
    app.send("POST /v1/x HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n").await;
    // The gateway has the head before the body begins, and each chunk before the next.
    gateway.request_head(0).await;
    let mut length = gateway.raw(0).len();
    for piece in ["ab", "c", "defg"] {
        app.send(chunk(piece)).await;
        length += chunk(piece).len();
        gateway.raw_of(0, length).await;
    }
    gate.open();
    app.send("0\r\nX-Sum: 7\r\n\r\n").await;
    app.read_head().await;
    let request = gateway.request(0).await;
    assert_eq!((request.chunks, request.trailers), (vec![2, 1, 4], b"X-Sum: 7\r\n".to_vec()));
    let told = tapped.told(0).await;
    assert_eq!(told.request.bytes, b"abcdefg");
    assert_eq!(told.request.marks.len(), 3);
    assert!(told.request.marks.iter().all(|mark| mark.taken.is_some()));
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let twice = async |addr, _: &Gateway| {
        let mut app = Client::connect(addr).await;
        let mut seen = Vec::new();
        for n in 0..3 {
            app.send(post(&format!("/v1/{n}"), &[], "{}")).await;
            let head = app.read_head().await;
            seen.push(Seen::new(&head, app.read_body().await));
        }
        seen
    };
    let gateway = || Gateway::answering(answer("HTTP/1.1 200 OK", "{}"));
    let (_, tapped, gateway) = assert_same("keep-alive", gateway, twice).await;
    assert_eq!(gateway.connections(), 1);
    let reused = |told: &crate::support::tapped::Told| told.whole.exchange.timing.reused;
    assert_eq!((reused(&tapped.told(0).await), reused(&tapped.told(2).await)), (Some(false), Some(true)));
    // Also for another app.
    Seen::of(tapped.addr(), get("/v1/x", &[])).await;
    assert_eq!(gateway.connections(), 1);
}

#[tokio::test]
async fn requests_can_follow_each_other_unasked() {
    let answers = || Gateway::replying((0..3).map(|n| vec![write(answer("HTTP/1.1 200 OK", n.to_string()))]));
    let pipelined = async |addr, _: &Gateway| {
        let mut app = Client::connect(addr).await;
        app.send([post("/v1/0", &[], "{}"), get("/v1/1", &[]), post("/v1/2", &[], "three")].concat()).await;
        let mut seen = Vec::new();
        for _ in 0..3 {
            let head = app.read_head().await;
            seen.push(Seen::new(&head, app.read_body().await));
        }
        seen
    };
    let (seen, tapped, _gateway) = assert_same("pipelined", answers, pipelined).await;
    assert_eq!(seen.iter().map(Seen::bytes).collect::<Vec<_>>(), [b"0", b"1", b"2"]);
    assert_eq!(tapped.told(2).await.request.bytes, b"three");
}

#[tokio::test]
async fn many_apps_at_once() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "{}"));
    let tapped = Tapped::before(&gateway).await;
    let apps = (0..100).map(|n| Seen::of(tapped.addr(), post(&format!("/v1/{n}"), &[], "{}")));
    let all = futures_util::future::join_all(apps);
    let seen = within("a hundred answers", all).await;
    assert!(seen.iter().all(|seen| seen.bytes() == b"{}"));
    eventually_async("a hundred exchanges", || (tapped.count() == 100).then_some(())).await;
}
