//! The way out: proxies of the environment, and gatetap calling itself.

use tokio::io::AsyncWriteExt as _;

use crate::support::binary::{Gatetap, Home, Launch};
use crate::support::client::{Client, get, post};
use crate::support::gateway::{Gateway, Step, answer, write};
use crate::support::http1::Head;
use crate::support::tls::{TestCa, read_to, stop_and_read};
use crate::support::{fakes, wait};

const ESTABLISHED: &str = "HTTP/1.1 200 OK\r\nVia: x\r\n\r\n";

fn launch(upstream: &str, more: &[&str]) -> Launch {
    let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", upstream];
    Launch::gatetap(&[&args, more].concat())
}

async fn ask(gatetap: &Gatetap, path: &str) -> (Head, String) {
    let (head, body) = Client::exchange(gatetap.addr(), get(path, &[])).await;
    (head, body.text())
}

#[test]
fn http_gateways_are_reached_through_the_proxy() {
    let script = vec![
        Step::ReadHead,
        write(ESTABLISHED),
        Step::ReadHead,
        write(answer("HTTP/1.1 200 OK", "hello")),
        Step::Hang,
    ];
    for (variable, value) in
        [("http_proxy", "http://me:p%40ss@"), ("HTTP_PROXY", "http://"), ("ALL_PROXY", "")]
    {
        let proxy = Gateway::scripted([script.clone()]);
        let value = format!("{value}{}", proxy.addr());
        let gatetap = launch("http://gateway.test:8080/api", &[]).env(variable, &value).serve();
        wait(async {
            let (head, body) = ask(&gatetap, "/v1/models").await;
            assert_eq!((head.status(), body.as_str()), (200, "hello"), "{variable}");
            let seen = proxy.requests();
            assert_eq!(seen[0].head.start_line(), "CONNECT gateway.test:8080 HTTP/1.1", "{variable}");
            let authorization = seen[0].head.header("proxy-authorization");
            let expected = value.contains('@').then(|| "Basic bWU6cEBzcw==".to_owned());
            assert_eq!(authorization, expected, "{variable}");
            assert_eq!(seen[1].head.start_line(), "GET /api/models HTTP/1.1", "{variable}");
            assert_eq!(seen[1].head.header("proxy-authorization"), None, "{variable}");
        });
        let home = gatetap.home().clone();
        drop(stop_and_read(gatetap));
        let bytes = std::fs::read(home.join("data/gatetap/recording.db")).unwrap();
        for secret in ["bWU6cEBzcw", "p%40ss", "p@ss"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in the recording");
        }
    }
}

#[test]
fn some_hosts_are_not_asked_of_the_proxy() {
    // gatetap itself is the proxy here; it does not know the name either.
    let hop = launch("http://127.0.0.1:9", &[]).serve();
    for (no_proxy, reached) in [("", true), ("other.test", true), ("gateway.test", false)] {
        let gatetap = launch("https://gateway.test", &[])
            .env("HTTPS_PROXY", format!("http://{}", hop.addr()))
            .env("NO_PROXY", no_proxy)
            .serve();
        wait(async {
            let (head, body) = ask(&gatetap, "/v1/models").await;
            let token = head.header("x-gatetap-error");
            let expected = if reached { "connection-refused" } else { "dns-not-found" };
            assert_eq!(token.as_deref(), Some(expected), "{no_proxy}: {body}");
            assert_eq!(body.contains(&hop.addr().to_string()), reached, "{body}");
        });
    }
    let tunnels = stop_and_read(hop).tunnels().unwrap();
    let hosts: Vec<_> = tunnels.iter().map(|tunnel| tunnel.host.clone()).collect();
    assert_eq!(hosts, ["gateway.test:443", "gateway.test:443"]);
}

#[test]
fn tls_is_spoken_inside_the_proxys_tunnel() {
    // This proxy leads every tunnel to the one gateway that speaks TLS.
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "hello"));
    let ca = TestCa::new();
    let config = ca.server_config(&["gateway.test"], &["http/1.1"], false);
    let proxy = wait(leading_proxy(gateway.addr(), config));
    let home = Home::new();
    let root = ca.write_into(&home);
    let gatetap = launch("https://gateway.test", &["--ca", root.to_str().unwrap()])
        .env("https_proxy", format!("http://{proxy}"))
        .serve();
    wait(async {
        let (head, body) = ask(&gatetap, "/v1/models").await;
        assert_eq!((head.status(), body.as_str()), (200, "hello"));
        assert_eq!(gateway.request(0).await.head.header("host").as_deref(), Some("gateway.test"));
    });
}

async fn leading_proxy(
    to: std::net::SocketAddr,
    config: std::sync::Arc<rustls::ServerConfig>,
) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        assert!(read_to(&mut tcp, "\r\n\r\n").await.starts_with("CONNECT gateway.test:443 HTTP/1.1\r\n"));
        tcp.write_all(ESTABLISHED.as_bytes()).await.unwrap();
        let mut tls = tokio_rustls::TlsAcceptor::from(config).accept(tcp).await.unwrap();
        let mut plain = tokio::net::TcpStream::connect(to).await.unwrap();
        drop(tokio::io::copy_bidirectional(&mut tls, &mut plain).await);
    });
    addr
}

