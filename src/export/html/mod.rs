//! One page to read, mail or print: the list with a waterfall, and of each exchange its times, headers, stream
//! and findings. It loads nothing and runs nothing; what it shows was escaped. Prompts and answers only if
//! they are asked for.

mod escape;

use super::json::{self, head_text};
use super::{Export, Exported, Options, Outcome, Selection};
use crate::digest::{EventKind, EventLine};
use crate::exchange::body::Side;
use crate::exchange::end::Verdict;
use crate::exchange::head::Headers;
use crate::exchange::text::counted;
use crate::exchange::time::{Micros, WallTime};
use escape::{escaped, escaped_lines};
use std::collections::BTreeMap;
use std::io::{self, Write};

const STYLE: &str = include_str!("page.css");

/// So many events of a stream are listed, and drawn.
const MOST_EVENTS: usize = 500;

/// So much of an event or a body is shown.
const LONGEST_DATA: usize = 400;
const LONGEST_BODY: usize = 100_000;

#[derive(Debug)]
pub(super) struct Html {
    options: Options,
    span: Option<(WallTime, WallTime)>,
    verdicts: BTreeMap<&'static str, u64>,
    tokens: u64,
    cost: Option<f64>,
}

impl Html {
    pub(super) fn new(options: Options) -> Self {
        Self { options, span: None, verdicts: BTreeMap::new(), tokens: 0, cost: None }
    }

    /// Where a moment stands in the waterfall, in percent.
    fn percent(&self, at: WallTime) -> f64 {
        let Some((first, last)) = self.span else { return 0.0 };
        let whole = last.0.saturating_sub(first.0).max(1);
        (at.0.saturating_sub(first.0) as f64 / whole as f64 * 100.0).clamp(0.0, 100.0)
    }

    fn row(&self, one: &Exported) -> String {
        let summary = &one.whole.summary;
        let digest = &summary.digest;
        let took = summary.duration.unwrap_or_default();
        let left = self.percent(summary.started_at);
        let width = (self.percent(summary.started_at.plus(took)) - left).max(0.3);
        let first = match (digest.first_token, took.0) {
            (Some(first), 1..) => (first.0 as f64 / took.0 as f64 * 100.0).clamp(0.0, 100.0),
            _ => 100.0,
        };
        let text = |value: Option<&str>| escaped(value.unwrap_or("–"));
        let status = summary.status.map_or_else(|| "–".to_owned(), |status| status.to_string());
        let tokens = digest.usage.total.map_or_else(|| "–".to_owned(), |total| total.to_string());
        let findings = match summary.findings.len() {
            0 => String::new(),
            count => format!("<b class=\"n\" title=\"findings\">{count}</b>"),
        };
        format!(
            "<summary><span class=\"id\">{}</span><span class=\"path\">{} {}</span><span class=\"model\">{}</span>\
             <span class=\"status\">{status}</span><span class=\"verdict {}\"><span>{}</span> {findings}</span>\
             <span class=\"num\">{}</span><span class=\"num tokens\">{tokens}</span>\
             <span class=\"fall\"><i style=\"left:{left:.2}%;width:{width:.2}%;\
             background:linear-gradient(90deg,var(--wait) {first:.1}%,var(--flow) {first:.1}%)\"></i></span></summary>",
            summary.id,
            escaped(&summary.method),
            escaped(&summary.path),
            text(digest.model.as_deref()),
            class(summary.verdict),
            summary.verdict,
            summary.duration.map_or_else(|| "–".to_owned(), |took| took.to_string()),
        )
    }

    fn details(&self, one: &Exported) -> String {
        let mut page = String::new();
        facts(&mut page, one);
        findings(&mut page, one);
        let events = one.events();
        timeline(&mut page, one, &events);
        self.events(&mut page, &events);
        let exchange = one.exchange();
        headers(&mut page, "Request headers", &exchange.request.headers);
        self.body(&mut page, "Request body", one, Side::Request);
        if let Some(head) = &exchange.response {
            headers(&mut page, "Response headers", &head.headers);
        }
        self.body(&mut page, "Response body", one, Side::Response);
        page
    }

