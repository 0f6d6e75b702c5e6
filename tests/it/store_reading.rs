//! Commands that only read leave a directory as they found it, and read where nothing can be written.

use crate::cli_recording::{gatetap, record};
use crate::support::binary::{Exit, Home};
use gatetap::store::Reader;
use rusqlite::Connection;
use std::path::Path;

/// A home with a recording of six exchanges as `a.db` in a directory of its own.
fn recorded() -> Home {
    let home = Home::new();
    std::fs::create_dir(home.join("there")).unwrap();
    std::fs::copy(record(&home), home.join("there/a.db")).unwrap();
    home
}

fn ls(home: &Home) -> Exit {
    gatetap(home, &["ls", "--db", "there/a.db"])
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn nothing_is_left_beside_a_recording_that_was_read() {
    let home = recorded();
    let before = std::fs::read(home.join("there/a.db")).unwrap();
    for args in
        [&["ls"][..], &["show", "last"], &["show", "2", "--events"], &["search", "stop"], &["diff", "1", "2"]]
    {
        let exit = gatetap(&home, &[args, &["--db", "there/a.db"]].concat());
        assert!(exit.code.is_some_and(|code| code < 2), "{exit}");
        assert_eq!(names(&home.join("there")), ["a.db"], "{args:?}");
    }
    assert!(std::fs::read(home.join("there/a.db")).unwrap() == before, "not a byte of it was changed");
}

#[test]
fn what_a_killed_gatetap_left_beside_it_is_read_and_tidied_up() {
    let home = recorded();
    let path = home.join("there/a.db");
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch("PRAGMA wal_autocheckpoint = 0; UPDATE sessions SET upstream = 'in the log'")
        .unwrap();
    // A copy of the files under the hands of a writer is what is left when it dies.
    std::fs::create_dir(home.join("dead")).unwrap();
    for name in names(&home.join("there")) {
        std::fs::copy(home.join("there").join(&name), home.join("dead").join(&name)).unwrap();
    }
    drop(writer);
    let exit = gatetap(&home, &["ls", "--db", "dead/a.db"]);
    assert_eq!((exit.code, exit.stdout.lines().count()), (Some(0), 6), "{exit}");
    assert_eq!(names(&home.join("dead")), ["a.db"]);
    let upstream: String = Connection::open(home.join("dead/a.db"))
        .unwrap()
        .query_row("SELECT upstream FROM sessions LIMIT 1", [], |row| row.get(0))
        .unwrap();
    assert_eq!(upstream, "in the log");
}

/// A link to itself in the place of a file that SQLite wants to make stands in for a medium that is read-only:
/// unlike missing rights it stops root too.
#[cfg(unix)]
#[test]
fn a_recording_is_read_where_nothing_can_be_written() {
    let home = recorded();
    let block = |name: &str| std::os::unix::fs::symlink(name, home.join("there").join(name)).unwrap();
    block("a.db-shm");
    let exit = ls(&home);
    assert_eq!((exit.code, exit.stdout.lines().count()), (Some(0), 6), "{exit}");
    let strange = home.join("there/100% a?b#c.db");
    std::fs::copy(home.join("there/a.db"), &strange).unwrap();
    block("100% a?b#c.db-shm");
    assert_eq!(Reader::open(&strange).unwrap().count().unwrap(), 6);
    // Rows that are in the log only would be missing: better no answer than a wrong one.
    std::fs::write(home.join("there/a.db-wal"), "rows").unwrap();
    let exit = ls(&home);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(3), ""), "{exit}");
    assert!(exit.stderr.contains("hint: "), "{exit}");
}

#[test]
fn a_file_of_somebody_else_is_left_as_it_is() {
    let home = Home::new();
    let path = home.join("a.db");
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE mine (a); INSERT INTO mine VALUES (1)")
        .unwrap();
    let log = std::fs::read(home.join("a.db-wal")).unwrap();
    assert_eq!(gatetap(&home, &["ls", "--db", "a.db"]).code, Some(2));
    assert!(std::fs::read(home.join("a.db-wal")).unwrap() == log);
}
