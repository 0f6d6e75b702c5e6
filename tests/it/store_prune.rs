//! Retention: what goes, what stays, and that its space is given back.

use crate::support::made::{Made, START, die, recording, session};
use gatetap::digest::Text;
use gatetap::exchange::ExchangeId;
use gatetap::exchange::body::Side;
use gatetap::exchange::end::{BodyEnd, Verdict};
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::exchange::tunnel::Tunnel;
use gatetap::store::filter::Filter;
use gatetap::store::{Error, Page, Progress, Pruned, Pruner, Reader, Retention, Spare, Writer};
use rusqlite::Connection;
use std::path::Path;
use std::time::{Duration, Instant};

/// An hour after the sessions begin.
const NOW: WallTime = WallTime(START.0 + 3_600_000_000);

/// Exchanges 1 to 10, a minute apart, the even ones refused; about 100 kB each.
fn ten() -> Vec<Made> {
    (0..10)
        .map(|n| Made {
            at: n * 60_000_000,
            status: Some(if n % 2 == 1 { 429 } else { 200 }),
            verdict: if n % 2 == 1 { Verdict::Refused } else { Verdict::Complete },
            response: vec![b'x'; 100_000],
            prompt: format!("common number{n}"),
            ..Made::default()
        })
        .collect()
}

fn prune(path: &Path, retention: &Retention, filter: &str, spare: Spare) -> (Vec<ExchangeId>, Pruned) {
    let pruner = Pruner::open(path).unwrap();
    let filter = Filter::parse(filter).unwrap();
    let plan = pruner.plan(retention, &filter, spare, NOW).unwrap();
    let pruned = pruner.run(retention, &filter, spare, NOW, |_| true).unwrap();
    let off = pruned.exchanges - plan.ids.len() as u64;
    assert!(off <= u64::from(retention.size.is_some()), "a size is an estimate, but a good one: {off}");
    (plan.ids, pruned)
}

fn left(path: &Path) -> Vec<ExchangeId> {
    Reader::open(path).unwrap().summaries(Page::default()).unwrap().iter().map(|one| one.id).collect()
}

#[test]
fn limits_and_filters_say_what_goes() {
    let age = |minutes: u64| Retention { age: Some(Micros(minutes * 60_000_000)), ..Retention::default() };
    let count = |count| Retention { count: Some(count), ..Retention::default() };
    let size = |size| Retention { size: Some(size), ..Retention::default() };
    for (retention, filter, gone) in [
        (age(55), "", &[1, 2, 3, 4, 5][..]),
        (age(600), "", &[]),
        (count(3), "", &[1, 2, 3, 4, 5, 6, 7]),
        (count(3), "status:429", &[2, 4]),
        (count(100), "", &[]),
        (Retention { age: age(58).age, count: count(7).count, size: None }, "", &[1, 2, 3]),
        (Retention::default(), "status:429", &[2, 4, 6, 8, 10]),
        (Retention::default(), "number3 OR number4", &[4, 5]),
        (Retention::default(), "", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (size(0), "status:200", &[1, 3, 5, 7, 9]),
        (size(100_000_000), "", &[]),
    ] {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.db");
        recording(&path, &ten());
        let (ids, _) = prune(&path, &retention, filter, Spare::Open);
        assert_eq!(ids, gone, "{retention:?} {filter}");
        let stays: Vec<ExchangeId> = (1..=10).filter(|id| !gone.contains(id)).collect();
        assert_eq!(left(&path), stays, "{retention:?} {filter}");
        let reader = Reader::open(&path).unwrap();
        for id in gone {
            assert_eq!(reader.exchange(*id).unwrap(), None);
            assert!(reader.body(*id, Side::Response).unwrap().bytes.is_empty());
        }
        let found = reader.select_ids(&Filter::parse("common").unwrap(), Page::default(), NOW).unwrap();
        assert_eq!(found, stays, "the full text forgets what is gone");
    }
}

#[test]
fn a_size_is_kept_and_space_is_given_back() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    recording(&path, &ten());
    let before = std::fs::metadata(&path).unwrap().len();
    let limit = before / 2;
    let (ids, pruned) =
        prune(&path, &Retention { size: Some(limit), ..Retention::default() }, "", Spare::Open);
    assert!((4..=6).contains(&ids.len()), "{ids:?}");
    assert_eq!(left(&path), (pruned.exchanges as i64 + 1..=10).collect::<Vec<_>>(), "the oldest go");
    let after = std::fs::metadata(&path).unwrap().len();
    assert!(after <= limit, "{after} of {limit}");
    assert_eq!(pruned.bytes_after, after);
    assert!(pruned.bytes_before >= before);
    let connection = Connection::open(&path).unwrap();
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    connection.execute("INSERT INTO texts (texts) VALUES ('integrity-check')", []).unwrap();
}

