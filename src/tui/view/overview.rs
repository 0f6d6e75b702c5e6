//! The overview of an exchange: how it ended and why we say so, where the time went, and the facts.

use super::Ui;
use super::cells::{bytes, date_and_time, one_line, wrap_words};
use crate::digest::summary::Summary;
use crate::digest::{RateState, meaning};
use crate::exchange::body::Side;
use crate::exchange::credential::CredentialFacts;
use crate::exchange::end::BodyEnd;
use crate::exchange::text::counted;
use crate::exchange::time::Micros;
use crate::exchange::{Exchange, ExchangeId};
use crate::tui::state::{App, Attempt, Detail, Tab};
use crate::tui::theme::{self, Role};
use crate::tui::totals::speed;
use ratatui::text::{Line, Span};

/// The cells a label takes.
const LABEL: usize = 13;

/// The most cells a bar takes.
const WIDEST_BAR: usize = 60;

/// The facts as lines of a label and a text.
struct Sheet<'a> {
    ui: &'a Ui,
    width: usize,
    lines: Vec<Line<'static>>,
}

pub(super) fn lines(app: &App, ui: &Ui, detail: &Detail, width: usize) -> Vec<Line<'static>> {
    let mut sheet = Sheet { ui, width, lines: Vec::new() };
    let exchange = &detail.whole.exchange;
    // The list has the newer line of an exchange that goes on.
    let summary = app.list.selected_row().unwrap_or(&detail.whole.summary);
    sheet.outcome(summary, exchange, detail);
    sheet.gap();
    sheet.times(app.duration(summary), summary, exchange, detail);
    sheet.gap();
    sheet.model(summary);
    sheet.parties(summary, exchange);
    sheet.lines
}

