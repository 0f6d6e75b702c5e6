//! What could be read in two ways is not passed on, what never ends is ended, and all of it is recorded.

use std::time::Duration;

use crate::support::client::{Client, Ending, get, post};
use crate::support::eventually_async;
use crate::support::gateway::{Gate, Gateway, SSE_HEAD, Step, answer, write};
use crate::support::http1::Head;
use crate::support::tapped::{Seen, Tapped};
use gatetap::store::Reader;

/// A request that would be taken for the second one by a reader who reads the first one another way.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn ok() -> Gateway {
    Gateway::answering(answer("HTTP/1.1 200 OK", "{}"))
}

/// Asserts that `raw` is refused with this status, that the connection ends, that the gateway sees nothing
/// of it, and that the recording says why.
async fn assert_refused(what: &str, raw: &[u8], status: u16, token: &str) {
    let gateway = ok();
    let tapped = Tapped::before(&gateway).await;
    let mut app = Client::connect(tapped.addr()).await;
    // It may be refused before all of it is sent.
    drop(app.try_send(raw).await);
    let head = app.read_head().await;
    let body = app.read_body().await;
    assert_eq!((head.status(), head.header("x-gatetap-error").as_deref()), (status, Some(token)), "{what}");
    assert!(body.text().contains("gatetap: "), "{what}: {}", body.text());
    assert_eq!(head.header("connection").as_deref(), Some("close"), "{what}");
    assert_eq!(app.read_to_end().await, (Vec::new(), Ending::Fin), "{what}");
    assert_eq!(gateway.requests().len(), 0, "{what}: {:?}", String::from_utf8_lossy(&gateway.raw(0)));
    let told = tapped.told(0).await;
    assert_eq!((told.verdict(), told.own_error()), ("failed", Some(token)), "{what}");
    assert!(told.whole.exchange.request.raw.is_some(), "{what}");
    assert_eq!(tapped.count(), 1, "{what}: it was read as several requests");
}

