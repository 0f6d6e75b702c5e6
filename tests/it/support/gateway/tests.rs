//! The gateway against the client: each can show every difference that the other can make.

use std::time::Instant;

use super::{Gate, Gateway, Left, Refusing, SSE_HEAD, Step, answer, write};
use crate::support::client::{Client, Ending, get, post};
use crate::support::{http1, wait};

fn read_then(steps: impl IntoIterator<Item = Step>) -> Gateway {
    let mut script = vec![Step::ReadHead];
    script.extend(steps);
    Gateway::scripted([script])
}

#[test]
fn a_plain_test_can_await_a_whole_exchange() {
    let gateway = Gateway::answering(answer("HTTP/1.1 429 Too Many Requests\r\nretry-after: 7", "{}"));
    let (head, body) = wait(Client::exchange(gateway.addr(), post("/v1/x", &["X-Case: Kept"], "{\"a\":1}")));
    assert_eq!(head.status(), 429);
    assert_eq!(head.header("Retry-After").as_deref(), Some("7"));
    assert_eq!((body.text().as_str(), body.ending), ("{}", Ending::Whole));

    let request = wait(gateway.request(0));
    assert_eq!(request.head.start_line(), "POST /v1/x HTTP/1.1");
    assert_eq!(request.head.target(), "/v1/x");
    assert!(request.head.headers().contains(&("X-Case".into(), "Kept".into())));
    assert_eq!(request.body, b"{\"a\":1}");
    assert!(request.whole_at >= Some(request.head_at));
    assert_eq!(gateway.raw(0), [request.head.raw, request.body].concat());
    assert_eq!(gateway.url(), format!("http://{}", gateway.addr()));
}

#[tokio::test]
async fn endings_are_told_apart_on_the_app_side() {
    let head = "HTTP/1.1 200 OK\r\n";
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n");
    let whole = format!("{chunked}0\r\n\r\n");
    let partial = format!("{chunked}5\r\nxy");
    let short = format!("{head}content-length: 5\r\n\r\nab");
    let until_close = format!("{head}\r\nab");
    for (raw, last, ending, unread) in [
        (&whole, Step::Hang, Ending::Whole, ""),
        (&whole, Step::Close, Ending::Whole, ""),
        (&chunked, Step::Close, Ending::Fin, ""),
        (&chunked, Step::HalfClose, Ending::Fin, ""),
        (&partial, Step::Close, Ending::Fin, "5\r\nxy"),
        (&short, Step::Close, Ending::Fin, ""),
        (&short, Step::Reset, Ending::Reset, ""),
        (&chunked, Step::Reset, Ending::Reset, ""),
        (&until_close, Step::Close, Ending::Fin, ""),
    ] {
        let gate = Gate::new();
        let gateway = read_then([write(raw), Step::Wait(gate.clone()), last.clone()]);
        let mut app = Client::connect(gateway.addr()).await;
        app.send(get("/", &[])).await;
        app.read_head().await;
        assert_eq!(app.next_chunk().await.unwrap().bytes, b"ab");
        gate.open();
        let body = app.read_body().await;
        assert_eq!((body.ending, body.chunks.len()), (ending, 0), "{raw:?} {last:?}");
        assert_eq!(String::from_utf8_lossy(app.unread()), unread, "{raw:?} {last:?}");
    }
}

#[tokio::test]
async fn departures_are_told_apart_on_the_gateway_side() {
    for (abort, left) in [(false, Left::Fin), (true, Left::Reset)] {
        let gateway = read_then([write(SSE_HEAD), Step::Hang]);
        let mut app = Client::connect(gateway.addr()).await;
        app.send(get("/", &[])).await;
        app.read_head().await;
        assert!(gateway.departure(0).is_none());
        let leaving = Instant::now();
        if abort {
            app.abort();
        } else {
            app.close();
        }
        let departure = gateway.peer_left(0).await;
        assert_eq!(departure.how, left);
        assert!(departure.at > leaving);
    }
}

#[tokio::test]
async fn a_departure_is_noticed_while_the_script_waits_elsewhere() {
    let gate = Gate::new();
    let gateway = read_then([Step::Wait(gate.clone()), write("too late")]);
    let mut app = Client::connect(gateway.addr()).await;
    app.send(get("/", &[])).await;
    gate.reached(1).await;
    app.abort();
    assert_eq!(gateway.peer_left(0).await.how, Left::Reset);
    assert!(gateway.written(0).is_empty());
}

#[tokio::test]
async fn a_stream_comes_event_by_event_as_its_gate_is_opened() {
    let (gateway, gate) = Gateway::sse(["data: 1\n\n", "data: two\n\n"]);
    let mut app = Client::connect(gateway.addr()).await;
    app.send(get("/", &[])).await;
    assert_eq!(app.read_head().await.header("content-type").as_deref(), Some("text/event-stream"));

    gate.reached(1).await;
    assert_eq!(gateway.written(0).len(), 1);
    gate.open();
    let first = app.next_chunk().await.unwrap();
    assert_eq!(first.bytes, b"data: 1\n\n");
    let written = gateway.written(0)[1];
    assert_eq!(written.length, http1::chunk("data: 1\n\n").len());
    assert!(written.at <= first.at);

    gate.open_for_good();
    let rest = app.read_body().await;
    assert_eq!((rest.text().as_str(), rest.ending), ("data: two\n\n", Ending::Whole));
    assert!(rest.ended_at >= first.at);
}