    fn events(&self, page: &mut String, events: &[EventLine]) {
        if events.is_empty() {
            return;
        }
        put(
            page,
            format_args!(
                "<details><summary>Stream, {}</summary><table class=\"events\"><tr><th>#<th>at<th>gap<th>bytes<th>event",
                counted(events.len(), "line")
            ),
        );
        page.push_str(if self.options.with_text { "<th>data</tr>" } else { "</tr>" });
        let mut before: Option<Micros> = None;
        for event in events.iter().take(MOST_EVENTS) {
            let gap = match (before, event.at) {
                (Some(before), Some(at)) => format!("+{}", at.since(before)),
                _ => String::new(),
            };
            before = event.at.or(before);
            let kind = event.event.as_deref().unwrap_or(event.kind.as_str());
            let at = event.at.map(|at| at.to_string()).unwrap_or_default();
            let is_event = event.kind == EventKind::Event;
            let number = if is_event { event.number.to_string() } else { String::new() };
            put(
                page,
                format_args!("<tr><td>{number}<td>{at}<td>{gap}<td>{}<td>{}", event.length, escaped(kind)),
            );
            if self.options.with_text {
                let data: String = event.data.chars().take(LONGEST_DATA).collect();
                let more = if data.len() < event.data.len() { "…" } else { "" };
                put(page, format_args!("<td><code>{}{more}</code>", escaped(&data)));
            }
            page.push_str("</tr>");
        }
        if let Some(more) = events.len().checked_sub(MOST_EVENTS).filter(|more| *more > 0) {
            put(page, format_args!("<tr><td colspan=\"6\">and {more} more</tr>"));
        }
        page.push_str("</table></details>");
    }

    fn body(&self, page: &mut String, title: &str, one: &Exported, side: Side) {
        if !self.options.with_text || one.body(side).bytes.is_empty() {
            return;
        }
        let (bytes, _) = one.decoded(side);
        put(page, format_args!("<details><summary>{title}, {}</summary>", counted(bytes.len(), "byte")));
        match std::str::from_utf8(&bytes) {
            Ok(text) => {
                let shown: String = text.chars().take(LONGEST_BODY).collect();
                let more = if shown.len() < text.len() { "\n… and more" } else { "" };
                put(page, format_args!("<pre>{}{more}</pre>", escaped_lines(&shown)));
            }
            Err(_) => page.push_str("<p>It is no text.</p>"),
        }
        let missing = one.missing(side);
        if missing > 0 {
            put(page, format_args!("<p>Not recorded: {}.</p>", counted(missing, "byte")));
        }
        page.push_str("</details>");
    }
}

impl Export for Html {
    fn begin(&mut self, selection: &Selection, out: &mut dyn Write) -> io::Result<()> {
        self.span = selection.span;
        let span = selection.span.map_or_else(String::new, |(first, last)| {
            format!(", {} to {}", json::rfc3339(first), json::rfc3339(last))
        });
        let holds = if self.options.with_text {
            "It holds prompts and answers, and no key."
        } else {
            "It holds no key and no bodies; evidence may quote from them."
        };
        write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
             <meta name=\"referrer\" content=\"no-referrer\"><title>gatetap: {exchanges}</title>\
             <style>{STYLE}</style></head>\n<body><header><h1>Recorded by gatetap</h1>\
             <p>{exchanges}{span}. {holds}</p></header>\n<main>\n\
             <div class=\"head\"><span>#</span><span>request</span><span class=\"model\">model</span><span>status</span>\
             <span>verdict</span><span class=\"num\">took</span><span class=\"num tokens\">tokens</span>\
             <span class=\"fall\">when</span></div>\n",
            exchanges = counted(selection.exchanges, "exchange"),
        )
    }

    fn exchange(&mut self, one: &Exported, out: &mut dyn Write) -> io::Result<Outcome> {
        let summary = &one.whole.summary;
        *self.verdicts.entry(summary.verdict.as_str()).or_default() += 1;
        self.tokens += summary.digest.usage.total.unwrap_or_default();
        if let Some(cost) = summary.digest.usage.cost {
            self.cost = Some(self.cost.unwrap_or_default() + cost);
        }
        writeln!(
            out,
            "<details class=\"one\" id=\"e{}\">{}<div class=\"in\">{}</div></details>",
            summary.id,
            self.row(one),
            self.details(one)
        )?;
        Ok(Outcome::Written)
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let verdicts: Vec<String> =
            self.verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        let cost = self.cost.map_or_else(String::new, |cost| format!(", cost {cost:.6} as reported"));
        writeln!(
            out,
            "</main>\n<footer><p>{}. {} as reported{cost}.</p><p>gatetap {}</p></footer></body></html>",
            verdicts.join(", "),
            counted(self.tokens, "token"),
            env!("CARGO_PKG_VERSION")
        )
    }
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.push_str(&std::fmt::format(text));
}

const fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Complete => "good",
        Verdict::Open | Verdict::Lost | Verdict::CutByApp => "mild",
        _ => "bad",
    }
}

