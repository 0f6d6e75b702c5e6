//! Fixtures of checks, and what comes of them.

use bytes::Bytes;
use gatetap::check::{Engine, Review, Watched};
use gatetap::exchange::Exchange;
use gatetap::exchange::body::{Body, Side};
use gatetap::exchange::finding::Finding;
use gatetap::exchange::head::{Headers, RequestHead};
use gatetap::exchange::time::WallTime;
use gatetap::gateway::credential::credential_facts;
use gatetap::gateway::mask::{mask_headers, mask_raw_head, mask_target};
use gatetap::record::redact::{Correction, Redactor};
use gatetap::wire::script::{Capture, read_all};
use std::fmt::Write as _;
use std::path::Path;

/// 2025-03-01T12:00:00Z.
const START: WallTime = WallTime(1_740_830_400_000_000);

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
            let text = std::fs::read_to_string(&path).unwrap();
            let captures = read_all(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let captures = captures.into_iter().map(|(start, mut capture)| {
                capture.exchange.started_at = START.plus(start);
                capture
            });
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            Story { name, captures: captures.collect() }
        })
        .collect();
    stories.sort_by(|a, b| a.name.cmp(&b.name));
    stories
}

/// What an engine finds in these exchanges, recorded as the recorder would.
pub fn reviewed(engine: Engine, captures: &[Capture]) -> Vec<Reviewed> {
    let mut review = Review::new(engine);
    let mut lines = Vec::new();
    let mut done = Vec::new();
    for (at, capture) in captures.iter().enumerate() {
        let Capture { mut exchange, mut request, mut response, .. } = capture.clone();
        exchange.id = at as i64 + 1;
        exchange.session = 1;
        exchange.peer.get_or_insert_with(|| "127.0.0.1:50000".to_owned());
        redact(&mut exchange, [&mut request, &mut response]);
        lines.push(format!("{} {}", exchange.request.method, exchange.request.target));
        done.extend(review.take(exchange, &request, response));
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
    head.headers = mask_headers(&head.headers);
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
    let raw = head.raw.as_ref().map(|raw| Headers::from_raw_head_untrimmed(raw));
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
