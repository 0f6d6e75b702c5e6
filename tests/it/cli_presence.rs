//! `gatetap status`, `gatetap stop`, `--idle-exit`.

use crate::support::binary::{Exit, Gatetap, Home, Launch};
use crate::support::eventually;
use serde_json::Value;

const RUN: [&str; 6] = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", "sim"];

fn ask(home: &Home, args: &[&str]) -> Exit {
    Launch::gatetap(args).home(home).run_to_end()
}

fn serve(home: &Home, db: &str) -> Gatetap {
    let db = home.join(db).display().to_string();
    Launch::gatetap(&[&RUN[..], &["--db", &db]].concat()).home(home).serve()
}

#[test]
fn what_runs_is_shown_and_stopped() {
    let home = Home::new();
    let nothing = ask(&home, &["status"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(1), ""), "{nothing}");
    let first = serve(&home, "a.db");
    let exit = ask(&home, &["status", "--json"]);
    let shown: Value = serde_json::from_str(exit.stdout.trim()).unwrap();
    assert_eq!(
        (shown["pid"].as_u64(), shown["url"].as_str()),
        (Some(u64::from(first.pid())), Some(&*first.url()))
    );
    assert_eq!(shown["recording"], home.join("a.db").display().to_string());
    let second = serve(&home, "b.db");
    let which = ask(&home, &["stop"]);
    assert_eq!(which.code, Some(2), "{which}");
    assert!(which.stderr.contains("2 gatetaps run here"), "{which}");
    let stopped = ask(&home, &["stop", &first.pid().to_string()]);
    assert_eq!(stopped.code, Some(0), "{stopped}");
    assert_eq!(first.wait_exit().code, Some(0));
    let stopped = ask(&home, &["stop"]);
    assert_eq!(stopped.code, Some(0), "{stopped}");
    assert_eq!(second.wait_exit().code, Some(0));
    assert_eq!(ask(&home, &["stop"]).code, Some(1));
}

#[test]
fn what_was_killed_is_known_to_be_gone() {
    let home = Home::new();
    let mut killed = serve(&home, "a.db");
    let file = home.join(format!("data/gatetap/run/{}.json", killed.pid()));
    assert!(file.exists());
    killed.kill_9();
    eventually("the lock is gone", || (ask(&home, &["status"]).code == Some(1)).then_some(()));
    assert!(!file.exists());
}

#[test]
fn without_an_app_it_ends_by_itself() {
    let home = Home::new();
    let running = Launch::gatetap(&[&RUN[..], &["--idle-exit", "1s"]].concat()).home(&home).serve();
    assert_eq!(running.wait_exit().code, Some(0));
}

#[test]
fn a_taken_port_is_named_with_the_gatetap_that_has_it() {
    let home = Home::new();
    let first = serve(&home, "a.db");
    let address = first.addr().to_string();
    let exit = ask(&home, &["run", "--headless", "--listen", &address, "--upstream", "sim", "--db", "b.db"]);
    assert_eq!(exit.code, Some(3), "{exit}");
    let pid = first.pid();
    let recording = home.join("a.db").display().to_string();
    let hint = format!(
        "gatetap listens there, process {pid}, recording to {recording}: `gatetap stop {pid}` ends it"
    );
    assert!(exit.stderr.contains(&hint), "{exit}");
}

#[test]
fn faults_are_armed_also_where_the_control_api_wants_a_token() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let args = ["run", "--headless", "--upstream", "sim", "--allow-remote", "--listen", "0.0.0.0:0"];
    let mut gatetap = Launch::gatetap(&args).home(&home).serve();
    let url = gatetap.url();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let line = eventually("the token", || {
        let stderr = gatetap.running().stderr();
        stderr.lines().find(|line| line.contains("Authorization: Bearer ")).map(str::to_owned)
    });
    let token = line.split("Bearer ").nth(1).unwrap().trim_end_matches('`').to_owned();
    let file = home.join(format!("data/gatetap/run/{}.json", gatetap.pid()));
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);

    // Who runs it need not say the token, others have to.
    let armed = ask(&home, &["faults", "arm", "500", "--url", &url]);
    assert_eq!((armed.code, armed.stdout.starts_with("armed  500")), (Some(0), true), "{armed}");
    let other = Home::new();
    for (home, flags, code, part) in [
        (&home, &["--url", &url][..], 0, "armed  500"),
        (&other, &["--url", &url, "--token", &token], 0, "armed  500"),
        (&other, &["--url", &url], 3, "pass the token with --token or in GATETAP_TOKEN"),
        (&other, &["--url", &url, "--token", "00"], 3, "401 Unauthorized"),
        (&other, &["--url", "foo"], 2, "expected a URL such as http://127.0.0.1:7117"),
        (&other, &["--url", "http://127.0.0.1:1"], 0, "nothing is armed: no gatetap runs there"),
    ] {
        let exit = ask(home, &[&["faults", "list"], flags].concat());
        assert_eq!(exit.code, Some(code), "{flags:?}: {exit}");
        assert!(format!("{}{}", exit.stdout, exit.stderr).contains(part), "{flags:?}: {exit}");
    }
    let status = ask(&home, &["status"]);
    assert!(!status.stdout.contains("not known") && !status.stdout.contains(&token), "{status}");
    let disarmed = ask(&other, &["faults", "disarm", "--url", &url, "--token", &token]);
    assert_eq!(disarmed.stdout, "nothing is armed\n", "{disarmed}");
}

#[test]
fn the_one_that_runs_is_found_by_those_that_speak_with_it() {
    let home = Home::new();
    let running = serve(&home, "a.db");
    let exit = ask(&home, &["env", "--shell", "bash"]);
    assert!(exit.stdout.contains(&format!("export OPENAI_BASE_URL='{}/v1'", running.url())), "{exit}");
    let exit = ask(&home, &["env", "--shell", "bash", "--listen", "8000"]);
    assert!(exit.stdout.contains("export OPENAI_BASE_URL='http://127.0.0.1:8000/v1'"), "{exit}");
    let exit = ask(&home, &["faults", "arm", "429,first=1"]);
    assert_eq!(exit.code, Some(0), "{exit}");
    let exit = ask(&home, &["env", "--listen", "127.0.0.1:0"]);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{exit}");
    running.terminate();
    assert_eq!(running.wait_exit().code, Some(0));
}
