//! Requests that name their host themselves, as clients send to a proxy what needs no tunnel.

use crate::support::binary::{Gatetap, Home, Launch};
use crate::support::client::Client;
use crate::support::gateway::{Gateway, Refusing, answer};
use crate::support::tls::stop_and_read;
use crate::support::wait;

/// What is in the variable. It is nobody's.
const SECRET: &str = "tenant-fake-0123456789";

fn says(text: &str) -> Gateway {
    Gateway::answering(answer("HTTP/1.1 200 OK", text))
}

/// gatetap in front of this gateway, in whose requests it sets a key.
fn serve(upstream: &Gateway, more: &[&str]) -> Gatetap {
    let home = Home::new();
    let headers = "headers = { authorization = \"Bearer env:TENANT_TOKEN\" }";
    let text = format!("[gateways.company]\nbase_url = \"{}/api/v1\"\n{headers}\n", upstream.url());
    std::fs::write(home.join("gatetap.toml"), text).unwrap();
    let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", "company"];
    Launch::gatetap(&[&args, more].concat()).home(&home).env("TENANT_TOKEN", SECRET).serve()
}

/// Asks as a proxy's client does: status, gatetap's own error, body.
fn ask(gatetap: &Gatetap, url: &str, headers: &str) -> (u16, Option<String>, String) {
    let authority = url.split('/').nth(2).unwrap_or_default();
    let raw = format!("GET {url} HTTP/1.1\r\nHost: {authority}\r\n{headers}\r\n");
    let (head, body) = wait(Client::exchange(gatetap.addr(), raw));
    (head.status(), head.header("x-gatetap-error"), body.text())
}

#[test]
fn with_intercept_it_goes_to_the_host_it_names_and_nothing_of_it_to_the_gateway() {
    let (upstream, other) = (says("gateway"), says("other"));
    let gatetap = serve(&upstream, &["--intercept", "api.example.com"]);
    let headers =
        "X-Internal-Token: fake-0000\r\nProxy-Authorization: Basic eDp5\r\nProxy-Connection: keep-alive\r\n";
    let targets = ["/secret?x=1", "/v1/models", "/_gatetap/status", "/@company/x", "?q", ""];
    for target in targets {
        let asked = ask(&gatetap, &format!("{}{target}", other.url()), headers);
        assert_eq!(asked, (200, None, "other".to_owned()), "{target}");
    }
    assert_eq!(upstream.connections(), 0, "nothing of it is the gateway's");
    let seen = other.requests();
    let lines: Vec<_> = seen.iter().map(|request| request.head.target()).collect();
    assert_eq!(lines, ["/secret?x=1", "/v1/models", "/_gatetap/status", "/@company/x", "/?q", "/"]);
    for request in &seen {
        assert_eq!(request.head.header("host"), Some(other.addr().to_string()));
        assert_eq!(request.head.header("x-internal-token").as_deref(), Some("fake-0000"));
        for name in ["authorization", "proxy-authorization", "proxy-connection"] {
            assert_eq!(request.head.header(name), None, "{name}");
        }
    }
    let reader = stop_and_read(gatetap);
    let exchange = reader.exchange(1).unwrap().unwrap().exchange;
    assert_eq!(exchange.url, format!("{}/secret?x=1", other.url()));
    assert_eq!(exchange.gateway, other.addr().to_string());
    assert_eq!(reader.count().unwrap(), targets.len() as u64);
}

#[test]
fn what_names_a_listener_or_the_gateway_goes_where_its_path_leads() {
    let upstream = says("gateway");
    let other = says("other");
    for (more, reached) in [(&["--intercept", "api.example.com"][..], 3), (&[], 4)] {
        let before = upstream.requests().len();
        let gatetap = serve(&upstream, more);
        let port = gatetap.addr().port();
        for origin in [gatetap.url(), format!("http://LocalHost:{port}"), upstream.url(), other.url()] {
            assert_eq!(ask(&gatetap, &format!("{origin}/v1/models"), "").0, 200, "{origin}");
        }
        let seen = upstream.requests().split_off(before);
        // Without it gatetap is nobody's proxy, and a target is what follows the host.
        assert_eq!(seen.len(), reached, "{more:?}");
        for request in seen {
            assert_eq!(request.head.target(), "/api/v1/models");
            assert_eq!(request.head.header("authorization"), Some(format!("Bearer {SECRET}")));
        }
    }
}

#[test]
fn where_it_cannot_go_gatetap_says_why() {
    let upstream = says("gateway");
    let nobody = Refusing::new();
    let gatetap = serve(&upstream, &["--intercept", "api.example.com"]);
    for (url, token) in [
        (format!("{}/x", nobody.url()), "connection-refused"),
        ("http://no-such-host.invalid/x".to_owned(), "dns-not-found"),
        ("ftp://me:fake-password@a.example/x".to_owned(), "unsupported-request"),
        ("http:///x".to_owned(), "unsupported-request"),
        ("http://a.example:0/x".to_owned(), "unsupported-request"),
    ] {
        let (status, said, body) = ask(&gatetap, &url, "");
        assert_eq!((status, said.as_deref()), (502, Some(token)), "{url}");
        assert!(!body.contains("fake-password"), "{body}");
    }
    assert_eq!(upstream.connections(), 0);
    assert_eq!(stop_and_read(gatetap).count().unwrap(), 5);
}

#[test]
fn faults_are_for_the_hosts_that_are_opened() {
    let (upstream, other) = (says("gateway"), says("other"));
    for (pattern, status) in [("api.example.com", 200), ("127.0.0.1", 503)] {
        let gatetap = serve(&upstream, &["--intercept", pattern, "--fault", "503"]);
        assert_eq!(ask(&gatetap, &other.url(), "").0, status, "{pattern}");
        assert_eq!(ask(&gatetap, &upstream.url(), "").0, 503, "{pattern}");
    }
}
