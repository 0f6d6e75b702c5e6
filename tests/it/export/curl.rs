//! What `export curl` prints is run, and what arrives is what was recorded.

use crate::captures::capture;
use crate::cli_recording::gatetap;
use crate::support::binary::Home;
use crate::support::made::session;
use gatetap::exchange::Exchange;
use gatetap::exchange::body::{Mark, Rest, Side};
use gatetap::exchange::head::Headers;
use gatetap::exchange::time::{Micros, WallTime};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// One request: how it is written, and what curl has to leave out of it.
struct Case {
    start: &'static str,
    headers: &'static str,
    body: Vec<u8>,
}

/// A request as it arrived.
#[derive(Debug, PartialEq, Eq)]
struct Arrived {
    start: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn cases() -> Vec<Case> {
    let json =
        br#"{"model":"acme/small","messages":[{"role":"user","content":"it's \"$HOME\" `id` \\n $(id)"}]}"#;
    let plain = |start, headers, body: &[u8]| Case { start, headers, body: body.to_vec() };
    vec![
        plain("GET /v1/models", "User-Agent: curl/0\nAccept: */*\n", b""),
        plain("GET /v1/models?a=b&c=%20d", "X-Empty:\nX-Quote: it's \"so\" $HOME\n", b""),
        plain(
            "POST /v1/chat/completions",
            "Content-Type: application/json\nAuthorization: Bearer ****************\n",
            json,
        ),
        plain(
            "POST /v1/messages",
            "content-type: application/json\nx-api-key: ************0000\nanthropic-version: 2023-06-01\n",
            json,
        ),
        plain("POST /v1/chat/completions?key=****************&x=1", "Content-Type: application/json\n", json),
        plain("POST /v1/[a]/../{b}", "Accept: a\nAccept: b\n", b"@/etc/hostname"),
        plain("POST /v1/lines", "Content-Type: text/plain\n", b"one\ntwo\n\n"),
        plain("POST /v1/binary", "Content-Type: application/octet-stream\n", b"\x00\x01\xff\r\n'\"\x1b[2J"),
        plain("DELETE /v1/files/1", "", b""),
        plain("PUT /v1/files/1", "Accept-Encoding: gzip\n", b"{}"),
        plain("HEAD /v1/models", "Accept: */*\n", b""),
        Case { start: "POST /v1/long", headers: "Content-Type: text/plain\n", body: b"x'".repeat(150_000) },
        plain("POST /v1/utf8", "Content-Type: text/plain; charset=utf-8\n", "grün 🙂 \u{202e}".as_bytes()),
    ]
}

#[test]
fn what_it_prints_sends_the_same_request() {
    let has_curl = Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_ok();
    if !has_curl {
        writeln!(std::io::stderr(), "SKIPPED: there is no curl on this machine").unwrap();
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let home = Home::new();
    let path = home.join("a.db");
    let writer = session(&path);
    for case in cases() {
        let exchange = recorded(&case, &origin);
        writer.begin().unwrap();
        let id = writer.insert_exchange(&exchange).unwrap();
        let mark =
            Mark { length: case.body.len() as u32, read: Micros(1), taken: None, rest: Rest::default() };
        writer.insert_segment(id, Side::Request, 0, &case.body, &[mark]).unwrap();
        writer.commit().unwrap();
    }
    writer.end_session(WallTime(1)).unwrap();
    for (index, case) in cases().iter().enumerate() {
        let id = (index + 1).to_string();
        let exit = gatetap(&home, &["export", "curl", &id, "--db", "a.db"]);
        assert_eq!(exit.code, Some(0), "{exit}");
        let script = exit.stdout;
        let mut shell = Command::new("sh")
            .arg("-s")
            .env("API_KEY", "the-key")
            .env("no_proxy", "*")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let arrived = arrived(&listener);
        assert_eq!(shell.wait().unwrap().code(), Some(0), "{script}");
        assert_eq!(arrived, expected(case), "{script}");
    }
}

fn recorded(case: &Case, origin: &str) -> Exchange {
    let (method, target) = case.start.split_once(' ').unwrap();
    let lines = case.headers.replace('\n', "\r\n");
    let raw = format!("{method} {target} HTTP/1.1\r\nHost: gatetap\r\nContent-Length: 1\r\n{lines}\r\n");
    let mut exchange = capture("models").exchange;
    "elsewhere".clone_into(&mut exchange.gateway);
    exchange.url = format!("{origin}{target}");
    method.clone_into(&mut exchange.request.method);
    target.clone_into(&mut exchange.request.target);
    exchange.request.headers = Headers::from_raw_head(&raw.clone().into());
    exchange.request.raw = Some(raw.into());
    exchange.sent = None;
    exchange.request_bytes = case.body.len() as u64;
    exchange
}

/// What has to arrive: secrets are the variable's value, the rest is as it was.
fn expected(case: &Case) -> Arrived {
    let key = |text: &str| text.replace("************0000", "the-key").replace("****************", "the-key");
    let mut headers: Vec<(String, String)> = case
        .headers
        .lines()
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_owned(), key(value.trim())))
        .collect();
    headers.sort();
    Arrived { start: format!("{} HTTP/1.1", key(case.start)), headers, body: case.body.clone() }
}

/// Takes one request and answers it.
fn arrived(listener: &TcpListener) -> Arrived {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(&stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    let start = line();
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        let line = line();
        let Some((name, value)) = line.split_once(':') else { break };
        let value = value.trim().to_owned();
        match name.to_ascii_lowercase().as_str() {
            "host" => {}
            "content-length" => length = value.parse().unwrap(),
            _ => headers.push((name.to_owned(), value)),
        }
    }
    headers.sort();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (&stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    Arrived { start, headers, body }
}

#[test]
fn what_it_cannot_carry_stands_before_it() {
    let home = Home::new();
    let path = home.join("a.db");
    let writer = session(&path);
    let case = Case {
        start: "POST /v1/chat/completions",
        headers: "Cookie: a=****************\nProxy-Authorization: Basic ****************\nX-B\u{1b}d: 1\n",
        body: b"{}".to_vec(),
    };
    let exchange = Exchange {
        fault: Some("rate_limit_exceeded".to_owned()),
        request_bytes: 9,
        request_trailers: Headers::from_iter([("x-t", "1")]),
        ..recorded(&case, "http://localhost:1")
    };
    writer.begin().unwrap();
    let id = writer.insert_exchange(&exchange).unwrap();
    let mark = Mark { length: 2, read: Micros(1), taken: None, rest: Rest::default() };
    writer.insert_segment(id, Side::Request, 0, b"{}", &[mark]).unwrap();
    writer.commit().unwrap();
    writer.end_session(WallTime(1)).unwrap();
    let script = gatetap(&home, &["export", "curl", "--db", "a.db"]).stdout;
    insta::assert_snapshot!(script, @r"
    # exchange 1, 1970-01-01T00:00:00.000000Z, 200 open
    # note: the header `Cookie` held a secret, which is not recorded: it is left out
    # note: the header `Proxy-Authorization` held a secret, which is not recorded: it is left out
    # note: the header `X-B␛d` has bytes that curl does not send: it is left out
    # note: the body lacks 7 bytes that the recording does not have
    # note: the request had trailers: curl sends none
    # note: gatetap had injected the fault `rate_limit_exceeded`
    curl \
      'http://localhost:1/v1/chat/completions' \
      -H 'User-Agent:' \
      -H 'Accept:' \
      -H 'Content-Type:' \
      -H 'Expect:' \
      --data-raw '{}'
    ");
}