#[tokio::test]
async fn heads_that_could_be_read_in_two_ways_are_refused() {
    let lines: &[&[u8]] = &[
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 5, 6",
        b"Content-Length: 5, 5",
        b"Content-Length: +5",
        b"Content-Length: -5",
        b"Content-Length: 0x5",
        b"Content-Length: 1_0",
        b"Content-Length: 5 5",
        b"Content-Length: 5.0",
        b"Content-Length:",
        b"Content-Length: 99999999999999999999",
        b"Content-Length: 9223372036854775808",
        b"Content-Length : 5",
        b"Content-Length\t: 5",
        b"Content-Length\0: 5",
        b"Content-Length: \x0b5",
        b"Content-Length: 5\0",
        b"Content-Length\xa0: 5",
        b"\xffContent-Length: 5",
        b" Content-Length: 5",
        b"Content-Length:\r\n 5",
        b"Content-Length: 5\r\n 0",
        b"Transfer-Encoding: ,chunked",
        b"Transfer-Encoding: chunked,",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: gzip\r\nContent-Length: 5",
        b"Transfer-Encoding: \xa0chunked",
        b"Transfer-Encoding: \x0bchunked",
        b"Transfer-Encoding: \"chunked\"",
        b"Transfer-Encoding: x-chunked",
        b"Transfer-Encoding:\r\n chunked",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding",
        b"Transfer-Encoding: chunked\r\n\tx",
        b": empty",
        b"A: b\rc",
        b"A: b\r\r",
        b"A\rB: c",
        b"A: b\0c",
        b"A: b\x1b[2J",
        b"A b: c",
        b"(A): b",
        b"no colon",
        b"Host: elsewhere",
    ];
    for line in lines {
        let raw =
            [b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\n", *line, b"\r\n\r\n", SMUGGLED.as_bytes()].concat();
        assert_refused(&String::from_utf8_lossy(line), &raw, 400, "bad-request").await;
    }
}

#[tokio::test]
async fn request_lines_that_are_none_are_refused() {
    for line in [
        "GET /v1/x",
        "GET /v1/x HTTP/1.1 ",
        "GET  /v1/x HTTP/1.1",
        " GET /v1/x HTTP/1.1",
        "GET /v1/x y HTTP/1.1",
        "GET\t/v1/x HTTP/1.1",
        "GET /v1/x\u{1} HTTP/1.1",
        "GET /v1/x HTTP/1.2",
        "GET /v1/x HTTP/2.0",
        "GET /v1/x http/1.1",
        "GET /v1/x HTTP/1.10",
        "GE(T /v1/x HTTP/1.1",
        "HTTP/1.1 200 OK",
        "nonsense",
    ] {
        let raw = format!("{line}\r\nHost: localhost\r\n\r\n{SMUGGLED}");
        assert_refused(line, raw.as_bytes(), 400, "bad-request").await;
    }
    let handshake = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    assert_refused("not HTTP", handshake, 400, "bad-request").await;
    let chunked10 = "POST /v1/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_refused("chunks in HTTP/1.0", chunked10.as_bytes(), 400, "bad-request").await;
}

#[tokio::test]
async fn what_has_one_safe_reading_is_passed_on_in_that_one() {
    let cases = [
        ("Content-Length: 2\r\ncontent-length: 2", "ok", "Content-Length: 2\r\n", "ok"),
        ("Content-Length:\t2 ", "ok", "Content-Length: 2\r\n", "ok"),
        ("Content-Length: 002", "ok", "Content-Length: 002\r\n", "ok"),
        (
            "Transfer-Encoding: Chunked\t",
            "2\r\nok\r\n0\r\n\r\n",
            "Transfer-Encoding: Chunked\r\n",
            "2\r\nok\r\n0\r\n\r\n",
        ),
        ("A: b\r\n  c\r\n\td\r\nContent-Length: 2", "ok", "A: b c d\r\nContent-Length: 2\r\n", "ok"),
        ("A:\r\n b\r\nContent-Length: 2", "ok", "A: b\r\nContent-Length: 2\r\n", "ok"),
    ];
    for (lines, body, passed, passed_body) in cases {
        let gateway = ok();
        let tapped = Tapped::before(&gateway).await;
        let raw = format!("POST /v1/x HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n\r\n{body}");
        assert_eq!(Seen::of(tapped.addr(), raw).await.bytes(), b"{}", "{lines}");
        let got = String::from_utf8(gateway.raw(0)).unwrap();
        let host = gateway.addr();
        let expected = format!("POST /v1/x HTTP/1.1\r\nHost: {host}\r\n{passed}\r\n{passed_body}");
        assert_eq!(got, expected, "{lines}");
        assert_eq!(tapped.told(0).await.request.bytes, b"ok");
    }
    // Lines that end in a bare LF are lines.
    let gateway = ok();
    let tapped = Tapped::before(&gateway).await;
    Seen::of(tapped.addr(), "\r\n\nGET /v1/x HTTP/1.1\nHost: localhost\nA: b\n\n").await;
    let expected = format!("GET /v1/x HTTP/1.1\r\nHost: {}\r\nA: b\r\n\r\n", gateway.addr());
    assert_eq!(String::from_utf8(gateway.raw(0)).unwrap(), expected);
}

#[tokio::test]
async fn chunks_that_could_be_read_in_two_ways_go_no_further() {
    let head = "POST /v1/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in [
        "0x2\r\nok\r\n0\r\n\r\n",
        "+2\r\nok\r\n0\r\n\r\n",
        " 2\r\nok\r\n0\r\n\r\n",
        "2 \r\nok\r\n0\r\n\r\n",
        "2\nok\r\n0\r\n\r\n",
        "2\r\nok\n0\r\n\r\n",
        "2\r\nok0\r\n\r\n",
        "2\r\nokay\r\n0\r\n\r\n",
        "\r\nok\r\n0\r\n\r\n",
        ";a=b\r\nok\r\n0\r\n\r\n",
        "2;a\rb\r\nok\r\n0\r\n\r\n",
        "2;a\nb\r\nok\r\n0\r\n\r\n",
        "2;\0\r\nok\r\n0\r\n\r\n",
        "2\r\nok\r\n\r\n0\r\n\r\n",
        "ffffffffffffffff1\r\nok\r\n0\r\n\r\n",
        "1_0\r\nok\r\n0\r\n\r\n",
        "-2\r\nok\r\n0\r\n\r\n",
        "2\r\nok\r\n0\r\nno colon\r\n\r\n",
        "2\r\nok\r\n0\r\na b: c\r\n\r\n",
        "2\r\nok\r\n0\r\na: b\n\r\n",
        "2\r\nok\r\n0\n\n",
    ] {
        let gateway = Gateway::scripted([vec![Step::ReadHead]]);
        let tapped = Tapped::before(&gateway).await;
        let mut app = Client::connect(tapped.addr()).await;
        app.send(format!("{head}{body}{SMUGGLED}")).await;
        let refused = app.read_head().await;
        assert_eq!(refused.status(), 400, "{body:?}");
        assert!(app.read_body().await.text().contains("the request was not passed on"), "{body:?}");
        assert_eq!(app.read_to_end().await.1, Ending::Fin);
        let told = tapped.told(0).await;
        assert_eq!((told.verdict(), told.own_error()), ("failed", Some("bad-request")), "{body:?}");
        assert!(!String::from_utf8(gateway.raw(0)).unwrap().contains("smuggled"), "{body:?}");
        // Nobody waits for the rest of a request that never becomes whole.
        if gateway.connections() > 0 {
            gateway.peer_left(0).await;
        }
    }
}

