//! Tunnels that pass unopened.

use gatetap::exchange::end::{BodyEnd, Hop};

use crate::support::binary::Gatetap;
use crate::support::client::{Client, Ending, get};
use crate::support::gateway::{Gateway, Left, Refusing, Step, write};
use crate::support::tls::stop_and_read;
use crate::support::wait;

const ESTABLISHED: &str = "HTTP/1.1 200 Connection Established\r\n\r\n";

fn run() -> Gatetap {
    Gatetap::run(&["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:9"])
}

async fn tunnel(gatetap: &Gatetap, target: &str) -> Client {
    let mut app = Client::connect(gatetap.addr()).await;
    app.send(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")).await;
    assert_eq!(app.read_head().await.raw, ESTABLISHED.as_bytes());
    app
}

#[test]
fn bytes_pass_both_ways_and_are_counted() {
    let host = Gateway::scripted([vec![write("welcome"), Step::Hang]]);
    let gatetap = run();
    let target = host.addr().to_string();
    wait(async {
        // The host speaks first, and the app is silent meanwhile.
        let mut app = tunnel(&gatetap, &target).await;
        assert_eq!(app.read_raw(7).await, b"welcome");
        app.send([0, 1, 2, 0xff, 0xfe]).await;
        assert_eq!(host.raw_of(0, 5).await, [0, 1, 2, 0xff, 0xfe]);
        app.send("GET /secret HTTP/1.1\r\n\r\n").await;
        host.raw_of(0, 29).await;
        app.close();
        assert_eq!(host.peer_left(0).await.how, Left::Fin);
    });
    let home = gatetap.home().clone();
    let reader = stop_and_read(gatetap);
    assert_eq!(reader.count().unwrap(), 0, "nothing of it is an exchange");
    let tunnels = reader.tunnels().unwrap();
    let [tunnel] = tunnels.as_slice() else { panic!("{tunnels:?}") };
    assert_eq!((tunnel.host.as_str(), tunnel.sent_bytes, tunnel.received_bytes), (&target[..], 29, 7));
    assert!(tunnel.connect.is_some() && tunnel.end >= tunnel.connect && tunnel.failure.is_none());
    let bytes = std::fs::read(home.join("data/gatetap/recording.db")).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"/secret"), "what passed is not recorded");
}

#[test]
fn a_head_ends_with_its_blank_line_however_its_lines_end() {
    let host = Gateway::scripted([vec![write("welcome"), Step::Hang]]);
    let gatetap = run();
    wait(async {
        for [line, blank] in [["\r\n", "\r\n"], ["\n", "\n"], ["\n", "\r\n"], ["\r\n", "\n"]] {
            let mut app = Client::connect(gatetap.addr()).await;
            app.send(format!("CONNECT {} HTTP/1.1{line}{blank}", host.addr())).await;
            assert_eq!(app.read_head().await.raw, ESTABLISHED.as_bytes(), "{line:?} {blank:?}");
            assert_eq!(app.read_raw(7).await, b"welcome");
        }
    });
    gatetap.terminate();
}

#[test]
fn each_side_can_close_its_half() {
    let host = Gateway::scripted([
        vec![Step::HalfClose, Step::Hang],
        vec![Step::ReadHead, write("answer"), Step::Close],
    ]);
    let gatetap = run();
    let target = host.addr().to_string();
    wait(async {
        let mut app = tunnel(&gatetap, &target).await;
        assert_eq!(app.read_to_end().await, (Vec::new(), Ending::Fin));
        app.send("still heard").await;
        host.raw_of(0, 11).await;
        app.close();
        host.peer_left(0).await;

        let mut app = tunnel(&gatetap, &target).await;
        app.half_close().await;
        assert_eq!(host.peer_left(1).await.how, Left::Fin);
        app.close();
    });
    let tunnels = stop_and_read(gatetap).tunnels().unwrap();
    assert_eq!((tunnels[0].sent_bytes, &tunnels[0].ended), (11, &Some(BodyEnd::Whole)));
}

#[test]
fn a_reset_is_passed_on_either_way() {
    let host = Gateway::scripted([vec![Step::ReadHead, write("half"), Step::Reset], vec![Step::Hang]]);
    let gatetap = run();
    let target = host.addr().to_string();
    wait(async {
        let mut app = tunnel(&gatetap, &target).await;
        app.send(get("/", &[])).await;
        assert_eq!(app.read_to_end().await.1, Ending::Reset);

        let app = tunnel(&gatetap, &target).await;
        app.abort();
        assert_eq!(host.peer_left(1).await.how, Left::Reset);
    });
    let tunnels = stop_and_read(gatetap).tunnels().unwrap();
    let by: Vec<_> =
        tunnels.iter().map(|tunnel| tunnel.ended.as_ref().and_then(BodyEnd::broken_by)).collect();
    assert_eq!(by, [Some(Hop::Gateway), Some(Hop::App)]);
}

#[test]
fn a_tunnel_that_cannot_be_had_is_refused_before_any_200() {
    let refusing = Refusing::new();
    let gatetap = run();
    let own = gatetap.addr();
    let cases = [
        (format!("CONNECT {} HTTP/1.1", refusing.addr()), 502, "connection-refused"),
        ("CONNECT no-such-host.invalid:443 HTTP/1.1".to_owned(), 502, "dns-not-found"),
        (format!("CONNECT {own} HTTP/1.1"), 502, "loop"),
        (format!("CONNECT localhost:{} HTTP/1.1", own.port()), 502, "loop"),
        (format!("CONNECT 0.0.0.0:{} HTTP/1.1", own.port()), 502, "loop"),
        ("CONNECT nowhere HTTP/1.1".to_owned(), 400, "unsupported-request"),
    ];
    wait(async {
        for (line, status, token) in &cases {
            let mut app = Client::connect(own).await;
            app.send(format!("{line}\r\n\r\n")).await;
            let head = app.read_head().await;
            assert_eq!(
                (head.status(), head.header("x-gatetap-error").as_deref()),
                (*status, Some(*token)),
                "{line}"
            );
            let body = app.read_body().await.text();
            assert!(body.contains(token), "{line}: {body}");
        }
    });
    let tunnels = stop_and_read(gatetap).tunnels().unwrap();
    let failures: Vec<_> =
        tunnels.into_iter().filter_map(|tunnel| tunnel.failure).map(|own| own.token).collect();
    assert_eq!(failures, ["connection-refused", "dns-not-found", "loop", "loop", "loop"]);
}

#[test]
fn an_open_tunnel_is_written_down_when_gatetap_stops() {
    let host = Gateway::scripted([vec![Step::Hang]]);
    let gatetap = run();
    let target = host.addr().to_string();
    let app = wait(async {
        let mut app = tunnel(&gatetap, &target).await;
        app.send("abc").await;
        host.raw_of(0, 3).await;
        app
    });
    let tunnels = stop_and_read(gatetap).tunnels().unwrap();
    let by = tunnels[0].ended.as_ref().and_then(BodyEnd::broken_by);
    assert_eq!((tunnels[0].sent_bytes, by), (3, Some(Hop::Gatetap)));
    drop(app);
}
