//! The library of captures: what gatetap makes of each, and that how it was cut changes nothing.

use crate::support::binary::Home;
use gatetap::digest::{
    Digest, EventLine, Examined, Outcome, ReadAs, Rhythm, Sdk, events, examine, meaning, rate_state, view,
};
use gatetap::exchange::Exchange;
use gatetap::exchange::body::{Body, Mark, Side};
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::store::{SessionStart, Writer};
use gatetap::wire::coding;
use gatetap::wire::script::{Capture, read};
use insta::assert_snapshot;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// 2025-03-01T12:00:00Z.
const START: WallTime = WallTime(1_740_830_400_000_000);

/// The capture of that name.
pub fn capture(name: &str) -> Capture {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/captures/{name}.capture"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Makes a recording of these captures in `home`, where gatetap looks for it by itself, numbered from 1.
pub fn record(home: &Home, names: &[&str]) -> PathBuf {
    let path = home.join("data/gatetap/recording.db");
    let start = SessionStart {
        started_at: START,
        program: "gatetap test".to_owned(),
        command: "gatetap".to_owned(),
        upstream: "sim".to_owned(),
        seed: None,
    };
    let writer = Writer::open(&path, &start).unwrap();
    for name in names {
        let Capture { mut exchange, request, response, .. } = capture(name);
        exchange.started_at = start.started_at;
        mask(&mut exchange);
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
        writer.commit().unwrap();
    }
    writer.end_session(start.started_at.plus(Micros(60_000_000))).unwrap();
    path
}

fn mask(exchange: &mut Exchange) {
    for (name, value) in exchange.request.headers.lines_mut() {
        if ["authorization", "x-api-key"].contains(&name.to_ascii_lowercase().as_str()) {
            *value = "********".into();
        }
    }
    exchange.request.raw = exchange.request.raw.take().map(|_| {
        let head = &exchange.request;
        let start = format!("{} {} {}\r\n", head.method, head.target, head.version);
        [start.as_bytes(), &head.headers.to_block(), b"\r\n"].concat().into()
    });
}

/// Every capture by its name.
fn all() -> BTreeMap<String, Capture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captures");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "capture"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .map(|name| (name.clone(), capture(&name)))
        .collect()
}

#[test]
fn every_capture_is_understood() {
    let captures = all();
    assert!(captures.len() >= 70, "{}", captures.len());
    for (name, capture) in &captures {
        assert_snapshot!(name.clone(), told(capture));
    }
}

#[test]
fn every_capture_says_what_it_shows() {
    let mut seen = BTreeMap::new();
    for (name, capture) in all() {
        assert!(!capture.about.is_empty(), "{name} does not say what it shows");
        if let Some(other) = seen.insert(capture.about, name.clone()) {
            panic!("{name} shows the same as {other}");
        }
    }
}

#[test]
fn every_capture_is_read_back_as_it_is_written() {
    for (name, capture) in all() {
        let written = capture.to_string();
        assert_eq!(read(&written).as_ref(), Ok(&capture), "{name}:\n{written}");
    }
}

#[test]
fn how_a_body_was_cut_changes_nothing() {
    for (name, capture) in all() {
        let whole = examine(&capture.exchange, &capture.request, &capture.response);
        let lines = lines(&capture);
        for step in [1, 7] {
            let cut = Capture {
                request: recut(&capture.request, step),
                response: recut(&capture.response, step),
                ..capture.clone()
            };
            let examined = examine(&cut.exchange, &cut.request, &cut.response);
            assert_eq!(comparable(examined), comparable(whole.clone()), "{name}, step {step}");
            let cut_lines = self::lines(&cut);
            assert_eq!(without_chunks(cut_lines), without_chunks(lines.clone()), "{name}, step {step}");
        }
    }
}

/// All but what tells how many events a read brought.
fn comparable(mut examined: Examined) -> Examined {
    examined.digest.pace.reads = 0;
    examined.digest.pace.most_in_a_read = 0;
    examined
}

fn without_chunks(lines: Vec<EventLine>) -> Vec<EventLine> {
    lines.into_iter().map(|line| EventLine { chunk: 0, ..line }).collect()
}

/// The same body in chunks of `step` bytes at most, each with the times of the one it is part of.
fn recut(body: &Body, step: u32) -> Body {
    let marks = body.marks.iter().flat_map(|mark| {
        let count = mark.length.div_ceil(step);
        (0..count).map(move |index| Mark { length: step.min(mark.length - index * step), ..*mark })
    });
    Body { marks: marks.collect(), ..body.clone() }
}

fn lines(capture: &Capture) -> Vec<EventLine> {
    let head = capture.exchange.response.as_ref();
    head.map_or_else(Vec::new, |head| events(head, &capture.response))
}

