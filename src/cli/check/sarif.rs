//! SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>): a rule for every check that
//! runs, with its page; a result for every finding, whose place is the exchange in the recording.

use super::groups::line;
use super::{Report, Tally};
use crate::check::{Check, Engine};
use crate::exchange::finding::{Finding, Severity};
use crate::export::json::FoundLine;
use crate::record::Rechecked;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::Path;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The report as one JSON document, whose results are written as they come.
#[derive(Debug)]
pub(super) struct Sarif {
    rules: Vec<&'static Check>,
    recording: String,
    any: bool,
}

impl Sarif {
    pub(super) fn new(engine: &Engine, recording: &Path) -> Self {
        Self { rules: engine.checks().collect(), recording: uri(recording), any: false }
    }

    fn driver(&self) -> Value {
        let rules: Vec<Value> = self.rules.iter().map(|check| rule(check)).collect();
        json!({
            "name": "gatetap",
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        })
    }

    fn result(&self, checked: &Rechecked, finding: &Finding) -> Value {
        let summary = &checked.summary;
        let exchange = format!("#{}", summary.id);
        let places = finding.places.iter().map(|place| (format!("{exchange} {place}"), "place"));
        let logical: Vec<Value> = std::iter::once((exchange.clone(), "exchange"))
            .chain(places)
            .map(|(name, kind)| json!({"fullyQualifiedName": name, "kind": kind}))
            .collect();
        let Finding { check, severity, message, evidence, fix, .. } = finding;
        let mut result = json!({
            "ruleId": check,
            "level": level(*severity),
            "message": {"text": format!("{}: {message}\nevidence: {evidence}\nfix: {fix}", line(summary))},
            "locations": [{
                "physicalLocation": {"artifactLocation": {"uri": self.recording}},
                "logicalLocations": logical,
            }],
            "properties": FoundLine::new(summary, finding),
        });
        let index = self.rules.iter().position(|check| check.id == finding.check);
        if let (Some(index), Some(result)) = (index, result.as_object_mut()) {
            result.insert("ruleIndex".to_owned(), index.into());
        }
        result
    }
}

impl Report for Sarif {
    fn begin(&mut self, to: &mut dyn Write) -> io::Result<()> {
        let (schema, driver) = (Value::from(SCHEMA), self.driver());
        write!(
            to,
            "{{\"$schema\":{schema},\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":{driver}}},\"results\":["
        )
    }

    fn exchange(&mut self, checked: &Rechecked, to: &mut dyn Write) -> io::Result<()> {
        for finding in &checked.findings {
            let comma = if std::mem::replace(&mut self.any, true) { "," } else { "" };
            write!(to, "{comma}\n{}", self.result(checked, finding))?;
        }
        Ok(())
    }

    fn end(&mut self, _tally: &Tally, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "]}}]}}")
    }
}

fn rule(check: &Check) -> Value {
    json!({
        "id": check.id,
        "shortDescription": {"text": check.summary},
        "help": {"text": check.page(), "markdown": check.page()},
        "defaultConfiguration": {"level": level(check.severity)},
        "properties": {"tags": [check.family()]},
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A path as a reference, in which only unreserved characters (RFC 3986) and slashes stand for themselves.
fn uri(path: &Path) -> String {
    let reference = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(*byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    path.as_os_str().as_encoded_bytes().iter().map(reference).collect()
}
