//! Tunnels that are opened, because configuration says so.

use gatetap::exchange::end::{BodyEnd, Hop};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::binary::{Gatetap, Home, Launch};
use crate::support::client::get;
use crate::support::gateway::{Gateway, Step, answer, write};
use crate::support::tls::{Front, TestCa, has_line, make_ca, read_to, shake, stop_and_read, tcp};
use crate::support::wait;

/// A gateway that speaks TLS as `localhost`.
struct Secure {
    home: Home,
    ca: TestCa,
    gateway: Gateway,
    front: Front,
}

fn secure(gateway: Gateway, alpn: &[&str]) -> Secure {
    let ca = TestCa::new();
    let front = Front::of(gateway.addr(), ca.server_config(&["localhost"], alpn, false));
    Secure { home: Home::new(), ca, gateway, front }
}

impl Secure {
    fn port(&self) -> u16 {
        self.front.addr().port()
    }

    fn run(&self, more: &[&str]) -> Gatetap {
        let roots = self.ca.write_into(&self.home);
        let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--ca", roots.to_str().unwrap()];
        Launch::gatetap(&[&args, more].concat()).home(&self.home).serve()
    }
}

async fn tunnel(gatetap: &Gatetap, target: &str) -> TcpStream {
    let mut app = tcp(gatetap.addr()).await;
    app.write_all(format!("CONNECT {target} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
    assert_eq!(read_to(&mut app, "\r\n\r\n").await, "HTTP/1.1 200 Connection Established\r\n\r\n");
    app
}

const OTHER: [&str; 2] = ["--upstream", "http://127.0.0.1:9"];

#[test]
fn a_named_host_is_opened_and_its_requests_recorded() {
    let secure = secure(Gateway::answering(answer("HTTP/1.1 200 OK", "hello")), &["http/1.1"]);
    let gatetap = secure.run(&[&OTHER[..], &["--intercept", "*host"]].concat());
    let root = make_ca(&secure.home);
    let target = format!("localhost:{}", secure.port());
    wait(async {
        let app = tunnel(&gatetap, &target).await;
        let mut tls = shake(app, "localhost", &root, &["http/1.1"]).await.unwrap();
        // Inside, nothing is a route or a control path, and the app's own Host goes on as it is.
        for path in ["/v1/models", "/@other/x", "/_gatetap/status", "//a%2Fb?c=+&d="] {
            tls.write_all(&get(path, &["X-Case: Kept"])).await.unwrap();
            read_to(&mut tls, "hello").await;
        }
        let seen = secure.gateway.requests();
        let lines: Vec<_> = seen.iter().map(|request| request.head.start_line()).collect();
        let asked = ["/v1/models", "/@other/x", "/_gatetap/status", "//a%2Fb?c=+&d="];
        assert_eq!(lines, asked.map(|path| format!("GET {path} HTTP/1.1")));
        assert!(has_line(&seen[0].head, "host: localhost"), "{:?}", seen[0].head);
        assert!(has_line(&seen[0].head, "X-Case: Kept"), "{:?}", seen[0].head);
        assert_eq!(
            secure.gateway.connections(),
            1,
            "the connection that was dialled is the one that is used"
        );
    });
    let reader = stop_and_read(gatetap);
    assert_eq!(reader.count().unwrap(), 4);
    let whole = reader.exchange(1).unwrap().unwrap();
    assert_eq!(whole.exchange.url, format!("https://{target}/v1/models"));
    assert_eq!(whole.exchange.gateway, target);
    assert!(whole.exchange.timing.connect.is_some() && whole.exchange.timing.tls.is_some());
    assert_eq!(reader.tunnels().unwrap(), []);
}

#[test]
fn configured_gateways_are_opened_once_anything_is() {
    let secure = secure(Gateway::answering(answer("HTTP/1.1 200 OK", "hello")), &["http/1.1"]);
    let url = format!("https://localhost:{}", secure.port());
    for (more, opened) in [(&[][..], false), (&["--intercept", "api.example.com"], true)] {
        let gatetap = secure.run(&[&["--upstream", &url], more].concat());
        let root = make_ca(&secure.home);
        let root = if opened { root.as_str() } else { secure.ca.pem() };
        wait(async {
            let app = tunnel(&gatetap, &format!("localhost:{}", secure.port())).await;
            let mut tls = shake(app, "localhost", root, &["http/1.1"]).await.unwrap();
            tls.write_all(&get("/", &[])).await.unwrap();
            read_to(&mut tls, "hello").await;
        });
        let reader = stop_and_read(gatetap);
        let blind = reader.tunnels().unwrap().len();
        assert_eq!(blind, 1, "the blind one of the first run; opened: {opened}");
        assert_eq!(reader.count().unwrap(), u64::from(opened));
    }
}

#[test]
fn clear_text_http_inside_is_opened_too() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "hello"));
    let gatetap = Gatetap::run(
        &[&["run", "--headless", "--listen", "127.0.0.1:0", "--intercept", "127.0.0.1"], &OTHER[..]].concat(),
    );
    let target = gateway.addr().to_string();
    wait(async {
        let mut app = tunnel(&gatetap, &target).await;
        app.write_all(&get("/plain", &[])).await.unwrap();
        read_to(&mut app, "hello").await;
        assert_eq!(gateway.connections(), 1);
    });
    let reader = stop_and_read(gatetap);
    assert_eq!(reader.exchange(1).unwrap().unwrap().exchange.url, format!("http://{target}/plain"));
}

