//! `gatetap doctor`: each documented failure leads to its documented conclusion, over real sockets.

use crate::support::binary::{Exit, Gatetap, Launch};
use crate::support::gateway::{Gateway, Refusing, Step, answer, write};
use crate::support::tls::{Front, TestCa};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

const KEY: &str = "sk-fake-000000000000";

fn doctor(gateway: &str, key: &str, flags: &[&str]) -> Exit {
    let args = ["doctor", "--gateway", gateway, "--key-env", "FAKE_KEY"];
    Launch::gatetap(&[&args, flags].concat()).env("FAKE_KEY", key).run_to_end()
}

fn objects(exit: &Exit) -> Vec<Value> {
    exit.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn conclusion(exit: &Exit) -> (Option<i32>, String) {
    let last = objects(exit).pop().unwrap_or_default();
    assert_eq!(last["exit"].as_i64().map(|code| code as i32), exit.code, "{exit}");
    assert_eq!(last["verdict"], last["conclusion"], "{exit}");
    (exit.code, last["conclusion"].as_str().unwrap_or_default().to_owned())
}

#[track_caller]
fn comes_to(exit: &Exit, code: i32, expected: &str, what: &str) {
    assert_eq!(conclusion(exit), (Some(code), expected.to_owned()), "{what}: {exit}");
    assert!(!exit.stdout.contains(KEY) && !exit.stderr.contains(KEY), "{what}: {exit}");
}

/// Runs `check` on every row, four at a time: most of it is waiting.
fn each<T: Sync>(rows: &[T], check: impl Fn(&T) + Sync) {
    thread::scope(|scope| {
        for part in rows.chunks(rows.len().div_ceil(4)) {
            let check = &check;
            scope.spawn(move || part.iter().for_each(check));
        }
    });
}

#[test]
fn each_documented_failure_leads_to_its_conclusion() {
    let rows: &[(&str, &str, i32, &str)] = &[
        ("invalid_api_key", "10s", 1, "key-rejected"),
        ("invalid_api_key,path=/v1/chat*", "10s", 1, "chat-refuses-key"),
        ("insufficient_quota", "10s", 1, "quota"),
        ("insufficient_quota,path=/v1/chat*", "10s", 1, "quota"),
        ("403,path=/v1/chat*", "10s", 1, "quota"),
        ("rate_limit_exceeded,path=/v1/models", "10s", 1, "rate-limited"),
        ("rate_limit_exceeded,path=/v1/chat*", "10s", 1, "rate-limited"),
        ("token_rate_limit_exceeded,path=/v1/chat*", "10s", 1, "rate-limited"),
        ("model_not_found,path=/v1/chat*", "10s", 1, "model-not-for-this-key"),
        ("invalid_request,path=/v1/chat*", "10s", 1, "request-refused"),
        ("request_too_large,path=/v1/chat*", "10s", 1, "request-refused"),
        ("upstream_unavailable,path=/v1/chat*", "10s", 1, "all-models-fail"),
        ("upstream_error,path=/v1/chat*", "10s", 1, "all-models-fail"),
        ("upstream_error,model=deepseek-v4-flash", "10s", 1, "one-model-fails"),
        ("upstream_error,stream=true", "10s", 1, "stream-refused"),
        ("gateway_error", "10s", 1, "gateway-trouble"),
        ("404", "10s", 1, "wrong-base-url"),
        ("405", "10s", 1, "wrong-base-url"),
        ("http.html_200_captive", "10s", 1, "wrong-base-url"),
        ("http.redirect_302", "10s", 1, "wrong-base-url"),
        ("http.cf_block_403", "10s", 1, "edge-page"),
        ("http.cf_520_html", "10s", 1, "edge-page"),
        ("http.html_502,path=/v1/chat*", "10s", 1, "edge-page"),
        ("http.proxy_407", "10s", 1, "proxy-login"),
        ("net.refused", "10s", 4, "connection-broken"),
        ("net.reset_before_headers", "10s", 4, "connection-broken"),
        ("net.reset_midbody", "10s", 4, "connection-broken"),
        ("net.hang_before_headers", "3s", 4, "no-answer"),
        ("net.hang_before_headers,path=/v1/chat*", "3s", 1, "all-models-time-out"),
        ("net.hang_before_headers,model=deepseek-v4-flash", "3s", 1, "one-model-fails"),
        ("stream.cut_clean,stream=true", "10s", 1, "stream-incomplete"),
        ("stream.cut_unterminated,stream=true", "10s", 1, "stream-cut"),
        ("stream.stall,stream=true", "3s", 1, "stream-stalls"),
        ("stream.burst,stream=true", "10s", 1, "buffered-before"),
        ("stream.html_instead,stream=true", "10s", 1, "not-a-stream"),
        ("stream.json_instead,stream=true", "10s", 1, "not-a-stream"),
        ("stream.error_json_200,stream=true", "10s", 1, "error-in-stream"),
        ("stream.bad_json,stream=true", "10s", 1, "stream-garbled"),
        // What clients bear is no illness.
        ("stream.no_done,stream=true", "10s", 0, "healthy"),
        ("stream.comments,stream=true", "10s", 0, "healthy"),
    ];
    each(rows, |(fault, patience, code, expected)| {
        let proxy = Gatetap::run(&[
            "run",
            "--headless",
            "--listen",
            "127.0.0.1:0",
            "--upstream",
            "sim",
            "--fault",
            fault,
        ]);
        let exit = doctor(&format!("{}/v1", proxy.url()), KEY, &["--json", "--timeout", patience]);
        comes_to(&exit, *code, expected, fault);
    });
}

#[test]
fn keys_are_judged_by_their_form_and_by_the_gateway() {
    let rows = [
        (KEY, &[][..], 0, "healthy"),
        ("", &[], 1, "no-key"),
        ("\"sk-fake-000000000000\"", &[], 1, "key-form"),
        ("sk-fake-0000\n00000000", &[], 1, "key-form"),
        ("sk-sim-disabled-000000", &[], 1, "key-rejected"),
        ("sk-sim-expired-0000000", &[], 1, "key-rejected"),
        ("sk-sim-broke-000000000", &[], 1, "quota"),
        ("sk-sim-scope-000000000", &[], 0, "healthy"),
        ("sk-sim-scope-000000000", &["--model", "glm-5"], 1, "model-not-for-this-key"),
        (KEY, &["--model", "no-such-model"], 1, "model-not-for-this-key"),
        (KEY, &["--no-spend"], 0, "reachable"),
    ];
    each(&rows, |(key, flags, code, expected)| {
        let exit = doctor("sim", key, &[flags, &["--json"][..]].concat());
        comes_to(&exit, *code, expected, key);
    });
    let anothers = doctor("sim", "sk-ant-api03-fake00000000", &[]);
    assert!(anothers.stdout.contains("it looks like a key of anthropic"), "{anothers}");
}

#[test]
fn every_profile_is_asked_in_its_own_manner() {
    for gateway in ["sim", "sim:openrouter", "sim:openai", "sim:anthropic"] {
        comes_to(&doctor(gateway, KEY, &["--json"]), 0, "healthy", gateway);
    }
}

#[test]
fn what_cannot_be_reached_exits_with_4() {
    let dead = Refusing::new();
    comes_to(&doctor(&dead.url(), KEY, &["--json"]), 4, "connection-refused", "nobody listens");
    let plain = Gateway::answering("220 mail.example ready\r\n");
    comes_to(&doctor(&plain.url(), KEY, &["--json"]), 4, "not-http", "another protocol");
    let secured = plain.url().replace("http://", "https://");
    let mute = doctor(&secured, KEY, &["--json", "--timeout", "500ms"]);
    comes_to(&mute, 4, "tls-failed", "no TLS");
    let unknown = doctor("http://gateway.invalid/v1", KEY, &["--json", "--timeout", "5s"]);
    comes_to(&unknown, 4, "name-not-found", "a name that is promised not to exist");
}

#[test]
fn who_signed_a_certificate_that_is_not_believed_is_said() {
    let ca = TestCa::new();
    let gateway = Gateway::answering(answer(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json",
        r#"{"object":"list","data":[{"id":"some-model","object":"model"}]}"#,
    ));
    let front = Front::of(gateway.addr(), ca.server_config(&["127.0.0.1"], &["http/1.1"], false));
    let url = format!("https://{}/v1", front.addr());
    let exit = doctor(&url, KEY, &["--json"]);
    comes_to(&exit, 4, "tls-failed", "a root that nobody knows");
    let tls = objects(&exit).into_iter().find(|step| step["step"] == "tls").unwrap();
    let issuer = tls["facts"]["issuer"].as_str().unwrap_or_default().to_owned();
    assert!(!issuer.is_empty(), "{tls}");
    // Nothing was sent over the connection that only looked.
    assert_eq!(gateway.requests().len(), 0);
    let home = crate::support::binary::Home::new();
    let pem = ca.write_into(&home);
    let believed = doctor(&url, KEY, &["--json", "--no-spend", "--ca", pem.to_str().unwrap()]);
    comes_to(&believed, 0, "reachable", "a root that --ca names");
    let tls = objects(&believed).into_iter().find(|step| step["step"] == "tls").unwrap();
    assert_eq!(tls["facts"]["issuer"], issuer, "{tls}");
}

#[test]
fn a_proxy_of_the_environment_is_used_and_blamed() {
    let through = |script: Vec<Step>| {
        let proxy = Gateway::scripted([script]);
        let exit = Launch::gatetap(&[
            "doctor",
            "--gateway",
            "http://gateway.invalid/v1",
            "--key-env",
            "FAKE_KEY",
            "--json",
            "--timeout",
            "5s",
        ])
        .env("FAKE_KEY", KEY)
        .env("http_proxy", format!("http://me:hush@{}", proxy.addr()))
        .run_to_end();
        assert!(!exit.stdout.contains("hush"), "{exit}");
        (exit, proxy)
    };
    let (exit, proxy) = through(vec![Step::ReadHead, write("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")]);
    comes_to(&exit, 4, "proxy-fails", "a proxy that refuses");
    assert_eq!(proxy.requests()[0].head.start_line(), "CONNECT gateway.invalid:80 HTTP/1.1");
    let step = objects(&exit).into_iter().find(|step| step["step"] == "proxy").unwrap();
    assert_eq!(step["facts"]["proxy"], proxy.addr().to_string(), "{step}");
}

/// A proxy that opens tunnels and hands a stream on in one piece, when it is over. Its address; it runs as long as
/// the process.
fn buffering_proxy() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    go(move || {
        for app in listener.incoming() {
            go(|| tunnel(app.unwrap()));
        }
    });
    addr
}

