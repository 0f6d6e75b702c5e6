//! A note for a gateway's support, in Markdown or plain text: every field that their pages ask for, the verdict
//! with its evidence, findings. No key, and no prompt, answer or error text unless that is asked for.
//!
//! Fields: <https://nexorouter.com/en/docs/troubleshooting> and its status page.

use super::{Export, Exported, Options, Outcome, Probe, Probes, Selection, json};
use crate::digest::{self, Sdk};
use crate::exchange::credential::CredentialFacts;
use crate::exchange::end::Verdict;
use crate::exchange::text::counted;
use crate::exchange::text::printable;
use crate::gateway::mask::mask_target;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// So much of a text is written.
const LONGEST_TEXT: usize = 20_000;

#[derive(Debug)]
pub(super) struct Support {
    options: Options,
    probes: BTreeMap<String, Probes>,
}

impl Support {
    pub(super) fn new(options: Options) -> Self {
        Self { options, probes: BTreeMap::new() }
    }

    fn heading(&self, level: usize, text: &str) -> String {
        let text = printable(text);
        if self.options.plain {
            let line = if level == 1 { "=" } else { "-" };
            return format!("{text}\n{}\n\n", line.repeat(text.chars().count()));
        }
        format!("{} {text}\n\n", "#".repeat(level))
    }

    /// A field; what is not known says so.
    fn field(&self, name: &str, value: Option<&str>) -> String {
        let value = value.filter(|value| !value.is_empty());
        if self.options.plain {
            return format!("{name:<22} {}\n", value.map_or_else(|| "not known".into(), printable));
        }
        value.map_or_else(|| format!("- {name}: not known\n"), |value| format!("- {name}: {}\n", code(value)))
    }

    fn note(&self, one: &Exported) -> String {
        let exchange = one.exchange();
        let summary = &one.whole.summary;
        let digest = &summary.digest;
        let answered =
            digest.model_answered.as_deref().filter(|model| Some(*model) != digest.model.as_deref());
        let model = match (&digest.model, answered) {
            (Some(asked), Some(answered)) => Some(format!("{asked}, answered by {answered}")),
            (asked, answered) => asked.as_deref().or(answered).map(str::to_owned),
        };
        let status = match (summary.status, &summary.own_error) {
            (_, Some(own)) => format!("none from the gateway; gatetap answered `{own}`").replace('`', "'"),
            (Some(status), None) => status.to_string(),
            (None, None) => "none came".to_owned(),
        };
        let code = match (&digest.error_code, &digest.error_kind) {
            (Some(code), Some(kind)) if code != kind => Some(format!("{code} ({kind})")),
            (code, kind) => code.clone().or_else(|| kind.clone()),
        };
        let mut text = self.heading(2, &format!("Exchange {}", exchange.id));
        let endpoint = format!("{} {}", exchange.request.method, mask_target(without_query(&exchange.url)));
        let stream = if digest.streaming { "yes" } else { "no" };
        let key = exchange.credentials.first().map_or_else(|| "none was sent".to_owned(), key);
        for (name, value) in [
            ("Request ID", digest.request_id.clone()),
            ("Gateway", Some(exchange.gateway.clone())),
            ("Model", model),
            ("Endpoint", Some(endpoint)),
            ("Client HTTP status", Some(status)),
            ("Error code", Some(code.unwrap_or_else(|| "none".to_owned()))),
            ("Time (UTC)", Some(json::rfc3339(exchange.started_at))),
            ("Took", summary.duration.map(|took| took.to_string())),
            ("First token after", digest.first_token.map(|first| first.to_string())),
            ("Streaming", Some(stream.to_owned())),
            ("Client, tool", client(one)),
            ("Key", Some(key)),
        ] {
            text.push_str(&self.field(name, value.as_deref()));
        }
        let probes = self.probes.get(&exchange.gateway).copied().unwrap_or_default();
        text.push_str(&self.field("/v1/models works", Some(&probe(probes.models))));
        text.push_str(&self.field("Non-streaming works", Some(&probe(probes.plain))));
        text.push_str(&self.field("Usage Logs status", None));
        if let Some(fault) = &exchange.fault {
            text.push_str(&self.field("Not the gateway's own", Some(&format!("gatetap injected {fault}"))));
        }
        if let Some(note) = &summary.note {
            text.push_str(&self.field("Note", Some(note)));
        }
        text.push('\n');
        self.verdict(&mut text, one);
        self.texts(&mut text, one);
        text
    }