#[test]
fn what_is_not_http_passes_blind_and_nobody_stalls() {
    let speaks_first = [write("220 ready\r\n"), Step::Hang];
    let silent = [Step::Hang];
    let host = Gateway::scripted([speaks_first.to_vec(), silent.to_vec(), silent.to_vec()]);
    let gatetap = Gatetap::run(
        &[&["run", "--headless", "--listen", "127.0.0.1:0", "--intercept", "*"], &OTHER[..]].concat(),
    );
    let target = host.addr().to_string();
    wait(async {
        let mut app = tunnel(&gatetap, &target).await;
        assert_eq!(read_to(&mut app, "\n").await, "220 ready\r\n");
        app.write_all(b"EHLO x\r\n").await.unwrap();
        host.raw_of(0, 8).await;
        drop(app);

        let mut app = tunnel(&gatetap, &target).await;
        app.write_all(b"SSH-2.0-x\r\n").await.unwrap();
        assert_eq!(host.raw_of(1, 11).await, b"SSH-2.0-x\r\n");
        drop(app);

        let app = tunnel(&gatetap, &target).await;
        drop(app);
        host.peer_left(2).await;
    });
    let reader = stop_and_read(gatetap);
    let sent: Vec<_> = reader.tunnels().unwrap().iter().map(|tunnel| tunnel.sent_bytes).collect();
    assert_eq!((reader.count().unwrap(), sent), (0, vec![8, 11, 0]));
}

#[test]
fn an_app_that_does_not_trust_the_ca_is_written_down() {
    let secure = secure(Gateway::answering(answer("HTTP/1.1 200 OK", "hello")), &["http/1.1"]);
    let gatetap = secure.run(&[&OTHER[..], &["--intercept", "localhost"]].concat());
    wait(async {
        let app = tunnel(&gatetap, &format!("localhost:{}", secure.port())).await;
        assert!(shake(app, "localhost", secure.ca.pem(), &[]).await.is_err());
    });
    let tunnels = stop_and_read(gatetap).tunnels().unwrap();
    let Some(BodyEnd::Broken { by: Hop::App, detail }) = &tunnels[0].ended else { panic!("{tunnels:?}") };
    assert!(detail.contains("gatetap ca"), "{detail}");
}

#[test]
fn tunnels_cannot_be_opened_with_a_key_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    make_ca(&home);
    let key = home.join("data/gatetap/ca-key.pem");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--intercept", "localhost"];
    let exit = Launch::gatetap(&args).home(&home).run_to_end();
    assert_eq!(exit.code, Some(3), "{exit}");
    assert!(exit.stderr.contains("can be read by others") && exit.stderr.contains("chmod 600"), "{exit}");
}
