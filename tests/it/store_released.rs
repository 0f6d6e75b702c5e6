//! A recording of every schema stays readable for ever: `fixtures/recordings/vN.db`, N being its `user_version`.
//!
//! `UPDATE_RECORDINGS=1 cargo test --test it store_released` writes the newest anew. That is right while its
//! schema is not released; a released one is left as it is, and a migration makes the next.

use crate::cli_recording::{gatetap, record};
use crate::support::binary::Home;
use crate::support::made::{START, session};
use gatetap::exchange::end::BodyEnd;
use gatetap::exchange::time::Micros;
use gatetap::exchange::tunnel::Tunnel;
use gatetap::store::Reader;
use rusqlite::Connection;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What is in every one of them: exchanges 1 to 6 in two sessions, and a tunnel in a third.
fn make(home: &Home) -> PathBuf {
    let path = record(home);
    let writer = session(&path);
    let tunnel = Tunnel {
        id: 0,
        session: 0,
        started_at: START,
        peer: Some("127.0.0.1:50124".to_owned()),
        host: "elsewhere.test:443".to_owned(),
        connect: Some(Micros(7_000)),
        end: Some(Micros(90_000)),
        sent_bytes: 517,
        received_bytes: 4_096,
        ended: Some(BodyEnd::Whole),
        failure: None,
    };
    writer.put_tunnel(&tunnel).unwrap();
    writer.end_session(START.plus(Micros(90_000))).unwrap();
    path
}

fn stored() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings")
}

fn version(connection: &Connection) -> i64 {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

fn schema(path: &Path) -> (i64, Vec<Option<String>>) {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT sql FROM sqlite_schema ORDER BY name").unwrap();
    let tables = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    (version(&connection), tables)
}

#[test]
fn the_newest_schema_has_its_recording() {
    let home = Home::new();
    let fresh = make(&home);
    let (newest, tables) = schema(&fresh);
    let name = format!("v{newest}.db");
    if std::env::var_os("UPDATE_RECORDINGS").is_some() {
        std::fs::create_dir_all(stored()).unwrap();
        std::fs::copy(&fresh, stored().join(&name)).unwrap();
    }
    let copy = home.join(&name);
    std::fs::copy(stored().join(&name), &copy).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(schema(&copy), (newest, tables), "{name} is of another schema; see the head of this file");
}

#[test]
fn every_schema_there_was_is_read_and_carried_on() {
    let mut versions = Vec::new();
    for entry in std::fs::read_dir(stored()).unwrap() {
        let entry = entry.unwrap();
        let home = Home::new();
        let path = home.join("a.db");
        std::fs::copy(entry.path(), &path).unwrap();
        let found = version(&Connection::open(&path).unwrap());
        assert_eq!(entry.file_name().to_str().unwrap(), format!("v{found}.db"));
        versions.push(found);

        // As it is, then after it was opened to be written, which brings it to the newest schema.
        reads(&home, found);
        let writer = session(&path);
        writer.end_session(START).unwrap();
        reads(&home, found);
        let tunnels = Reader::open(&path).unwrap().tunnels().unwrap();
        assert_eq!(tunnels.iter().map(|one| one.host.as_str()).collect::<Vec<_>>(), ["elsewhere.test:443"]);
    }
    assert!(!versions.is_empty());
}

fn reads(home: &Home, version: i64) {
    let run = |args: &[&str]| {
        let exit = gatetap(home, &[args, &["--db", "a.db"]].concat());
        assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "v{version} {args:?}: {exit}");
        exit.stdout
    };
    let list = |filter: &str| -> Vec<(i64, String)> {
        run(&["ls", filter, "--json"])
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|line| (line["id"].as_i64().unwrap(), line["verdict"].as_str().unwrap().to_owned()))
            .collect()
    };
    let verdicts = ["complete", "complete", "refused", "cut-by-gateway", "failed", "complete"];
    let all: Vec<(i64, String)> = (1..).zip(verdicts.map(str::to_owned)).collect();
    assert_eq!(list(""), all, "v{version}");
    assert_eq!(list("verdict:failed"), all[4..5], "v{version}");
    assert_eq!(list("is:streaming"), [&all[1..2], &all[3..4]].concat(), "v{version}");
    assert_eq!(list("stop session:1 -status:429").len(), 4, "v{version}");
    assert_eq!(list("key:f1a2"), [&all[..4], &all[5..]].concat(), "v{version}");
    for id in 1..=6 {
        let shown: Value = serde_json::from_str(&run(&["show", &id.to_string(), "--json"])).unwrap();
        assert_eq!(shown["id"], id, "v{version}");
    }
    let shown: Value = serde_json::from_str(&run(&["show", "2", "--json"])).unwrap();
    assert_eq!(shown["response"]["body"]["bytes"], 323, "v{version}");
    assert_eq!(shown["timing"]["end_ms"], 1250.5, "v{version}");
    assert!(run(&["show", "2", "--events"]).lines().count() > 2, "v{version}");
    assert!(run(&["search", "stop"]).contains("stop"), "v{version}");
}