impl Sheet<'_> {
    fn outcome(&mut self, summary: &Summary, exchange: &Exchange, detail: &Detail) {
        let (glyph, role) = theme::verdict(summary.verdict);
        self.fact("verdict", role, &format!("{glyph} {}", summary.verdict));
        if let Some(evidence) = detail.evidence.as_ref().filter(|evidence| !evidence.is_empty()) {
            self.fact("because", Role::Plain, evidence);
        }
        self.known("note", summary.note.clone());
        let is_told = |text: &str| detail.evidence.as_ref().is_some_and(|told| told.contains(text));
        if let Some(own) = exchange.own_answer.as_ref().filter(|own| !is_told(&own.message)) {
            let text = format!("{}: {}", own.token, own.message);
            self.fact("gatetap said", Role::Warn, &text);
        }
        let digest = &summary.digest;
        if digest.error_code.is_some() || digest.error_message.is_some() {
            let parts = [&digest.error_code, &digest.error_message];
            let text: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
            self.fact("error", Role::Bad, &text.join(": "));
        }
        if let Some(fault) = &summary.fault {
            self.fact("fault", Role::Warn, &format!("{fault}, injected by gatetap"));
        }
        let findings = &detail.whole.findings;
        if let Some(worst) = findings.iter().max_by_key(|finding| finding.severity) {
            let (glyph, role) = theme::severity(worst.severity);
            let tab = Tab::Findings.number();
            let text = match findings.len() {
                1 => format!("{glyph} {} (tab {tab})", worst.message),
                more => format!("{glyph} {} ({} more: tab {tab})", worst.message, more - 1),
            };
            self.fact("findings", role, &text);
        }
        if let Some(error) = meaning(&summary.gateway, digest, summary.status) {
            self.fact("it means", Role::Plain, &error.meaning);
            self.fact("what to do", Role::Plain, &error.fix);
        }
        self.limits(&detail.limits);
        self.attempts(summary.id, &detail.attempts);
    }

    fn limits(&mut self, limits: &RateState) {
        for window in &limits.windows {
            let counted = window.counts.as_deref().unwrap_or("requests");
            let mut text = match (window.remaining, window.limit) {
                (Some(left), Some(limit)) => format!("{counted}: {left} of {limit} left"),
                (Some(left), None) => format!("{counted}: {left} left"),
                (None, Some(limit)) => format!("{counted}: {limit} at most"),
                (None, None) => counted.to_owned(),
            };
            let reset = window.resets_in.map(|time| time.to_string()).or_else(|| window.reset.clone());
            text.extend(reset.map(|reset| format!(", back in {reset}")));
            let role = if window.remaining == Some(0) { Role::Warn } else { Role::Plain };
            self.fact("limit", role, &text);
        }
        if let Some(wait) = limits.retry_after {
            self.fact("try again", Role::Warn, &format!("after {wait}, says the gateway"));
        }
    }

    /// The story of its retries.
    fn attempts(&mut self, here: ExchangeId, attempts: &[Attempt]) {
        for (nth, attempt) in attempts.iter().enumerate() {
            let label = if nth == 0 { "attempts" } else { "" };
            let (glyph, role) = theme::verdict(attempt.verdict);
            let mark = if attempt.id == here { "▸" } else { "·" };
            let status = attempt.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            let waited =
                attempt.waited.map(|time| format!(", {time} after the one before")).unwrap_or_default();
            let text = format!("{mark} #{}  {status} {glyph} {}{waited}", attempt.id, attempt.verdict);
            self.fact(label, role, &text);
        }
    }

    fn times(&mut self, took: Option<Micros>, summary: &Summary, exchange: &Exchange, detail: &Detail) {
        let timing = &exchange.timing;
        let digest = &summary.digest;
        self.fact("started", Role::Plain, &date_and_time(summary.started_at, &self.ui.zone));
        let connected = timing.connect.unwrap_or_default();
        let secured = Micros(connected.0 + timing.tls.unwrap_or_default().0);
        let sent = timing.sent.unwrap_or_default();
        let head = timing.head.unwrap_or(sent);
        let first = digest.first_event.unwrap_or(head);
        let last = digest.last_event.unwrap_or(first);
        let end = timing.end.or(took);
        let steps = [
            ("connect", Micros(0), timing.connect.map(|_| connected)),
            ("tls", connected, timing.tls.map(|_| secured)),
            ("send", secured.min(sent), timing.sent),
            ("wait", sent, timing.head),
            ("first event", head, digest.first_event),
            ("stream", first, digest.last_event),
            (if timing.end.is_some() { "to the end" } else { "since then" }, last, end),
        ];
        let whole = end.unwrap_or(last).max(last);
        if timing.reused == Some(true) {
            self.fact("connection", Role::Plain, "used before");
        }
        for (name, from, to) in steps {
            if let Some(to) = to {
                self.bar(name, from, to, whole);
            }
        }
        if let Some(first_token) = digest.first_token {
            self.fact("first token", Role::Plain, &format!("after {first_token}"));
        }
        if let Some(handover) = detail.handover {
            let text = format!(
                "after {} (median), {} (99 %), chunks: {}",
                handover.median, handover.p99, handover.chunks
            );
            self.fact("passed on", Role::Plain, &text);
        }
        if let Some(held) = timing.held.filter(|held| held.0 > 0) {
            let text = format!("{held}, because the recorder could not keep up");
            self.fact("held back", Role::Warn, &text);
        }
    }

    fn model(&mut self, summary: &Summary) {
        let digest = &summary.digest;
        let text = match (&digest.model, &digest.model_answered) {
            (Some(asked), Some(answered)) if asked == answered => Some(asked.clone()),
            (Some(asked), Some(answered)) => Some(format!("{asked} asked, {answered} answered")),
            (Some(asked), None) => Some(format!("{asked} asked")),
            (None, Some(answered)) => Some(format!("{answered} answered")),
            (None, None) => None,
        };
        self.known("model", text);
        let usage = &digest.usage;
        let tokens = [
            (usage.input, "in"),
            (usage.output, "out"),
            (usage.total, "in all"),
            (usage.cached, "from a cache"),
            (usage.reasoning, "of reasoning"),
        ];
        let mut parts: Vec<String> =
            tokens.into_iter().filter_map(|(number, what)| Some(format!("{} {what}", number?))).collect();
        parts.extend(usage.cost.map(|cost| format!("cost {cost}")));
        self.known("tokens", (!parts.is_empty()).then(|| parts.join(", ")));
        self.known("speed", speed(summary).map(|speed| format!("{speed:.1} tokens a second")));
        let mut ends = Vec::new();
        ends.extend(digest.finish_reason.as_ref().map(|reason| format!("finish reason {reason}")));
        ends.extend(digest.terminal_event.as_ref().map(|event| format!("last event {event}")));
        self.known("finished", (!ends.is_empty()).then(|| ends.join(", ")));
        if digest.events + digest.comments > 0 {
            let mut text = [counted(digest.events, "event"), counted(digest.comments, "comment")].join(", ");
            if digest.leftover > 0 {
                text = format!("{text}, {} of an event that never ended", bytes(digest.leftover));
            }
            self.fact("stream", Role::Plain, &text);
        }
    }

    fn parties(&mut self, summary: &Summary, exchange: &Exchange) {
        self.fact("gateway", Role::Plain, &format!("{}  {}", summary.gateway, summary.url));
        let status = summary.status.map(|status| {
            let version = exchange.response.as_ref().map_or("", |head| &head.version);
            format!("{status} over {version}")
        });
        self.known("status", status);
        self.known("request id", summary.digest.request_id.clone());
        let client = &summary.digest.client;
        let mut parts: Vec<String> = Vec::new();
        parts.extend(client.agent.clone());
        parts.extend(exchange.peer.as_ref().map(|peer| format!("from {peer}")));
        parts.extend(client.retry_count.filter(|&count| count > 0).map(|count| format!("retry {count}")));
        parts.extend(client.timeout_s.map(|timeout| format!("gives up after {timeout} s")));
        self.known("client", (!parts.is_empty()).then(|| parts.join(", ")));
        for facts in &exchange.credentials {
            let role = if facts.defects.is_empty() { Role::Plain } else { Role::Warn };
            self.fact("credential", role, &credential(facts));
        }
        self.body("request", summary.request_bytes, exchange.end_of(Side::Request));
        self.body("answer", summary.response_bytes, exchange.end_of(Side::Response));
        self.known("replay of", summary.replay_of.map(|id| format!("#{id}")));
        self.fact("recorded", Role::Quiet, &format!("#{} in session {}", summary.id, summary.session));
    }

    fn body(&mut self, label: &'static str, size: u64, end: Option<&BodyEnd>) {
        let size = bytes(size);
        match end {
            None => self.fact(label, Role::Plain, &format!("{size}, not ended")),
            Some(BodyEnd::Whole) => self.fact(label, Role::Plain, &format!("{size}, whole")),
            Some(BodyEnd::Broken { by, detail }) => {
                let text = format!("{size}, broken off by the {}: {detail}", by.as_str());
                self.fact(label, Role::Warn, &text);
            }
        }
    }

    fn known(&mut self, label: &'static str, text: Option<String>) {
        if let Some(text) = text {
            self.fact(label, Role::Plain, &text);
        }
    }

    fn fact(&mut self, label: &'static str, role: Role, text: &str) {
        let room = self.width.saturating_sub(LABEL + 2).max(8);
        for (nth, piece) in wrap_words(&one_line(text), room).into_iter().enumerate() {
            let label = if nth == 0 { label } else { "" };
            let label = self.ui.span(Role::Quiet, format!(" {label:LABEL$}"));
            self.lines.push(Line::from_iter([label, self.ui.span(role, piece)]));
        }
    }

    fn gap(&mut self) {
        self.lines.push(Line::default());
    }

    /// A step of the waterfall: its name, how long it took, and where it lies in the whole.
    fn bar(&mut self, name: &'static str, from: Micros, to: Micros, whole: Micros) {
        let took = to.since(from).to_string();
        let mut line = Line::from(self.ui.span(Role::Quiet, format!(" {name:LABEL$}")));
        line.push_span(Span::raw(format!("{took:>9} ")));
        let room = self.width.saturating_sub(LABEL + 14).min(WIDEST_BAR);
        let cells = |at: Micros| match whole.0 {
            0 => 0,
            whole => (u128::from(at.0.min(whole)) * room as u128 / u128::from(whole)) as usize,
        };
        let start = cells(from).min(room.saturating_sub(1));
        let length = cells(to).saturating_sub(start).max(1).min(room);
        line.push_span(Span::raw(" ".repeat(start)));
        line.push_span(self.ui.span(Role::Live, "━".repeat(length)));
        self.lines.push(line);
    }
}

