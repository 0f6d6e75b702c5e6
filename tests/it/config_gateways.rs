//! `[gateways.NAME]`: where it leads, what is set in requests, who is believed, and what is refused.

use crate::cli_recording::gatetap_with;
use crate::e2e_support::{ASK, ended, json, recording};
use crate::support::binary::{Exit, Gatetap, Home, Launch};
use crate::support::client::{Client, post};
use crate::support::gateway::{Gateway, answer};
use crate::support::http2::Http2;
use crate::support::tls::{Front, TestCa};
use crate::support::wait;
use http_body_util::BodyExt as _;
use serde_json::Value;

/// What is in the variable. It is nobody's.
const SECRET: &str = "tenant-fake-0123456789";

fn settings(home: &Home, text: &str) {
    std::fs::write(home.join("gatetap.toml"), text).unwrap();
}

fn serve(home: &Home, upstream: &str) -> Gatetap {
    let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", upstream];
    Launch::gatetap(&args).home(home).env("TENANT_TOKEN", SECRET).serve()
}

fn ask(gatetap: &Gatetap, path: &str, headers: &[&str]) -> (u16, String) {
    let (head, body) = wait(Client::exchange(gatetap.addr(), post(path, headers, ASK)));
    (head.status(), body.text())
}

#[test]
fn its_headers_are_set_and_what_is_secret_in_them_is_never_recorded() {
    // It tells what it was told, as gateways do in errors.
    let echo = answer("HTTP/1.1 401 Unauthorized", format!("no such tenant: {SECRET}"));
    let gateway = Gateway::answering(echo);
    let home = Home::new();
    let headers = "headers = { \"x-team\" = \"search\", authorization = \"Bearer env:TENANT_TOKEN\" }";
    let text = format!("[gateways.company]\nbase_url = \"{}/api/v1\"\n{headers}\n", gateway.url());
    settings(&home, &text);
    let gatetap = serve(&home, "company");
    let apps = ["authorization: Bearer sk-fake-of-the-app-000", "X-Team: other"];
    let (status, body) = ask(&gatetap, "/v1/chat/completions", &apps);
    assert_eq!((status, body.contains(SECRET)), (401, true), "the app sees what the gateway says");
    assert_eq!(ask(&gatetap, "/@company/v1/chat/completions", &[]).0, 401);
    for request in gateway.requests() {
        assert_eq!(request.head.target(), "/api/v1/chat/completions");
        assert_eq!(request.head.header("authorization"), Some(format!("Bearer {SECRET}")));
        let lines: Vec<_> = request.head.headers().into_iter().map(|(name, _)| name.to_lowercase()).collect();
        assert_eq!(lines.iter().filter(|name| *name == "x-team").count(), 1, "{lines:?}");
        assert_eq!(request.head.header("x-team").as_deref(), Some("search"));
    }
    let lines = ended(&home, 2);
    assert_eq!(lines[0]["gateway"], "company");
    let whole: Value = json(&home, &["show", "1", "--json"]).remove(0);
    assert_eq!(whole["response"]["body"]["bytes"], 38, "{whole}");
    drop(gatetap);
    for file in ["recording.db", "recording.db-wal"] {
        let bytes = std::fs::read(recording(&home).with_file_name(file)).unwrap_or_default();
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{file}");
    }
}

#[test]
fn what_it_says_holds_for_it_alone() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "{}"));
    let home = Home::new();
    let ca = TestCa::new();
    let front = Front::of(gateway.addr(), ca.server_config(&["localhost"], &["http/1.1"], false));
    let (root, port) = (ca.write_into(&home), front.addr().port());
    let text = format!(
        "[gateways.company]\nbase_url = \"https://localhost:{port}/v1\"\nca = \"{}\"\n\
         headers = {{ \"x-tenant\" = \"env:TENANT_TOKEN\" }}\n\
         [routes]\nsame = \"https://localhost:{port}\"\nplain = \"{}\"\nalias = \"company\"\n",
        root.file_name().unwrap().to_str().unwrap(),
        gateway.url(),
    );
    settings(&home, &text);
    let gatetap = serve(&home, "sim");
    assert_eq!(ask(&gatetap, "/@company/v1/x", &[]).0, 200);
    assert_eq!(ask(&gatetap, "/@alias/v1/x", &[]).0, 200);
    assert_eq!(ask(&gatetap, "/@plain/v1/x", &[]).0, 200);
    let seen: Vec<_> = gateway.requests().iter().map(|one| one.head.header("x-tenant")).collect();
    assert_eq!(seen, [Some(SECRET.to_owned()), Some(SECRET.to_owned()), None]);
    drop(gatetap);
    // The same origin by its URL is believed as every other is: by the system's roots.
    let (status, body) = ask(&serve(&home, &format!("https://localhost:{port}/v1")), "/@same/v1/x", &[]);
    assert_eq!(status, 502, "{body}");
}