#[tokio::test]
async fn a_request_that_breaks_the_rules_while_it_is_answered_is_the_apps_own_cut() {
    let gateway = Gateway::scripted([vec![
        Step::ReadHead,
        write(SSE_HEAD),
        write(crate::support::http1::chunk(b"data: 1\n\n")),
        Step::Hang,
    ]]);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Client::connect(tapped.addr()).await;
    app.send("POST /v1/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n").await;
    assert_eq!(app.read_head().await.status(), 200);
    app.next_chunk().await.unwrap();
    app.send("zz\r\n").await;
    assert!(app.next_chunk().await.is_err(), "nobody reads such a request on");
    let told = tapped.told(0).await;
    assert_eq!(told.verdict(), "cut-by-app");
    let evidence =
        Reader::open(&tapped.recording()).unwrap().evidence(told.whole.summary.id).unwrap().unwrap();
    assert!(
        evidence.starts_with(
            "the app closed first (its request broke the rules of HTTP: a chunk's size is not a hexadecimal \
             number) at byte 9"
        ),
        "{evidence}"
    );
}

#[tokio::test]
async fn what_never_ends_is_ended() {
    let many = format!("GET /v1/x HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "a: b\r\n".repeat(100_000));
    assert_refused("100 000 headers", many.as_bytes(), 431, "head-too-long").await;
    let long = format!("GET /v1/x HTTP/1.1\r\nHost: localhost\r\nA: {}", "b".repeat(2 << 20));
    assert_refused("a header without end", long.as_bytes(), 431, "head-too-long").await;
    let target = format!("GET /{}", "a".repeat(2 << 20));
    assert_refused("a target without end", target.as_bytes(), 431, "head-too-long").await;
    let cut = "GET /v1/x HTTP/1.1\r\nHo";
    let gateway = ok();
    let tapped = Tapped::before(&gateway).await;
    let mut app = Client::connect(tapped.addr()).await;
    app.send(cut).await;
    app.half_close().await;
    assert_eq!(app.read_head().await.status(), 400);
    assert_eq!(tapped.told(0).await.raw_request(), cut);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_takes_too_long_is_refused() {
    let gateway = ok();
    let tapped = Tapped::here(&gateway.url()).await;
    // One that has not begun may take its time.
    let mut idle = Client::connect(tapped.addr()).await;
    let mut slow = Client::connect(tapped.addr()).await;
    slow.send("GET /v1/x HTTP/1.1\r\nHost:").await;
    let started = tokio::time::Instant::now();
    let head = slow.read_head().await;
    assert_eq!((head.status(), head.header("x-gatetap-error").as_deref()), (408, Some("slow-request")));
    assert!(started.elapsed() >= Duration::from_secs(30), "{:?}", started.elapsed());
    idle.send(get("/v1/x", &[])).await;
    assert_eq!(idle.read_head().await.status(), 200);
}

#[tokio::test]
async fn answers_are_not_judged() {
    // What an app would read straight, in its own way, it reads through gatetap.
    for raw in [
        "HTTP/1.1 200 OK\nA: b\ncontent-length: 2\n\nok",
        "HTTP/1.1 200 OK\r\nA b: c\r\nno colon\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nA: \x01\x1b[2J\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\nok\n0\n\n",
    ] {
        let gateway = Gateway::answering(raw);
        let tapped = Tapped::before(&gateway).await;
        let mut app = Client::connect(tapped.addr()).await;
        app.send(get("/v1/x", &[])).await;
        assert_eq!(String::from_utf8(app.read_raw(raw.len()).await).unwrap(), raw);
        assert_eq!(tapped.told(0).await.response.bytes, b"ok", "{raw:?}");
    }
    // Two framings in one answer: the app gets the one that counts.
    let gateway = Gateway::answering(
        format!("{SSE_HEAD}2\r\nok\r\n0\r\n\r\n").replace("transfer", "content-length: 1\r\ntransfer"),
    );
    let tapped = Tapped::before(&gateway).await;
    let seen = Seen::of(tapped.addr(), get("/v1/x", &[])).await;
    assert_eq!((seen.head.as_str(), seen.bytes()), (SSE_HEAD, b"ok".to_vec()));
}

#[tokio::test]
async fn web_pages_and_proxied_requests_do_not_reach_the_control_api() {
    let tapped = Tapped::before(&ok()).await;
    let own = format!("Host: {}", tapped.addr());
    let status = |lines: &[&str]| {
        let raw = format!("GET /_gatetap/status HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n"));
        let addr = tapped.addr();
        async move { Client::exchange(addr, raw).await.0.status() }
    };
    assert_eq!(status(&[&own]).await, 200);
    assert_eq!(status(&[&own, "Origin: http://evil.example"]).await, 403);
    assert_eq!(status(&[&own, "Sec-Fetch-Site: cross-site"]).await, 403);
    assert_eq!(status(&["Host: evil.example"]).await, 403);
    let through = format!("GET http://{0}/_gatetap/status HTTP/1.1\r\nHost: {0}\r\n\r\n", tapped.addr());
    assert_eq!(Client::exchange(tapped.addr(), through).await.0.status(), 403);
    assert_eq!(tapped.count(), 0);
}

#[tokio::test]
async fn gatetap_does_not_call_itself() {
    // A port that gatetap takes after it was named as its upstream.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [format!("http://{port}/v1"), format!("http://localhost:{}/v1", port.port())] {
        let Some(tapped) = Tapped::itself(port, &url).await else { return };
        let (head, body): (Head, _) = Client::exchange(tapped.addr(), post("/v1/x", &[], "{}")).await;
        assert_eq!(
            (head.status(), head.header("x-gatetap-error").as_deref()),
            (502, Some("loop")),
            "{}",
            body.text()
        );
        assert_eq!(tapped.told(0).await.own_error(), Some("loop"));
    }
}

