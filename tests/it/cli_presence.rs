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