    fn verdict(&self, text: &mut String, one: &Exported) {
        let verdict = one.whole.summary.verdict;
        let evidence = one.evidence.as_deref().unwrap_or_default();
        // The gateway's own words are in it where it failed to answer.
        let evidence = if verdict == Verdict::Failed && !self.options.with_text {
            one.whole.summary.own_error.as_deref().unwrap_or_default()
        } else {
            evidence
        };
        text.push_str(&self.heading(3, "What was seen"));
        text.push_str(&self.field(verdict.as_str(), Some(evidence)));
        for finding in &one.whole.findings {
            let said = if self.options.with_text {
                format!("{} ({})", finding.message, finding.evidence)
            } else {
                finding.message.clone()
            };
            text.push_str(
                &self.field(&format!("{} {}", finding.severity.as_str(), finding.check), Some(&said)),
            );
        }
        text.push('\n');
    }

    fn texts(&self, text: &mut String, one: &Exported) {
        if !self.options.with_text {
            return;
        }
        let examined = digest::examine(one.exchange(), &one.request, &one.response);
        let error = one.whole.summary.digest.error_message.clone().unwrap_or_default();
        for (title, content) in
            [("Error message", error), ("Prompt", examined.text.prompt), ("Answer", examined.text.answer)]
        {
            if content.is_empty() {
                continue;
            }
            text.push_str(&self.heading(3, title));
            let shown: String = content.chars().take(LONGEST_TEXT).collect();
            let shown: Vec<_> = shown.lines().map(|line| format!("    {}\n", printable(line))).collect();
            text.push_str(&shown.concat());
            if content.chars().count() > LONGEST_TEXT {
                text.push_str("    (and more)\n");
            }
            text.push('\n');
        }
    }
}

impl Export for Support {
    fn begin(&mut self, selection: &Selection, out: &mut dyn Write) -> io::Result<()> {
        self.probes.clone_from(&selection.probes);
        let title = self.heading(1, "Note for support");
        let program = concat!("gatetap ", env!("CARGO_PKG_VERSION"));
        let holds = if self.options.with_text {
            "It holds prompts and answers, and no key."
        } else {
            "It holds no key, prompt or answer."
        };
        write!(out, "{title}Recorded between the app and the gateway by {program}. {holds}\n\n")
    }

    fn exchange(&mut self, one: &Exported, out: &mut dyn Write) -> io::Result<Outcome> {
        out.write_all(self.note(one).as_bytes())?;
        Ok(Outcome::Written)
    }
}

/// A code span.
fn code(text: &str) -> String {
    let text = printable(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    if longest == 0 { format!("`{text}`") } else { format!("{fence} {text} {fence}") }
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

fn client(one: &Exported) -> Option<String> {
    let client = &one.whole.summary.digest.client;
    let mut words: Vec<String> = client.agent.iter().cloned().collect();
    words.extend(Sdk::of(&one.exchange().request.headers).map(|sdk| sdk.to_string()));
    words.extend(client.retry_count.filter(|count| *count > 0).map(|count| format!("attempt {}", count + 1)));
    words.extend(client.timeout_s.map(|timeout| format!("gives up after {timeout} s")));
    (!words.is_empty()).then(|| words.join(", "))
}

/// What is known of a key, as far as support may see it.
fn key(facts: &CredentialFacts) -> String {
    let mut words = Vec::new();
    words.push(match &facts.last4 {
        Some(last) => format!("ends in {last}"),
        None => "too short to show any of it".to_owned(),
    });
    words.push(counted(facts.length, "byte"));
    words.extend(facts.vendor.iter().map(|vendor| format!("looks like one of {vendor}")));
    words.extend(facts.scheme.iter().map(|scheme| format!("sent as {scheme} in {}", facts.place)));
    let defects: Vec<&str> = facts.defects.iter().map(|defect| defect.as_str()).collect();
    if !defects.is_empty() {
        words.push(format!("badly written: {}", defects.join(", ")));
    }
    words.join(", ")
}

fn probe(seen: Option<Probe>) -> String {
    match seen {
        None => "not tried in this recording".to_owned(),
        Some(Probe { id, worked: true, .. }) => format!("yes (exchange {id})"),
        Some(Probe { id, status, .. }) => {
            let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            format!("no (exchange {id}: {status})")
        }
    }
}
