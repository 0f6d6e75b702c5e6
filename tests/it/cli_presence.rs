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
