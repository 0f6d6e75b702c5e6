//! Protocol: versions of HTTP, kept connections, CORS, starting and stopping.

use gatetap::sim::{Options, Simulator};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::sim_client::{KEY, complete, complete_with, exchange, instant, take_apart};

fn question(stream: bool) -> Value {
    json!({"model": "gpt-4o", "stream": stream, "messages": [{"role": "user", "content": "Explain tides"}]})
}

async fn read_all(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    bytes
}

#[tokio::test]
async fn http_1_0_streams_end_with_the_connection() {
    let sim = instant(1).await;
    let body = question(true).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.0\r\nauthorization: {KEY}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    let bytes = read_all(stream).await;
    let (answer, _) = take_apart(&bytes);
    assert_eq!((answer.version.as_str(), answer.status), ("HTTP/1.0", 200));
    assert_eq!(answer.header("transfer-encoding"), None);
    assert_eq!(answer.header("content-length"), None);
    assert_eq!(answer.events().last().unwrap(), "[DONE]");
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let sim = instant(1).await;
    let one = |stream: bool| {
        let body = question(stream).to_string();
        format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: sim\r\nauthorization: {KEY}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let wrong = "GET /nowhere HTTP/1.1\r\nhost: sim\r\n\r\n".to_owned();
    let last =
        format!("GET /v1/models HTTP/1.1\r\nhost: sim\r\nauthorization: {KEY}\r\nconnection: close\r\n\r\n");
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    stream.write_all([one(true), wrong, one(false), last].concat().as_bytes()).await.unwrap();
    let bytes = read_all(stream).await;
    let mut rest = bytes.as_slice();
    let mut statuses = Vec::new();
    while !rest.is_empty() {
        let (answer, after) = take_apart(rest);
        assert!(answer.whole);
        statuses.push(answer.status);
        rest = after;
    }
    assert_eq!(statuses, [200, 404, 200, 200]);
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_asked_for() {
    let sim = instant(1).await;
    let stream = TcpStream::connect(sim.addr()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::post(format!("http://{}/v1/chat/completions", sim.addr()))
        .header("authorization", KEY)
        .body(Full::<bytes::Bytes>::from(question(true).to_string()))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.ends_with(b"data: [DONE]\n\n"));
    drop(sender);
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn preflights_need_no_key_and_expose_the_headers() {
    let sim = instant(1).await;
    for (path, status) in [("/v1/models", 204), ("/v1/chat/completions", 204), ("/v1/x", 404)] {
        let head = format!(
            "OPTIONS {path} HTTP/1.1\r\norigin: http://app\r\naccess-control-request-method: POST\r\naccess-control-request-headers: authorization, x-stainless-os"
        );
        let answer = exchange(sim.addr(), &head, "").await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(
            answer.header("access-control-expose-headers"),
            Some("x-request-id, x-ratelimit-limit, x-ratelimit-remaining, retry-after")
        );
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        if status == 204 {
            assert_eq!(answer.header("access-control-allow-headers"), Some("authorization, x-stainless-os"));
        }
    }
}

#[tokio::test]
async fn the_remaining_requests_count_down() {
    let sim = instant(1).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let answer = complete(&sim, &question(false)).await;
        seen.push(answer.header("x-ratelimit-remaining").unwrap().to_owned());
    }
    assert_eq!(seen, ["59", "58", "57"]);
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_idle_and_silent_connections() {
    let sim = instant(1).await;
    let addr = sim.addr();
    let idle = TcpStream::connect(addr).await.unwrap();
    let silent = async {
        // A stream that never ends, until the simulator does.
        complete_with(&sim, &question(true), "stall,after=1,seconds=forever").await
    };
    let stopped = tokio::select! {
        _ = silent => false,
        () = async { while sim.counts().requests == 0 { tokio::task::yield_now().await } } => true,
    };
    assert!(stopped);
    sim.stop().await;
    assert!(read_all(idle).await.is_empty());
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error() {
    let sim = instant(1).await;
    let second = Simulator::start(sim.addr(), Options::default()).await;
    assert_eq!(second.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    assert_eq!(sim.base_url(), format!("http://{}/v1", sim.addr()));
}
