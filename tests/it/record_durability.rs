//! The recording in trouble: locked, removed, full, too long a body. Traffic never notices, and what is
//! missing is said.

use crate::e2e_support::{json, recording, said, serve};
use crate::support::binary::{Home, Launch};
use crate::support::client::{Client, Ending, get};
use crate::support::gateway::{Gateway, answer, write};
use crate::support::http1::chunk;
use crate::support::tapped::{Seen, Tapped};
use crate::support::{eventually, eventually_async, wait};
use gatetap::exchange::body::Cut;
use gatetap::exchange::time::Micros;
use gatetap::record::Limits;
use gatetap::store::{Page, Reader};
use ring::digest::{SHA256, digest};
use rusqlite::Connection;
use serde_json::Value;

/// As much of an answer as a test wants, in chunks of a thousand bytes.
pub fn long_answer(chunks: usize) -> (Vec<u8>, Vec<u8>) {
    let mut raw = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let mut body = Vec::new();
    for index in 0..chunks {
        let piece: Vec<u8> = (0..1000).map(|at| b'a' + ((index + at) % 26) as u8).collect();
        raw.extend(chunk(&piece));
        body.extend(piece);
    }
    raw.extend(b"0\r\n\r\n");
    (raw, body)
}

#[tokio::test]
async fn a_lock_held_by_another_process_delays_the_recording_and_nothing_else() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "{\"a\":1}"));
    let tapped = Tapped::before(&gateway).await;
    let holder = Connection::open(tapped.recording()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..3 {
        let seen = Seen::of(tapped.addr(), get("/v1/models", &[])).await;
        assert_eq!(seen.bytes(), b"{\"a\":1}");
    }
    let degraded = eventually_async("the recorder to notice", || tapped.health().degraded).await;
    assert!(degraded.reason.contains("locked"), "{degraded:?}");
    assert_eq!(tapped.count(), 0);
    holder.execute_batch("COMMIT").unwrap();
    let told = tapped.told(2).await;
    assert_eq!((told.verdict(), told.response.bytes.as_slice()), ("complete", &b"{\"a\":1}"[..]));
    eventually_async("the recorder to recover", || tapped.health().degraded.is_none().then_some(())).await;
    assert!(tapped.outcome().await.is_whole());
}

#[tokio::test]
async fn a_removed_recording_is_started_anew_and_what_is_gone_is_counted() {
    let gateway = Gateway::sse(["data: 1\n\n", "data: 2\n\n"]);
    let (gateway, gate) = gateway;
    let tapped = Tapped::before(&gateway).await;
    let mut client = Client::connect(tapped.addr()).await;
    client.send(get("/v1/stream", &[])).await;
    client.read_head().await;
    gate.open();
    client.next_chunk().await.unwrap();
    tapped.told_when(0, |whole| whole.exchange.response_bytes > 0).await;
    for suffix in ["", "-wal", "-shm"] {
        let mut path = tapped.recording().into_os_string();
        path.push(suffix);
        std::fs::remove_file(path).unwrap();
    }
    gate.open();
    assert_eq!(client.read_body().await.ending, Ending::Whole);
    eventually_async("a recording to be there again", || Reader::open(&tapped.recording()).ok()).await;
    let told = tapped.told(0).await;
    assert_eq!(told.response.bytes, b"data: 2\n\n");
    assert_eq!(told.response.cut, Some(Cut { at: 0, tail: 9 }), "the gap is in the recording");
    let outcome = tapped.outcome().await;
    assert_eq!(outcome.lost_bytes, 9);
    assert!(outcome.failure.is_some_and(|failure| failure.contains("removed")));
}

/// What `gatetap status` knows of the one gatetap that runs.
fn health(home: &Home) -> Value {
    json(home, &["status", "--json"]).remove(0)["recording_health"].take()
}

