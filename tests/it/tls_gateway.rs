//! TLS on the gateway side: who is believed, and who gatetap says it is.

use crate::support::binary::{Gatetap, Home, Launch};
use crate::support::client::{Client, get};
use crate::support::gateway::{Gateway, answer};
use crate::support::tls::{Front, TestCa};
use crate::support::wait;

fn run(home: &Home, front: &Front, more: &[&str]) -> Gatetap {
    let url = format!("https://localhost:{}", front.addr().port());
    let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &url];
    Launch::gatetap(&[&args, more].concat()).home(home).serve()
}

/// The status, the token if there is one, and the body.
fn ask(gatetap: &Gatetap) -> (u16, Option<String>, String) {
    wait(async {
        let (head, body) = Client::exchange(gatetap.addr(), get("/v1/models", &[])).await;
        (head.status(), head.header("x-gatetap-error"), body.text())
    })
}

#[test]
fn a_gateway_is_believed_by_its_root_or_with_k() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "hello"));
    let (ca, other) = (TestCa::new(), TestCa::new());
    let front = Front::of(gateway.addr(), ca.server_config(&["localhost"], &["http/1.1"], false));
    let wrong_name = Front::of(gateway.addr(), ca.server_config(&["elsewhere.test"], &["http/1.1"], false));
    let (home, other_home) = (Home::new(), Home::new());
    let (root, other_root) = (ca.write_into(&home), other.write_into(&other_home));
    let (root, other_root) = (root.to_str().unwrap(), other_root.to_str().unwrap());
    for (front, flags, believed) in [
        (&front, &["--ca", root][..], true),
        (&front, &["--ca", other_root, "--ca", root], true),
        (&front, &["--ca", other_root], false),
        (&front, &["-k"], true),
        (&wrong_name, &["--ca", root], false),
        (&wrong_name, &["-k"], true),
    ] {
        let (status, token, body) = ask(&run(&Home::new(), front, flags));
        if believed {
            assert_eq!((status, token, body.as_str()), (200, None, "hello"), "{flags:?}");
        } else {
            assert_eq!((status, token.as_deref()), (502, Some("tls-failed")), "{flags:?}");
            assert!(body.contains("certificate"), "{flags:?}: {body}");
        }
    }
}

#[test]
fn a_gateway_that_asks_is_shown_the_client_certificate() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "hello"));
    let ca = TestCa::new();
    let front = Front::of(gateway.addr(), ca.server_config(&["localhost"], &["http/1.1"], true));
    let home = Home::new();
    let root = ca.write_into(&home);
    let (both, certificate, key) = (home.join("both.pem"), home.join("cert.pem"), home.join("key.pem"));
    let pem = ca.mint(&["client.test"]);
    std::fs::write(&both, &pem).unwrap();
    let at = pem.find("-----BEGIN PRIVATE KEY").unwrap();
    std::fs::write(&certificate, &pem[..at]).unwrap();
    std::fs::write(&key, &pem[at..]).unwrap();
    let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let (root, both, certificate, key) = (path(&root), path(&both), path(&certificate), path(&key));
    for flags in [&["--client-cert", &both][..], &["--client-cert", &certificate, "--client-key", &key]] {
        let gatetap = run(&Home::new(), &front, &[&["--ca", root.as_str()], flags].concat());
        assert_eq!(ask(&gatetap).0, 200, "{flags:?}");
    }
    assert_ne!(ask(&run(&Home::new(), &front, &["--ca", &root])).0, 200);
}

#[test]
fn files_that_are_no_use_are_wrong_usage() {
    let home = Home::new();
    std::fs::write(home.join("empty.pem"), "").unwrap();
    for (flags, named) in [
        (["--ca", "missing.pem"], "missing.pem"),
        (["--ca", "empty.pem"], "empty.pem"),
        (["--client-cert", "empty.pem"], "empty.pem"),
        (["--client-key", "empty.pem"], "--client-cert"),
    ] {
        let args = [&["run", "--headless", "--listen", "127.0.0.1:0"][..], &flags].concat();
        let exit = Launch::gatetap(&args).home(&home).run_to_end();
        assert_eq!(exit.code, Some(2), "{flags:?}: {exit}");
        assert!(exit.stderr.contains(named), "{flags:?}: {exit}");
    }
}

#[test]
fn the_settings_can_stand_in_the_file() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "hello"));
    let ca = TestCa::new();
    let front = Front::of(gateway.addr(), ca.server_config(&["localhost"], &["http/1.1"], false));
    let home = Home::new();
    ca.write_into(&home);
    std::fs::write(
        home.join("gatetap.toml"),
        "ca = \"test-ca.pem\"\nintercept = [\"a.test\"]\ntls = false\n",
    )
    .unwrap();
    let mut gatetap = run(&home, &front, &[]);
    assert_eq!(ask(&gatetap).0, 200);
    assert!(home.join("data/gatetap/ca-key.pem").exists(), "tunnels are opened: the CA is made");
    let stderr = gatetap.running().stderr();
    assert!(stderr.contains("a.test") && stderr.contains("gatetap ca"), "{stderr}");
}