fn config(home: &Home, args: &[&str], env: &[(&str, &str)]) -> Exit {
    gatetap_with(home, &[&["config"], args].concat(), env)
}

#[test]
fn mistakes_are_named_with_their_line_and_keys_are_never_shown() {
    let home = Home::new();
    let key = "sk-proj-fake0000000000000000000000000000000000000000";
    for (text, parts) in [
        ("base_ulr = \"http://a\"", &["unknown key `base_ulr`", "line 2", "did you mean `base_url`?"][..]),
        ("like = \"opnai\"", &["`gateways.x.like`", "did you mean `openai`?"]),
        ("like = \"openai\"", &["`gateways.x`", "expected a `base_url`"]),
        ("base_url = \"openai\"", &["`gateways.x.base_url`", "line 2"]),
        ("headers = { host = \"a\" }", &["`host` is gatetap's own to say"]),
        ("headers = { \"a b\" = \"a\" }", &["no name of a header"]),
        (
            "headers = { authorization = \"Bearer abc\" }",
            &["a key never stands in this file", "`env:VARIABLE`"],
        ),
        (&format!("headers = {{ x-any = \"{key}\" }}"), &["a key never stands in this file"]),
        (&format!("key_env = \"{key}\""), &["the name of an environment variable"]),
    ] {
        settings(&home, &format!("[gateways.x]\n{text}\n"));
        let exit = config(&home, &[], &[]);
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{text}: {exit}");
        for part in parts {
            assert!(exit.stderr.contains(part), "{text} said {}", exit.stderr);
        }
        assert!(!exit.stderr.contains(key), "{exit}");
    }
    settings(&home, "[gateways.sim]\nbase_url = \"http://a\"\n");
    assert!(config(&home, &[], &[]).stderr.contains("`sim` means something else"));
}

#[test]
fn a_name_is_known_wherever_a_gateway_is_named() {
    let home = Home::new();
    settings(
        &home,
        "[gateways.company]\nbase_url = \"http://127.0.0.1:9/v1\"\nheaders = { x-a = \"env:NOWHERE\" }\n",
    );
    assert_eq!(config(&home, &["--upstream", "company", "--route", "a=company"], &[]).code, Some(0));
    let shown = config(&home, &["--json"], &[]);
    assert!(shown.stdout.contains("gateways.company.base_url"), "{shown}");
    let near = config(&home, &["--upstream", "compny"], &[]);
    assert_eq!(near.code, Some(2), "{near}");
    assert!(near.stderr.contains("did you mean `company`?"), "{near}");
    // Whoever needs its headers is told which variable is missing.
    for args in [
        &["--headless", "--listen", "127.0.0.1:0", "--upstream", "company"][..],
        &["doctor", "--gateway", "company"],
    ] {
        let exit = gatetap_with(&home, args, &[]);
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{exit}");
        assert!(exit.stderr.contains("`NOWHERE`") && exit.stderr.contains("hint: export"), "{exit}");
        let short = gatetap_with(&home, args, &[("NOWHERE", "short")]);
        assert!(
            short.stderr.contains("too short to be hidden") && !short.stderr.contains("short\n"),
            "{short}"
        );
    }
    let completed = Launch::gatetap(&["--", "gatetap", "run", "--upstream", "co"])
        .home(&home)
        .env("GATETAP_COMPLETE", "fish")
        .run_to_end();
    assert!(completed.stdout.contains("company"), "{completed}");
}

