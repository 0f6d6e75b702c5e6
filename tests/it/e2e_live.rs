//! A stream that is still open: who else can read it, and what is left of it when gatetap is killed or told
//! to stop.

use crate::e2e_support::{ASK_STREAM, ended, json, recording, said, serve, show};
use crate::support::binary::{Gatetap, Home};
use crate::support::client::{Client, Ending, Read, post};
use crate::support::gateway::{Gate, Gateway};
use crate::support::{eventually, wait};
use gatetap::exchange::body::{Body, Side};
use gatetap::exchange::time::Clock;
use gatetap::store::Reader;
use serde_json::Value;
use std::time::{Duration, Instant};

/// How late another process may see what the app has.
const LATE: Duration = Duration::from_millis(100);

/// An event of a chat completion that says `text`.
fn event(text: &str) -> String {
    format!(
        "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\
         \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n"
    )
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| event(&format!("{number} "))).collect()
}

/// An app that has the head of a stream.
async fn streaming(gatetap: &Gatetap) -> Client {
    let mut app = Client::connect(gatetap.addr()).await;
    app.send(post("/v1/chat/completions", &["authorization: Bearer e2e"], ASK_STREAM)).await;
    assert_eq!(app.read_head().await.status(), 200);
    app
}

/// Lets one event through, up to the app.
async fn pass(gate: &Gate, app: &mut Client) -> Vec<u8> {
    gate.open();
    app.next_chunk().await.unwrap().bytes
}

fn answer(reader: &Reader) -> Body {
    reader.body(1, Side::Response).unwrap()
}

#[test]
fn an_open_stream_can_be_read_by_another_process_within_100_ms() {
    const EVENTS: usize = 21;
    let home = Home::new();
    // The last one never comes.
    let (gateway, gate) = Gateway::sse(numbered(EVENTS + 1));
    let gatetap = serve(&home, &gateway.url());
    let mut app = wait(streaming(&gatetap));
    let reader = Reader::open(&recording(&home)).unwrap();

    let mut got = Vec::new();
    let mut lags = Vec::new();
    for number in 0..EVENTS {
        got.extend(wait(pass(&gate, &mut app)));
        let body = eventually("the chunk to be in the recording", || {
            let body = answer(&reader);
            (body.bytes.len() >= got.len()).then_some(body)
        });
        let seen = Clock::system().now().wall.0;
        assert_eq!((body.bytes, body.marks.len()), (got.clone(), number + 1));
        let started = reader.summaries_of(&[1]).unwrap()[0].started_at;
        let read = started.plus(body.marks[number].read).0;
        lags.push(Duration::from_micros((seen - read).try_into().unwrap()));
    }
    // The machine may stop either process for a while, so one of them says nothing. Half of them do.
    lags.sort_unstable();
    assert!(lags[EVENTS / 2] < LATE, "{lags:?}");

    let line = json(&home, &["ls", "--json"]).remove(0);
    assert_eq!((&line["verdict"], &line["status"]), (&"open".into(), &200.into()));
    assert_eq!(line["duration_ms"], Value::Null);
    let events = json(&home, &["show", "last", "--events", "--json"]);
    assert_eq!(events.len(), EVENTS);
    assert_eq!(said(&home, &["show", "1", "--body", "response"]).stdout, String::from_utf8(got).unwrap());
}

#[test]
fn a_killed_gatetap_leaves_what_the_app_had_100_ms_before() {
    let home = Home::new();
    let events = numbered(50_000);
    let (gateway, gate) = Gateway::sse(&events);
    let mut gatetap = serve(&home, &gateway.url());
    let mut app = wait(streaming(&gatetap));
    let mut got = Vec::new();
    let began = Instant::now();
    while began.elapsed() < 4 * LATE {
        got.extend(wait(pass(&gate, &mut app)));
    }
    let old = |read: &&Read| read.at + LATE < Instant::now();
    let due = app.reads().iter().filter(old).count();
    gatetap.kill_9();

    let line = json(&home, &["ls", "--json"]).remove(0);
    assert_eq!((&line["verdict"], &line["status"]), (&"lost".into(), &200.into()));
    let body = answer(&Reader::open(&recording(&home)).unwrap());
    let sent = events.concat();
    assert!(sent.as_bytes().starts_with(&body.bytes), "what is kept is what was sent, from its beginning on");
    // The first read is the head's; then each event came by itself.
    assert!(body.marks.len() + 1 >= due, "{} of {due} chunks are kept", body.marks.len());
    assert!(due > 10, "only {due} chunks in {:?}", began.elapsed());
    assert!(body.bytes.len() <= got.len());

    let connection = rusqlite::Connection::open(recording(&home)).unwrap();
    let health: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(health, "ok");
    drop(connection);

    // The next run goes on in the same recording.
    let gatetap = serve(&home, &gateway.url());
    wait(streaming(&gatetap)).abort();
    let all = ended(&home, 2);
    let told = |one: &Value| (one["session"].clone(), one["verdict"].clone());
    assert_eq!(told(&all[0]), (1.into(), "lost".into()));
    assert_eq!(told(&all[1]), (2.into(), "cut-by-app".into()));
}

#[test]
fn a_gatetap_that_is_told_to_stop_ends_well_in_the_middle_of_a_stream() {
    for interrupt in [true, false] {
        let home = Home::new();
        let (gateway, gate) = Gateway::sse(numbered(3));
        let gatetap = serve(&home, &gateway.url());
        let url = gatetap.url();
        let mut app = wait(streaming(&gatetap));
        let first = wait(pass(&gate, &mut app));
        if interrupt {
            gatetap.interrupt();
        } else {
            gatetap.terminate();
        }
        let exit = gatetap.wait_exit();
        assert_eq!((exit.code, exit.signal), (Some(0), None), "{exit}");
        assert_eq!(exit.stdout, format!("listening on {url}\n"));
        assert!(exit.stderr.contains("\nseed 7\n"), "{exit}");
        assert!(exit.stderr.ends_with("recorded 1 exchange\n"), "{exit}");
        // Whoever waits for the rest sees a break, and no end.
        assert_ne!(wait(app.read_body()).ending, Ending::Whole);

        let whole = show(&home, &1.into());
        assert_eq!(whole["response"]["body"]["text"], String::from_utf8(first).unwrap());
        let told = said(&home, &["show", "1"]).stdout;
        assert!(told.contains("gatetap was stopped"), "{told}");
        assert!(whole["timing"]["end_ms"].is_number(), "{whole}");
        assert_eq!(whole["finish_reason"], Value::Null);
    }
}

#[test]
fn a_stream_that_ends_just_then_ends_whole() {
    let home = Home::new();
    let (gateway, gate) = Gateway::sse(["data: [DONE]\n\n"]);
    let gatetap = serve(&home, &gateway.url());
    let mut app = wait(streaming(&gatetap));
    wait(gate.reached(1));
    gate.open();
    gatetap.terminate();
    assert_eq!(wait(app.read_body()).ending, Ending::Whole);
    let exit = gatetap.wait_exit();
    assert_eq!(exit.code, Some(0), "{exit}");
    assert_eq!(show(&home, &1.into())["response"]["body"]["text"], "data: [DONE]\n\n");
}