#[tokio::test]
async fn requests_that_are_alike_and_name_the_gateway_themselves_are_no_loop() {
    let gate = Gate::new();
    let gateway = Gateway::replying([vec![Step::Wait(gate.clone()), write(answer("HTTP/1.1 200 OK", "{}"))]]);
    let tapped = Tapped::before(&gateway).await;
    let request = format!("GET /v1/slow HTTP/1.1\r\nHost: {}\r\n\r\n", gateway.addr());
    let mut apps = Vec::new();
    for n in 0..16 {
        let mut app = Client::connect(tapped.addr()).await;
        app.send(&request).await;
        gateway.request(n).await;
        apps.push(app);
    }
    gate.open_for_good();
    for mut app in apps {
        assert_eq!(app.read_head().await.status(), 200);
    }
}

#[tokio::test]
async fn more_apps_than_are_served_wait_for_their_turn() {
    // Two sockets for each app live in this process, and other tests run beside it.
    let files = std::process::Command::new("sh").args(["-c", "ulimit -n"]).output().unwrap().stdout;
    let files = String::from_utf8(files).unwrap();
    if files.trim().parse().is_ok_and(|files: u32| files < 4000) {
        return;
    }
    let gateway = ok();
    let tapped = Tapped::before(&gateway).await;
    let mut idle = Vec::new();
    for _ in 0..1000 {
        idle.push(Client::connect(tapped.addr()).await);
    }
    // Every one of them is being served.
    for app in &mut idle {
        app.send("GET /_gatetap/x HTTP/1.1\r\nHost: x\r\n\r\n").await;
        app.read_head().await;
    }
    let mut late = Client::connect(tapped.addr()).await;
    late.send(get("/v1/x", &[])).await;
    drop(idle.pop());
    assert_eq!(late.read_head().await.status(), 200);
    eventually_async("its exchange", || (tapped.count() == 1).then_some(())).await;
}
