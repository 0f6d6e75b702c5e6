//! `gatetap sim`: where it listens, how it ends, and how it refuses to start.

use crate::cli_recording::gatetap;
use crate::support::binary::{Gatetap, Home};
use crate::support::client::Client;
use crate::support::wait;
use insta::assert_snapshot;
use std::net::TcpListener;

fn status_of_models(gatetap: &Gatetap) -> u16 {
    wait(async {
        let mut app = Client::connect(gatetap.addr()).await;
        app.send("GET /v1/models HTTP/1.1\r\nhost: sim\r\nauthorization: Bearer any\r\n\r\n").await;
        app.read_head().await.status()
    })
}

#[test]
fn it_serves_until_it_is_told_to_stop() {
    for interrupt in [true, false] {
        let sim = Gatetap::run(&["sim", "--listen", "127.0.0.1:0", "--seed", "7", "--speed", "max"]);
        assert_eq!(status_of_models(&sim), 200);
        let url = sim.url();
        if interrupt {
            sim.interrupt();
        } else {
            sim.terminate();
        }
        let exit = sim.wait_exit();
        assert_eq!(exit.code, Some(0), "{exit}");
        assert_eq!(exit.stdout, format!("listening on {url}\n"));
        assert!(exit.stderr.starts_with("seed 7;"), "{exit}");
    }
}

#[test]
fn an_end_that_is_asked_for_at_once_is_clean_too() {
    for _ in 0..5 {
        let sim = Gatetap::run(&["sim", "--listen", "127.0.0.1:0"]);
        sim.terminate();
        let exit = sim.wait_exit();
        assert_eq!((exit.code, exit.signal), (Some(0), None), "{exit}");
    }
}

#[test]
fn a_taken_port_is_said_with_a_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let exit = gatetap(&Home::new(), &["sim", "--listen", &address]);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(3), ""), "{exit}");
    assert_snapshot!(exit.stderr.replace(&address, "127.0.0.1:PORT"), @"
    error: cannot listen on 127.0.0.1:PORT
      caused by: Address already in use (os error 98)

    hint: is another gatetap running? `--listen 127.0.0.1:0` picks a free port
    ");
}

#[test]
fn speeds_are_above_zero() {
    for speed in ["0", "-1", "fast", "NaN"] {
        let exit = gatetap(&Home::new(), &["sim", "--speed", speed]);
        assert_eq!(exit.code, Some(2), "{exit}");
        assert!(exit.stderr.contains("a number above 0, or `max`"), "{exit}");
    }
}

#[test]
fn beyond_this_machine_only_where_that_is_meant() {
    let exit = gatetap(&Home::new(), &["sim", "--listen", "0.0.0.0:0"]);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{exit}");
    assert_snapshot!(exit.stderr, @"
    error: `0.0.0.0:0` can be reached from beyond this machine

    hint: listen on 127.0.0.1, or say --allow-remote if that is meant
    ");
    let sim = Gatetap::run(&["sim", "--listen", "0.0.0.0:0", "--allow-remote"]);
    assert_eq!(status_of_models(&sim), 200);
    let url = sim.url();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    sim.terminate();
    let exit = sim.wait_exit();
    assert!(exit.stderr.contains(&format!("point an app at {url}/v1, ")), "{exit}");
}