#[test]
fn what_is_open_stays_and_numbers_are_not_given_twice() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    recording(&path, &ten()[..2]);
    let writer = session(&path);
    let ended = Made::default().write(&writer);
    let open = Made { verdict: Verdict::Open, duration: None, ..Made::default() }.write(&writer);
    let last = Made::default().write(&writer);
    let everything = Retention::default();
    assert_eq!(prune(&path, &everything, "", Spare::LivingSessions).0, [1, 2]);
    assert_eq!(left(&path), [ended, open, last]);
    assert_eq!(prune(&path, &everything, "", Spare::Open).0, [ended, last]);
    assert_eq!(left(&path), [open]);
    // The session goes on as if nothing had been.
    let next = Made::default().write(&writer);
    assert!(next > last);
    assert_eq!(left(&path), [open, next]);
    writer.end_session(NOW).unwrap();
}

#[test]
fn what_a_dead_session_left_goes_too() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let writer = session(&path);
    Made { verdict: Verdict::Open, ..Made::default() }.write(&writer);
    die(writer, &path);
    assert_eq!(prune(&path, &Retention::default(), "is:open", Spare::Open).0, [0; 0]);
    assert_eq!(prune(&path, &Retention::default(), "", Spare::LivingSessions).0, [1]);
}

#[test]
fn it_says_how_far_it_is_and_can_be_stopped() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let made: Vec<Made> = (0..450).map(|_| Made { response: vec![0; 2_000], ..Made::default() }).collect();
    recording(&path, &made);
    let pruner = Pruner::open(&path).unwrap();
    let plan = pruner.plan(&Retention::default(), &Filter::default(), Spare::Open, NOW).unwrap();
    assert_eq!((plan.ids.len(), plan.of, plan.body_bytes), (450, 450, 900_000));
    let run = |progress: &mut dyn FnMut(Progress) -> bool| {
        pruner.run(&Retention::default(), &Filter::default(), Spare::Open, NOW, progress).unwrap()
    };
    let mut seen = Vec::new();
    let pruned = run(&mut |progress| {
        seen.push(progress);
        false
    });
    assert_eq!(seen, [Progress::Exchanges(pruned.exchanges, 450)]);
    assert!(pruned.exchanges > 0 && pruned.exchanges < 450);
    let mut last = None;
    run(&mut |progress| {
        last = Some(progress);
        true
    });
    assert!(matches!(last, Some(Progress::Space(given, of)) if given <= of && of > 0), "{last:?}");
    assert_eq!(left(&path), [0; 0]);
}

#[test]
fn nothing_is_made_where_nothing_is() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    assert!(matches!(Pruner::open(&path), Err(Error::Missing { .. })));
    assert!(!path.exists());
    std::fs::write(&path, "not a recording, but long enough to be looked at as one").unwrap();
    assert!(matches!(Pruner::open(&path), Err(Error::Foreign { .. })));
}

fn tunnel(writer: &Writer, at: u64, ended: bool) {
    let tunnel = Tunnel {
        id: 0,
        session: 0,
        started_at: START.plus(Micros(at)),
        peer: None,
        host: "elsewhere.test:443".to_owned(),
        connect: None,
        end: None,
        sent_bytes: 1,
        received_bytes: 2,
        ended: ended.then_some(BodyEnd::Whole),
        failure: None,
    };
    writer.put_tunnel(&tunnel).unwrap();
}