fn facts(page: &mut String, one: &Exported) {
    let exchange = one.exchange();
    let summary = &one.whole.summary;
    let digest = &summary.digest;
    let key = exchange.credentials.first().filter(|facts| !facts.is_masked()).map(|facts| {
        let last = facts.last4.as_deref().map_or_else(String::new, |last| format!(" …{last}"));
        format!("{}{last}, fingerprint {}", counted(facts.length, "byte"), facts.fingerprint)
    });
    let number = |count: Option<u64>| count.map(|count| count.to_string());
    let tokens = [
        ("in", number(digest.usage.input)),
        ("out", number(digest.usage.output)),
        ("cached", number(digest.usage.cached)),
        ("reasoning", number(digest.usage.reasoning)),
    ];
    let tokens: Vec<String> =
        tokens.into_iter().filter_map(|(name, count)| count.map(|count| format!("{count} {name}"))).collect();
    put(
        page,
        format_args!(
            "<p class=\"{}\"><b>{}</b>: {}</p><dl>",
            class(summary.verdict),
            summary.verdict,
            escaped(one.evidence.as_deref().unwrap_or_default())
        ),
    );
    for (name, value) in [
        ("started", Some(json::rfc3339(exchange.started_at))),
        ("gateway", Some(exchange.gateway.clone()).filter(|name| !name.is_empty())),
        ("URL", Some(exchange.url.clone())),
        ("request id", digest.request_id.clone()),
        ("error", digest.error_code.clone()),
        ("finish reason", digest.finish_reason.clone()),
        ("model answered", digest.model_answered.clone()),
        ("tokens", Some(tokens.join(", ")).filter(|tokens| !tokens.is_empty())),
        ("cost", digest.usage.cost.map(|cost| cost.to_string())),
        ("first token", digest.first_token.map(|first| first.to_string())),
        ("client", digest.client.agent.clone()),
        ("key", key),
        ("fault", exchange.fault.clone()),
        ("note", summary.note.clone()),
        ("sends again", exchange.replay_of.map(|id| id.to_string())),
    ] {
        if let Some(value) = value {
            put(page, format_args!("<dt>{name}<dd>{}", escaped(&value)));
        }
    }
    page.push_str("</dl>");
}

fn findings(page: &mut String, one: &Exported) {
    if one.whole.findings.is_empty() {
        return;
    }
    page.push_str("<h3>Findings</h3><ul>");
    for finding in &one.whole.findings {
        put(
            page,
            format_args!(
                "<li><b>{} {}</b> {}<br><small>{}</small><br>{}</li>",
                finding.severity.as_str(),
                escaped(&finding.check),
                escaped(&finding.message),
                escaped(&finding.evidence),
                escaped(&finding.fix)
            ),
        );
    }
    page.push_str("</ul>");
}

/// A drawing of the times: sending, waiting, receiving, and a stroke for each event.
fn timeline(page: &mut String, one: &Exported, events: &[EventLine]) {
    let timing = &one.exchange().timing;
    let Some(end) = timing.end.filter(|end| end.0 > 0) else {
        return;
    };
    let x = |at: Micros| (at.0 as f64 / end.0 as f64 * 1000.0).min(1000.0);
    page.push_str("<svg class=\"line\" viewBox=\"0 0 1000 44\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"times\">");
    let sent = timing.sent.unwrap_or_default();
    let head = timing.head.unwrap_or(end);
    for (class, from, to) in [("s", Micros(0), sent), ("w", sent, head), ("r", head, end)] {
        let width = (x(to) - x(from)).max(0.0);
        put(
            page,
            format_args!(
                "<rect class=\"{class}\" x=\"{:.1}\" y=\"0\" width=\"{width:.1}\" height=\"12\"/>",
                x(from)
            ),
        );
    }
    let step = events.len().div_ceil(MOST_EVENTS).max(1);
    for at in events.iter().step_by(step).filter_map(|event| event.at) {
        put(
            page,
            format_args!("<rect class=\"e\" x=\"{:.1}\" y=\"18\" width=\"1.5\" height=\"26\"/>", x(at)),
        );
    }
    put(
        page,
        format_args!(
            "</svg><p class=\"key\">sent after {sent}, answered after {}, ended after {end}</p>",
            timing.head.map_or_else(|| "–".to_owned(), |head| head.to_string())
        ),
    );
}

fn headers(page: &mut String, title: &str, headers: &Headers) {
    put(page, format_args!("<details><summary>{title}</summary><table>"));
    for (name, value) in headers {
        put(page, format_args!("<tr><th>{}<td>{}</tr>", escaped(name), escaped(&head_text(value))));
    }
    page.push_str("</table></details>");
}
