//! TLS on the app side: the same port, the same answers.

use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt as _;

use crate::support::binary::{Gatetap, Home, Launch};
use crate::support::client::{Client, get};
use crate::support::gateway::{Gateway, Step, answer, write};
use crate::support::http1;
use crate::support::tls::{Front, TestCa, make_ca, read_all, read_to, shake, stop_and_read, tcp};
use crate::support::{wait, within};

fn run(home: &Home, upstream: &str, more: &[&str]) -> Gatetap {
    let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", upstream];
    Launch::gatetap(&[&args, more].concat()).home(home).serve()
}

#[test]
fn clear_text_and_tls_share_a_port_and_get_the_same() {
    let home = Home::new();
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK\r\nX-Case: Kept", "hello"));
    let gatetap = run(&home, &gateway.url(), &[]);
    assert!(!home.join("data/gatetap/ca-key.pem").exists(), "no CA before somebody speaks TLS");
    let root = make_ca(&home);
    wait(async {
        let (plain, body) = Client::exchange(gatetap.addr(), get("/v1/models", &[])).await;
        assert_eq!(body.text(), "hello");
        for host in ["localhost", "127.0.0.1", "gatetap.test"] {
            for alpn in [&[][..], &["http/1.1"]] {
                let mut tls = shake(tcp(gatetap.addr()).await, host, &root, alpn).await.unwrap();
                let agreed = tls.get_ref().1.alpn_protocol();
                assert_eq!(agreed, alpn.first().map(|name| name.as_bytes()), "{host}");
                for _kept_alive in 0..2 {
                    tls.write_all(&get("/v1/models", &[])).await.unwrap();
                    let head = read_to(&mut tls, "\r\n\r\n").await;
                    assert_eq!(head.as_bytes(), plain.raw, "{host} {alpn:?}");
                    read_to(&mut tls, "hello").await;
                }
            }
        }
    });
    let reader = stop_and_read(gatetap);
    assert_eq!(reader.count().unwrap(), 13);
    assert_eq!(reader.tunnels().unwrap(), []);
}

#[test]
fn an_app_that_offers_other_protocols_is_served_like_one_that_offers_none() {
    let home = Home::new();
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "hello"));
    let gatetap = run(&home, &gateway.url(), &[]);
    let root = make_ca(&home);
    wait(async {
        for alpn in [&["http/1.0"][..], &["other", "h3"], &["other", "http/1.1"]] {
            let mut tls = shake(tcp(gatetap.addr()).await, "localhost", &root, alpn).await.unwrap();
            let agreed = tls.get_ref().1.alpn_protocol();
            assert_eq!(agreed, alpn.contains(&"http/1.1").then_some(&b"http/1.1"[..]), "{alpn:?}");
            tls.write_all(&get("/v1/models", &[])).await.unwrap();
            read_to(&mut tls, "hello").await;
        }
    });
}

#[test]
fn http2_is_agreed_on_by_alpn() {
    let home = Home::new();
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK\r\nx-a: b", "hello"));
    let gatetap = run(&home, &gateway.url(), &[]);
    let root = make_ca(&home);
    wait(async {
        let tls = shake(tcp(gatetap.addr()).await, "localhost", &root, &["h2", "http/1.1"]).await.unwrap();
        assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let client = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(tls));
        let (mut sender, connection) = within("the HTTP/2 handshake", client).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get("https://localhost/v1/models?x=%2F").body(Empty::<&[u8]>::new());
        let response = within("an answer", sender.send_request(request.unwrap())).await.unwrap();
        assert_eq!((response.version(), response.status().as_u16()), (http::Version::HTTP_2, 200));
        assert_eq!(response.headers()["x-a"], "b");
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
        assert_eq!(gateway.request(0).await.head.start_line(), "GET /v1/models?x=%2F HTTP/1.1");
    });
    let reader = stop_and_read(gatetap);
    let whole = reader.exchange(1).unwrap().unwrap();
    assert_eq!(whole.exchange.request.version, "HTTP/2");
}

#[test]
fn a_broken_stream_is_broken_over_tls_too() {
    let home = Home::new();
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let gateway =
        Gateway::scripted([vec![Step::ReadHead, write(head), write(http1::chunk("one")), Step::Close]]);
    let gatetap = run(&home, &gateway.url(), &[]);
    let root = make_ca(&home);
    wait(async {
        let mut tls = shake(tcp(gatetap.addr()).await, "localhost", &root, &[]).await.unwrap();
        tls.write_all(&get("/", &[])).await.unwrap();
        read_to(&mut tls, "3\r\none\r\n").await;
        let rest = read_all(&mut tls).await;
        assert!(!rest.is_ok_and(|rest| rest.contains("0\r\n\r\n")), "no end may be invented");
    });
}

#[test]
fn tls_can_be_turned_off() {
    let home = Home::new();
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "hello"));
    let gatetap = run(&home, &gateway.url(), &["--tls=false"]);
    wait(async {
        let mut app = Client::connect(gatetap.addr()).await;
        app.send([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]).await;
        let head = app.read_head().await;
        assert_eq!((head.status(), head.header("x-gatetap-error")), (400, Some("bad-request".to_owned())));
    });
    assert!(!home.join("data/gatetap/ca.pem").exists());
}

#[test]
fn both_sides_can_be_ipv6() {
    let home = Home::new();
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "hello"));
    let ca = TestCa::new();
    let front = Front::listening("[::1]:0", gateway.addr(), ca.server_config(&["::1"], &["http/1.1"], false));
    let roots = ca.write_into(&home);
    let args = ["run", "--headless", "--listen", "[::1]:0", "--ca", roots.to_str().unwrap(), "--upstream"];
    let url = format!("https://{}", front.addr());
    let gatetap = Launch::gatetap(&[&args[..], &[&url]].concat()).home(&home).serve();
    let root = make_ca(&home);
    assert!(gatetap.addr().is_ipv6());
    wait(async {
        let (_, body) = Client::exchange(gatetap.addr(), get("/", &[])).await;
        assert_eq!(body.text(), "hello");
        let mut tls = shake(tcp(gatetap.addr()).await, "::1", &root, &[]).await.unwrap();
        tls.write_all(&get("/", &[])).await.unwrap();
        read_to(&mut tls, "hello").await;
        assert_eq!(gateway.request(1).await.head.header("host"), Some(front.addr().to_string()));
    });
}