#[test]
fn doctor_asks_it_with_its_key_and_its_headers_in_the_manner_it_is_like() {
    let gateway = Gateway::answering(answer("HTTP/1.1 401 Unauthorized", "{}"));
    let home = Home::new();
    let text = format!(
        "[gateways.company]\nbase_url = \"{}/v1\"\nlike = \"anthropic\"\nkey_env = \"COMPANY_KEY\"\n\
         headers = {{ \"x-tenant\" = \"env:TENANT_TOKEN\" }}\n",
        gateway.url()
    );
    settings(&home, &text);
    let env = [("COMPANY_KEY", "fake-key-0000"), ("TENANT_TOKEN", SECRET)];
    let exit = gatetap_with(&home, &["doctor", "--gateway", "company", "--no-spend", "--json"], &env);
    assert_eq!(exit.code, Some(1), "{exit}");
    assert!(!exit.stdout.contains(SECRET) && !exit.stdout.contains("fake-key-0000"), "{exit}");
    let asked = gateway.requests();
    assert!(!asked.is_empty(), "{exit}");
    for request in asked {
        assert_eq!(request.head.header("x-api-key").as_deref(), Some("fake-key-0000"));
        assert_eq!(request.head.header("x-tenant").as_deref(), Some(SECRET));
    }
}

#[test]
fn checks_exports_and_pages_know_whom_it_answers_like() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "{}"));
    let home = Home::new();
    let base = format!("[gateways.company]\nbase_url = \"{}/v1\"\n", gateway.url());
    settings(&home, &base);
    let gatetap = serve(&home, "company");
    let body = r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#;
    let request = post("/v1/chat/completions", &["authorization: Bearer sk-fake-of-the-app-000"], body);
    wait(Client::exchange(gatetap.addr(), request));
    ended(&home, 1);
    drop(gatetap);
    let in_home = |args: &[&str]| {
        let program = env!("CARGO_BIN_EXE_gatetap");
        let all = [&["-c", "cd \"$HOME\" && exec \"$@\"", "sh", program], args].concat();
        Launch::program("sh", &all).home(&home).run_to_end()
    };
    // What a check says of OpenRouter alone.
    let check = ["check", "--select", "body-noop-param", "--fail-on", "info"];
    let explain = ["explain", "company.capacity_exhausted"];
    assert_eq!(in_home(&check).code, Some(0));
    assert!(in_home(&["export", "curl", "1"]).stdout.contains("$API_KEY"));
    assert_eq!(in_home(&explain).code, Some(2));
    settings(&home, &format!("{base}like = \"openrouter\"\n"));
    let found = in_home(&check);
    assert_eq!(found.code, Some(1), "{found}");
    // The key of OpenRouter is not for whoever answers like it.
    assert!(in_home(&["export", "curl", "1"]).stdout.contains("$API_KEY"));
    assert_eq!(in_home(&explain).stdout, in_home(&["explain", "openrouter.capacity_exhausted"]).stdout);
    settings(&home, &format!("{base}like = \"openrouter\"\nkey_env = \"COMPANY_KEY\"\n"));
    assert!(in_home(&["export", "curl", "1"]).stdout.contains("$COMPANY_KEY"));
}

