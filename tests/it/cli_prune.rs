//! `gatetap prune`: what would go, what goes, and the same from `gatetap.toml`.

use crate::cli_recording::{gatetap, record};
use crate::support::binary::{Gatetap, Home, Launch};
use crate::support::eventually;
use crate::support::made::{Made, recording};
use gatetap::store::{Page, Reader};
use insta::assert_snapshot;
use serde_json::Value;

fn left(home: &Home) -> Vec<i64> {
    let exit = gatetap(home, &["ls", "--json"]);
    exit.stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_i64().unwrap())
        .collect()
}

#[test]
fn it_says_what_would_go_and_what_went() {
    let home = Home::new();
    record(&home);
    let exit = gatetap(&home, &["prune", "status>=400", "--dry-run"]);
    assert_eq!(exit.stderr, "", "a pipe gets no bar");
    assert_snapshot!(exit.stdout, @"would prune 2 of 6 exchanges, begun 2025-03-01 12:00:03 to 2025-03-01 12:00:06, 399 B of bodies");
    assert_eq!(left(&home), [1, 2, 3, 4, 5, 6]);
    let exit = gatetap(&home, &["prune", "status>=400", "--json"]);
    let line: Value = serde_json::from_str(&exit.stdout).unwrap();
    assert_eq!((&line["dry_run"], &line["exchanges"], &line["of"]), (&false.into(), &2.into(), &6.into()));
    assert!(line["file_bytes_after"].as_u64().unwrap() > 0);
    assert_eq!(left(&home), [1, 2, 4, 6]);
    let exit = gatetap(&home, &["prune", "--max-count", "3"]);
    assert!(exit.stdout.starts_with("pruned 1 of 4 exchanges, begun"), "{exit}");
    assert_eq!(left(&home), [2, 4, 6]);
    let exit = gatetap(&home, &["prune", "--max-count", "3"]);
    assert_eq!(exit.stdout, "nothing to prune: all 3 exchanges may stay\n");
    assert_eq!(gatetap(&home, &["prune", "--max-age", "1d"]).code, Some(0));
    assert_eq!(left(&home), [0; 0]);
}

#[test]
fn something_has_to_say_what_may_stay() {
    let home = Home::new();
    record(&home);
    let exit = gatetap(&home, &["prune"]);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""));
    assert!(exit.stderr.contains("nothing says what may stay"), "{exit}");
    std::fs::write(home.join("gatetap.toml"), "[retention]\nmax_count = 2\n").unwrap();
    assert_eq!(gatetap(&home, &["prune"]).code, Some(0));
    assert_eq!(left(&home), [5, 6]);
    for (flag, value) in
        [("--max-age", "5"), ("--max-age", "x"), ("--max-size", "2 bananas"), ("--max-count", "-1")]
    {
        assert_eq!(gatetap(&home, &["prune", flag, value]).code, Some(2), "{flag} {value}");
    }
    let exit = gatetap(&home, &["prune", "--db", "none.db", "--max-count", "1"]);
    assert_eq!(exit.code, Some(2), "{exit}");
    assert!(!home.join("none.db").exists());
}

#[test]
fn limits_of_the_file_are_kept_when_a_session_starts() {
    let home = Home::new();
    let path = home.join("a.db");
    let made: Vec<Made> = (0..5).map(|_| Made::default()).collect();
    recording(&path, &made);
    std::fs::write(
        home.join("gatetap.toml"),
        "db = \"a.db\"\nupstream = \"sim\"\n[retention]\nmax_count = 2\n",
    )
    .unwrap();
    let running: Gatetap =
        Launch::gatetap(&["run", "--headless", "--listen", "127.0.0.1:0"]).home(&home).serve();
    let reader = Reader::open(&path).unwrap();
    eventually("only two are left", || (reader.count().unwrap() == 2).then_some(()));
    let ids: Vec<i64> = reader.summaries(Page::default()).unwrap().iter().map(|one| one.id).collect();
    assert_eq!(ids, [4, 5]);
    running.interrupt();
    let exit = running.wait_exit();
    assert_eq!(exit.code, Some(0), "{exit}");
    assert!(exit.stderr.contains("3 exchanges were pruned by [retention]"), "{exit}");
}
