//! What the real program answers where it cannot start, and to what is no HTTP.

use crate::e2e_support::{ASK, ended, recording, serve};
use crate::support::binary::{Exit, Gatetap, Home, Launch};
use crate::support::client::{Client, Ending, get, post};
use crate::support::wait;
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;

/// A `gatetap run` that has to end by itself. Its home is `HOME` in what it says.
fn run(home: &Home, args: &[&str]) -> Exit {
    let words = [&["run", "--headless"], args].concat();
    let mut exit = Launch::gatetap(&words).home(home).run_to_end();
    exit.stderr = exit.stderr.replace(&home.path().display().to_string(), "HOME");
    exit
}

#[track_caller]
fn complaint(exit: &Exit, code: i32) -> String {
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(code), ""), "{exit}");
    exit.stderr.clone()
}

/// Names and bytes of all that lies in a home.
fn everything(home: &Home) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|path| path.is_file())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_taken_port_is_named_with_a_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let exit = run(&Home::new(), &["--upstream", "sim", "--listen", &address]);
    assert_snapshot!(complaint(&exit, 3).replace(&address, "127.0.0.1:PORT"), @"
    error: cannot listen on 127.0.0.1:PORT
      caused by: Address already in use (os error 98)

    hint: is another gatetap running? `--listen 127.0.0.1:0` picks a free port
    ");
}

