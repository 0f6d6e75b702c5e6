//! gatetap ends when it is told to, whatever an app or a host is at just then.

use gatetap::exchange::end::{BodyEnd, Hop};
use tokio::io::AsyncWriteExt as _;

use crate::support::binary::Gatetap;
use crate::support::gateway::{Gateway, Step};
use crate::support::tls::{read_to, stop_and_read, tcp};
use crate::support::wait;

fn run(more: &[&str]) -> Gatetap {
    let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:9"];
    Gatetap::run(&[&args, more].concat())
}

#[test]
fn an_app_that_stalls_does_not_hold_the_end() {
    for begun in
        ["", "CONN", "CONNECT ", "CONNECT a.example:443 HTTP/1.1\r\nHost: a", "\x16\x03\x01", "GET /"]
    {
        let gatetap = run(&["--tls"]);
        let app = wait(async {
            let mut app = tcp(gatetap.addr()).await;
            app.write_all(begun.as_bytes()).await.unwrap();
            app
        });
        gatetap.terminate();
        let exit = gatetap.wait_exit();
        assert_eq!(exit.code, Some(0), "{begun:?}: {exit}");
        drop(app);
    }
}

#[test]
fn an_opened_tunnel_whose_handshake_stalls_ends_and_is_written_down() {
    let host = Gateway::scripted([vec![Step::Hang]]);
    let target = host.addr().to_string();
    let gatetap = run(&["--intercept", &target]);
    let app = wait(async {
        let mut app = tcp(gatetap.addr()).await;
        app.write_all(format!("CONNECT {target} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
        read_to(&mut app, "\r\n\r\n").await;
        app.write_all(b"\x16\x03\x01").await.unwrap();
        app
    });
    let tunnels = stop_and_read(gatetap).tunnels().unwrap();
    let [tunnel] = tunnels.as_slice() else { panic!("{tunnels:?}") };
    assert_eq!(tunnel.ended.as_ref().and_then(BodyEnd::broken_by), Some(Hop::Gatetap));
    assert_eq!((&tunnel.host, tunnel.connect.is_some()), (&target, true));
    drop(app);
}