#[test]
fn a_running_gatetap_says_that_its_recording_was_removed_and_goes_on() {
    let home = Home::new();
    let gateway = wait(async { Gateway::answering(answer("HTTP/1.1 200 OK", "{\"a\":1}")) });
    let (folder, aside) = (home.join("recordings"), home.join("aside"));
    let db = folder.join("a.db").display().to_string();
    let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &gateway.url(), "--db", &db];
    let gatetap = Launch::gatetap(&args).home(&home).serve();
    let ended = |count| {
        eventually("exchanges to have ended", || {
            let all = json(&home, &["ls", "--json", "verdict:complete", "--db", &db]);
            (all.len() == count).then_some(())
        });
    };
    let ask = || assert_eq!(wait(Seen::of(gatetap.addr(), get("/v1/models", &[]))).bytes(), b"{\"a\":1}");
    ask();
    ask();
    ended(2);
    assert_eq!(health(&home)["trouble"], Value::Null);
    assert!(!said(&home, &["status"]).stdout.contains("warning"));

    // What stands in its place cannot be written, so no new one can be begun either.
    std::fs::rename(&folder, &aside).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    ask();
    let degraded =
        eventually("the recorder to notice", || Some(health(&home)).filter(|h| !h["degraded"].is_null()));
    assert!(degraded["degraded"]["since"].as_str().is_some_and(|since| since.ends_with('Z')), "{degraded}");
    let status = said(&home, &["status"]).stdout;
    assert!(status.contains("warning: nothing can be recorded since 20"), "{status}");
    let ls = Launch::gatetap(&["ls", "--db", &db]).home(&home).run_to_end();
    assert!(ls.stderr.contains(&format!("process {} records to it", gatetap.pid())), "{ls}");

    std::fs::remove_file(&folder).unwrap();
    let removed = eventually("a new recording", || Some(health(&home)).filter(|h| h["degraded"].is_null()));
    assert_eq!(removed["removed"]["exchanges"], 2, "{removed}");
    assert_eq!(removed["lost_bytes"], 0, "{removed}");
    // What passed meanwhile was kept in memory.
    ended(1);
    let status = said(&home, &["status"]).stdout;
    assert!(
        status.contains("warning: the recording was removed") && status.contains("2 exchanges"),
        "{status}"
    );
    for args in [&["ls"][..], &["show", "1"], &["search", "a"]] {
        let exit = said(&home, &[args, &["--db", &db]].concat());
        let warning =
            format!("warning: process {} records this, and the recording was removed", gatetap.pid());
        assert!(exit.stderr.starts_with(&warning), "{exit}");
    }
    gatetap.terminate();
    let exit = gatetap.wait_exit();
    assert_eq!(exit.code, Some(3), "{exit}");
    assert!(exit.stderr.contains("recorded 1 exchange\n"), "{exit}");
    assert_eq!(said(&home, &["ls", "--db", &db]).stderr, "");
    assert!(
        exit.stderr.contains("not whole: the recording was removed while it was being written, 2 exchanges"),
        "{exit}"
    );
}

#[test]
fn whoever_reads_a_recording_is_told_that_nothing_gets_into_it() {
    let home = Home::new();
    let gateway = wait(async { Gateway::answering(answer("HTTP/1.1 200 OK", "{\"a\":1}")) });
    let db = home.join("a.db").display().to_string();
    let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &gateway.url(), "--db", &db];
    let gatetap = Launch::gatetap(&args).home(&home).serve();
    let ask = || assert_eq!(wait(Seen::of(gatetap.addr(), get("/v1/models", &[]))).bytes(), b"{\"a\":1}");
    let ls = || said(&home, &["ls", "--db", &db]);
    ask();
    eventually("an exchange", || ls().stdout.contains("complete").then_some(()));
    assert_eq!(ls().stderr, "");
    let holder = Connection::open(&db).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    ask();
    let warning =
        format!("warning: process {} records this, and nothing can be recorded since 2", gatetap.pid());
    let told = eventually("a warning", || Some(ls()).filter(|exit| exit.stderr.starts_with(&warning)));
    assert!(told.stdout.contains("complete"), "{told}");
    holder.execute_batch("ROLLBACK").unwrap();
    eventually("no more warning", || ls().stderr.is_empty().then_some(()));
    gatetap.terminate();
    gatetap.wait_exit();
}