#[test]
fn an_upstream_that_is_none_is_wrong_usage() {
    for (upstream, part) in [
        ("nexoruter", "nexorouter"),
        ("https://", "host"),
        ("ftp://example.com/v1", "http"),
        ("http://user:canary-password@example.com/v1", "holds no user or password"),
    ] {
        let said = complaint(&run(&Home::new(), &["--upstream", upstream]), 2);
        assert!(said.starts_with("error: ") && said.contains(part), "{upstream}: {said}");
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn a_recording_that_cannot_be_written_is_named() {
    let home = Home::new();
    fs::write(home.join("notes"), "notes").unwrap();
    let start = |db: &str| complaint(&run(&home, &["--listen", "127.0.0.1:0", "--db", db]), 3);
    assert_snapshot!(start("notes/recording.db"), @"
    error: cannot use the recording
      caused by: cannot open `notes/recording.db`
      caused by: Not a directory (os error 20)

    hint: choose a file you may write with --db FILE
    ");
    assert_snapshot!(start("data"), @"
    error: cannot use the recording
      caused by: cannot open `data`
      caused by: Is a directory (os error 21)

    hint: choose a file you may write with --db FILE
    ");
}

#[test]
fn a_file_that_is_not_ours_is_left_as_it_is() {
    let home = Home::new();
    fs::write(home.join("notes.txt"), "some notes, long enough to be no empty database file\n").unwrap();
    let other = rusqlite::Connection::open(home.join("other.db")).unwrap();
    other.execute_batch("CREATE TABLE mine (a); INSERT INTO mine VALUES (1)").unwrap();
    drop(other);
    let newer = home.join("newer.db");
    let first = Launch::gatetap(&["run", "--headless", "--listen", "127.0.0.1:0", "--db", "newer.db"]);
    let first = first.home(&home).serve();
    first.terminate();
    assert_eq!(first.wait_exit().code, Some(0));
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 1000).unwrap();
    connection.pragma_update(None, "journal_mode", "DELETE").unwrap();
    drop(connection);

    let before = everything(&home);
    for (db, code, part) in [
        ("notes.txt", 2, "`notes.txt` is not a gatetap recording"),
        ("other.db", 2, "`other.db` is not a gatetap recording"),
        ("newer.db", 3, "`newer.db` was written by a later gatetap (format 1000; this one reads up to"),
    ] {
        let said = complaint(&run(&home, &["--listen", "127.0.0.1:0", "--db", db]), code);
        assert!(said.contains(part) && said.contains("\nhint: "), "{db}: {said}");
        assert!(everything(&home) == before, "{db} was touched");
    }
}

#[test]
fn a_working_directory_that_is_gone_is_said() {
    let script =
        format!("mkdir gone && cd gone && rmdir ../gone && exec {} ls", env!("CARGO_BIN_EXE_gatetap"));
    let exit = Launch::program("/bin/sh", &["-c", &script]).run_to_end();
    assert!(complaint(&exit, 3).starts_with("error: there is no working directory\n"), "{exit}");
}

/// Sends something that is no request; gatetap has to answer 400 with a message that has `part` in it.
#[track_caller]
fn refused(gatetap: &Gatetap, raw: &[u8], part: &str) {
    let (head, body) = wait(Client::exchange(gatetap.addr(), raw));
    let said = String::from_utf8_lossy(raw).into_owned();
    assert_eq!((head.status(), body.ending), (400, Ending::Whole), "{said:?}");
    let has = |name: &str| head.headers().iter().any(|(found, _)| found == name);
    assert!(has("x-gatetap-error") && has("connection"), "{:?}", head.headers());
    let body: Value = serde_json::from_slice(&body.bytes()).unwrap();
    assert_eq!((&body["error"]["type"], &body["error"]["param"]), (&json!("gatetap_error"), &Value::Null));
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("gatetap: ") && message.contains(part), "{said:?}: {message}");
}

#[test]
fn what_is_no_http_is_told_so_and_nobody_else_notices() {
    let home = Home::new();
    let gatetap = serve(&home, "sim");
    for (raw, part) in [
        (&b"\0\0\0\0\0\0\0\0"[..], "HTTP"),
        (b"HELO example\r\n\r\n", "METHOD target HTTP/1.1"),
        (b"GET /v1/models SPDY/3\r\nhost: a\r\n\r\n", "version"),
        (b"GET /v1/models HTTP/1.1\r\nhost a\r\n\r\n", "no colon"),
    ] {
        refused(&gatetap, raw, part);
    }
    let (head, _) = wait(Client::exchange(
        gatetap.addr(),
        post("/v1/chat/completions", &["authorization: Bearer sk-sim-e2e"], ASK),
    ));
    assert_eq!(head.status(), 200);
    let all = ended(&home, 1);
    let passed = all.iter().filter(|one| one["verdict"] == "complete").count();
    assert_eq!(passed, 1, "{all:?}");
    assert!(recording(&home).is_file());
    gatetap.terminate();
    let exit = gatetap.wait_exit();
    assert_eq!(exit.code, Some(0), "{exit}");
    assert!(!exit.stderr.contains("panicked"), "{exit}");
}

#[test]
fn an_address_beyond_this_machine_has_to_be_meant() {
    let home = Home::new();
    let args = ["run", "--headless", "--upstream", "sim", "--listen", "0.0.0.0:0"];
    let exit = Launch::gatetap(&args).home(&home).run_to_end();
    assert_eq!(exit.code, Some(2), "{exit}");
    assert!(exit.stderr.contains("hint: listen on 127.0.0.1, or say --allow-remote"), "{exit}");
    let meant = Launch::gatetap(&[&args[..], &["--allow-remote"]].concat()).home(&home).serve();
    meant.terminate();
    let exit = meant.wait_exit();
    assert_eq!(exit.code, Some(0), "{exit}");
    assert!(exit.stderr.contains("warning: whoever reaches 0.0.0.0"), "{exit}");
}

#[tokio::test]
async fn more_apps_are_served_at_once_than_a_shell_lets_a_program_open_files() {
    let script = "ulimit -S -n 64 && exec \"$0\" run --headless --listen 127.0.0.1:0 --upstream sim";
    let gatetap = Launch::program("sh", &["-c", script, env!("CARGO_BIN_EXE_gatetap")]).serve();
    let mut clients = Vec::new();
    for _ in 0..100 {
        let mut client = Client::connect(gatetap.addr()).await;
        client.send(get("/v1/models", &["Authorization: Bearer sk-sim-1"])).await;
        assert_eq!(client.read_head().await.status(), 200);
        client.read_body().await;
        clients.push(client);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_has_locked_the_recording_is_named_while_it_waits_and_after() {
    let home = Home::new();
    crate::cli_recording::record_nothing(&home.join("held.db"));
    let other = rusqlite::Connection::open(home.join("held.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let exit = run(&home, &["--upstream", "sim", "--listen", "127.0.0.1:0", "--db", "held.db"]);
    let me = gatetap::store::Holder { pid: std::process::id(), name: None }.to_string();
    let said = complaint(&exit, 3);
    assert!(said.starts_with(&format!("waiting: {me} (")), "{said}");
    assert!(said.contains(") has locked `held.db`\n"), "{said}");
    assert!(said.contains(&format!("caused by: `held.db` is locked by {me} (")), "{said}");
}
