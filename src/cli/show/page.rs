//! One exchange as a page that reads from top to bottom.

use super::super::style::{Style, paint};
use super::super::world::Env;
use super::{OriginShown, Shown, events, facts, pretty, problem_text, rhythm, sdk, switched};
use crate::digest::{self, EventLine};
use crate::exchange::body::Side;
use crate::exchange::delay::{added, percentile};
use crate::exchange::end::{BodyEnd, Hop, Verdict};
use crate::exchange::finding::{Finding, Place};
use crate::exchange::head::{Headers, InterimHead};
use crate::exchange::text::{counted, printable};
use crate::exchange::time::Micros;
use crate::export::json::head_text;
use crate::wire::coding::{self, Coding};
use bytes::Bytes;
use jiff::Timestamp;

/// How much of a body is shown; `--body` writes all of it.
const BODY_LIMIT: usize = 64 * 1024;

/// How much of a list is shown.
const LISTED: usize = 40;

/// The page of an exchange; `evidence` is what the recording says its verdict rests on.
pub(super) fn page(shown: &Shown, evidence: Option<String>, env: &Env<'_>) -> String {
    let examined = digest::examine(&shown.whole.exchange, &shown.request, &shown.response);
    let evidence = evidence.unwrap_or(examined.judgement.evidence);
    let mut page = Page { text: String::new(), colour: env.stdout.colour() };
    page.top(shown, &evidence, env);
    let stream = shown.events();
    page.findings(&shown.whole.findings, &stream);
    page.timing(shown);
    page.request(shown);
    page.response(shown);
    page.origin(shown);
    page.answer(&examined.answer);
    page.section("After the switch", switched::lines(shown));
    page.section("Rhythm", rhythm::lines(&stream, &examined.digest, &shown.whole.exchange.timing));
    page.section("SDKs that see something else", sdk::differing(shown, page.colour));
    let events = events::lines(&stream, env);
    if !events.is_empty() {
        page.heading("Events");
        page.text.push_str(&events);
    }
    page.text
}

struct Page {
    text: String,
    colour: bool,
}

impl Page {
    /// Who asked what of which model, and how it ended.
    fn top(&mut self, shown: &Shown, evidence: &str, env: &Env<'_>) {
        let summary = &shown.whole.summary;
        let exchange = &shown.whole.exchange;
        let digest = &summary.digest;
        let title = format!("#{}  {} {}", summary.id, summary.method, summary.path);
        let title = paint(self.colour, Style::Strong, &printable(&title)).into_owned();
        let status = summary.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        self.line(&format!("{title}  {status}"));
        let verdict = paint(self.colour, summary.verdict.into(), summary.verdict.as_str()).into_owned();
        match evidence {
            "" => self.line(&verdict),
            evidence => self.line(&format!("{verdict}: {}", printable(evidence))),
        }
        self.text.push('\n');

        let started = Timestamp::from_microsecond(summary.started_at.0).map_or_else(
            |_| "at an impossible time".to_owned(),
            |at| at.to_zoned(env.time_zone.clone()).strftime("%Y-%m-%d %H:%M:%S.%3f %:z").to_string(),
        );
        self.fact("started", &format!("{started}, session {}", summary.session));
        self.fact("app", &facts::client(shown));
        let sent_to =
            [summary.gateway.as_str(), &summary.url].map(|part| Some(part).filter(|part| !part.is_empty()));
        let sent_to = sent_to.into_iter().flatten().collect::<Vec<_>>().join(", ");
        self.maybe_fact("gateway", Some(sent_to).filter(|sent_to| !sent_to.is_empty()));
        self.maybe_fact("model", facts::model(digest));
        for credential in &exchange.credentials {
            self.fact("key", &facts::key(credential));
        }
        self.maybe_fact("tokens", facts::tokens(&digest.usage));
        self.maybe_fact("finish", facts::finish(digest));
        self.maybe_fact("error", facts::error(digest));
        if let Some(error) = digest::meaning(&summary.gateway, digest, summary.status) {
            for (name, value) in facts::meaning(error) {
                self.fact(name, &value);
            }
        }
        self.maybe_fact("request id", facts::ids(digest));
        if let Some(head) = &exchange.response {
            let at = summary.started_at.plus(exchange.timing.head.unwrap_or_default());
            let body = coding::decode(&head.headers, &shown.response.bytes, coding::DEFAULT_CAP).bytes;
            for limit in facts::limits(&digest::rate_state(&head.headers, &body, at)) {
                self.fact("limit", &limit);
            }
        }
        self.maybe_fact(
            "gatetap",
            exchange
                .own_answer
                .as_ref()
                .map(|own| format!("answered by itself, {}: {}", own.token, own.message)),
        );
        self.maybe_fact("fault", summary.fault.clone());
        self.maybe_fact("replay of", summary.replay_of.map(|id| format!("#{id}")));
        self.maybe_fact("note", summary.note.clone());
    }

