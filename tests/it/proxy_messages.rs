//! Messages pass as they are written: heads byte for byte, bodies by their chunks, hints and trailers.

use crate::support::client::{Client, Ending, get, post};
use crate::support::gateway::{Gateway, Step, answer, write};
use crate::support::http1::chunk;
use crate::support::tapped::{Seen, Tapped, assert_same};

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// A gateway that gives the same answer to every request.
fn giving(raw: impl Into<Vec<u8>>) -> impl Fn() -> Gateway {
    let raw = raw.into();
    move || Gateway::answering(&raw)
}

/// A gateway that gives one answer and ends its connection like this.
fn giving_and(raw: impl Into<Vec<u8>>, last: Step) -> impl Fn() -> Gateway {
    let raw = raw.into();
    move || Gateway::replying([vec![write(&raw), last.clone()]])
}

fn plain() -> impl Fn() -> Gateway {
    giving(answer("HTTP/1.1 200 OK", "{}"))
}

#[tokio::test]
async fn requests_reach_the_gateway_as_they_were_sent() {
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("no headers but Host", get("/v1/models", &[])),
        ("order and duplicates", get("/x", &["A: 1", "B: 2", "A: 3", "C:", "b: 4", "a: 5"])),
        ("case", get("/x", &["X-cAsE: Kept", "USER-AGENT: me", "accept: */*"])),
        ("empty and spaced values", get("/x", &["A:", "B: ", "C:   c  ", "D:\td\t", "E:e"])),
        (
            "values beyond ASCII",
            [&b"GET /x HTTP/1.1\r\nhost: localhost\r\nX-Name: caf\xe9\xff \xc3\xa9\r\n\r\n"[..]].concat(),
        ),
        ("a key that parsers would trim", get("/x", &["Authorization: Bearer  test-key-0000 \t"])),
        ("escapes", get("/a%2Fb//c/..%2f../%C3%A9?q=a+b&e=&x=%20&&=?", &[])),
        ("a double slash", get("//double//slash/", &[])),
        ("characters that URLs should not have", get("/{a}|b^`\"<>\\?[]=\"{}\"", &[])),
        ("an empty query", get("/v1/models?", &[])),
        ("a target beyond ASCII", b"GET /caf\xc3\xa9?\xff HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec()),
        ("OPTIONS *", b"OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec()),
        ("an unknown method", b"BREW /pot HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec()),
        ("a lower case method", b"get /pot HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec()),
        ("a body of known length", post("/v1/chat/completions", &["Accept-Encoding: gzip, br"], "{\"a\":1}")),
        ("an empty body", post("/v1/x", &[], "")),
        ("no body and no length", b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        ("a body of a GET", b"GET /v1/x HTTP/1.1\r\nHost: localhost\r\ncontent-length: 2\r\n\r\nok".to_vec()),
        (
            "chunks with extensions and trailers",
            b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
              3;a=b\r\nabc\r\n0005\r\nde\r\nf\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n"
                .to_vec(),
        ),
        ("a coding nobody knows", post("/v1/x", &["Content-Encoding: snappy"], "??")),
        ("trailers are welcome", get("/x", &["TE: trailers"])),
        ("keep-alive", get("/x", &["Connection: keep-alive"])),
        ("close", get("/x", &["Connection: close"])),
        ("many headers", get("/x", &(0..500).map(|_| "x-many: y").collect::<Vec<_>>())),
        ("a long header", get("/x", &[&format!("X-Long: {}", "a".repeat(100_000))])),
    ];
    for (what, raw) in cases {
        let (seen, tapped, _gateway) =
            assert_same(what, plain(), async |addr, _: &Gateway| Seen::of(addr, &raw).await).await;
        assert_eq!(seen.bytes(), b"{}", "{what}");
        tapped.told(0).await.assert_marks();
    }
}

#[tokio::test]
async fn the_recording_holds_the_request_as_it_was_sent() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK\r\nX-B: 1\r\nx-a: 2\r\nX-B: \u{e9}3", "{}"));
    let tapped = Tapped::before(&gateway).await;
    let headers =
        ["X-B: 1", "authorization:  Bearer\ttest-key-0000 ", "x-a: ", "X-B: 2", "X-Folded: a\r\n  b"];
    let raw = post("/v1/chat/completions?x=%2F", &headers, "{\"a\":1}");
    Seen::of(tapped.addr(), &raw).await;
    let told = tapped.told(0).await;
    let head = String::from_utf8(raw[..raw.len() - 7].to_vec()).unwrap();
    let masked = told.raw_request();
    assert_eq!(masked.len(), head.len());
    let (before, after) = head.split_once("test-key-0000").unwrap();
    assert!(masked.starts_with(before) && masked.ends_with(after), "{masked}");
    assert!(!masked.contains("test-key-0000"));
    let request = &told.whole.exchange.request;
    assert_eq!(request.target, "/v1/chat/completions?x=%2F");
    let names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    let expected =
        ["host", "content-type", "content-length", "X-B", "authorization", "x-a", "X-B", "X-Folded"];
    assert_eq!(names, expected);
    assert_eq!(told.request.bytes, b"{\"a\":1}");
    let sent: Vec<_> =
        told.whole.exchange.sent.as_ref().unwrap().iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(sent, expected);
    assert!(told.raw_answer().starts_with("HTTP/1.1 200 OK\r\nX-B: 1\r\nx-a: 2\r\nX-B: "));
}

#[tokio::test]
async fn answers_reach_the_app_as_they_were_sent() {
    let chunked = |head: &str, rest: &[u8]| {
        [OK.as_bytes(), head.as_bytes(), b"transfer-encoding: chunked\r\n\r\n", rest].concat()
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "order, case, duplicates",
            answer("HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nX-b: 1\r\nset-cookie: b\r\nx-B:", "{}"),
        ),
        ("spaces", answer("HTTP/1.1 200 OK\r\nA:\r\nB:  b  \r\nC:\tc", "{}")),
        ("a reason of its own", answer("HTTP/1.1 429 Slow  Down \u{e9}", "{}")),
        ("no reason", answer("HTTP/1.1 200 ", "{}")),
        ("an odd status", answer("HTTP/1.1 799 Odd", "{}")),
        ("Date and Server stay as they are", answer("HTTP/1.1 200 OK\r\nDate: then\r\nServer: x", "{}")),
        ("an empty body of known length", answer("HTTP/1.1 200 OK", "")),
        ("204", b"HTTP/1.1 204 No Content\r\nx-a: b\r\n\r\n".to_vec()),
        ("205", b"HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n".to_vec()),
        ("304 with a length", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\netag: x\r\n\r\n".to_vec()),
        ("a body of any bytes", answer("HTTP/1.1 200 OK\r\ncontent-encoding: br", [0, 255, 13, 10, 128])),
        (
            "chunks",
            chunked("", &[chunk("ab"), chunk("c"), chunk("\r\n0\r\n\r\n"), b"0\r\n\r\n".to_vec()].concat()),
        ),
        ("trailers", chunked("Trailer: X-Sum\r\n", b"2\r\nab\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n")),
        ("trailers that were not announced", chunked("", b"0\r\nX-Sum: 1\r\n\r\n")),
        ("coded and chunked", answer("HTTP/1.1 200 OK\r\ncontent-encoding: zstd", "??")),
        (
            "hints",
            format!(
                "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: </b>\r\n\r\n{OK}content-length: 0\r\n\r\n"
            )
            .into_bytes(),
        ),
        (
            "several hints",
            format!(
                "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 X\r\na: b\r\n\r\n{OK}content-length: 0\r\n\r\n"
            )
            .into_bytes(),
        ),
    ];
    for (what, raw) in cases {
        let length = raw.len();
        let read = async |addr, _: &Gateway| {
            let mut app = Client::connect(addr).await;
            app.send(get("/v1/x", &[])).await;
            app.read_raw(length).await
        };
        let (seen, tapped, _gateway) = assert_same(what, giving(raw.clone()), read).await;
        assert_eq!(seen, raw, "{what}");
        assert!(tapped.told(0).await.whole.summary.status.is_some());
    }
}

#[tokio::test]
async fn answers_end_as_they_ended() {
    let cases: Vec<(&str, Vec<u8>, Step, Ending, &str)> = vec![
        ("until close", format!("{OK}\r\nabc").into_bytes(), Step::Close, Ending::Fin, "complete"),
        ("HTTP/1.0", b"HTTP/1.0 200 OK\r\nx-a: b\r\n\r\nabc".to_vec(), Step::Close, Ending::Fin, "complete"),
        (
            "HTTP/1.0 with a length",
            b"HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nabc".to_vec(),
            Step::Close,
            Ending::Fin,
            "complete",
        ),
        (
            "close announced",
            answer("HTTP/1.1 200 OK\r\nConnection: close", "abc"),
            Step::Close,
            Ending::Fin,
            "complete",
        ),
        (
            "a short body",
            format!("{OK}content-length: 9\r\n\r\nabc").into_bytes(),
            Step::Close,
            Ending::Fin,
            "cut-by-gateway",
        ),
        (
            "a short body that said close",
            format!("{OK}Connection: close\r\ncontent-length: 9\r\n\r\nabc").into_bytes(),
            Step::Close,
            Ending::Fin,
            "cut-by-gateway",
        ),
        (
            "no last chunk",
            format!("{OK}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n").into_bytes(),
            Step::Close,
            Ending::Fin,
            "cut-by-gateway",
        ),
        (
            "inside a chunk",
            format!("{OK}transfer-encoding: chunked\r\n\r\n9\r\nabc").into_bytes(),
            Step::Close,
            Ending::Fin,
            "cut-by-gateway",
        ),
        (
            "inside a size",
            format!("{OK}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1").into_bytes(),
            Step::Close,
            Ending::Fin,
            "cut-by-gateway",
        ),
        (
            "inside the trailers",
            format!("{OK}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: y").into_bytes(),
            Step::Close,
            Ending::Fin,
            "cut-by-gateway",
        ),
        (
            "chunks that are none",
            format!("{OK}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\nnonsense").into_bytes(),
            Step::Close,
            Ending::Fin,
            "cut-by-gateway",
        ),
    ];
    for (what, raw, last, ending, verdict) in cases {
        let read = async |addr, _: &Gateway| {
            let mut app = Client::connect(addr).await;
            app.send(get("/v1/x", &[])).await;
            app.read_to_end().await
        };
        let (seen, tapped, _gateway) = assert_same(what, giving_and(raw.clone(), last), read).await;
        assert_eq!(seen, (raw, ending), "{what}");
        let told = tapped.told(0).await;
        assert_eq!(told.verdict(), verdict, "{what}");
        assert!(told.response.bytes.starts_with(b"abc"), "{what}");
    }
}

#[tokio::test]
async fn an_answer_to_head_has_no_body() {
    for raw in [
        format!("{OK}content-length: 5\r\n\r\n"),
        format!("{OK}transfer-encoding: chunked\r\n\r\n"),
        format!("{OK}\r\n"),
    ] {
        let twice = async |addr, _: &Gateway| {
            let mut app = Client::connect(addr).await;
            let request = b"HEAD /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n";
            app.send(request).await;
            let first = app.read_raw(raw.len()).await;
            app.send(request).await;
            (first, app.read_raw(raw.len()).await)
        };
        let (seen, tapped, _gateway) = assert_same("HEAD", giving(raw.clone()), twice).await;
        assert_eq!(seen, (raw.clone().into_bytes(), raw.clone().into_bytes()));
        assert_eq!(tapped.told(1).await.verdict(), "complete");
    }
}

#[tokio::test]
async fn what_concerns_one_hop_stays_there() {
    let gateway = Gateway::answering(answer(
        "HTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: x\r\nX-Yours: 2",
        "{}",
    ));
    let tapped = Tapped::before(&gateway).await;
    let headers = [
        "Connection: X-Hop, keep-alive",
        "x-hop: 1",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "Proxy-Authorization: Basic x",
        "TE: gzip",
        "Upgrade: h2c",
        "X-End: 2",
    ];
    let seen = Seen::of(tapped.addr(), get("/v1/x", &headers)).await;
    assert_eq!(seen.head, "HTTP/1.1 200 OK\r\nX-Yours: 2\r\ncontent-length: 2\r\n\r\n");
    let sent = String::from_utf8(gateway.raw(0)).unwrap();
    assert_eq!(sent, format!("GET /v1/x HTTP/1.1\r\nhost: {}\r\nX-End: 2\r\n\r\n", gateway.addr()));
}

#[tokio::test]
async fn the_host_is_the_gateways() {
    let addr = |gateway: &Gateway| gateway.addr().to_string();
    for (raw, expected) in [
        (
            "GET http://elsewhere/v1/a?b HTTP/1.1\r\nHOST: elsewhere\r\n\r\n",
            "GET /v1/a?b HTTP/1.1\r\nHOST: ADDR\r\n\r\n",
        ),
        ("GET http://elsewhere HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET / HTTP/1.1\r\nHost: ADDR\r\n\r\n"),
        (
            "GET http://elsewhere?a=http://x HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /?a=http://x HTTP/1.1\r\nHost: ADDR\r\n\r\n",
        ),
        (
            "GET /a?b=http://c HTTP/1.1\r\na: b\r\nhost: localhost:7117\r\nc: d\r\n\r\n",
            "GET /a?b=http://c HTTP/1.1\r\na: b\r\nhost: ADDR\r\nc: d\r\n\r\n",
        ),
    ] {
        let gateway = plain()();
        let tapped = Tapped::before(&gateway).await;
        Seen::of(tapped.addr(), raw).await;
        assert_eq!(String::from_utf8(gateway.raw(0)).unwrap(), expected.replace("ADDR", &addr(&gateway)));
    }
}

#[tokio::test]
async fn bodies_of_every_size_pass_unchanged() {
    for size in [0, 1, 8191, 8192, 65_535, 65_537, 1 << 20, 5_000_000] {
        let body: Vec<u8> = (0..size).map(|at: u32| (at % 251) as u8).collect();
        let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", &body));
        let tapped = Tapped::before(&gateway).await;
        let head = format!("PUT /v1/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: {size}\r\n\r\n");
        let seen = Seen::of(tapped.addr(), [head.as_bytes(), &body].concat()).await;
        assert!(seen.bytes() == body && seen.ending == Ending::Whole, "{size} bytes to the app");
        assert!(gateway.request(0).await.body == body, "{size} bytes to the gateway");
        let told = tapped.told(0).await;
        assert!(told.request.bytes == body && told.response.bytes == body, "{size} bytes recorded");
        told.assert_marks();
    }
}

#[tokio::test]
async fn an_app_of_http_1_0_is_served() {
    let closing = |raw: &str| giving_and(raw.to_owned(), Step::Close);
    let request = "POST /v1/x HTTP/1.0\r\nhost: localhost\r\nContent-Length: 2\r\n\r\nok";
    for raw in [
        "HTTP/1.0 200 OK\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
    ] {
        let read = async |addr, _: &Gateway| {
            let mut app = Client::connect(addr).await;
            app.send(request).await;
            app.read_to_end().await
        };
        let (seen, ..) = assert_same(raw, closing(raw), read).await;
        assert_eq!(seen, (raw.as_bytes().to_vec(), Ending::Fin));
    }
    // Chunks are not for it.
    let whole = format!("{OK}transfer-encoding: chunked\r\nx: y\r\n\r\n2\r\nab\r\n1\r\nc\r\n");
    for (end, ending) in [("0\r\n\r\n", Ending::Fin), ("", Ending::Reset)] {
        let gateway = giving_and(format!("{whole}{end}"), Step::Close)();
        let tapped = Tapped::before(&gateway).await;
        let mut app = Client::connect(tapped.addr()).await;
        app.send(request).await;
        let (bytes, how) = app.read_to_end().await;
        assert_eq!((String::from_utf8(bytes).unwrap(), how), (format!("{OK}x: y\r\n\r\nabc"), ending));
    }
}