#[test]
fn tunnels_sessions_and_words_go_with_what_referred_to_them() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let rows = |sql: &str| -> Vec<String> {
        let connection = Connection::open(&path).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let sessions = || rows("SELECT cast(id AS text) FROM sessions ORDER BY id");
    let words = || rows("SELECT text FROM words WHERE kind = 2 ORDER BY text");
    let tunnels = || Reader::open(&path).unwrap().tunnels().unwrap().len();
    let at = |minutes: u64, path: &str| Made {
        at: minutes * 60_000_000,
        path: path.to_owned(),
        ..Made::default()
    };

    let first = session(&path);
    tunnel(&first, 0, true);
    at(1, "/old").write(&first);
    first.end_session(NOW).unwrap();
    let second = session(&path);
    at(2, "/middle").write(&second);
    tunnel(&second, 150_000_000, true);
    second.end_session(NOW).unwrap();
    let third = session(&path);
    at(3, "/new").write(&third);
    tunnel(&third, 1, false);
    let count = |count| Retention { count: Some(count), ..Retention::default() };

    prune(&path, &count(3), "", Spare::LivingSessions);
    assert_eq!((sessions().len(), tunnels(), words().len()), (3, 3, 3), "all may stay");
    prune(&path, &Retention::default(), "path:/old", Spare::LivingSessions);
    assert_eq!((sessions().len(), tunnels()), (3, 3), "a filter asks for exchanges");
    assert_eq!(words(), ["/middle", "/new"]);
    prune(&path, &count(1), "", Spare::LivingSessions);
    assert_eq!((sessions(), tunnels()), (vec!["3".to_owned()], 1), "one goes on");
    assert_eq!(words(), ["/new"]);
    // The session that goes on knew the numbers of words that are gone since.
    at(4, "/old").write(&third);
    assert_eq!(words(), ["/new", "/old"]);
    third.end_session(NOW).unwrap();
    prune(&path, &Retention::default(), "", Spare::Open);
    assert_eq!(
        (sessions(), tunnels(), words().len()),
        (vec!["3".to_owned()], 0, 0),
        "no number is given twice"
    );
}

#[test]
fn a_reader_that_holds_on_keeps_no_session_from_writing() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    recording(&path, &ten());
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM exchanges").unwrap();
    let started = Instant::now();
    let (ids, _) = prune(&path, &Retention::default(), "", Spare::Open);
    assert_eq!(ids.len(), 10);
    assert!(started.elapsed() < Duration::from_secs(4), "it waited for the reader");
}

#[test]
fn what_is_left_of_an_exchange_that_is_gone_goes_too() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    recording(&path, &ten());
    let connection = Connection::open(&path).unwrap();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let left_of = |id: i64| {
        let parts = ["segments", "findings", "digests", "facets"]
            .map(|table| count(&format!("SELECT count(*) FROM {table} WHERE exchange_id = {id}")));
        let words = count(&format!("SELECT count(*) FROM texts WHERE texts MATCH 'common' AND rowid = {id}"));
        parts.iter().sum::<i64>() + words
    };
    let whole = left_of(3);
    connection.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM exchanges WHERE id = 3").unwrap();
    assert!(left_of(3) == whole && whole >= 4, "{whole} rows are orphans");
    let keep = Retention { count: Some(100), ..Retention::default() };
    let (_, pruned) = prune(&path, &keep, "", Spare::Open);
    assert_eq!((left_of(3), pruned.exchanges), (0, 0));
    assert_eq!(left_of(4), whole, "the others are left alone");
    assert_eq!(left(&path), [1, 2, 4, 5, 6, 7, 8, 9, 10]);
    connection.execute("INSERT INTO texts (texts) VALUES ('integrity-check')", []).unwrap();
    assert!(pruned.bytes_after < pruned.bytes_before, "its space is given back: {pruned:?}");
}

#[test]
fn a_session_gives_no_words_to_an_exchange_that_was_pruned() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let writer = session(&path);
    let id = Made { prompt: "common".to_owned(), ..Made::default() }.write(&writer);
    assert_eq!(prune(&path, &Retention::default(), "", Spare::Open).0, [id]);
    writer.put_text(id, &Text { prompt: "common".to_owned(), answer: String::new() }).unwrap();
    let connection = Connection::open(&path).unwrap();
    let words = "SELECT count(*) FROM texts WHERE texts MATCH 'common'";
    assert_eq!(connection.query_row(words, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    writer.end_session(NOW).unwrap();
}