#[test]
fn a_proxy_that_refuses_is_named() {
    for (refusal, part) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "403 Forbidden"),
        ("nonsense\r\n\r\n", "nonsense"),
    ] {
        let proxy = Gateway::scripted([vec![Step::ReadHead, write(refusal), Step::Hang]]);
        let gatetap = launch("http://gateway.test", &[])
            .env("HTTP_PROXY", format!("http://me:secret@{}", proxy.addr()))
            .serve();
        wait(async {
            let (head, body) = ask(&gatetap, "/v1/models").await;
            assert_eq!(head.header("x-gatetap-error").as_deref(), Some("connection-refused"), "{body}");
            assert!(body.contains(part) && body.contains(&proxy.addr().to_string()), "{body}");
            assert!(!body.contains("secret"), "{body}");
        });
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_wrong_usage() {
    let exit = launch("https://gateway.test", &[]).env("ALL_PROXY", "socks5://me:secret@p:1").run_to_end();
    assert_eq!(exit.code, Some(2), "{exit}");
    assert!(exit.stderr.contains("ALL_PROXY") && !exit.stderr.contains("secret"), "{exit}");
}

#[test]
fn gatetap_calling_itself_is_refused() {
    let home = Home::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = |address: &str| format!("{address}:{port}");
    for (address, upstream, route, path) in [
        ("127.0.0.1", format!("http://127.0.0.1:{port}"), None, "/v1/x"),
        ("127.0.0.1", format!("http://localhost:{port}"), None, "/v1/x"),
        ("127.0.0.1", format!("http://0.0.0.0:{port}"), None, "/v1/x"),
        ("127.0.0.1", format!("http://[::ffff:127.0.0.1]:{port}"), None, "/v1/x"),
        ("0.0.0.0", format!("http://127.0.0.1:{port}"), None, "/v1/x"),
        ("0.0.0.0", format!("http://127.0.0.2:{port}"), None, "/v1/x"),
        ("[::]", format!("http://127.0.0.1:{port}"), None, "/v1/x"),
        ("[::]", format!("http://[::1]:{port}"), None, "/v1/x"),
        ("127.0.0.1", format!("https://localhost:{port}"), None, "/v1/x"),
        (
            "127.0.0.1",
            "http://127.0.0.1:9".to_owned(),
            Some(format!("me=http://127.0.0.1:{port}")),
            "/@me/v1/x",
        ),
    ] {
        let listen = listen(address);
        let mut args =
            vec!["run", "--headless", "--allow-remote", "--listen", &listen, "--upstream", &upstream];
        args.extend(route.iter().flat_map(|route| ["--route", route.as_str()]));
        let gatetap = Launch::gatetap(&args).home(&home).serve();
        wait(async {
            let addr = format!("127.0.0.1:{port}").parse().unwrap();
            let (head, _) = Client::exchange(addr, get(path, &[])).await;
            assert_eq!(
                (head.status(), head.header("x-gatetap-error").as_deref()),
                (502, Some("loop")),
                "{upstream}"
            );
        });
        stop_and_read(gatetap);
    }
    let gatetap = Launch::gatetap(&[
        "run",
        "--headless",
        "--listen",
        &listen("127.0.0.1"),
        "--upstream",
        "http://gateway.test",
    ])
    .env("HTTP_PROXY", format!("http://127.0.0.1:{port}"))
    .home(&home)
    .serve();
    wait(async {
        let (head, _) = ask(&gatetap, "/v1/x").await;
        assert_eq!(head.header("x-gatetap-error").as_deref(), Some("loop"));
    });
}

/// Passes bytes on, both ways, to where it is told.
fn forwarder(to: std::net::SocketAddr) -> std::net::SocketAddr {
    let listener = wait(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let addr = listener.local_addr().unwrap();
    fakes().spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            fakes().spawn(async move {
                let mut onward = tokio::net::TcpStream::connect(to).await.unwrap();
                drop(tokio::io::copy_bidirectional(&mut from, &mut onward).await);
            });
        }
    });
    addr
}

#[test]
fn a_request_that_comes_back_through_another_is_refused() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let own = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let other = forwarder(own);
    for (upstream, proxy) in [
        // A port that is forwarded to gatetap; the same with a base path.
        (format!("http://{other}/v1"), None),
        (format!("http://{other}/api/v1"), None),
        // A proxy that leads back, wherever it is asked to lead.
        ("http://gateway.test".to_owned(), Some("HTTP_PROXY")),
        ("https://gateway.test".to_owned(), Some("HTTPS_PROXY")),
    ] {
        let home = Home::new();
        let args = ["run", "--headless", "--listen", &own.to_string(), "--upstream", &upstream];
        let launch = Launch::gatetap(&args).home(&home);
        let gatetap = match proxy {
            Some(proxy) => launch.env(proxy, format!("http://{other}")),
            None => launch,
        }
        .serve();
        wait(async {
            let (head, body) = Client::exchange(own, post("/v1/x", &["X-A: b"], "{}")).await;
            assert_eq!(
                head.header("x-gatetap-error").as_deref(),
                Some("loop"),
                "{upstream}: {}",
                body.text()
            );
            // Two apps may ask the same at once.
            let same = || Client::exchange(own, post("/v1/y", &[], "{}"));
            let (one, other) = tokio::join!(same(), same());
            assert_eq!((one.0.status(), other.0.status()), (502, 502));
        });
        let reader = stop_and_read(gatetap);
        let count = reader.count().unwrap();
        assert!(count <= 6, "it goes round once at most, not {count} times");
    }
}