#[tokio::test]
async fn chunk_boundaries_survive_being_written_at_once_and_reads_are_counted() {
    let chunks = [http1::chunk("ab"), http1::chunk("c")].concat();
    let gate = Gate::new();
    let gateway =
        read_then([write(SSE_HEAD), write(chunks), Step::Wait(gate.clone()), write("0\r\nx-sum: 3\r\n\r\n")]);
    let mut app = Client::connect(gateway.addr()).await;
    app.send(get("/", &[])).await;
    app.read_head().await;
    assert_eq!(app.next_chunk().await.unwrap().bytes, b"ab");
    let reads_before = app.reads().len();
    gate.open();
    let body = app.read_body().await;
    assert_eq!(body.lengths(), [1]);
    assert_eq!(body.trailers, b"x-sum: 3\r\n");
    assert!(app.reads().len() > reads_before);
    let received: usize = app.reads().iter().map(|read| read.length).sum();
    let written: usize = gateway.written(0).iter().map(|written| written.length).sum();
    assert_eq!(received, written);
}

#[tokio::test]
async fn answers_go_by_request_over_kept_and_new_connections() {
    let refusal = answer("HTTP/1.1 429 Too Many Requests", "");
    let success = answer("HTTP/1.1 200 OK", "ok");
    let gateway = Gateway::replying([vec![write(&refusal)], vec![write(&refusal)], vec![write(&success)]]);
    let mut kept = Client::connect(gateway.addr()).await;
    let mut statuses = Vec::new();
    for _ in 0..2 {
        kept.send(get("/", &[])).await;
        statuses.push(kept.read_head().await.status());
        assert_eq!(kept.read_body().await.ending, Ending::Whole);
    }
    for _ in 0..2 {
        statuses.push(Client::exchange(gateway.addr(), get("/", &[])).await.0.status());
    }
    assert_eq!(statuses, [429, 429, 200, 200]);
    gateway.connected(3).await;
    let connections: Vec<_> = gateway.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0, 1, 2]);
    assert_eq!(gateway.connections(), 3);
}

#[tokio::test]
async fn scripts_go_by_connection() {
    let gateway = Gateway::scripted([
        vec![Step::ReadHead, Step::Reset],
        vec![Step::ReadHead, Step::ReadBody, write("HTTP/1.1 204 No Content\r\n\r\n")],
    ]);
    let mut first = Client::connect(gateway.addr()).await;
    first.try_send(get("/", &[])).await.unwrap();
    assert_eq!(first.try_read_head().await, Err(Ending::Reset));
    let chunked = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n";
    let mut second = Client::connect(gateway.addr()).await;
    second.send(chunked).await;
    assert_eq!(second.read_head().await.status(), 204);
    let request = gateway.request(1).await;
    assert_eq!((request.connection, request.chunks), (1, vec![1, 2]));
    assert_eq!(request.body, b"abc");
    assert_eq!(request.trailers, b"");
}

#[tokio::test]
async fn a_gateway_can_answer_before_the_body_is_there() {
    let gateway = Gateway::scripted([vec![
        Step::ReadHead,
        write("HTTP/1.1 100 Continue\r\n\r\n"),
        Step::ReadBody,
        write(answer("HTTP/1.1 200 OK", "")),
        Step::Close,
    ]]);
    let mut app = Client::connect(gateway.addr()).await;
    app.send("POST / HTTP/1.1\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n").await;
    assert_eq!(app.read_head().await.status(), 100);
    assert!(gateway.request_head(0).await.whole_at.is_none());
    app.send("{}").await;
    app.half_close().await;
    let (raw, ending) = app.read_to_end().await;
    assert_eq!((raw, ending), (answer("HTTP/1.1 200 OK", ""), Ending::Fin));
    assert_eq!(gateway.request(0).await.body, b"{}");
}

#[tokio::test]
async fn a_gateway_that_does_not_read_fills_the_line() {
    let gate = Gate::new();
    let gateway = read_then([
        Step::PauseReading,
        write("HTTP/1.1 100 Continue\r\n\r\n"),
        Step::Wait(gate.clone()),
        Step::ResumeReading,
        Step::Hang,
    ]);
    let mut app = Client::connect(gateway.addr()).await;
    let head = get("/", &[]);
    app.send(&head).await;
    assert_eq!(app.read_raw(1).await, b"HTTP/1.1 100 Continue\r\n\r\n");
    app.send([b'x'; 1024]).await;
    assert_eq!(gateway.raw(0), head);

    let more_than_the_line_holds = vec![b'x'; 32 << 20];
    let total = head.len() + 1024 + more_than_the_line_holds.len();
    let sending = tokio::spawn(async move {
        app.send(&more_than_the_line_holds).await;
        Instant::now()
    });
    let opened = Instant::now();
    gate.open();
    assert_eq!(gateway.raw_of(0, total).await.len(), total);
    assert!(sending.await.unwrap() > opened);
}

#[tokio::test]
async fn nobody_listens_where_connections_are_refused() {
    let refusing = Refusing::new();
    let error = tokio::net::TcpStream::connect(refusing.addr()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(refusing.url(), format!("http://{}", refusing.addr()));
}

#[tokio::test]
async fn what_is_not_http_fails_the_test() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", ""));
    let mut app = Client::connect(gateway.addr()).await;
    app.send("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n").await;
    app.read_to_end().await;
    let text = crate::support::panic_text(|| drop(gateway));
    assert!(text.contains("not HTTP") && text.contains("zz"), "{text}");
}