/// What is kept of a key, in one line.
fn credential(facts: &CredentialFacts) -> String {
    let mut parts = vec![facts.place.clone()];
    parts.extend(facts.scheme.clone());
    parts.extend(facts.vendor.as_ref().map(|vendor| format!("{vendor} key")));
    parts.push(counted(facts.length, "byte"));
    parts.extend(facts.last4.as_ref().map(|last4| format!("…{last4}")));
    let mut text = format!("{} [{}]", parts.join(" "), facts.fingerprint);
    for (nth, defect) in facts.defects.iter().enumerate() {
        text.push_str(if nth == 0 { ": " } else { ", " });
        text.push_str(defect.as_str());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::credential::Defect;

    #[test]
    fn a_credential_is_told_without_its_secret() {
        let mut facts = CredentialFacts {
            place: "authorization".to_owned(),
            scheme: Some("Bearer".to_owned()),
            vendor: Some("openai".to_owned()),
            length: 51,
            last4: Some("wxyz".to_owned()),
            fingerprint: "ab12cd34".to_owned(),
            defects: Vec::new(),
        };
        assert_eq!(credential(&facts), "authorization Bearer openai key 51 bytes …wxyz [ab12cd34]");
        facts.defects = vec![Defect::Quoted, Defect::WrongLength];
        assert!(credential(&facts).ends_with(": quoted, wrong-length"));
    }
}