    fn findings(&mut self, findings: &[Finding], stream: &[EventLine]) {
        if findings.is_empty() {
            return;
        }
        self.heading("Findings");
        for finding in findings {
            let severity =
                paint(self.colour, finding.severity.into(), finding.severity.as_str()).into_owned();
            self.line(&format!(
                "{severity}: {} ({})",
                printable(&finding.message),
                printable(&finding.check)
            ));
            self.line(&format!("  evidence: {}", printable(&finding.evidence)));
            self.line(&format!("  fix: {}", printable(&finding.fix)));
            if !finding.places.is_empty() {
                let places: Vec<String> =
                    finding.places.iter().map(|place| place_name(place, stream)).collect();
                self.line(&format!("  at: {}", printable(&places.join(", "))));
            }
        }
    }

    fn timing(&mut self, shown: &Shown) {
        let timing = &shown.whole.exchange.timing;
        let digest = &shown.whole.summary.digest;
        self.heading("Timing");
        let connection = match (timing.reused, timing.connect, timing.tls) {
            (Some(true), ..) => ", on a connection used before".to_owned(),
            (_, Some(connect), Some(tls)) => format!(", after connecting for {connect} and TLS for {tls}"),
            (_, Some(connect), None) => format!(", after connecting for {connect}"),
            _ => String::new(),
        };
        let mut moments = vec![
            (timing.sent, format!("request sent{connection}")),
            (timing.head, "response head".to_owned()),
            (digest.first_event, "first event".to_owned()),
            (digest.first_token, "first token".to_owned()),
            (digest.last_event, "last event".to_owned()),
            (timing.end, "end".to_owned()),
        ];
        moments.sort_by_key(|(at, _)| *at);
        for (at, what) in &moments {
            if let Some(at) = at {
                self.line(&format!("{at:>9}  {what}"));
            }
        }
        let added = added(&shown.response.marks);
        if let (Some(half), Some(most)) = (percentile(&added, 50), percentile(&added, 99)) {
            self.line(&format!(
                "{:>9}  added by gatetap to half the chunks at most, {most} to 99 %",
                half.to_string()
            ));
        }
        if let Some(held) = timing.held.filter(|held| *held > Micros(0)) {
            self.line(&format!("{:>9}  held back because the recorder was behind", held.to_string()));
        }
    }

    fn request(&mut self, shown: &Shown) {
        let exchange = &shown.whole.exchange;
        let head = &exchange.request;
        self.heading("Request");
        let start = format!("{} {} {}", head.method, head.target, head.version);
        self.head(head.raw.as_ref(), &start, &head.headers);
        if switched::is_switched(shown) {
            self.end(Side::Request, shown);
        } else {
            self.body(Side::Request, shown);
        }
        self.trailers(&exchange.request_trailers);
    }

