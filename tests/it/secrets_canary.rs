//! Secrets in every place of real traffic: none of them is in any byte that gatetap wrote or said.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use base64::Engine as _;
use serde_json::Value;

use crate::e2e_support::{ended, json, said, serve};
use crate::support::binary::{Home, Launch};
use crate::support::client::{Client, SeenBody, get, post};
use crate::support::gateway::{Gateway, Step, answer, write};
use crate::support::http1::chunk;
use crate::support::wait;

/// What tells a canary: it is the part of a secret that nothing may show.
fn core(number: usize) -> String {
    format!("Cny{number:02}Zq1Xw2Ve3Cr4")
}

/// A key of a known shape.
fn shaped(number: usize) -> String {
    let prefixes = ["sk-proj-", "sk-ant-api03-", "sk-or-v1-", "gsk_", "hf_", "xai-", "AIza", "sk-", "nvapi-"];
    format!("{}{}Fake0000", prefixes[number % prefixes.len()], core(number))
}

/// A secret of no shape.
fn plain(number: usize) -> String {
    format!("mine/{}+=0000", core(number))
}

/// How many canaries there are.
const CANARIES: usize = 67;

/// One request and what the gateway answers, both write by write.
struct Flight {
    sent: Vec<Vec<u8>>,
    /// Empty where gatetap answers by itself.
    answer: Vec<Vec<u8>>,
}

const CHAT: &str = "/v1/chat/completions";
const JSON: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json";

/// A stream that writes `text` out in pieces of `size` inside `frame`, one chunk an event.
fn deltas(frame: [&str; 2], text: &str, size: usize) -> Vec<Vec<u8>> {
    let letters: Vec<char> = text.chars().collect();
    let events = letters.chunks(size).map(|piece| {
        let piece: String = piece.iter().collect();
        chunk(format!("data: {}{piece}{}\n\n", frame[0], frame[1]))
    });
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut writes = vec![head.as_bytes().to_vec()];
    writes.extend(events);
    writes.push(chunk("data: [DONE]\n\n"));
    writes.push(b"0\r\n\r\n".to_vec());
    writes
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |escaped, c| escaped + &format!("\\u{:04x}", u32::from(c)))
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |escaped, byte| escaped + &format!("%{byte:02X}"))
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn prompt(text: &str) -> String {
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{text}"}}]}}"#)
}

