//! What follows a body passes, and is in the recording without its secrets.

use bytes::Bytes;
use gatetap::exchange::head::Headers;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};

use crate::support::binary::{Gatetap, Launch};
use crate::support::client::{Client, get};
use crate::support::gateway::{Gateway, answer};
use crate::support::http2::{Http2, rest};
use crate::support::tapped::{Tapped, Told, assert_same};
use crate::support::tls::stop_and_read;
use crate::support::wait;

const ASKED: &str = "POST /v1/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer test-key-0000\r\n\
     Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\nx-sum:\r\n\
     X-Echo: test-key-0000\r\nX-Api-Key: other-key-1111\r\n\r\n";

const ANSWERED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\ncd\r\n0\r\n\
     X-Cost: 0.1 \r\nSet-Cookie: session=test-cookie-2222\r\nX-Echo: Bearer test-key-0000\r\n\r\n";

fn pairs(headers: &Headers) -> Vec<(&str, String)> {
    let text = |value: &Bytes| String::from_utf8_lossy(value).into_owned();
    headers.iter().map(|(name, value)| (name.as_str(), text(value))).collect()
}

fn names(headers: &Headers) -> Vec<&str> {
    headers.iter().map(|(name, _)| name.as_str()).collect()
}

fn trailers(told: &Told) -> (&Headers, &Headers) {
    let exchange = &told.whole.exchange;
    (&exchange.request_trailers, &exchange.response_trailers)
}

#[tokio::test]
async fn trailers_of_both_sides_are_recorded_without_their_secrets() {
    let gateway = || Gateway::answering(ANSWERED);
    let read = async |addr, _: &Gateway| {
        let mut app = Client::connect(addr).await;
        app.send(ASKED).await;
        app.read_raw(ANSWERED.len()).await
    };
    let (seen, tapped, _gateway) = assert_same("trailers", gateway, read).await;
    assert_eq!(seen, ANSWERED.as_bytes());
    let told = tapped.told(0).await;
    let (request, response) = trailers(&told);
    assert_eq!(names(request), ["X-Sum", "x-sum", "X-Echo", "X-Api-Key"]);
    assert_eq!(pairs(request)[..2], [("X-Sum", "1".to_owned()), ("x-sum", String::new())]);
    assert_eq!(names(response), ["X-Cost", "Set-Cookie", "X-Echo"]);
    assert_eq!(pairs(response)[0], ("X-Cost", "0.1".to_owned()));
    let shown = format!("{:?} {:?}", pairs(request), pairs(response));
    for secret in ["test-key-0000", "other-key-1111", "test-cookie-2222"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert_eq!((told.request.bytes.as_slice(), told.response.bytes.as_slice()), (&b"ab"[..], &b"cd"[..]));
}

#[tokio::test]
async fn there_are_none_where_none_came() {
    for raw in [
        answer("HTTP/1.1 200 OK", "{}"),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0;z\r\n\r\n".to_vec(),
    ] {
        let tapped = Tapped::before(&Gateway::answering(&raw)).await;
        let mut app = Client::connect(tapped.addr()).await;
        app.send(get("/v1/x", &[])).await;
        app.read_raw(raw.len()).await;
        let told = tapped.told(0).await;
        assert_eq!(trailers(&told), (&Headers::default(), &Headers::default()));
    }
}

#[tokio::test]
async fn trailers_of_http2_are_recorded_and_the_announced_ones_reach_http1() {
    let gateway = Gateway::answering(ANSWERED);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Http2::connect(tapped.addr()).await;
    let mut last = HeaderMap::new();
    last.insert(HeaderName::from_static("x-sum"), HeaderValue::from_static("1"));
    let frames = [Ok(Frame::data(Bytes::from("ab"))), Ok(Frame::trailers(last))];
    let request = http::Request::post(format!("http://{}/v1/x", tapped.addr())).header("trailer", "x-sum");
    let body = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
    let mut body = app.send_with(request.body(body).unwrap()).await.into_body();
    let (data, passed, _) = rest(&mut body).await;
    assert_eq!((data.as_slice(), passed["x-cost"].as_bytes()), (&b"cd"[..], &b"0.1"[..]));
    let sent = String::from_utf8(gateway.raw(0)).unwrap();
    assert!(sent.ends_with("\r\n2\r\nab\r\n0\r\nx-sum: 1\r\n\r\n"), "{sent}");
    let told = tapped.told(0).await;
    let (request, response) = trailers(&told);
    assert_eq!(pairs(request), [("x-sum", "1".to_owned())]);
    assert_eq!(names(response), ["x-cost", "set-cookie", "x-echo"]);
}

#[test]
fn show_has_them() {
    let gateway = Gateway::answering(ANSWERED);
    let gatetap =
        Gatetap::run(&["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &gateway.url()]);
    wait(async {
        let mut app = Client::connect(gatetap.addr()).await;
        app.send(ASKED).await;
        app.read_raw(ANSWERED.len()).await;
    });
    let home = gatetap.home().clone();
    drop(stop_and_read(gatetap));
    let show =
        |words: &[&str]| Launch::gatetap(&[&["show", "last"], words].concat()).home(&home).run_to_end();
    let page = show(&[]).stdout;
    assert!(page.contains("\n  (trailers)\n  X-Sum: 1\n  x-sum: \n  X-Echo: "), "{page}");
    assert!(page.contains("\n  (trailers)\n  X-Cost: 0.1\n  Set-Cookie: "), "{page}");
    let line: Value = serde_json::from_str(&show(&["--json"]).stdout).unwrap();
    assert_eq!(line["request"]["trailers"][0], json!(["X-Sum", "1"]));
    assert_eq!(line["response"]["trailers"][0], json!(["X-Cost", "0.1"]));
}