#[test]
fn a_key_of_the_users_own_is_not_lent_to_foreign_web_pages() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "{}"));
    let home = Home::new();
    let headers = "headers = { \"x-team\" = \"search\", authorization = \"Bearer env:TENANT_TOKEN\" }";
    settings(&home, &format!("[gateways.company]\nbase_url = \"{}/v1\"\n{headers}\n", gateway.url()));
    let gatetap = serve(&home, "company");
    for (host, said, lent) in [
        ("localhost", &[][..], true),
        ("gatetap.test", &[], true),
        ("localhost:7117", &["Sec-Fetch-Site: none"], true),
        ("127.0.0.1:7117", &["Sec-Fetch-Site: same-origin"], true),
        ("localhost", &["Origin: http://localhost:3000", "Sec-Fetch-Site: cross-site"], true),
        ("localhost", &["Origin: http://127.0.0.1:3000"], true),
        ("localhost", &["Origin: http://[::1]:3000"], true),
        ("localhost", &["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"], false),
        ("localhost", &["Origin: http://localhost.evil.example:3000"], false),
        ("localhost", &["Origin: null"], false),
        ("localhost", &["Sec-Fetch-Site: cross-site"], false),
        // A name of its own that leads here (DNS rebinding).
        ("evil.example:7117", &["Sec-Fetch-Site: same-origin"], false),
        // What a browser says of it where it does not trust the URL: nothing.
        ("evil.example:7117", &[], false),
        ("evil.example", &[], false),
        ("127.0.0.1.evil.example", &[], false),
        ("localhost.evil.example:7117", &[], false),
        ("internal.evil.example", &[], false),
        ("nothome.arpa.example", &[], false),
        ("mylocal.example.", &[], false),
        // What nobody else can be called, or not by the public DNS.
        ("192.0.2.7:7117", &[], true),
        ("[2001:db8::7]:7117", &[], true),
        ("gatetap:7117", &[], true),
        ("host.docker.internal:7117", &[], true),
        ("gateway.docker.internal.:7117", &[], true),
        ("desk.local", &[], true),
        ("Desk.LAN:7117", &[], true),
        ("desk.home.arpa", &[], true),
        ("app.localhost:7117", &[], true),
    ] {
        let before = gateway.requests().len();
        let plain = String::from_utf8(post("/v1/chat/completions", said, ASK)).unwrap();
        let request = plain.replacen("host: localhost", &format!("host: {host}"), 1).into_bytes();
        assert_eq!(wait(Client::exchange(gatetap.addr(), request)).0.status(), 200);
        let sent = &gateway.requests()[before];
        assert_eq!(sent.head.header("authorization").is_some(), lent, "{host} {said:?}");
        assert_eq!(sent.head.header("x-team").as_deref(), Some("search"), "{host} {said:?}");
    }
}

#[test]
fn a_foreign_web_page_is_one_over_http_2_too() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "{}"));
    let home = Home::new();
    let headers = "headers = { authorization = \"Bearer env:TENANT_TOKEN\" }";
    settings(&home, &format!("[gateways.company]\nbase_url = \"{}/v1\"\n{headers}\n", gateway.url()));
    let gatetap = serve(&home, "company");
    for (authority, origin, lent) in [
        ("localhost:7117", "", true),
        ("evil.example:7117", "", false),
        ("localhost:7117", "http://evil.example", false),
    ] {
        let before = gateway.requests().len();
        let status = wait(async {
            let request = http::Request::get(format!("http://{authority}/v1/models"));
            let request = if origin.is_empty() { request } else { request.header("origin", origin) };
            let mut app = Http2::connect(gatetap.addr()).await;
            app.send_with(request.body(http_body_util::Empty::new().boxed_unsync()).unwrap()).await.status()
        });
        let sent = &gateway.requests()[before];
        assert_eq!(
            (status.as_u16(), sent.head.header("authorization").is_some()),
            (200, lent),
            "{authority}"
        );
    }
}

#[test]
fn a_request_is_sent_again_with_its_key_and_its_headers() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "{}"));
    let home = Home::new();
    let text = format!(
        "[gateways.company]\nbase_url = \"{}/v1\"\nkey_env = \"COMPANY_KEY\"\nheaders = {{ \"x-tenant\" = \"acme\" }}\n",
        gateway.url()
    );
    settings(&home, &text);
    let gatetap = serve(&home, "company");
    let request = post("/v1/chat/completions", &["authorization: Bearer sk-fake-of-the-app-000"], "{}");
    wait(Client::exchange(gatetap.addr(), request));
    ended(&home, 1);
    drop(gatetap);
    let env = [("COMPANY_KEY", "fake-key-0000")];
    for to in [&["replay", "send", "1"][..], &["replay", "send", "1", "--to", "company"]] {
        let exit = gatetap_with(&home, to, &env);
        assert_eq!(exit.code, Some(0), "{exit}");
        let request = gateway.requests().pop().unwrap();
        assert_eq!(request.head.header("authorization").as_deref(), Some("Bearer fake-key-0000"));
        assert_eq!(request.head.header("x-tenant").as_deref(), Some("acme"));
    }
    assert_eq!(gateway.requests().len(), 3);
}