#[test]
fn a_recording_that_is_removed_while_nothing_passes_is_begun_anew() {
    let home = Home::new();
    let gatetap = serve(&home, "sim");
    for suffix in ["", "-shm", "-wal"] {
        std::fs::remove_file(home.join(format!("data/gatetap/recording.db{suffix}"))).unwrap();
    }
    eventually("a recording to be there again", || Reader::open(&recording(&home)).ok());
    assert_eq!(health(&home)["removed"]["exchanges"], 0);
    gatetap.terminate();
    assert_eq!(gatetap.wait_exit().code, Some(3));
}

#[tokio::test]
async fn of_a_long_body_head_and_tail_are_kept_and_the_hash_of_the_whole() {
    let (raw, body) = long_answer(100);
    let gateway = Gateway::answering(&raw);
    for (max_body, head, tail) in
        [(10_000, 5000, 5000), (3_500, 1000, 1000), (99_999, 50_000, 49_000), (0, 0, 0)]
    {
        let tapped = Tapped::keeping(&gateway, max_body).await;
        let seen = Seen::of(tapped.addr(), get("/v1/long", &[])).await;
        assert_eq!(seen.bytes(), body, "the app gets all of it");
        let told = tapped.told(0).await;
        assert_eq!(told.response.cut, Some(Cut { at: head, tail }), "at most {max_body} bytes");
        let kept = [&body[..head as usize], &body[body.len() - tail as usize..]].concat();
        assert_eq!(told.response.bytes, kept);
        assert_eq!(told.response.passed(), 100_000, "every chunk left its mark");
        let hash = told.whole.exchange.response_sha256.expect("a hash");
        assert_eq!(&hash, digest(&SHA256, &body).as_ref());
        assert_eq!(told.whole.exchange.response_bytes, 100_000);
        let slices: usize = told.response.chunks().map(|(slice, _)| slice.len()).sum();
        assert_eq!(slices, kept.len(), "the kept chunks and no more");
    }
}

/// Where a key stands in a body of 20 000 bytes, of which 5 000 from each end are kept: all around both cuts.
fn places() -> impl Iterator<Item = usize> {
    (4_850..5_010).chain(14_850..15_010).chain([0, 9_000, 17_000, 19_940]).step_by(7)
}

#[tokio::test]
async fn of_a_long_body_no_secret_is_kept_wherever_it_stands() {
    const KEY: &str = "sk-proj-Fake0Zq1Xw2Ve3Cr4Tb5Yn6Um7";
    let body = |at: usize| {
        let mut body = b"many words ".repeat(2_000)[..20_000].to_vec();
        body[at - at.min(1)..][..at.min(1)].fill(b' ');
        body[at..at + KEY.len()].copy_from_slice(KEY.as_bytes());
        body[at + KEY.len()] = b' ';
        body
    };
    for content_type in ["text/plain", "application/json"] {
        let replies = places().map(|at| {
            let mut raw = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            .into_bytes();
            raw.extend(body(at).chunks(700).flat_map(chunk));
            raw.extend(b"0\r\n\r\n");
            vec![write(raw)]
        });
        let gateway = Gateway::replying(replies.collect::<Vec<_>>());
        let tapped = Tapped::keeping(&gateway, 10_000).await;
        for (n, at) in places().enumerate() {
            Seen::of(tapped.addr(), get("/v1/long", &[])).await;
            let told = tapped.told(n).await;
            let kept = &told.response.bytes;
            let cut = told.response.cut.expect("it is cut");
            let expected =
                String::from_utf8(body(at)).unwrap().replace(&KEY[8..], &"*".repeat(KEY.len() - 8));
            let tail = expected.len() - cut.tail as usize;
            let (ends, starts) = (cut.at as usize, tail);
            // A key that is cut off is hidden as far as it is kept, its prefix perhaps, too.
            let is_cut = (at..at + KEY.len()).contains(&ends) || (at..at + KEY.len()).contains(&starts);
            if !is_cut {
                assert_eq!(
                    kept.as_slice(),
                    [&expected[..ends], &expected[starts..]].concat().as_bytes(),
                    "at {at}"
                );
            }
            let kept = String::from_utf8_lossy(kept);
            let shown =
                KEY.as_bytes()[8..].windows(4).find(|part| kept.contains(std::str::from_utf8(part).unwrap()));
            assert_eq!(shown, None, "at {at}");
        }
    }
}