    fn response(&mut self, shown: &Shown) {
        let exchange = &shown.whole.exchange;
        for InterimHead { at, raw } in &exchange.interim {
            self.heading(&format!("Interim response at {at}"));
            self.head(Some(raw), "", &Headers::from_raw_head(raw));
        }
        let Some(head) = &exchange.response else {
            return;
        };
        self.heading("Response");
        self.head(head.raw.as_ref(), &format!("{} {}", head.version, head.status), &head.headers);
        let is_stream = !shown.events().is_empty();
        if switched::is_switched(shown) {
            self.end(Side::Response, shown);
        } else if is_stream {
            let bytes = exchange.response_bytes.max(shown.response.bytes.len() as u64);
            let coding =
                head.headers.text("content-encoding").filter(|coding| Coding::is_in(coding.as_bytes()));
            let coding = coding.map(|coding| format!(" of {}", printable(coding)));
            self.text.push('\n');
            let chunks = match shown.response.marks.len() as u64 {
                0 => "chunks that are not known".to_owned(),
                chunks => counted(chunks, "chunk"),
            };
            self.note(&format!(
                "{}{} in {chunks}, event by event below",
                counted(bytes, "byte"),
                coding.unwrap_or_default(),
            ));
            self.end(Side::Response, shown);
        } else {
            self.body(Side::Response, shown);
        }
        self.trailers(&exchange.response_trailers);
    }

    /// What the gateway had sent, where a fault altered it.
    fn origin(&mut self, shown: &Shown) {
        let Some(OriginShown { origin, headers, body }) = &shown.origin else { return };
        self.heading("What the gateway had sent");
        self.head(Some(&origin.head), "", headers);
        let bytes = counted(body.bytes.len() as u64, "byte");
        let ended = match &origin.end {
            Some(BodyEnd::Whole) => "whole".to_owned(),
            Some(BodyEnd::Broken { detail, .. }) => printable(detail).into_owned(),
            None => "the fault waited for no more".to_owned(),
        };
        let id = shown.whole.summary.id;
        self.note(&format!("{bytes}, {ended}; `gatetap show {id} --body origin` writes them"));
    }

    fn answer(&mut self, answer: &digest::Answer) {
        for (name, text) in
            [("Reasoning", &answer.reasoning), ("Answer", &answer.text), ("Refusal", &answer.refusal)]
        {
            if !text.is_empty() {
                self.heading(name);
                self.lines(text);
            }
        }
        if !answer.tool_calls.is_empty() {
            self.heading("Tool calls");
        }
        for call in &answer.tool_calls {
            self.line(&format!("{} {}", printable(&call.name), printable(&call.id)));
            self.lines(&pretty::indent(&call.arguments, BODY_LIMIT).0);
            if let Some(wrong) = facts::arguments(call) {
                self.note(&wrong);
            }
        }
        for other in &answer.others {
            let finish = other.finish_reason.as_deref().unwrap_or("no finish reason");
            self.heading(&format!("Choice {}, {}", other.index, printable(finish)));
            self.lines(&other.answer.text);
            for call in &other.answer.tool_calls {
                self.line(&format!("{} {}", printable(&call.name), printable(&call.arguments)));
            }
        }
        if !answer.listed.is_empty() {
            self.heading(&format!("List of {}", answer.listed.len()));
            for name in answer.listed.iter().take(LISTED) {
                self.line(&printable(name));
            }
            if answer.listed.len() > LISTED {
                self.note(&format!("and {} more", answer.listed.len() - LISTED));
            }
        }
        if answer.disagrees {
            self.note("the stream's last event repeats the answer in other words: some events were lost");
        }
    }

    fn section(&mut self, title: &str, lines: Vec<String>) {
        if !lines.is_empty() {
            self.heading(title);
        }
        for line in lines {
            self.line(&line);
        }
    }

    /// The start line as it stood on the wire, if it did, and the header lines.
    fn head(&mut self, raw: Option<&Bytes>, start: &str, headers: &Headers) {
        let raw_start = raw.and_then(|raw| raw.split(|&byte| byte == b'\n').next());
        match raw_start {
            Some(line) => self.line(&printable(head_text(line).trim_end())),
            None => self.line(&printable(start)),
        }
        self.header_lines(headers);
    }

    fn header_lines(&mut self, headers: &Headers) {
        for (name, value) in headers {
            let name = paint(self.colour, Style::Faint, &printable(name)).into_owned();
            self.line(&format!("{name}: {}", printable(&head_text(value))));
        }
    }

    /// What followed a body, if anything did.
    fn trailers(&mut self, headers: &Headers) {
        if !headers.is_empty() {
            self.text.push('\n');
            self.note("trailers");
            self.header_lines(headers);
        }
    }

