//! Fixtures of checks, and what comes of them.

use bytes::Bytes;
use gatetap::check::{Engine, Review, Watched};
use gatetap::digest::examine;
use gatetap::exchange::Exchange;
use gatetap::exchange::body::{Body, Side};
use gatetap::exchange::finding::Finding;
use gatetap::exchange::head::{Headers, RequestHead};
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::gateway::credential::credential_facts;
use gatetap::gateway::mask::{mask_header, mask_raw_head, mask_target};
use gatetap::record::redact::{Correction, Redactor};
use gatetap::store::{SessionStart, Writer};
use gatetap::wire::script::{Capture, read_all};
use std::fmt::Write as _;
use std::path::Path;

/// 2025-03-01T12:00:00Z.
const START: WallTime = WallTime(1_740_830_400_000_000);

/// When the first exchange of a story begins.
pub const fn test_start() -> WallTime {
    START
}

/// One file of fixtures.
pub struct Story {
    /// The file's name.
    pub name: String,
    pub captures: Vec<Capture>,
}

/// What was found in one exchange.
pub struct Reviewed {
    pub line: String,
    pub findings: Vec<Finding>,
}

/// The fixtures of a check, by name.
pub fn stories(id: &str) -> Vec<Story> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checks").join(id);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut stories: Vec<Story> = files
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            Story { name, captures: load(&path) }
        })
        .collect();
    stories.sort_by(|a, b| a.name.cmp(&b.name));
    stories
}

/// The captures of a file, each with its start.
pub fn load(path: &Path) -> Vec<Capture> {
    let text = std::fs::read_to_string(path).unwrap();
    let captures = read_all(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let started = captures.into_iter().map(|(start, mut capture)| {
        capture.exchange.started_at = START.plus(start);
        capture
    });
    started.collect()
}

/// What an engine finds in these exchanges, recorded as the recorder would.
pub fn reviewed(engine: Engine, captures: &[Capture]) -> Vec<Reviewed> {
    let mut review = Review::new(engine);
    let mut lines = Vec::new();
    let mut done = Vec::new();
    for (at, capture) in captures.iter().enumerate() {
        let Capture { mut exchange, request, response, .. } = redacted(capture);
        exchange.id = at as i64 + 1;
        exchange.session = 1;
        lines.push(format!("{} {}", exchange.request.method, exchange.request.target));
        done.extend(review.take(exchange, &request, &response));
    }
    done.extend(review.finish());
    done.sort_by_key(|(id, _)| *id);
    done.into_iter()
        .zip(lines)
        .map(|((id, watched), line)| {
            let Watched { judgement, findings, .. } = watched;
            Reviewed { line: format!("#{id} {line} {}", judgement.verdict), findings }
        })
        .collect()
}

/// Makes a recording with a session of each of these, and with what was found in them.
pub fn record(path: &Path, sessions: &[Vec<Capture>]) {
    for captures in sessions {
        let start = SessionStart {
            started_at: START,
            program: "gatetap test".to_owned(),
            command: "gatetap".to_owned(),
            upstream: "nexorouter".to_owned(),
            seed: None,
        };
        let writer = Writer::open(path, &start).unwrap();
        let found = reviewed(Engine::default(), captures);
        for (capture, found) in captures.iter().zip(found) {
            let Capture { mut exchange, request, response, .. } = redacted(capture);
            writer.begin().unwrap();
            exchange.id = writer.insert_exchange(&exchange).unwrap();
            for (side, body) in [(Side::Request, &request), (Side::Response, &response)] {
                if !body.bytes.is_empty() {
                    writer.insert_segment(exchange.id, side, 0, &body.bytes, &body.marks).unwrap();
                }
            }
            let examined = examine(&exchange, &request, &response);
            writer.put_digest(exchange.id, &examined.digest, &examined.judgement).unwrap();
            writer.put_findings(exchange.id, &found.findings).unwrap();
            writer.commit().unwrap();
        }
        writer.end_session(START.plus(Micros(60_000_000))).unwrap();
    }
}

/// A capture as it would be recorded.
fn redacted(capture: &Capture) -> Capture {
    let mut capture = capture.clone();
    capture.exchange.peer.get_or_insert_with(|| "127.0.0.1:50000".to_owned());
    redact(&mut capture.exchange, [&mut capture.request, &mut capture.response]);
    capture
}

/// What the recorder makes of an exchange before anybody looks at it.
fn redact(exchange: &mut Exchange, [request, response]: [&mut Body; 2]) {
    let head = &mut exchange.request;
    let mut redactor = Redactor::of_head(&head.headers, &head.target, false);
    if let Some(response) = &exchange.response {
        redactor.answered(&response.headers);
    }
    redact_body(&mut redactor, Side::Request, request);
    redact_body(&mut redactor, Side::Response, response);
    exchange.request_hidden = redactor.hidden(Side::Request);
    exchange.response_hidden = redactor.hidden(Side::Response);
    exchange.credentials = credential_facts(&untrimmed(head), head.query(), b"salt");
    for (name, value) in head.headers.lines_mut() {
        *value = mask_header(name, value).into();
    }
    head.raw = head.raw.take().map(|raw| mask_raw_head(&raw).into());
    head.target = mask_target(&head.target);
    exchange.url = mask_target(&exchange.url);
}

fn redact_body(redactor: &mut Redactor, side: Side, body: &mut Body) {
    let chunks: Vec<Bytes> = body.chunks().map(|(chunk, _)| Bytes::copy_from_slice(chunk)).collect();
    let mut kept = Vec::new();
    let mut corrections = Vec::new();
    for chunk in chunks {
        let redacted = redactor.chunk(side, &chunk);
        // The examiner reads a coded body as it passed.
        kept.extend_from_slice(&redacted.kept.unwrap_or(chunk));
        corrections.extend(redacted.corrections);
    }
    corrections.extend(redactor.end(side));
    for Correction { at, bytes } in corrections {
        kept[at as usize..][..bytes.len()].copy_from_slice(&bytes);
    }
    body.bytes = kept;
}

/// The header lines with the white space around their values.
fn untrimmed(head: &RequestHead) -> Headers {
    let raw = head.raw.as_ref().map(Headers::from_raw_head_untrimmed);
    raw.unwrap_or_else(|| head.headers.clone())
}

/// Findings as a person would read them.
pub fn rendered(reviewed: &[Reviewed]) -> String {
    let mut text = String::new();
    for one in reviewed {
        writeln!(text, "  {}", one.line).unwrap();
        for Finding { check, severity, message, evidence, fix, places } in &one.findings {
            writeln!(text, "    {} {check}: {message}", severity.as_str()).unwrap();
            writeln!(text, "      evidence: {evidence}").unwrap();
            writeln!(text, "      fix: {fix}").unwrap();
            for place in places {
                writeln!(text, "      at: {place}").unwrap();
            }
        }
    }
    text
}
