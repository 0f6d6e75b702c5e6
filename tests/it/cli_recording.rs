//! A recording for the commands to read, the same in every test.

use crate::support::binary::{Exit, Home, Launch};
use gatetap::digest::examine;
use gatetap::exchange::body::{Body, Mark, Rest, Side};
use gatetap::exchange::credential::{CredentialFacts, Defect};
use gatetap::exchange::end::{BodyEnd, Hop, OwnAnswer};
use gatetap::exchange::finding::{Finding, Place, Severity};
use gatetap::exchange::head::{Headers, RequestHead, ResponseHead};
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::exchange::{Exchange, Timing};
use gatetap::store::{SessionStart, Writer};
use std::path::{Path, PathBuf};

/// 2025-03-01T12:00:00Z.
const START: i64 = 1_740_830_400_000_000;

/// The body of exchange 6, decoded.
pub const MODELS: &[u8] = br#"{"object":"list","data":[]}"#;

/// One exchange to be recorded: chunks are bytes with when they were read and, if so, taken.
struct Told {
    exchange: Exchange,
    request: Vec<u8>,
    chunks: Vec<(Vec<u8>, u64, Option<u64>)>,
    findings: Vec<Finding>,
}

/// Makes the recording in `home`, where gatetap looks for it by itself. Session 1 has exchanges 1 to 5,
/// session 2 has exchange 6.
pub fn record(home: &Home) -> PathBuf {
    let path = home.join("data/gatetap/recording.db");
    let sessions = [vec![plain(), stream(), refused(), cut(), failed()], vec![models()]];
    for (index, told) in sessions.into_iter().enumerate() {
        write(&path, index as i64, told);
    }
    path
}

/// Makes an empty recording.
pub fn record_nothing(path: &Path) {
    write(path, 0, Vec::new());
}

/// Makes a recording of one exchange that is eight bytes of answer short.
pub fn record_with_a_hole(path: &Path) {
    let mut told = plain();
    told.exchange.response_bytes = 8;
    write(path, 0, vec![told]);
}

/// Runs gatetap in `home` to its end; paths in what it says begin with `HOME`.
pub fn gatetap(home: &Home, args: &[&str]) -> Exit {
    gatetap_with(home, args, &[])
}

/// The same with variables set.
pub fn gatetap_with(home: &Home, args: &[&str], env: &[(&str, &str)]) -> Exit {
    let launch = Launch::gatetap(args).home(home);
    let launch = env.iter().fold(launch, |launch, (name, value)| launch.env(name, value));
    let mut exit = launch.run_to_end();
    let place = home.path().display().to_string();
    exit.stdout = exit.stdout.replace(&place, "HOME");
    exit.stderr = exit.stderr.replace(&place, "HOME");
    exit
}

fn write(path: &Path, session: i64, told: Vec<Told>) {
    let start = SessionStart {
        started_at: WallTime(START + session * 3_600_000_000),
        program: "gatetap test".to_owned(),
        command: "gatetap".to_owned(),
        upstream: "nexorouter".to_owned(),
        seed: None,
    };
    let writer = Writer::open(path, &start).unwrap();
    for (index, told) in told.into_iter().enumerate() {
        let Told { mut exchange, request, chunks, findings } = told;
        exchange.started_at = start.started_at.plus(Micros(index as u64 * 1_500_250));
        let marks: Vec<Mark> = chunks
            .iter()
            .map(|(bytes, read, taken)| Mark {
                length: bytes.len() as u32,
                read: Micros(*read),
                taken: taken.map(Micros),
                rest: Rest::default(),
            })
            .collect();
        let response =
            Body { bytes: chunks.into_iter().flat_map(|(bytes, ..)| bytes).collect(), marks, cut: None };
        let request = Body {
            marks: vec![Mark {
                length: request.len() as u32,
                read: Micros(900),
                taken: Some(Micros(1_000)),
                rest: Rest::default(),
            }],
            bytes: request,
            cut: None,
        };
        exchange.request_bytes = request.bytes.len() as u64;
        exchange.response_bytes += response.bytes.len() as u64;
        writer.begin().unwrap();
        let id = writer.insert_exchange(&exchange).unwrap();
        for (side, body) in [(Side::Request, &request), (Side::Response, &response)] {
            if !body.bytes.is_empty() {
                writer.insert_segment(id, side, 0, &body.bytes, &body.marks).unwrap();
            }
        }
        exchange.id = id;
        let examined = examine(&exchange, &request, &response);
        writer.put_digest(id, &examined.digest, &examined.judgement).unwrap();
        writer.put_text(id, &examined.text).unwrap();
        writer.put_findings(id, &findings).unwrap();
        writer.commit().unwrap();
    }
    writer.end_session(start.started_at.plus(Micros(60_000_000))).unwrap();
}