    fn body(&mut self, side: Side, shown: &Shown) {
        let (Some(headers), body) = shown.side(side) else {
            return;
        };
        let decoded = coding::decode(headers, &body.bytes, coding::DEFAULT_CAP);
        let is_coded = decoded.bytes != body.bytes;
        self.text.push('\n');
        if is_coded {
            self.note(&format!(
                "{} decoded from {} of {}",
                counted(decoded.bytes.len() as u64, "byte"),
                counted(body.bytes.len() as u64, "byte"),
                printable(headers.text("content-encoding").unwrap_or("another coding")),
            ));
        }
        if let Some(problem) = &decoded.problem {
            self.note(&printable(&problem_text(problem)));
        }
        let id = shown.whole.summary.id;
        let whole = format!("`gatetap show {id} --body {}` writes all of it", side.as_str());
        match as_text(&decoded.bytes) {
            Some("") => self.note("no body"),
            Some(text) => {
                let (text, is_cut) = if pretty::looks_like_json(text) {
                    pretty::indent(text, BODY_LIMIT)
                } else {
                    start_of(text, BODY_LIMIT)
                };
                self.lines(&text);
                if is_cut {
                    self.note(&format!("and so on; {whole}"));
                }
            }
            None => self
                .note(&format!("{} that are not text; {whole}", counted(decoded.bytes.len() as u64, "byte"))),
        }
        self.end(side, shown);
    }

    /// What is missing of a body, and how it ended where it did not end well.
    fn end(&mut self, side: Side, shown: &Shown) {
        if let Some(missing) = shown.missing(side) {
            self.note(&format!("the recording does not hold all of it: {missing}"));
        }
        match shown.whole.exchange.end_of(side) {
            Some(BodyEnd::Whole) => {}
            Some(BodyEnd::Broken { by, detail }) => {
                let by = match by {
                    Hop::App => "the app",
                    Hop::Gateway => "the gateway",
                    Hop::Gatetap => "gatetap",
                };
                self.note(&format!("broken off by {by}: {}", printable(detail)));
            }
            None if shown.whole.summary.verdict == Verdict::Open => self.note("not ended yet"),
            None => self.note("its end is not in the recording"),
        }
    }

    fn heading(&mut self, title: &str) {
        self.text.push('\n');
        let title = paint(self.colour, Style::Strong, title).into_owned();
        self.text.push_str(&title);
        self.text.push('\n');
    }

    fn fact(&mut self, name: &str, value: &str) {
        let name = paint(self.colour, Style::Faint, &format!("{name:<11}")).into_owned();
        self.line(&format!("{name}{}", printable(value)));
    }

    fn maybe_fact(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.fact(name, &value);
        }
    }

    /// A remark of gatetap's own, told from recorded text by its brackets.
    fn note(&mut self, text: &str) {
        let text = paint(self.colour, Style::Faint, &format!("({text})")).into_owned();
        self.line(&text);
    }

    /// Recorded text of several lines.
    fn lines(&mut self, text: &str) {
        for line in text.lines() {
            let line = line.replace('\t', "    ");
            self.line(&printable(&line));
        }
    }

    /// One line, safe already.
    fn line(&mut self, text: &str) {
        let line = if text.is_empty() { String::new() } else { format!("  {text}") };
        self.text.push_str(&line);
        self.text.push('\n');
    }
}

/// `bytes` as text, if they are; a character that is broken off at the end goes.
fn as_text(bytes: &[u8]) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok())
        }
        Err(_) => None,
    }
}

fn start_of(text: &str, limit: usize) -> (String, bool) {
    let start = text.as_bytes().get(..limit).and_then(as_text).unwrap_or(text);
    (start.to_owned(), start.len() < text.len())
}

/// Where evidence stands, as the list of events below numbers it.
fn place_name(place: &Place, stream: &[EventLine]) -> String {
    let line = match place {
        Place::Event(index) => stream.get(*index),
        _ => None,
    };
    line.map_or_else(|| place.to_string(), |line| line.kind.called(line.number))
}