fn go(what: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name("test-proxy".to_owned()).spawn(what).unwrap();
}

fn tunnel(mut app: TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        app.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let host = head.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap();
    let mut gateway = TcpStream::connect(host).unwrap();
    app.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (mut asked, mut asking) = (gateway.try_clone().unwrap(), app.try_clone().unwrap());
    go(move || drop(std::io::copy(&mut asking, &mut asked)));
    let (mut held, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = gateway.read(&mut piece) {
        held.extend(&piece[..length]);
        let is_stream = held.windows(17).any(|window| window == b"text/event-stream");
        if !is_stream || held.ends_with(b"\r\n0\r\n\r\n") {
            // An app that has left wants no more.
            drop(app.write_all(&held));
            held.clear();
        }
    }
}

#[test]
fn who_holds_a_stream_back_is_found_by_asking_without_the_proxy() {
    let simulator = Launch::gatetap(&["sim", "--listen", "127.0.0.1:0", "--tokens-per-second", "20"]).serve();
    // Loopback is never asked of a proxy; this address is the same machine by another name.
    let gateway = format!("http://0.0.0.0:{}/v1", simulator.addr().port());
    let slow = ["--json", "--timeout", "20s"];
    for (proxy, code, expected) in [(Some(buffering_proxy()), 1, "buffered-by-proxy"), (None, 0, "healthy")] {
        let args = [&["doctor", "--gateway", &gateway, "--key-env", "FAKE_KEY"][..], &slow].concat();
        let launch = Launch::gatetap(&args).env("FAKE_KEY", KEY);
        let exit = match proxy {
            Some(proxy) => launch.env("http_proxy", format!("http://{proxy}")).run_to_end(),
            None => launch.run_to_end(),
        };
        comes_to(&exit, code, expected, "a proxy that buffers, or none");
        let straight = objects(&exit).into_iter().any(|step| step["step"] == "stream-straight");
        assert_eq!(straight, proxy.is_some(), "{exit}");
    }
}

#[test]
fn a_gateway_without_a_known_variable_gets_no_key_that_was_not_named() {
    let gateway = Gateway::answering(answer("HTTP/1.1 401 No", "{}"));
    let exit = Launch::gatetap(&["doctor", "--gateway", &gateway.url(), "--json"])
        .env("OPENAI_API_KEY", KEY)
        .env("NEXOROUTER_API_KEY", KEY)
        .run_to_end();
    comes_to(&exit, 1, "no-key", "no variable");
    assert_eq!(gateway.requests()[0].head.header("authorization"), None);
}

#[test]
fn a_key_that_is_not_set_is_said_whatever_else_is_wrong() {
    let refusing = Refusing::new();
    let gateway = refusing.url();
    let exit = doctor(&gateway, "", &[]);
    for part in ["(connection-", "set the key's variable, above", "Key: none (FAKE_KEY is not set)"] {
        assert!(exit.stdout.contains(part), "{part}: {exit}");
    }
    let exit = doctor(&gateway, "\"sk-fake-000000000000\"", &["--json"]);
    let last = objects(&exit).pop().unwrap_or_default();
    let next = last["next"].as_array().cloned().unwrap_or_default();
    assert!(
        next.iter().any(|line| line.as_str().is_some_and(|line| line.contains("copy it anew"))),
        "{exit}"
    );
}

#[test]
fn people_get_a_line_a_step_the_conclusion_and_a_note() {
    let exit = doctor("sim", "sk-sim-disabled-0042", &[]);
    let steps: Vec<&str> = exit
        .stdout
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    assert_eq!(
        steps,
        ["config", "key", "auth", "base-path", "proxy", "dns", "tcp", "tls", "models"],
        "{exit}"
    );
    for part in [
        "Conclusion: The gateway does not take this key",
        "(key-rejected)",
        "Do not conclude",
        "Next",
        "For support",
        "Request ID: req_sim_",
        "HTTP status: 401",
        "Error code: invalid_api_key",
        "GET /v1/models: fails: status 401",
        "Key: FAKE_KEY, ending in 0042",
    ] {
        assert!(exit.stdout.contains(part), "{part}: {exit}");
    }
    assert!(!exit.stdout.contains("disabled-00"), "{exit}");
}

#[test]
fn the_simulator_needs_no_key_of_ones_own() {
    let exit = Launch::gatetap(&["doctor", "--gateway", "sim", "--json"]).run_to_end();
    comes_to(&exit, 0, "healthy", "no key is named");
}
