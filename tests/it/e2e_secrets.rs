//! No key reaches a disk or a screen, whatever way it comes. Each is a canary of its own that the gateway
//! still gets as it was sent.

use crate::e2e_support::{ASK, ended, said, serve};
use crate::support::binary::Home;
use crate::support::client::{Client, Ending, post};
use crate::support::gateway::{Gateway, answer};
use crate::support::wait;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The middle of every canary: what no masked key shows.
const CANARY: &str = "canary";

/// Where secrets come in, each with the head that carries it. `{}` is the canary.
const HEADERS: [&str; 8] = [
    "authorization: Bearer {}",
    "x-api-key: {}",
    "api-key: {}",
    "x-goog-api-key: {}",
    "cookie: session={}; theme=dark",
    "proxy-authorization: Basic {}",
    "authorization: {}",
    "AUTHORIZATION:bearer   \"{}\" ",
];
const TARGETS: [&str; 5] = [
    "/v1/chat/completions?key={}",
    "/v1/chat/completions?a=b&api_key={}&c=d",
    "/v1/chat/completions?access_token={}",
    "http://someone:{}@gateway.example/v1/chat/completions",
    "/v1/chat/completions?next=https://someone:{}@gateway.example/",
];

fn canary(number: usize) -> String {
    format!("sk-{number:02}-{CANARY}-0000-{CANARY}-0000")
}

/// Every file below `folder` that holds the word.
fn holding(folder: &Path, found: &mut Vec<String>) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += holding(&path, found);
            continue;
        }
        files += 1;
        let bytes = fs::read(&path).unwrap();
        let hits = bytes.windows(CANARY.len()).filter(|part| *part == CANARY.as_bytes()).count();
        if hits > 0 {
            found.push(format!("{} ({hits})", path.display()));
        }
    }
    files
}

#[track_caller]
fn assert_nowhere(home: &Home, when: &str) {
    let mut found = Vec::new();
    let files = holding(home.path(), &mut found);
    assert!(files > 0, "{when}: there is no recording to look through");
    assert!(found.is_empty(), "{when}: a key stands in {found:?}");
}

#[test]
fn no_key_is_kept_and_every_key_is_passed_on() {
    let home = Home::new();
    let ok = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nset-cookie: session=sk-99-canary-0000-canary-0000; path=/";
    let gateway = Gateway::answering(answer(ok, "{}"));
    let mut gatetap = serve(&home, &gateway.url());

    let mut count = 0;
    for (target, header) in HEADERS
        .map(|header| ("/v1/chat/completions", header))
        .into_iter()
        .chain(TARGETS.map(|target| (target, "x-other: 1")))
    {
        let key = canary(count);
        let (target, header) = (target.replace("{}", &key), header.replace("{}", &key));
        let raw = post(&target, &[&header], ASK);
        let (head, body) = wait(Client::exchange(gatetap.addr(), raw));
        assert_eq!((head.status(), body.ending), (200, Ending::Whole), "{target} {header}");
        let cookie = head.headers().into_iter().find(|(name, _)| name == "set-cookie").unwrap().1;
        assert!(cookie.contains(CANARY), "the app is given what the gateway sent");
        let got = String::from_utf8(wait(gateway.request(count)).head.raw).unwrap();
        let hop_by_hop = header.starts_with("proxy-authorization") || target.starts_with("http:");
        assert_eq!(got.contains(&key), !hop_by_hop, "{target} {header} became {got}");
        count += 1;
    }
    let all = ended(&home, count);
    assert_eq!(all.len(), count);
    assert_nowhere(&home, "while it runs");

    // What can be said of a key without it is still said.
    for (line, number) in all.iter().zip(0..) {
        let told = said(&home, &["show", &line["id"].to_string()]);
        assert!(!told.stdout.contains(CANARY) && !told.stderr.contains(CANARY), "{told}");
        let (target, key) = (&line["path"], canary(number));
        let credential = &line["credential"];
        if number < HEADERS.len() && !HEADERS[number].starts_with("cookie") {
            // What follows `Basic` is a user and a password: nothing of it is shown.
            let last4 = if credential["scheme"] == "Basic" { Value::Null } else { "0000".into() };
            assert_eq!(credential["last4"], last4, "{target} {number}: {line}");
            assert!(credential["length"].as_u64() >= Some(key.len() as u64), "{line}");
        }
    }
    let running = gatetap.running();
    assert!(!running.stdout().contains(CANARY) && !running.stderr().contains(CANARY));
    gatetap.terminate();
    let exit = gatetap.wait_exit();
    assert_eq!(exit.code, Some(0), "{exit}");
    assert!(!exit.stderr.contains(CANARY), "{exit}");
    assert_nowhere(&home, "when it has ended");
}

#[test]
fn no_key_is_kept_of_what_failed_or_was_killed() {
    let home = Home::new();
    let refusing = crate::support::gateway::Refusing::new();
    let mut gatetap = serve(&home, &refusing.url());
    let key = canary(1);
    let target = format!("/v1/chat/completions?key={key}");
    let header = format!("authorization: Bearer {key}");
    let (head, body) = wait(Client::exchange(gatetap.addr(), post(&target, &[&header], ASK)));
    assert_eq!(head.status(), 502);
    assert!(!body.text().contains(CANARY));
    for raw in [
        format!("GET {target} HTTP/1.1\r\n{header}\r\nno colon {key}\r\n\r\n"),
        format!("GET {target} SPDY/3\r\n{header}\r\n\r\n"),
        format!("CONNECT someone:{key}@gateway.example:443 HTTP/1.1\r\n{header}\r\nhost: a\r\n\r\n"),
    ] {
        let (head, body) = wait(Client::exchange(gatetap.addr(), raw));
        assert!(head.status() >= 400);
        assert!(!body.text().contains(CANARY), "{}", body.text());
    }
    ended(&home, 1);
    assert_nowhere(&home, "while it runs");
    gatetap.kill_9();
    assert_nowhere(&home, "when it was killed");
}
