//! What was not opened is listed, and what went over a connection after a `101` can be read.

use serde_json::{Value, json};

use crate::support::binary::{Gatetap, Home, Launch};
use crate::support::client::{Client, get};
use crate::support::gateway::{Gateway, Refusing, Step, write};
use crate::support::tls::{TestCa, make_ca, shake, stop_and_read, tcp};
use crate::support::{eventually, wait};

fn run(home: &Home, upstream: &str) -> Gatetap {
    Launch::gatetap(&["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", upstream])
        .home(home)
        .serve()
}

fn stdout(home: &Home, words: &[&str]) -> String {
    let exit = Launch::gatetap(words).home(home).run_to_end();
    assert_eq!(exit.code, Some(0), "{exit}");
    exit.stdout
}

fn list(home: &Home, words: &[&str]) -> Vec<Value> {
    let words = [&["ls", "--tunnels", "--json"], words].concat();
    stdout(home, &words).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn tunnels_are_listed_with_host_bytes_times_and_end() {
    let home = Home::new();
    let host = Gateway::scripted([vec![write("welcome"), Step::Hang]]);
    let refusing = Refusing::new();
    let gatetap = run(&home, "http://127.0.0.1:9");
    let targets = [host.addr().to_string(), refusing.addr().to_string()];
    wait(async {
        for (target, expected) in targets.iter().zip([200, 502]) {
            let mut app = Client::connect(gatetap.addr()).await;
            app.send(format!("CONNECT {target} HTTP/1.1\r\n\r\n")).await;
            assert_eq!(app.read_head().await.status(), expected);
            if expected == 200 {
                app.read_raw(7).await;
                app.send("abc").await;
                host.raw_of(0, 3).await;
                app.close();
                host.peer_left(0).await;
            }
        }
    });
    drop(stop_and_read(gatetap));
    let lines = list(&home, &[]);
    assert_eq!(lines.len(), 2);
    let facts = |line: &Value| {
        json!([line["host"], line["sent_bytes"], line["received_bytes"], line["error_code"], line["session"]])
    };
    assert_eq!(facts(&lines[0]), json!([targets[0], 3, 7, null, 1]));
    assert_eq!(facts(&lines[1]), json!([targets[1], 0, 0, "connection-refused", 1]));
    assert!(lines[0]["duration_ms"].as_f64() > lines[0]["connect_ms"].as_f64(), "{lines:?}");
    for key in ["id", "started_at", "peer", "ended_by", "ended_detail", "error_message"] {
        assert!(lines.iter().all(|line| line.get(key).is_some()), "{key} in {lines:?}");
    }
    assert_eq!(list(&home, &["--limit", "1"]), [lines[1].clone()]);
    assert_eq!(list(&home, &["--session", "last"]).len(), 2);
    assert_eq!(list(&home, &["--session", "2"]), Vec::<Value>::new());
    let table = stdout(&home, &["ls", "--tunnels"]);
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((rows[0][0], &rows[0][rows[0].len() - 1], rows[1][0]), ("1", &"closed", "2"), "{table}");
    assert!(rows[0].contains(&targets[0].as_str()) && table.contains("connection-refused: "), "{table}");
    // Whoever looks for exchanges and finds none is told.
    let exit = Launch::gatetap(&["ls"]).home(&home).run_to_end();
    assert!(exit.stderr.contains("gatetap ls --tunnels"), "{exit}");
}

#[test]
fn an_app_that_does_not_trust_the_ca_is_seen() {
    let home = Home::new();
    let gateway = Gateway::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let mut gatetap = run(&home, &gateway.url());
    make_ca(&home);
    let stranger = TestCa::new();
    wait(async {
        let host = "api.example.test";
        shake(tcp(gatetap.addr()).await, host, stranger.pem(), &[]).await.unwrap_err();
    });
    eventually("a warning", || {
        let stderr = gatetap.running().stderr();
        stderr.contains("warning: the app broke off the handshake for `api.example.test`").then_some(())
    });
    let port = gatetap.addr().port();
    drop(stop_and_read(gatetap));
    let lines = list(&home, &[]);
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(line["host"], json!(format!("api.example.test:{port}")));
    assert_eq!((&line["ended_by"], &line["connect_ms"]), (&json!("app"), &Value::Null));
    let detail = line["ended_detail"].as_str().unwrap();
    for part in ["gatetap ca", "alert", "UnknownCA"] {
        assert!(detail.contains(part), "{part} in {detail}");
    }
    assert_eq!(gateway.connections(), 0);
}

#[test]
fn what_follows_a_101_is_shown_in_both_directions() {
    let home = Home::new();
    let websocket = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    let other = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp/9\r\nConnection: Upgrade\r\n\r\n";
    let scripts = [
        vec![Step::ReadHead, write(websocket), write(b"\x81\x05hello"), Step::Hang],
        vec![Step::ReadHead, write(other), write(b"one"), Step::Hang],
    ];
    let gateway = Gateway::scripted(scripts);
    let gatetap = run(&home, &gateway.url());
    wait(async {
        for (n, protocol, from_gateway, from_app) in [
            // `bye` and a close, masked with `\x01\x02\x03\x04`.
            (0, "websocket", 7, &b"\x81\x83\x01\x02\x03\x04c{f\x88\x82\x01\x02\x03\x04\x02\xea"[..]),
            (1, "tcp/9", 3, b"two"),
        ] {
            let mut app = Client::connect(gatetap.addr()).await;
            app.send(get("/v1/x", &["Connection: Upgrade", &format!("Upgrade: {protocol}")])).await;
            app.read_head().await;
            app.read_raw(from_gateway).await;
            app.send(from_app).await;
            let head = gateway.request_head(n).await.head.raw.len();
            gateway.raw_of(n, head + from_app.len()).await;
            app.close();
            gateway.peer_left(n).await;
        }
    });
    drop(stop_and_read(gatetap));
    let page = |id: &str| stdout(&home, &["show", id]);
    let after = |page: &str| -> Vec<String> {
        let lines = page.lines().skip_while(|line| *line != "After the switch").skip(1);
        lines
            .take_while(|line| !line.is_empty())
            .map(|line| line.split_once("  app ").unwrap().1.to_owned())
            .collect()
    };
    let shown = page("1");
    assert_eq!(
        after(&shown),
        ["←  text, 5 bytes: hello", "→  text, 3 bytes: bye", "→  close, 2 bytes: 1000"]
    );
    assert!(!shown.contains("not text"), "{shown}");
    assert_eq!(after(&page("2")), ["←  3 bytes: one", "→  3 bytes: two"]);
}
