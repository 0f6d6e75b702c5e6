//! Recordings with fixed times, made with the store's own writer and judged by the digest.

use bytes::Bytes;
use gatetap::digest::Digest;
use gatetap::digest::examine;
use gatetap::digest::verdict::Judgement;
use gatetap::exchange::body::{Body, Mark, Rest, Side};
use gatetap::exchange::credential::{CredentialFacts, Defect};
use gatetap::exchange::end::{BodyEnd, Hop, OwnAnswer, Verdict};
use gatetap::exchange::finding::{Finding, Severity};
use gatetap::exchange::head::{Headers, RequestHead, ResponseHead};
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::exchange::{Exchange, ExchangeId, SessionId, Timing};
use gatetap::store::{SessionStart, Writer};
use std::path::PathBuf;
use tempfile::TempDir;

/// 2026-03-02T09:14:00Z.
pub(super) const START: WallTime = WallTime(1_772_442_840_000_000);

/// A recording in a directory of its own.
#[derive(Debug)]
pub(super) struct Recording {
    directory: TempDir,
    writer: Writer,
}

/// What is recorded of one exchange. Times are milliseconds since it began.
pub(super) struct Sample {
    pub(super) at_s: i64,
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) request: String,
    pub(super) status: Option<u16>,
    pub(super) content_type: &'static str,
    pub(super) chunks: Vec<(u64, String)>,
    pub(super) end: Option<(u64, BodyEnd)>,
    pub(super) more: fn(&mut Exchange),
    pub(super) findings: Vec<Finding>,
}

impl Recording {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let start = SessionStart {
            started_at: START,
            program: "gatetap test".to_owned(),
            command: "gatetap".to_owned(),
            upstream: "nexorouter".to_owned(),
            seed: None,
        };
        let writer = Writer::open(&directory.path().join("recording.db"), &start).unwrap();
        // The session's own transaction, where it is still open.
        drop(writer.commit());
        Self { directory, writer }
    }

    /// One of every kind.
    pub(super) fn of_samples() -> Self {
        let recording = Self::new();
        for sample in samples() {
            recording.add(&sample);
        }
        recording
    }

    /// A request that was sent three times, among others.
    pub(super) fn of_attempts() -> Self {
        let recording = Self::new();
        for sample in attempts() {
            recording.add(&sample);
        }
        recording
    }

    /// The same file, written by another run, an hour later.
    pub(super) fn in_another_session(self, command: &str) -> Self {
        let Self { directory, writer } = self;
        drop(writer);
        let start = SessionStart {
            started_at: START.plus(Micros(3_600_000_000)),
            program: "gatetap test".to_owned(),
            command: command.to_owned(),
            upstream: "openrouter".to_owned(),
            seed: None,
        };
        let writer = Writer::open(&directory.path().join("recording.db"), &start).unwrap();
        drop(writer.commit());
        Self { directory, writer }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("recording.db")
    }

    pub(super) fn add(&self, sample: &Sample) -> ExchangeId {
        self.add_in(1, sample)
    }

    pub(super) fn add_in(&self, session: SessionId, sample: &Sample) -> ExchangeId {
        let request = body_of(&[(1, sample.request.clone())]);
        let response = body_of(&sample.chunks);
        let mut exchange = Exchange { session, ..sample.exchange() };
        self.writer.begin().unwrap();
        exchange.id = self.writer.insert_exchange(&exchange).unwrap();
        for (side, body) in [(Side::Request, &request), (Side::Response, &response)] {
            self.writer.insert_segment(exchange.id, side, 0, &body.bytes, &body.marks).unwrap();
        }
        let examined = examine(&exchange, &request, &response);
        self.writer.put_digest(exchange.id, &examined.digest, &examined.judgement).unwrap();
        self.writer.put_findings(exchange.id, &sample.findings).unwrap();
        self.writer.commit().unwrap();
        exchange.id
    }

    /// Many short exchanges, without their bodies.
    pub(super) fn add_many(&self, count: u32) {
        let ended =
            Judgement { verdict: Verdict::Complete, evidence: "a plain body arrived whole".to_owned() };
        self.writer.begin().unwrap();
        for nth in 0..count {
            let exchange =
                Sample { at_s: nth.into(), ..sample("GET", &format!("/v1/models?n={nth}")) }.exchange();
            let id = self.writer.insert_exchange(&exchange).unwrap();
            self.writer.put_digest(id, &Digest::default(), &ended).unwrap();
        }
        self.writer.commit().unwrap();
    }

    /// The request's body, which was not there at first.
    pub(super) fn add_request(&self, id: ExchangeId, text: &str) {
        let body = body_of(&[(1, text.to_owned())]);
        self.writer.begin().unwrap();
        self.writer.insert_segment(id, Side::Request, 0, &body.bytes, &body.marks).unwrap();
        self.writer.commit().unwrap();
    }

    /// What a later sample says of an exchange takes the place of what was known.
    pub(super) fn replace(&self, id: ExchangeId, sample: &Sample) {
        let request = body_of(&[(1, sample.request.clone())]);
        let response = body_of(&sample.chunks);
        let mut exchange = sample.exchange();
        exchange.id = id;
        let examined = examine(&exchange, &request, &response);
        self.writer.begin().unwrap();
        self.writer.update_exchange(&exchange).unwrap();
        self.writer.put_digest(id, &examined.digest, &examined.judgement).unwrap();
        self.writer.commit().unwrap();
    }
}

