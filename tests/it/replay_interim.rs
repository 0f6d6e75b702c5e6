//! Interim answers (1xx): passed on, recorded, shown, carried around, and played again.

use crate::cli_recording::gatetap;
use crate::support::binary::{Exit, Home, Launch};
use crate::support::client::{Client, get};
use crate::support::gateway::{Gate, Gateway, Step, write};
use crate::support::wait;

const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
/// The key is made up.
const HINTS: &str =
    "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nx-echo: Bearer sk-fake-0123456789abcdef\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
const CREATED: &str = "HTTP/1.1 201 Created\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Sends a request and takes all that comes; what follows its first interim answer is sent after it.
fn seen(address: std::net::SocketAddr, request: &[u8], later: &[u8]) -> String {
    wait(async {
        let mut client = Client::connect(address).await;
        client.send(request).await;
        let mut bytes = Vec::new();
        if !later.is_empty() {
            bytes = client.read_raw(CONTINUE.len()).await;
            client.send(later).await;
        }
        bytes.extend(client.read_to_end().await.0);
        String::from_utf8(bytes).unwrap()
    })
}

fn fine(home: &Home, args: &[&str]) -> Exit {
    let exit = gatetap(home, args);
    assert_eq!(exit.code, Some(0), "{exit}");
    exit
}

#[test]
fn interim_answers_are_recorded_shown_carried_and_replayed() {
    let home = Home::new();
    let gate = Gate::new();
    let gateway = Gateway::scripted([
        vec![Step::ReadHead, write(HINTS), Step::Wait(gate.clone()), write(OK), Step::Close],
        vec![Step::ReadHead, write(CONTINUE), Step::ReadBody, write(HINTS), write(CREATED), Step::Close],
    ]);
    let upstream = format!("{}/v1", gateway.url());
    let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &upstream, "--db", "a.db"];
    let live = Launch::gatetap(&args).home(&home).serve();
    let hinted = get("/v1/models", &["authorization: Bearer sk-fake-0123456789abcdef"]);
    let expecting =
        b"POST /v1/files HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    let first = wait(async {
        let mut client = Client::connect(live.addr()).await;
        client.send(&hinted).await;
        // It does not wait for the answer.
        let mut bytes = client.read_raw(HINTS.len()).await;
        gate.open();
        bytes.extend(client.read_to_end().await.0);
        String::from_utf8(bytes).unwrap()
    });
    assert_eq!(first, format!("{HINTS}{OK}"));
    let second = seen(live.addr(), expecting, b"{}");
    assert_eq!(second, format!("{CONTINUE}{HINTS}{CREATED}"));
    live.terminate();
    assert_eq!(live.wait_exit().code, Some(0));

    let shown = fine(&home, &["show", "1", "--db", "a.db"]).stdout;
    assert!(shown.contains("103 Early Hints\n  Link: </a>; rel=preload\n"), "{shown}");
    let whole = serde_json::from_str::<serde_json::Value>(
        &fine(&home, &["show", "2", "--json", "--db", "a.db"]).stdout,
    )
    .unwrap();
    assert_eq!(whole["interim"][0]["status"], 100);
    assert_eq!(whole["interim"][1]["status"], 103);
    let hints = whole["interim"][1]["raw_head"].as_str().unwrap();
    assert!(hints.len() == HINTS.len() && !hints.contains("sk-fake"), "{hints}");
    assert!(whole["interim"][1]["at_ms"].as_f64() <= whole["timing"]["head_ms"].as_f64());
    let har = serde_json::from_str::<serde_json::Value>(
        &fine(&home, &["export", "har", "2", "--db", "a.db"]).stdout,
    )
    .unwrap();
    let comment = &har["log"]["entries"][0]["response"]["comment"];
    assert_eq!(comment, "before it came HTTP/1.1 100 Continue, HTTP/1.1 103 Early Hints");

    fine(&home, &["export", "jsonl", "--db", "a.db", "-o", "a.jsonl"]);
    fine(&home, &["import", "a.jsonl", "--db", "b.db"]);
    let again = fine(&home, &["export", "jsonl", "--db", "b.db"]).stdout;
    assert_eq!(again, std::fs::read_to_string(home.join("a.jsonl")).unwrap());

    let args = ["replay", "serve", "b.db", "--headless", "--listen", "127.0.0.1:0", "--db", "run.db"];
    let replay = Launch::gatetap(&args).home(&home).serve();
    // What was masked stays so.
    assert_eq!(seen(replay.addr(), &hinted, b""), format!("{hints}{OK}"));
    assert_eq!(seen(replay.addr(), expecting, b"{}"), format!("{CONTINUE}{hints}{CREATED}"));
    replay.terminate();
    replay.wait_exit();
}