fn flights() -> Vec<Flight> {
    let ok = || vec![answer(JSON, r#"{"choices":[{"finish_reason":"stop","message":{"content":"ok"}}]}"#)];
    let heads = [
        format!("authorization: Bearer {}", plain(0)),
        format!("AUTHORIZATION:  bearer   \"{}\"", shaped(1)),
        format!("X_Api_Key: {}", plain(2)),
        format!("x-api-key:{}", plain(3)),
        format!("x-api-key: {}", plain(4)),
        format!("Api-Key:\t{}\t", plain(5)),
        format!("x-goog-api-key: {}", shaped(6)),
        format!(
            "proxy-authorization: Basic {}",
            base64::engine::general_purpose::STANDARD.encode(format!("me:{}", plain(7)))
        ),
        format!("cookie: a=b; session={}; c=\"{}\"", plain(8), plain(9)),
        format!("sec-websocket-protocol: realtime, openai-insecure-api-key.{}, v1", plain(10)),
        format!("x-auth-token: {}", plain(11)),
        format!("x-my-secret: {}", plain(12)),
        format!(
            "authorization: Basic {}",
            base64::engine::general_purpose::STANDARD.encode(format!("me:{}", plain(13)))
        ),
        format!("authorization: Bearer{}", plain(14)),
        format!("authorization: {}", plain(15)),
        format!("x-forwarded-note: the key is {}", shaped(16)),
    ];
    let mut flights: Vec<Flight> = heads
        .iter()
        .map(|line| Flight { sent: vec![post(CHAT, &[line], &prompt("hi"))], answer: ok() })
        .collect();
    // Every credential comes back, in an error.
    let echo = |number: usize, text: &str| Flight {
        sent: vec![post(CHAT, &[&format!("authorization: Bearer {}", plain(number))], &prompt("hi"))],
        answer: vec![answer(
            "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json",
            format!(
                r#"{{"error":{{"message":"Incorrect API key provided: {text}.","code":"invalid_api_key"}}}}"#
            ),
        )],
    };
    flights.push(echo(17, &plain(17)));
    flights.push(echo(18, &plain(18).replace('/', "\\/")));
    flights.push(echo(19, &escaped(&plain(19))));
    flights.push(echo(20, &percent(&plain(20))));
    let targets = [
        format!("/v1/models?key={}", plain(21)),
        format!("/v1/models?a=b&api%5Fkey={}&c=d", percent(&plain(22))),
        format!("/v1/models?x={}", shaped(23)),
        format!("/v1/{}/models", shaped(24)),
        format!("/v1/models#access_token={}", plain(25)),
        format!("/@nowhere/v1/models?token={}", plain(26)),
        format!("http://me:{}@localhost/v1/models", plain(27).replace('/', "-")),
    ];
    flights.extend(targets.iter().map(|target| {
        let answer = if target.starts_with("/@nowhere") { Vec::new() } else { ok() };
        Flight { sent: vec![get(target, &[])], answer }
    }));
    let bodies = [
        prompt(&shaped(28)),
        prompt(&format!("line\\n{} and more", shaped(29))),
        prompt(&escaped(&shaped(30))),
        prompt(&format!("https://h/?q={}", percent(&shaped(31)))),
        prompt(&format!("{{\\\"key\\\":\\\"{}\\\"}}", shaped(32))),
        format!("key={}&x=1", shaped(33)),
    ];
    flights.extend(bodies.iter().map(|body| Flight { sent: vec![post(CHAT, &[], body)], answer: ok() }));
    // A request body cut everywhere.
    let whole = post(
        CHAT,
        &[&format!("x-api-key: {}", plain(34))],
        &prompt(&format!("{} {}", plain(34), shaped(35))),
    );
    flights.push(Flight { sent: whole.chunks(1).map(<[u8]>::to_vec).collect(), answer: ok() });
    // Answers in pieces.
    let frames = [
        [r#"{"choices":[{"index":0,"delta":{"content":""#, r#""}}]}"#],
        [r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":""#, r#""}}]}}]}"#],
        [r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""#, r#""}}"#],
        [r#"{"type":"response.output_text.delta","output_index":0,"delta":""#, r#""}"#],
    ];
    for (index, frame) in frames.into_iter().enumerate() {
        for (own, size) in [(false, 1), (true, 3)] {
            let number = 36 + index * 2 + usize::from(own);
            let secret = if own { plain(number) } else { shaped(number) };
            let line = format!("x-api-key: {}", if own { plain(number) } else { "short".to_owned() });
            flights.push(Flight {
                sent: vec![post(CHAT, &[&line], &prompt("hi"))],
                answer: deltas(frame, &format!("so {secret} it is"), size),
            });
        }
    }
    // An answer whose events are cut at every byte.
    let event = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", shaped(44));
    let mut cut = vec![
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
    ];
    cut.extend(event.as_bytes().iter().map(|byte| chunk([*byte])));
    cut.push(b"0\r\n\r\n".to_vec());
    flights.push(Flight { sent: vec![post(CHAT, &[], &prompt("hi"))], answer: cut });
    let coded = gzip(&format!(r#"{{"error":{{"message":"no {}","code":"x"}}}}"#, plain(45)));
    let head = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-encoding: gzip";
    flights.push(Flight {
        sent: vec![post(CHAT, &[&format!("x-api-key: {}", plain(45))], &prompt("hi"))],
        answer: vec![answer(head, coded)],
    });
    let head = format!(
        "HTTP/1.1 200 OK\r\nset-cookie: id={}; Path=/\r\nx-echo: {}\r\nlocation: /?key={}",
        plain(46),
        shaped(47),
        plain(48)
    );
    flights.push(Flight { sent: vec![get("/v1/models", &[])], answer: vec![answer(&head, "{}")] });
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-api-key\r\n\r\n2\r\n{}\r\n0\r\n";
    flights.push(Flight {
        sent: vec![get("/v1/models", &["te: trailers"])],
        answer: vec![format!("{head}x-api-key: {}\r\n\r\n", plain(49)).into_bytes()],
    });
    // The request's own key inside of something else: Base64, and JSON in JSON.
    let coded = |before: &str, number: usize| {
        base64::engine::general_purpose::STANDARD.encode(format!("{before}{} and on", plain(number)))
    };
    for (number, text) in [
        (50, coded("", 50)),
        (51, coded("?", 51)),
        (52, coded("me", 52)),
        (53, escaped(&plain(53)).replace('\\', "\\\\")),
    ] {
        let line = format!("x-api-key: {}", plain(number));
        flights.push(Flight {
            sent: vec![post(CHAT, &[&line], &prompt(&text))],
            answer: vec![answer(JSON, format!(r#"{{"echo":"{text}"}}"#))],
        });
    }
    flights.push(Flight {
        sent: vec![post(CHAT, &[&format!("x-api-key: {}", plain(54))], &prompt("hi"))],
        answer: deltas(
            [r#"{"choices":[{"index":0,"delta":{"content":""#, r#""}}]}"#],
            &coded("it is ", 54),
            7,
        ),
    });
    // Texts that say they are coded.
    for (number, label) in ["none", "utf-8", "gzip", "deflate", "br", "zstd"].into_iter().enumerate() {
        let (own, other) = (plain(55 + number * 2), shaped(56 + number * 2));
        let coding = format!("content-encoding: {label}");
        let body = prompt(&format!("{own} and {other}"));
        flights.push(Flight {
            sent: vec![post(CHAT, &[&format!("x-api-key: {own}"), &coding], &body)],
            answer: vec![answer(&format!("{JSON}\r\n{coding}"), body)],
        });
    }
    flights
}

/// Sends a request; gives the answer's body as it arrived.
async fn fly(addr: SocketAddr, flight: &Flight) -> Option<SeenBody> {
    let mut client = Client::connect(addr).await;
    for part in &flight.sent {
        client.send(part).await;
    }
    client.try_read_head().await.ok()?;
    Some(client.read_body().await)
}

/// Every file below `directory`, and its bytes.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() {
                files(&path)
            } else {
                vec![(path.display().to_string(), std::fs::read(&path).unwrap())]
            }
        })
        .collect()
}

fn assert_silent(name: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for number in 0..CANARIES {
        let core = core(number);
        let coded = base64::engine::general_purpose::STANDARD.encode(format!("me:{}", plain(number)));
        let mut forms =
            vec![core.clone(), escaped(&core), percent(&core), percent(&core).to_lowercase(), coded];
        // The digits that hold bits of nothing else.
        forms.extend((0..3).map(|before: usize| {
            let digits = base64::engine::general_purpose::STANDARD_NO_PAD.encode("?".repeat(before) + &core);
            digits[(before * 8).div_ceil(6)..(before + core.len()) * 8 / 6].to_owned()
        }));
        forms.push(escaped(&core).replace('\\', "\\\\"));
        for form in forms {
            let found = text.find(&form).map(|at| {
                let start = text[..at].char_indices().rev().nth(60).map_or(0, |(at, _)| at);
                text[start..at + form.len()].to_owned()
            });
            assert_eq!(found, None, "canary {number} in {name}");
        }
    }
}

#[test]
fn no_canary_is_in_anything_that_gatetap_wrote() {
    let flights = flights();
    let every = String::from_utf8_lossy(
        &flights
            .iter()
            .flat_map(|flight| [flight.sent.concat(), flight.answer.concat()])
            .collect::<Vec<_>>()
            .concat(),
    )
    .into_owned();
    let planted = (0..CANARIES).filter(|number| every.contains(&core(*number))).count();
    assert!(planted >= 25, "{planted} stand in clear, the others are coded or cut");

    let home = Home::new();
    let passed = flights.iter().filter(|flight| !flight.answer.is_empty());
    let gateway =
        Gateway::replying(passed.map(|flight| flight.answer.iter().map(write).collect::<Vec<Step>>()));
    let gatetap = serve(&home, &gateway.url());
    let mut passed = 0;
    for (index, flight) in flights.iter().enumerate() {
        wait(fly(gatetap.addr(), flight));
        passed += usize::from(!flight.answer.is_empty());
        assert_eq!(gateway.requests().len(), passed, "flight {index}");
        for (name, bytes) in files(home.path()) {
            assert_silent(&format!("{name}, after flight {index}"), &bytes);
        }
    }
    let exchanges = ended(&home, flights.len());
    gatetap.terminate();
    let exit = gatetap.wait_exit();
    assert_eq!(exit.code, Some(0), "{exit}");
    let mut said_bytes = vec![exit.stdout, exit.stderr];
    for args in [vec!["ls"], vec!["ls", "--json"]] {
        said_bytes.push(said(&home, &args).stdout);
    }
    let ids: Vec<String> = exchanges.iter().map(|exchange| exchange["id"].to_string()).collect();
    for form in [&["show"][..], &["show", "--json"]] {
        let args: Vec<&str> = form.iter().copied().chain(ids.iter().map(String::as_str)).collect();
        said_bytes.push(said(&home, &args).stdout);
    }
    for (index, text) in said_bytes.iter().enumerate() {
        assert_silent(&format!("what it said, {index}"), text.as_bytes());
    }
    let written = files(home.path());
    assert!(written.iter().any(|(name, _)| name.ends_with("recording.db")));
    for (name, bytes) in written {
        assert_silent(&name, &bytes);
    }
}

/// The bytes of a recorded body.
fn recorded(home: &Home, id: &Value, side: &str) -> Vec<u8> {
    said(home, &["show", &id.to_string(), "--body", side]).stdout.into_bytes()
}

#[test]
fn lengths_are_those_of_the_wire_and_the_app_sees_everything() {
    let frame = [r#"{"choices":[{"index":0,"delta":{"content":""#, r#""}}]}"#];
    let text = format!("so {} and sk-learn, sk-toy it is", shaped(0));
    let home = Home::new();
    let gateway = Gateway::replying([deltas(frame, &text, 2).iter().map(write).collect::<Vec<Step>>()]);
    let gatetap = serve(&home, &gateway.url());
    let request = prompt(&format!("use {}", shaped(1)));
    let (_, body) = wait(Client::exchange(gatetap.addr(), post(CHAT, &[], &request)));
    assert_eq!(wait(gateway.request(0)).body, request.as_bytes());
    let exchanges = ended(&home, 1);
    let id = &exchanges[0]["id"];
    let plain = body.text();
    let masked = String::from_utf8(recorded(&home, id, "response")).unwrap();
    assert_eq!(masked.len(), plain.len());
    let joined = |stream: &str| -> String {
        stream
            .split("\n\n")
            .filter_map(|event| event.strip_prefix("data: ")?.strip_prefix(frame[0])?.strip_suffix(frame[1]))
            .collect()
    };
    assert_eq!(joined(&plain), text);
    let hidden = "*".repeat(shaped(0).len() - "sk-proj-".len());
    assert_eq!(joined(&masked), format!("so sk-proj-{hidden} and sk-learn, sk-toy it is"));
    let events = json(&home, &["show", &id.to_string(), "--events", "--json"]);
    let reach =
        events.iter().map(|event| event["offset"].as_u64().unwrap() + event["length"].as_u64().unwrap());
    assert_eq!(reach.max().unwrap() as usize, plain.len());
    assert_eq!(recorded(&home, id, "request").len(), request.len());
}

#[test]
fn with_redact_bodies_no_text_is_kept_and_the_verdict_is() {
    let frame =
        [r#"{"model":"m-1","choices":[{"index":0,"delta":{"content":""#, r#""},"finish_reason":"stop"}]}"#];
    let home = Home::new();
    let gateway =
        Gateway::replying([deltas(frame, "zanzibar quagmire", 5).iter().map(write).collect::<Vec<Step>>()]);
    let gatetap = Launch::gatetap(&[
        "run",
        "--headless",
        "--listen",
        "127.0.0.1:0",
        "--redact-bodies",
        "--upstream",
        &gateway.url(),
    ])
    .home(&home)
    .serve();
    let request = prompt("a xylophone question");
    let (_, body) = wait(Client::exchange(gatetap.addr(), post(CHAT, &[], &request)));
    assert!(body.text().contains("zanzi"));
    let exchanges = ended(&home, 1);
    let one = &exchanges[0];
    assert_eq!(one["verdict"], "complete");
    assert_eq!((&one["model"], &one["model_answered"]), (&"m".into(), &"m-1".into()));
    assert_eq!(one["finish_reason"], "stop");
    let kept = recorded(&home, &one["id"], "request");
    let redacted = prompt(&"*".repeat("a xylophone question".len()));
    assert_eq!(String::from_utf8(kept).unwrap(), redacted);
    for (name, bytes) in files(home.path()) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("xylophone") && !text.contains("zanzi"), "{name}");
    }
}

#[test]
fn what_is_refused_is_not_repeated() {
    let key = shaped(0);
    let table: [&[&str]; 4] = [
        &["run", "--upstream", &format!("http://me:{key}@localhost")],
        &["run", "--upstream", &format!("http://localhost/?key={key}")],
        &["run", "--route", &format!("x=http://me:{key}@localhost")],
        &["run", "--seed", &key],
    ];
    for args in table {
        let exit = Launch::gatetap(args).run_to_end();
        assert_eq!(exit.code, Some(2), "{exit}");
        assert_silent("stderr", exit.stderr.as_bytes());
        assert_silent("stdout", exit.stdout.as_bytes());
    }
}

#[test]
fn the_command_line_is_kept_without_its_secrets() {
    let home = Home::new();
    let route = format!("x=http://127.0.0.1:1/{}/v1", shaped(0));
    let gatetap = Launch::gatetap(&[
        "run",
        "--headless",
        "--listen",
        "127.0.0.1:0",
        "--upstream",
        "sim",
        "--route",
        &route,
    ])
    .home(&home)
    .serve();
    let (head, _) = wait(Client::exchange(gatetap.addr(), get("/@x/models", &[])));
    assert_eq!(head.status(), 502);
    gatetap.terminate();
    let exit = gatetap.wait_exit();
    for (name, bytes) in files(home.path()) {
        assert_silent(&name, &bytes);
    }
    assert_silent("stderr", exit.stderr.as_bytes());
}

#[test]
fn what_a_wrapped_command_is_told_is_not_kept() {
    let home = Home::new();
    let args = ["--token", "supersecretvalue1", "-u", "me:hunter2hunter2", "--key=abcdefgh12345678"];
    let exec = ["exec", "--upstream", "sim", "--", "true"];
    let exit = Launch::gatetap(&[&exec[..], &args].concat()).home(&home).run_to_end();
    assert_eq!(exit.code, Some(0), "{exit}");
    let written = files(home.path());
    let holds = |text: &str| {
        let has = |bytes: &[u8]| memchr::memmem::find(bytes, text.as_bytes()).is_some();
        written.iter().any(|(_, bytes)| has(bytes)) || has(exit.stderr.as_bytes())
    };
    assert!(holds("-- true --token *"));
    for secret in ["supersecretvalue1", "hunter2hunter2", "abcdefgh12345678"] {
        assert!(!holds(secret), "{secret}");
    }
}

#[test]
fn a_panic_says_no_secret() {
    // The panic happens in a process of its own, which runs this same test.
    const IN_CHILD: &str = "PANIC_WITH_A_SECRET";
    if std::env::var_os(IN_CHILD).is_some() {
        gatetap::cli::panics::install();
        panic!("could not send Authorization: Bearer {} and {}", plain(0), shaped(1));
    }
    let program = std::env::current_exe().unwrap();
    let args = ["--exact", "secrets_canary::a_panic_says_no_secret", "--nocapture"];
    let exit = Launch::program(program, &args).env(IN_CHILD, "1").run_to_end();
    assert!(exit.stderr.contains("gatetap panicked at "), "{exit}");
    assert!(exit.stderr.contains("could not send Authorization: Bearer ***"), "{exit}");
    assert_silent("a panic", exit.stderr.as_bytes());
}