/// All that is derived from a capture, for people to read.
fn told(capture: &Capture) -> String {
    let exchange = &capture.exchange;
    let examined = examine(exchange, &capture.request, &capture.response);
    let mut out =
        format!("{}\n\n{}: {}\n\n", capture.about, examined.judgement.verdict, examined.judgement.evidence);
    facts(&mut out, &examined.digest);
    let mut fact = |name: &str, value: String| writeln!(out, "{name}: {value}").unwrap();
    if let Some(sdk) = Sdk::of(&exchange.request.headers) {
        fact("sdk", sdk.to_string());
    }
    let status = exchange.response.as_ref().map(|head| head.status);
    if let Some(error) = meaning(&exchange.gateway, &examined.digest, status) {
        fact("means", format!("{}.{}: {}", error.gateway, error.code, error.meaning));
    }
    if let Some(head) = &exchange.response {
        let body = coding::decode(&head.headers, &capture.response.bytes, coding::DEFAULT_CAP).bytes;
        let state = rate_state(&head.headers, &body, START);
        for window in &state.windows {
            fact("limit", format!("{window:?}"));
        }
        if let Some(after) = state.retry_after {
            fact("retry after", after.to_string());
        }
        if let Some(should) = state.should_retry {
            fact("should retry", should.to_string());
        }
    }
    answer(&mut out, &examined);
    let lines = lines(capture);
    if let Some(rhythm) = Rhythm::of(&lines) {
        writeln!(
            out,
            "rhythm: {} events in {} reads, median {}, p99 {}, longest {} after {}, {:?}",
            rhythm.events,
            rhythm.reads,
            rhythm.median,
            rhythm.p99,
            rhythm.longest,
            rhythm.longest_after,
            rhythm.histogram
        )
        .unwrap();
    }
    for line in &lines {
        let data: String = line.data.chars().take(60).collect();
        let at = line.at.map(|at| at.to_string()).unwrap_or_default();
        let kind = line.event.as_deref().unwrap_or(line.kind.as_str());
        writeln!(out, "  {at:>8} @{:<5} +{:<4} {kind}: {data:?}", line.offset, line.length).unwrap();
    }
    for read_as in ReadAs::of_dialect(examined.digest.dialect) {
        let view = view(*read_as, exchange, &capture.request, &capture.response, &examined.digest);
        let outcome = match &view.outcome {
            Outcome::Silent(what) => format!("silent, {what}"),
            Outcome::Raises(error) => format!("raises {error}"),
            other => format!("{other:?}").to_lowercase(),
        };
        let notes = if view.notes.is_empty() { String::new() } else { format!(" {:?}", view.notes) };
        writeln!(
            out,
            "{}: {outcome}; {} of {} events{notes}",
            read_as.as_str(),
            view.events,
            view.standard_events
        )
        .unwrap();
    }
    out
}

fn facts(out: &mut String, digest: &Digest) {
    let text = |text: &Option<String>| text.clone();
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let time = |time: Option<Micros>| time.map(|time| time.to_string());
    let count = |count: u64| (count > 0).then(|| count.to_string());
    let Digest { usage, pace, client, .. } = digest;
    for (name, value) in [
        ("dialect", Some(digest.dialect.as_str().to_owned())),
        ("streaming", digest.streaming.then(|| "yes".to_owned())),
        ("model", text(&digest.model)),
        ("model answered", text(&digest.model_answered)),
        ("provider", text(&digest.provider)),
        ("request id", text(&digest.request_id)),
        ("answer id", text(&digest.answer_id)),
        ("error code", text(&digest.error_code)),
        ("error kind", text(&digest.error_kind)),
        ("error message", text(&digest.error_message)),
        ("finish reason", text(&digest.finish_reason)),
        ("native finish reason", text(&digest.native_finish_reason)),
        ("terminal event", text(&digest.terminal_event)),
        ("input", number(usage.input)),
        ("output", number(usage.output)),
        ("total", number(usage.total)),
        ("cached", number(usage.cached)),
        ("reasoning tokens", number(usage.reasoning)),
        ("cost", usage.cost.map(|cost| cost.to_string())),
        ("first event", time(digest.first_event)),
        ("first token", time(digest.first_token)),
        ("last event", time(digest.last_event)),
        ("events", count(digest.events)),
        ("comments", count(digest.comments)),
        ("leftover", count(digest.leftover)),
        ("choices", count(digest.choices)),
        ("open choices", count(digest.open_choices)),
        ("longest gap", time(pace.longest_gap).map(|gap| format!("{gap} after {}", pace.longest_gap_after))),
        ("reads", count(pace.reads).map(|reads| format!("{reads}, at most {} in one", pace.most_in_a_read))),
        ("retry count", client.retry_count.map(|count| count.to_string())),
        ("timeout", client.timeout_s.map(|seconds| format!("{seconds} s"))),
    ] {
        if let Some(value) = value {
            writeln!(out, "{name}: {value}").unwrap();
        }
    }
}

fn answer(out: &mut String, examined: &Examined) {
    let answer = &examined.answer;
    for (name, text) in
        [("text", &answer.text), ("reasoning", &answer.reasoning), ("refusal", &answer.refusal)]
    {
        if !text.is_empty() {
            writeln!(out, "{name}: {text:?}").unwrap();
        }
    }
    for call in &answer.tool_calls {
        writeln!(out, "tool: {} {} {} {:?}", call.id, call.name, call.arguments, call.state()).unwrap();
    }
    for other in &answer.others {
        writeln!(out, "choice {}: {:?} {:?}", other.index, other.answer.text, other.finish_reason).unwrap();
    }
    if !answer.listed.is_empty() {
        writeln!(out, "list: {:?}", answer.listed).unwrap();
    }
    if answer.disagrees {
        writeln!(out, "the end repeats it otherwise").unwrap();
    }
}