fn exchange(method: &str, target: &str, status: u16, reason: &str, content_type: &str) -> Exchange {
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost:7117\r\nAuthorization: Bearer ********\r\n\
         User-Agent: OpenAI/Python 1.99.0\r\nx-stainless-retry-count: 1\r\nContent-Type: application/json\r\n\r\n"
    );
    let response = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\nX-Request-Id: req_{status}\r\n\r\n"
    );
    Exchange {
        peer: Some("127.0.0.1:50123".to_owned()),
        gateway: "nexorouter".to_owned(),
        url: format!("https://api.nexorouter.com{target}"),
        response: Some(ResponseHead {
            status,
            version: "HTTP/1.1".to_owned(),
            headers: Headers::from_raw_head(&response.clone().into()),
            raw: Some(response.into_bytes().into()),
        }),
        timing: Timing {
            connect: Some(Micros(12_000)),
            tls: Some(Micros(21_000)),
            reused: Some(false),
            sent: Some(Micros(34_000)),
            head: Some(Micros(140_000)),
            end: Some(Micros(1_250_500)),
            held: None,
            taken: None,
        },
        request_end: Some(BodyEnd::Whole),
        response_end: Some(BodyEnd::Whole),
        credentials: vec![CredentialFacts {
            place: "authorization".to_owned(),
            scheme: Some("Bearer".to_owned()),
            vendor: Some("openai".to_owned()),
            length: 8,
            last4: None,
            fingerprint: "f1a2b3c4".to_owned(),
            defects: vec![Defect::WrongLength],
        }],
        ..Exchange::of(RequestHead {
            method: method.to_owned(),
            target: target.to_owned(),
            version: "HTTP/1.1".to_owned(),
            headers: Headers::from_raw_head(&request.clone().into()),
            raw: Some(request.into_bytes().into()),
        })
    }
}

fn chat(streaming: bool, model: &str) -> Vec<u8> {
    let model = serde_json::Value::from(model);
    format!(
        "{{\"model\":{model},\"stream\":{streaming},\"temperature\":1.0,\
         \"messages\":[{{\"role\":\"user\",\"content\":\"Say \\u00e4 and stop.\"}}],\"tools\":[]}}"
    )
    .into_bytes()
}

fn plain() -> Told {
    let answer = br#"{"id":"chatcmpl-1","object":"chat.completion","model":"acme/small-0301","choices":[{"index":0,"message":{"role":"assistant","content":"Hello.\nBye."},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":4,"total_tokens":16}}"#;
    Told {
        exchange: exchange("POST", "/v1/chat/completions?beta=1", 200, "OK", "application/json"),
        request: chat(false, "acme/small"),
        chunks: vec![(answer.to_vec(), 1_250_000, Some(1_250_400))],
        findings: Vec::new(),
    }
}

