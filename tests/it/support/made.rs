//! Recordings made to order, without traffic.

use super::eventually;
use gatetap::digest::verdict::Judgement;
use gatetap::digest::{Digest, Text};
use gatetap::exchange::body::{Mark, Rest, Side};
use gatetap::exchange::credential::CredentialFacts;
use gatetap::exchange::end::{BodyEnd, OwnAnswer, Verdict};
use gatetap::exchange::finding::{Finding, Severity};
use gatetap::exchange::head::{Headers, RequestHead, ResponseHead};
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::exchange::{Exchange, ExchangeId};
use gatetap::store::{Reader, SessionStart, Writer};
use std::path::Path;

/// 2025-03-01T12:00:00Z: when every session here begins.
pub const START: WallTime = WallTime(1_740_830_400_000_000);

/// One exchange to order. What is not said is not there.
#[derive(Debug, Clone)]
pub struct Made {
    /// Microseconds after [`START`].
    pub at: u64,
    pub path: String,
    pub gateway: String,
    pub status: Option<u16>,
    pub verdict: Verdict,
    pub own_error: Option<String>,
    pub duration: Option<u64>,
    pub fault: Option<String>,
    pub replay_of: Option<ExchangeId>,
    /// Fingerprints and last fours.
    pub credentials: Vec<(String, Option<String>)>,
    pub digest: Digest,
    /// The ids of checks, with their severities.
    pub findings: Vec<(String, Severity)>,
    pub prompt: String,
    pub answer: String,
    /// The bodies; they need not agree with the rest.
    pub request: Vec<u8>,
    pub response: Vec<u8>,
}

impl Default for Made {
    fn default() -> Self {
        Self {
            at: 0,
            path: "/v1/chat/completions".to_owned(),
            gateway: "nexorouter".to_owned(),
            status: Some(200),
            verdict: Verdict::Complete,
            own_error: None,
            duration: Some(1_000_000),
            fault: None,
            replay_of: None,
            credentials: Vec::new(),
            digest: Digest::default(),
            findings: Vec::new(),
            prompt: String::new(),
            answer: String::new(),
            request: Vec::new(),
            response: Vec::new(),
        }
    }
}

/// Starts a session in the recording at `path`.
pub fn session(path: &Path) -> Writer {
    let start = SessionStart {
        started_at: START,
        program: "gatetap test".to_owned(),
        command: "gatetap".to_owned(),
        upstream: "nexorouter".to_owned(),
        seed: None,
    };
    Writer::open(path, &start).unwrap()
}

/// Makes a recording with one session that has ended.
pub fn recording(path: &Path, made: &[Made]) {
    let writer = session(path);
    for made in made {
        made.write(&writer);
    }
    writer.end_session(START).unwrap();
}

impl Made {
    /// Writes it down in a transaction of its own, step by step as the recorder does.
    pub fn write(&self, writer: &Writer) -> ExchangeId {
        let mut exchange = self.begun();
        writer.begin().unwrap();
        let id = writer.insert_exchange(&exchange).unwrap();
        for (side, body) in [(Side::Request, &self.request), (Side::Response, &self.response)] {
            if !body.is_empty() {
                let mark = Mark {
                    length: body.len() as u32,
                    read: Micros(900),
                    taken: Some(Micros(1_000)),
                    rest: Rest::default(),
                };
                writer.insert_segment(id, side, 0, body, &[mark]).unwrap();
            }
        }
        writer.commit().unwrap();
        exchange.id = id;
        exchange.response = self.status.map(|status| ResponseHead {
            status,
            version: "HTTP/1.1".to_owned(),
            headers: Headers::default(),
            raw: Some(format!("HTTP/1.1 {status} So\r\n\r\n").into()),
        });
        exchange.own_answer =
            self.own_error.clone().map(|token| OwnAnswer { token, message: "it could not be".to_owned() });
        exchange.request_bytes = self.request.len() as u64;
        exchange.response_bytes = self.response.len() as u64;
        exchange.timing.end = self.duration.map(Micros);
        if self.verdict != Verdict::Open {
            exchange.request_end = Some(BodyEnd::Whole);
            exchange.response_end = Some(BodyEnd::Whole);
        }
        writer.begin().unwrap();
        writer.update_exchange(&exchange).unwrap();
        let judgement = Judgement { verdict: self.verdict, evidence: "it was made so".to_owned() };
        writer.put_digest(id, &self.digest, &judgement).unwrap();
        writer.put_text(id, &Text { prompt: self.prompt.clone(), answer: self.answer.clone() }).unwrap();
        if !self.findings.is_empty() {
            let findings: Vec<Finding> =
                self.findings.iter().map(|(check, severity)| finding(check, *severity)).collect();
            writer.put_findings(id, &findings).unwrap();
        }
        writer.commit().unwrap();
        id
    }

    fn begun(&self) -> Exchange {
        Exchange {
            started_at: START.plus(Micros(self.at)),
            gateway: self.gateway.clone(),
            url: format!("https://gateway.test{}", self.path),
            credentials: self
                .credentials
                .iter()
                .map(|(fingerprint, last4)| CredentialFacts {
                    place: "authorization".to_owned(),
                    scheme: Some("Bearer".to_owned()),
                    vendor: None,
                    length: 40,
                    last4: last4.clone(),
                    fingerprint: fingerprint.clone(),
                    defects: Vec::new(),
                })
                .collect(),
            fault: self.fault.clone(),
            replay_of: self.replay_of,
            ..Exchange::of(RequestHead {
                method: "POST".to_owned(),
                target: self.path.clone(),
                version: "HTTP/1.1".to_owned(),
                headers: Headers::default(),
                raw: Some(format!("POST {} HTTP/1.1\r\n\r\n", self.path).into()),
            })
        }
    }
}

fn finding(check: &str, severity: Severity) -> Finding {
    Finding {
        check: check.to_owned(),
        severity,
        message: "something is so".to_owned(),
        evidence: "it was seen".to_owned(),
        fix: "change it".to_owned(),
        places: Vec::new(),
    }
}

/// Ends a session as a crash does, and waits until a reader has settled what it left open. A process that
/// another test starts at this moment may hold the session's lock until it runs its own program.
pub fn die(writer: Writer, path: &Path) {
    drop(writer);
    eventually("the dead session is settled", || {
        let open = Reader::open(path).unwrap().open_exchanges().unwrap();
        open.is_empty().then_some(())
    });
}
