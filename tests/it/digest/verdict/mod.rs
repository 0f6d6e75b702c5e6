//! How exchanges end: every ending with its verdict and what its evidence says.

use gatetap::digest::examine;
mod plain;
mod streams;

use gatetap::digest::verdict::Judgement;
use gatetap::exchange::body::Body;
use gatetap::exchange::end::{BodyEnd, Hop, OwnAnswer, Verdict};
use gatetap::exchange::time::Micros;

use super::{CHAT, body, exchange, request_head, response_head};

const WHOLE: Option<Hop> = None;
const APP: Option<Hop> = Some(Hop::App);
const GATEWAY: Option<Hop> = Some(Hop::Gateway);
const GATETAP: Option<Hop> = Some(Hop::Gatetap);

const SSE: &str = "text/event-stream";
const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

const ERROR: &str = r#"{"error":{"message":"No","type":"t","code":"some_code"}}"#;
const PLAIN_CHAT: &str = r#"{"object":"chat.completion","choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"total_tokens":3}}"#;

/// One ending: what is asked, what comes, and who ends it.
struct Ending<'a> {
    name: &'a str,
    method: &'a str,
    path: &'a str,
    /// Whether a stream is asked for.
    stream: bool,
    /// Status and media type; `None` if no head came.
    head: Option<(u16, &'a str)>,
    body: &'a str,
    /// Who broke the answer off, if anybody did.
    by: Option<Hop>,
    verdict: Verdict,
    /// Words that stand in the evidence.
    evidence: &'a [&'a str],
}

/// A stream that is asked for, answered by nothing, and ends whole.
const BASE: Ending<'_> = Ending {
    name: "",
    method: "POST",
    path: "/v1/chat/completions",
    stream: true,
    head: Some((200, SSE)),
    body: "",
    by: WHOLE,
    verdict: Verdict::Complete,
    evidence: &[],
};

/// Judges every ending and compares.
#[track_caller]
fn check(endings: &[Ending<'_>]) {
    let mut wrong = Vec::new();
    for ending in endings {
        let judged = judge(ending);
        if judged.verdict != ending.verdict
            || !ending.evidence.iter().all(|words| judged.evidence.contains(words))
        {
            wrong.push(format!(
                "{}: {} and not {}: {}",
                ending.name, judged.verdict, ending.verdict, judged.evidence
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn judge(ending: &Ending<'_>) -> Judgement {
    let head = ending.head.map(|(status, media)| response_head(status, &[("content-type", media)]));
    let mut exchange = exchange(request_head(ending.method, ending.path, &[]), head);
    exchange.response_bytes = ending.body.len() as u64;
    exchange.response_end = Some(match ending.by {
        None => BodyEnd::Whole,
        Some(by) => BodyEnd::broken(by, "connection reset"),
    });
    let request = if ending.method == "POST" {
        format!(r#"{{"model":"m","stream":{}}}"#, ending.stream)
    } else {
        String::new()
    };
    examine(&exchange, &body(request.as_bytes(), 16), &body(ending.body.as_bytes(), 40)).judgement
}

#[test]
fn what_has_not_ended_is_open() {
    let mut exchange = exchange(request_head("POST", "/v1/chat/completions", &[]), None);
    exchange.response_end = None;
    let nothing = examine(&exchange, &Body::default(), &Body::default()).judgement;
    assert_eq!(nothing.verdict, Verdict::Open);
    exchange.response = Some(response_head(200, &[("content-type", SSE)]));
    exchange.response_bytes = CHAT.len() as u64;
    let seen = examine(&exchange, &Body::default(), &body(CHAT.as_bytes(), 50)).judgement;
    assert_eq!(seen.verdict, Verdict::Open, "a finish reason does not end it");
    assert!(seen.evidence.contains("event 10"), "{}", seen.evidence);
}

#[test]
fn an_exchange_that_ended_with_its_request() {
    let mut exchange = exchange(request_head("POST", "/v1/chat/completions", &[]), None);
    exchange.response_end = None;
    exchange.request_end = Some(BodyEnd::broken(Hop::App, "closed before the last chunk"));
    exchange.timing.end = Some(Micros(5));
    let judged = examine(&exchange, &Body::default(), &Body::default()).judgement;
    assert_eq!(judged.verdict, Verdict::CutByApp);
    assert!(judged.evidence.contains("closed before the last chunk"), "{}", judged.evidence);
}

#[test]
fn an_own_answer_is_a_failure() {
    let head = response_head(502, &[("content-type", JSON), ("x-gatetap-error", "connection-refused")]);
    let mut exchange = exchange(request_head("POST", "/v1/chat/completions", &[]), Some(head));
    exchange.own_answer = Some(OwnAnswer {
        token: "connection-refused".to_owned(),
        message: "nobody listens at 127.0.0.1:1".to_owned(),
    });
    let judged = examine(&exchange, &Body::default(), &body(b"{}", 2)).judgement;
    assert_eq!(judged.verdict, Verdict::Failed);
    assert!(judged.evidence.contains("connection-refused: nobody listens"), "{}", judged.evidence);
}

#[test]
fn a_stream_in_a_coding_that_nobody_knows_is_read_as_it_is() {
    let head = response_head(200, &[("content-type", SSE), ("content-encoding", "utf-8")]);
    let mut exchange = exchange(request_head("POST", "/v1/chat/completions", &[]), Some(head));
    let text = concat!(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: [DONE]\n\n",
    );
    exchange.response_bytes = text.len() as u64;
    let examined = examine(&exchange, &Body::default(), &body(text.as_bytes(), 2));
    assert_eq!(examined.judgement.verdict, Verdict::Complete);
    assert_eq!((examined.digest.events, examined.digest.finish_reason.as_deref()), (2, Some("stop")));
}