#[tokio::test]
async fn a_body_of_just_the_limit_is_kept_whole() {
    let (raw, body) = long_answer(7);
    let gateway = Gateway::answering(&raw);
    let tapped = Tapped::keeping(&gateway, 7000).await;
    Seen::of(tapped.addr(), get("/v1/long", &[])).await;
    let told = tapped.told(0).await;
    assert_eq!((told.response.bytes, told.response.cut), (body, None));
    assert_eq!(told.whole.exchange.response_sha256, None);
}

/// A file-size limit stands in for a full disk: writing fails as it does there.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_the_recording_and_not_the_traffic() {
    let (raw, body) = long_answer(2000);
    let gateway = wait(async { Gateway::answering(&raw) });
    let home = Home::new();
    let db = home.join("full.db");
    let script = "trap '' XFSZ; ulimit -f 1000; exec \"$0\" \"$@\"";
    let url = format!("{}/v1", gateway.url());
    let binary = env!("CARGO_BIN_EXE_gatetap");
    let db_text = db.display().to_string();
    let args = [
        "-c",
        script,
        binary,
        "run",
        "--headless",
        "--listen",
        "127.0.0.1:0",
        "--upstream",
        &url,
        "--db",
        &db_text,
    ];
    let gatetap = Launch::program("/bin/sh", &args).home(&home).serve();
    for _ in 0..4 {
        let seen = wait(Seen::of(gatetap.addr(), get("/v1/long", &[])));
        assert!(seen.bytes() == body, "the app gets all of it");
    }
    gatetap.terminate();
    let exit = gatetap.wait_exit();
    assert_eq!(exit.code, Some(3), "{exit}");
    assert!(exit.stderr.contains("not whole"), "{exit}");
    let integrity: String =
        Connection::open(&db).unwrap().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(integrity, "ok");
    eventually("the recording to open", || Reader::open(&db).unwrap().summaries(Page::default()).ok());
}

#[tokio::test]
async fn chunks_that_come_together_are_written_together() {
    let (raw, body) = long_answer(500);
    let gateway = Gateway::answering(&raw);
    let tapped = Tapped::before(&gateway).await;
    Seen::of(tapped.addr(), get("/v1/long", &[])).await;
    let told = tapped.told(0).await;
    assert_eq!((told.response.bytes, told.response.marks.len() >= 500), (body, true));
    let recording = Connection::open(tapped.recording()).unwrap();
    let rows: i64 = recording.query_row("SELECT count(*) FROM segments", [], |row| row.get(0)).unwrap();
    assert!(rows < 100, "{rows} rows for 500 chunks");
}

/// While another process holds the lock, the recorder takes in less than what passes, and its queue fills.
#[tokio::test]
async fn where_the_queue_is_spent_the_stream_waits_and_says_for_how_long() {
    let size = 4 << 20;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n");
    let gateway = Gateway::answering([head.as_bytes(), &vec![b'x'; size]].concat());
    let limits = Limits { queue_bytes: 1 << 20, ..Limits::default() };
    let tapped = Tapped::within(&gateway, limits).await;
    let holder = Connection::open(tapped.recording()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let seen = Seen::of(tapped.addr(), get("/v1/large", &[])).await;
    assert_eq!((seen.bytes().len(), seen.ending), (size, Ending::Whole));
    holder.execute_batch("COMMIT").unwrap();
    let told = tapped.told(0).await;
    assert_eq!(told.response.bytes.len(), size);
    let held = told.whole.exchange.timing.held.expect("it was held back");
    assert!(held > Micros(10_000), "{held}");
    let db = tapped.recording().display().to_string();
    let show =
        |more: &[&str]| Launch::gatetap(&[&["show", "1", "--db", &db], more].concat()).run_to_end().stdout;
    let line: Value = serde_json::from_str(&show(&["--json"])).unwrap();
    assert_eq!(line["timing"]["held_ms"], held.as_ms());
    let page = show(&[]);
    assert!(page.contains(&format!("{held}  held back because the recorder was behind")), "{page}");
}