fn stream() -> Told {
    let delta = |text: &str| {
        format!(
            "data: {{\"id\":\"c\",\"model\":\"acme/small\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{text:?}}},\"finish_reason\":null}}]}}\n\n"
        )
        .into_bytes()
    };
    let end = b"data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    Told {
        exchange: exchange("POST", "/v1/chat/completions", 200, "OK", "text/event-stream"),
        request: chat(true, "acme/small"),
        chunks: vec![
            (b": PROCESSING\n\n".to_vec(), 145_000, Some(145_050)),
            (delta("Hel"), 300_000, Some(300_200)),
            (delta("lo"), 1_200_000, Some(1_200_100)),
            (end.to_vec(), 1_250_000, None),
        ],
        findings: vec![Finding {
            check: "stream-gap".to_owned(),
            severity: Severity::Warning,
            message: "the stream stood still for 900 ms".to_owned(),
            evidence: "events 1 and 2".to_owned(),
            fix: "ask the gateway".to_owned(),
            places: vec![Place::Event(1)],
        }],
    }
}

fn refused() -> Told {
    let answer =
        br#"{"error":{"message":"Slow down","type":"rate_limit_error","code":"rate_limit_exceeded"}}"#;
    let mut exchange = exchange("POST", "/v1/chat/completions", 429, "Too Many Requests", "application/json");
    exchange.fault = Some("rate_limit_exceeded".to_owned());
    exchange.timing.end = Some(Micros(150_000));
    Told {
        exchange,
        request: chat(false, "acme/a-model-with-a-very-long-name-that-does-not-fit-2025-03-01"),
        chunks: vec![(answer.to_vec(), 149_000, Some(149_900))],
        findings: Vec::new(),
    }
}

/// A stream that breaks off, with text that would like to drive the terminal.
fn cut() -> Told {
    let hostile = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\u{1b}[2Jgone\u{202e}\"}}]}\n\n";
    let mut exchange = exchange("POST", "/v1/chat/\u{1b}]0;owned\u{7}", 200, "OK", "text/event-stream");
    exchange.response_end = Some(BodyEnd::broken(Hop::Gateway, "connection reset"));
    exchange.replay_of = Some(2);
    Told {
        exchange,
        request: chat(true, "\u{1b}[31mred"),
        chunks: vec![
            (hostile.as_bytes().to_vec(), 200_000, Some(200_100)),
            (b"data: {\"cho".to_vec(), 900_000, Some(900_100)),
        ],
        findings: Vec::new(),
    }
}

fn failed() -> Told {
    let mut exchange = exchange("POST", "/v1/chat/completions", 502, "Bad Gateway", "application/json");
    exchange.own_answer = Some(OwnAnswer {
        token: "dns-not-found".to_owned(),
        message: "there is no host api.nexorouter.com".to_owned(),
    });
    exchange.timing = Timing { end: Some(Micros(3_100)), ..Timing::default() };
    exchange.credentials.clear();
    Told {
        exchange,
        request: chat(false, "acme/small"),
        chunks: vec![(b"{}".to_vec(), 3_000, None)],
        findings: Vec::new(),
    }
}

/// HTTP/2, coded, and not to be read as text.
fn models() -> Told {
    let mut exchange = exchange("GET", "/v1/models", 200, "OK", "application/json");
    exchange.request.version = "HTTP/2".into();
    exchange.request.raw = None;
    let response = exchange.response.as_mut().unwrap();
    response.version = "HTTP/2".into();
    response.raw = None;
    response.headers.lines_mut().push(("content-encoding".into(), "deflate".into()));
    Told {
        exchange,
        request: Vec::new(),
        chunks: vec![(stored_deflate(MODELS), 5_000, Some(5_010))],
        findings: Vec::new(),
    }
}

/// The zlib form of `plain` without compression (RFC 1950, RFC 1951 §3.2.4).
fn stored_deflate(plain: &[u8]) -> Vec<u8> {
    let length = plain.len() as u16;
    let mut sum = (1_u32, 0_u32);
    for byte in plain {
        sum.0 = (sum.0 + u32::from(*byte)) % 65_521;
        sum.1 = (sum.1 + sum.0) % 65_521;
    }
    let mut coded = vec![0x78, 0x01, 0x01];
    coded.extend(length.to_le_bytes());
    coded.extend((!length).to_le_bytes());
    coded.extend(plain);
    coded.extend(((sum.1 << 16) | sum.0).to_be_bytes());
    coded
}
