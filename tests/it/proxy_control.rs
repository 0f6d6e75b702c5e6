//! The control API: what it lists, and whom it lets in.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::support::binary::{Gatetap, Home, Launch};
use crate::support::client::{Client, get, post};
use crate::support::gateway::{Gateway, answer};
use crate::support::http1::Head;
use crate::support::http2::{Http2, rest};
use crate::support::tapped::Tapped;
use crate::support::{eventually, wait};

async fn control(addr: SocketAddr, method: &str, path: &str, headers: &[&str]) -> (Head, String) {
    let lines = [&[&*format!("Host: {addr}")], headers].concat().join("\r\n");
    let raw = format!("{method} {path} HTTP/1.1\r\n{lines}\r\n\r\n");
    let (head, body) = Client::exchange(addr, raw).await;
    (head, body.text())
}

fn ids(lines: &str) -> Vec<i64> {
    let id = |line| serde_json::from_str::<Value>(line).unwrap()["id"].as_i64().unwrap();
    lines.lines().map(id).collect()
}

#[tokio::test]
async fn exchanges_are_listed_as_ls_lists_them() {
    let gateway = Gateway::answering(answer("HTTP/1.1 429 Too Many Requests", "{}"));
    let tapped = Tapped::before(&gateway).await;
    for path in ["/v1/models", "/v1/a%20b", "/v1/models"] {
        Client::exchange(tapped.addr(), get(path, &[])).await;
    }
    tapped.told(2).await;
    let list =
        async |query: &str| control(tapped.addr(), "GET", &format!("/_gatetap/exchanges{query}"), &[]).await;
    let (head, lines) = list("").await;
    assert_eq!((head.status(), head.header("content-type").as_deref()), (200, Some("application/x-ndjson")));
    assert_eq!(ids(&lines), [1, 2, 3]);
    let db = tapped.recording();
    let exit = Launch::gatetap(&["ls", "--json", "--db", db.to_str().unwrap()]).run_to_end();
    assert_eq!(lines, exit.stdout);
    for (query, expected) in [
        ("?filter=path:/v1/models", &[1, 3][..]),
        ("?filter=status%3A429+path%3A*b", &[2]),
        ("?limit=2", &[2, 3]),
        ("?filter=status:200", &[]),
        ("?filter=&limit=1", &[3]),
    ] {
        assert_eq!(ids(&list(query).await.1), expected, "{query}");
    }
    for (query, part) in
        [("?filter=status:%3E%3Ex", "column"), ("?limit=many", "`many`"), ("?since=1", "`since`")]
    {
        let (head, body) = list(query).await;
        assert!(head.status() == 400 && body.contains(part), "{query}: {body}");
    }
    // Asking is not traffic.
    assert_eq!(tapped.count(), 3);
    let mut app = Http2::connect(tapped.addr()).await;
    let response = app.send("GET", "/_gatetap/exchanges", &[], "").await;
    assert_eq!(ids(&String::from_utf8(rest(&mut response.into_body()).await.0).unwrap()), [1, 2, 3]);
}

#[tokio::test]
async fn what_is_not_served_says_what_is() {
    let tapped = Tapped::before(&Gateway::answering(answer("HTTP/1.1 200 OK", "{}"))).await;
    let json = ["Content-Type: application/json; charset=utf-8", "Content-Length: 0"];
    let text = ["Content-Type: text/plain", "Content-Length: 0"];
    for (method, path, headers, status, part) in [
        ("GET", "/_gatetap/nothing", &[][..], 404, "GET /_gatetap/exchanges"),
        ("GET", "/_gatetap", &[], 404, "GET /_gatetap/status"),
        ("DELETE", "/_gatetap/status", &[], 405, "only GET"),
        ("PUT", "/_gatetap/status", &json, 405, "only GET"),
        ("PUT", "/_gatetap/status", &text, 415, "application/json"),
        ("POST", "/_gatetap/status", &text[1..], 415, "application/json"),
        ("GET", "/_gatetap/exchanges", &["Origin: null"], 403, "web pages"),
    ] {
        let (head, body) = control(tapped.addr(), method, path, headers).await;
        assert!(head.status() == status && body.contains(part), "{method} {path}: {body}");
        assert_eq!(head.header("allow").as_deref(), (status == 405).then_some("GET"));
    }
    assert_eq!(tapped.count(), 0);
}

#[test]
fn beyond_this_machine_the_printed_token_is_wanted() {
    let home = Home::new();
    let args = ["run", "--headless", "--upstream", "sim", "--allow-remote", "--listen", "0.0.0.0:0"];
    let mut gatetap = Launch::gatetap(&args).home(&home).serve();
    let line = eventually("the token", || {
        let stderr = gatetap.running().stderr();
        stderr.lines().find(|line| line.contains("Authorization: Bearer ")).map(str::to_owned)
    });
    let token = line.split("Bearer ").nth(1).unwrap().trim_end_matches('`').to_owned();
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
    let port = gatetap.addr().port();
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    let right = format!("Authorization: Bearer {token}");
    let longer = format!("{right}0");
    let cases: [(&[&str], u16); 6] = [
        (&[], 401),
        (&["Authorization: Bearer "], 401),
        (&["Authorization: Bearer 00000000000000000000000000000000"], 401),
        (&[&longer], 401),
        (&[&right], 200),
        (&[&right, "Origin: http://evil.example"], 403),
    ];
    wait(async {
        for (headers, status) in cases {
            assert_eq!(
                control(addr, "GET", "/_gatetap/status", headers).await.0.status(),
                status,
                "{headers:?}"
            );
        }
        // The proxy itself asks nobody for it, and nobody reaches it under another name.
        let (head, _) = Client::exchange(addr, post("/v1/models", &[], "")).await;
        assert_ne!(head.status(), 401);
        for (host, status) in [
            (format!("192.0.2.7:{port}"), 200),
            (format!("localhost:{port}"), 200),
            ("evil.example".to_owned(), 403),
        ] {
            let raw = format!("GET /_gatetap/status HTTP/1.1\r\nHost: {host}\r\n{right}\r\n\r\n");
            assert_eq!(Client::exchange(addr, raw).await.0.status(), status, "{host}");
        }
    });
    gatetap.terminate();
    let exit = gatetap.wait_exit();
    assert_eq!(exit.code, Some(0), "{exit}");
    // The recording is read by others.
    let bytes = std::fs::read(home.join("data/gatetap/recording.db")).unwrap();
    assert!(!bytes.windows(32).any(|window| window == token.as_bytes()));
}

#[test]
fn on_loopback_no_token_is_wanted() {
    let gatetap = Gatetap::run(&["run", "--headless", "--upstream", "sim", "--listen", "127.0.0.1:0"]);
    wait(async {
        let (head, body) = control(gatetap.addr(), "GET", "/_gatetap/status", &[]).await;
        assert_eq!(head.status(), 200);
        let status: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status["listen"], json!([gatetap.url()]));
    });
}