impl Sample {
    fn exchange(&self) -> Exchange {
        let head = |headers: &[(&str, &str)]| {
            let lines = headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Bytes::copy_from_slice(value.as_bytes())));
            lines.collect()
        };
        let size = |chunks: &[(u64, String)]| chunks.iter().map(|(_, text)| text.len() as u64).sum();
        let first = self.chunks.first().map(|(at, _)| *at);
        let mut exchange = Exchange {
            session: 1,
            started_at: START.plus(Micros(self.at_s.unsigned_abs() * 1_000_000)),
            peer: Some("127.0.0.1:50312".to_owned()),
            gateway: "nexorouter".to_owned(),
            url: format!("https://gateway.example{}", self.target),
            sent: Some(head(&[
                ("Host", "gateway.example"),
                ("User-Agent", "OpenAI/Python 1.99.0"),
                ("Authorization", "Bearer ****************"),
                ("Content-Type", "application/json"),
                ("X-Stainless-Retry-Count", "0"),
            ])),
            response: self.status.map(|status| ResponseHead {
                status,
                version: "HTTP/2".to_owned(),
                headers: head(&[
                    ("content-type", self.content_type),
                    ("x-request-id", "req_0000000000000001"),
                ]),
                raw: None,
            }),
            timing: Timing {
                connect: Some(Micros(21_000)),
                tls: Some(Micros(34_500)),
                reused: Some(false),
                sent: Some(Micros(57_200)),
                head: self.status.and(first).map(|first| Micros(first.saturating_sub(12) * 1000)),
                end: self.end.as_ref().map(|(at, _)| Micros(at * 1000)),
                held: None,
                taken: None,
            },
            request_end: Some(BodyEnd::Whole),
            response_end: self.end.as_ref().map(|(_, end)| end.clone()),
            request_bytes: self.request.len() as u64,
            response_bytes: size(&self.chunks),
            credentials: vec![key_facts()],
            ..Exchange::of(RequestHead {
                method: self.method.to_owned(),
                target: self.target.clone(),
                version: "HTTP/1.1".to_owned(),
                headers: head(&[
                    ("Host", "127.0.0.1:7117"),
                    ("User-Agent", "OpenAI/Python 1.99.0"),
                    ("Authorization", "Bearer ****************"),
                    ("Content-Type", "application/json"),
                    ("X-Stainless-Retry-Count", "0"),
                ]),
                raw: None,
            })
        };
        (self.more)(&mut exchange);
        exchange
    }
}

/// A plain exchange that was answered whole.
pub(super) fn sample(method: &'static str, target: &str) -> Sample {
    Sample {
        at_s: 0,
        method,
        target: target.to_owned(),
        request: String::new(),
        status: Some(200),
        content_type: "application/json",
        chunks: vec![(182, r#"{"object":"list","data":[{"id":"gpt-4o-mini","object":"model"}]}"#.to_owned())],
        end: Some((183, BodyEnd::Whole)),
        more: |_| {},
        findings: Vec::new(),
    }
}

/// A stream of `/v1/chat/completions`.
pub(super) fn stream(model: &str, chunks: Vec<(u64, String)>) -> Sample {
    Sample {
        request: format!(
            r#"{{"model":"{model}","stream":true,"temperature":0.20,"messages":[{{"role":"user","content":"Name three rivers.\nOne a line."}}]}}"#
        ),
        content_type: "text/event-stream",
        end: chunks.last().map(|(at, _)| (at + 1, BodyEnd::Whole)),
        chunks,
        ..sample("POST", "/v1/chat/completions")
    }
}

/// Chunks of a chat stream: one piece of text each, 40 ms apart, the first after `first` ms.
pub(super) fn spoken(first: u64, words: &[&str]) -> Vec<(u64, String)> {
    let event = |word: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-1\",\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{word}\"}},\"finish_reason\":null}}]}}\n\n"
        )
    };
    (0..).zip(words).map(|(nth, word)| (first + nth * 40, event(word))).collect()
}

