//! A gateway that cannot be reached, or does not answer: what the app is told, and what is recorded.

use crate::e2e_support::{ASK, ended, said, serve, show};
use crate::support::binary::{Home, Launch};
use crate::support::client::{Client, Ending, SeenBody, post};
use crate::support::gateway::{Gateway, Refusing, Step, write};
use crate::support::http1::Head;
use crate::support::wait;
use serde_json::{Value, json};
use std::net::SocketAddr;

fn ask(gatetap: SocketAddr, path: &str) -> (Head, SeenBody) {
    wait(Client::exchange(gatetap, post(path, &["authorization: Bearer e2e"], ASK)))
}

/// What the app gets in front of `upstream`, and what is recorded of it: 502 and `token`.
#[track_caller]
fn fails(upstream: &str, token: &str) {
    let home = Home::new();
    let gatetap = serve(&home, upstream);
    let mut messages = Vec::new();
    for path in ["/v1/chat/completions", "/v1/messages"] {
        let (head, body) = ask(gatetap.addr(), path);
        assert_eq!((head.status(), body.ending), (502, Ending::Whole), "{token}: {path}");
        let headers = head.headers();
        let value = |name: &str| headers.iter().find(|(found, _)| found == name).map(|pair| pair.1.as_str());
        assert_eq!(value("x-gatetap-error"), Some(token), "{path}");
        assert_eq!(value("content-type"), Some("application/json"), "{token}: {path}");
        let mut said: Value = serde_json::from_slice(&body.bytes()).unwrap();
        let message = said["error"]["message"].take();
        // The shapes that the SDKs of the two vendors take an error out of.
        let expected = if path.ends_with("messages") {
            let error = json!({ "type": "gatetap_error", "code": token, "message": null });
            json!({ "type": "error", "error": error })
        } else {
            let error = json!({ "type": "gatetap_error", "code": token, "param": null, "message": null });
            json!({ "error": error })
        };
        assert_eq!(said, expected, "{token}: {path}");
        messages.push(message.as_str().unwrap().to_owned());
        assert!(messages[0].starts_with("gatetap: "), "{token}: {messages:?}");
    }
    let all = ended(&home, 2);
    for (line, message) in all.iter().zip(messages) {
        assert_eq!((&line["verdict"], &line["status"]), (&json!("failed"), &json!(502)), "{token}");
        assert_eq!(line["error_code"], token);
        let whole = show(&home, &line["id"]);
        let recorded = whole["response"]["body"]["text"].as_str().unwrap();
        assert!(recorded.contains(&serde_json::to_string(&message).unwrap()), "{token}: {recorded}");
        assert_eq!(whole["request"]["body"]["text"], ASK, "{token}");
        let answer = &whole["response"];
        let raw = answer["raw_head"].as_str().unwrap();
        let length = answer["body"]["bytes"].as_u64().unwrap();
        assert!(raw.starts_with("HTTP/1.1 502 Bad Gateway\r\ncontent-type: application/json\r\n"), "{raw}");
        assert!(raw.contains(&format!("content-length: {length}\r\n")), "{raw}");
        assert!(answer["headers"].as_array().unwrap().contains(&json!(["content-type", "application/json"])));
    }
    let har: Value = serde_json::from_str(&said(&home, &["export", "har"]).stdout).unwrap();
    for entry in har["log"]["entries"].as_array().unwrap() {
        assert_eq!(entry["response"]["content"]["mimeType"], "application/json");
        assert_eq!(entry["response"]["statusText"], "Bad Gateway");
    }
}

#[test]
fn nobody_listens() {
    fails(&Refusing::new().url(), "connection-refused");
}

#[test]
fn a_name_that_nobody_has() {
    // No label is that long, so that no network is asked for it.
    fails(&format!("http://{}.invalid", "a".repeat(64)), "dns-not-found");
}

#[test]
fn a_gateway_that_closes_before_it_answers() {
    let gateway = Gateway::replying([vec![Step::Close]]);
    fails(&gateway.url(), "closed-before-response");
}

#[test]
fn a_gateway_that_resets_before_it_answers() {
    let gateway = Gateway::replying([vec![Step::Reset]]);
    fails(&gateway.url(), "connection-reset");
}

#[test]
fn an_answer_that_is_no_http() {
    for garbage in
        ["SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "\0\x01\x02\x03\r\n\r\n", "HTTP/1.1 twohundred OK\r\n\r\n"]
    {
        let gateway = Gateway::replying([vec![write(garbage), Step::Close]]);
        fails(&gateway.url(), "bad-response");
    }
}

#[test]
fn a_gateway_that_never_gets_to_tls_is_given_up_when_it_was_said() {
    // The system takes connections for it; nobody ever speaks on them.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = format!("https://{}", silent.local_addr().unwrap());
    let home = Home::new();
    let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &upstream];
    let gatetap = Launch::gatetap(&args).home(&home).env("GATETAP_CONNECT_TIMEOUT", "40ms").serve();
    let (head, _) = ask(gatetap.addr(), "/v1/chat/completions");
    assert_eq!(head.status(), 504);
    assert_eq!(head.header("x-gatetap-error").as_deref(), Some("connect-timeout"));
    let took = ended(&home, 1)[0]["duration_ms"].as_f64().unwrap();
    assert!((40.0..10_000.0).contains(&took), "{took} ms");
}

#[test]
fn where_a_request_goes_that_goes_nowhere_is_not_known() {
    let home = Home::new();
    let gatetap = serve(&home, "sim");
    let (head, body) = ask(gatetap.addr(), "/@nobody/v1/chat/completions");
    assert_eq!(head.header("x-gatetap-error").as_deref(), Some("unknown-route"));
    let told = String::from_utf8(body.bytes()).unwrap();
    assert!(told.contains("`--route NAME=URL`"), "there is no other gateway to name: {told}");
    let all = ended(&home, 1);
    assert_eq!((&all[0]["gateway"], &all[0]["url"]), (&Value::Null, &Value::Null), "{}", all[0]);
    let page = said(&home, &["show", "1"]).stdout;
    assert!(!page.contains("\ngateway "), "{page}");
}