/// What ends a chat stream properly.
fn finish(at: u64) -> Vec<(u64, String)> {
    vec![
        (at, "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n".to_owned()),
        (at + 2, "data: {\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":14,\"completion_tokens\":9,\"total_tokens\":23}}\n\ndata: [DONE]\n\n".to_owned()),
    ]
}

pub(super) fn samples() -> Vec<Sample> {
    let rivers = ["Rhine", "\\n", "Danube", "\\n", "Elbe"];
    let mut whole = spoken(412, &rivers);
    whole.push((1150, ": keep-alive\n\n".to_owned()));
    whole.extend(finish(1890));
    let mut cut = spoken(530, &rivers);
    cut.push((2104, "data: {\"id\":\"chatcmpl-1\",\"choi".to_owned()));
    vec![
        Sample { at_s: 5, ..sample("GET", "/v1/models") },
        Sample { at_s: 11, ..stream("gpt-4o-mini", whole) },
        Sample {
            at_s: 14,
            status: Some(401),
            chunks: vec![(96, r#"{"error":{"message":"Incorrect API key provided.","type":"invalid_request_error","code":"invalid_api_key"}}"#.to_owned())],
            end: Some((97, BodyEnd::Whole)),
            more: |exchange| {
                exchange.credentials = vec![CredentialFacts { defects: vec![Defect::Quoted], ..key_facts() }];
            },
            findings: vec![Finding {
                check: "auth-quoted-key".to_owned(),
                severity: Severity::Error,
                message: "The key is sent with quotes around it.".to_owned(),
                evidence: "authorization: the secret begins and ends with `\"`".to_owned(),
                fix: "Take the quotes out of the .env file, or use a loader that removes them.".to_owned(),
                places: Vec::new(),
            }],
            ..sample("POST", "/v1/chat/completions")
        },
        Sample {
            at_s: 19,
            request: r#"{"model":"gpt-4o-mini","messages":[]}"#.to_owned(),
            status: Some(429),
            chunks: vec![(3, r#"{"error":{"message":"Rate limit reached.","type":"requests","code":"rate_limit_exceeded"}}"#.to_owned())],
            end: Some((4, BodyEnd::Whole)),
            more: |exchange| {
                exchange.fault = Some("rate_limit_exceeded".to_owned());
                exchange.timing = Timing { end: exchange.timing.end, ..Timing::default() };
            },
            ..sample("POST", "/v1/chat/completions")
        },
        Sample { at_s: 22, ..stream("anthropic/claude-sonnet-4.5", spoken(611, &rivers)) },
        Sample {
            at_s: 26,
            end: Some((2105, BodyEnd::broken(Hop::Gateway, "connection reset"))),
            findings: vec![Finding {
                check: "stream-cut-inside-event".to_owned(),
                severity: Severity::Error,
                message: "The stream broke off inside an event.".to_owned(),
                evidence: "33 bytes after event 4".to_owned(),
                fix: "Ask again; the answer cannot be continued.".to_owned(),
                places: Vec::new(),
            }],
            ..stream("gpt-4o-mini", cut)
        },
        Sample {
            at_s: 33,
            end: Some((751, BodyEnd::broken(Hop::App, "the app closed its connection"))),
            ..stream("mistral/mistral-large-latest", spoken(520, &rivers))
        },
        Sample {
            at_s: 41,
            request: r#"{"model":"claude-sonnet-4-5","max_tokens":64,"stream":true,"messages":[]}"#.to_owned(),
            content_type: "text/event-stream",
            chunks: vec![(
                388,
                "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n".to_owned(),
            )],
            end: Some((390, BodyEnd::Whole)),
            ..sample("POST", "/v1/messages")
        },
        Sample {
            at_s: 47,
            status: None,
            chunks: Vec::new(),
            end: None,
            more: |exchange| {
                exchange.response = Some(ResponseHead {
                    status: 502,
                    version: "HTTP/1.1".to_owned(),
                    headers: Headers::default(),
                    raw: None,
                });
                exchange.own_answer = Some(OwnAnswer {
                    token: "connection-refused".to_owned(),
                    message: "gateway.example refused the connection".to_owned(),
                });
                exchange.timing = Timing { end: Some(Micros(12_300)), ..Timing::default() };
                exchange.response_end = Some(BodyEnd::Whole);
            },
            ..sample("POST", "/v1/embeddings")
        },
        Sample { at_s: 52, end: None, ..stream("gpt-4o-mini", spoken(460, &rivers)) },
    ]
}

/// A request that met two refusals and then an answer, while others passed.
pub(super) fn attempts() -> Vec<Sample> {
    fn attempt(at_s: i64, more: fn(&mut Exchange)) -> Sample {
        Sample {
            at_s,
            request: r#"{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Again?"}]}"#.to_owned(),
            more,
            ..sample("POST", "/v1/chat/completions")
        }
    }
    let refused = |sample: Sample| Sample {
        status: Some(429),
        chunks: vec![(
            40,
            r#"{"error":{"message":"Rate limit reached.","type":"requests","code":"rate_limit_exceeded"}}"#
                .to_owned(),
        )],
        end: Some((41, BodyEnd::Whole)),
        ..sample
    };
    vec![
        Sample { at_s: 1, ..sample("GET", "/v1/models") },
        refused(attempt(4, limited)),
        Sample { at_s: 5, ..sample("GET", "/v1/models") },
        refused(attempt(6, |exchange| {
            limited(exchange);
            count(exchange, "1");
        })),
        attempt(9, |exchange| count(exchange, "2")),
        Sample { at_s: 12, ..sample("GET", "/v1/models") },
    ]
}

/// The client counts this attempt.
fn count(exchange: &mut Exchange, attempt: &'static str) {
    for (name, value) in exchange.request.headers.lines_mut() {
        if name.eq_ignore_ascii_case("x-stainless-retry-count") {
            *value = Bytes::from_static(attempt.as_bytes());
        }
    }
}

/// The gateway says what is left of its limits.
fn limited(exchange: &mut Exchange) {
    let lines = [
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "2s"),
        ("x-ratelimit-limit-tokens", "200000"),
        ("x-ratelimit-remaining-tokens", "150000"),
        ("x-ratelimit-reset-tokens", "6m0s"),
        ("retry-after", "2"),
    ];
    let headers = exchange.response.as_mut().unwrap().headers.lines_mut();
    headers.extend(lines.map(|(name, value)| (name.into(), Bytes::from_static(value.as_bytes()))));
}

/// Names and texts that try to be more than text, and some that are only wide or long.
pub(super) fn hostile_samples() -> Vec<Sample> {
    let hostile = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{202e}desrever\u{9b}2J";
    vec![
        Sample {
            request: format!(r#"{{"model":"{hostile}","messages":[]}}"#),
            chunks: vec![(120, format!("data: {hostile}\n\n: {hostile}\n\nevent: {hostile}\ndata: x\n\n"))],
            content_type: "text/event-stream",
            ..sample("POST", &format!("/v1/{hostile}"))
        },
        Sample {
            request: r#"{"model":"模型-ﾓﾃﾞﾙ-🤖","messages":[{"role":"user","content":"日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語"}]}"#.to_owned(),
            ..sample("POST", "/v1/チャット/完了/非常に長いパス/非常に長いパス/完")
        },
        Sample {
            request: "{\"cut\": \"in the mid".to_owned(),
            chunks: vec![(90, "\u{1}\u{0}\u{0}\u{0}\u{fffd}\u{fffd}".to_owned())],
            content_type: "application/octet-stream",
            ..sample("POST", &format!("/v1/{}", "very-long-path/".repeat(20)))
        },
    ]
}

fn key_facts() -> CredentialFacts {
    CredentialFacts {
        place: "authorization".to_owned(),
        scheme: Some("Bearer".to_owned()),
        vendor: Some("openai".to_owned()),
        length: 51,
        last4: Some("fake".to_owned()),
        fingerprint: "7c1f03aa".to_owned(),
        defects: Vec::new(),
    }
}

fn body_of(chunks: &[(u64, String)]) -> Body {
    let mut body = Body::default();
    for (at, text) in chunks {
        body.bytes.extend_from_slice(text.as_bytes());
        body.marks.push(Mark {
            length: text.len() as u32,
            read: Micros(at * 1000),
            taken: Some(Micros(at * 1000 + 80)),
            rest: Rest::default(),
        });
    }
    body
}
