//! `JUnit` XML: a suite a session, a case an exchange; what --fail-on names is a failure.

use super::groups::line;
use super::{FailOn, Report, Tally};
use crate::cli::xml::escaped;
use crate::exchange::SessionId;
use crate::exchange::finding::Finding;
use crate::exchange::time::{Micros, WallTime};
use crate::export::json::rfc3339;
use crate::record::Rechecked;
use std::io::{self, Write};

/// The report as XML.
#[derive(Debug)]
pub(super) struct Junit {
    fail_on: FailOn,
    suite: Option<Suite>,
}

/// The session whose exchanges are coming. Its counts stand before its cases.
#[derive(Debug)]
struct Suite {
    session: SessionId,
    started_at: WallTime,
    tests: usize,
    failures: usize,
    cases: String,
}

impl Junit {
    pub(super) fn new(fail_on: FailOn) -> Self {
        Self { fail_on, suite: None }
    }
}

impl Report for Junit {
    fn begin(&mut self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"gatetap check\">")
    }

    fn exchange(&mut self, checked: &Rechecked, to: &mut dyn Write) -> io::Result<()> {
        let session = checked.summary.session;
        if self.suite.as_ref().is_some_and(|suite| suite.session != session)
            && let Some(suite) = self.suite.take()
        {
            suite.write(to)?;
        }
        let started_at = checked.summary.started_at;
        let suite = self.suite.get_or_insert_with(|| Suite {
            session,
            started_at,
            tests: 0,
            failures: 0,
            cases: String::new(),
        });
        suite.case(checked, self.fail_on);
        Ok(())
    }

    fn end(&mut self, _tally: &Tally, to: &mut dyn Write) -> io::Result<()> {
        if let Some(suite) = self.suite.take() {
            suite.write(to)?;
        }
        writeln!(to, "</testsuites>")
    }
}

impl Suite {
    /// A case has one failure at most, so it holds everything that fails; what does not is its output.
    fn case(&mut self, checked: &Rechecked, fail_on: FailOn) {
        let summary = &checked.summary;
        let (failing, others): (Vec<&Finding>, Vec<&Finding>) =
            checked.findings.iter().partition(|finding| fail_on.fails(finding.severity));
        self.tests += 1;
        self.failures += usize::from(!failing.is_empty());
        let piece = format!(
            "    <testcase classname=\"session-{}\" name=\"{}\" time=\"{}\"",
            summary.session,
            escaped(&line(summary)),
            seconds(summary.duration.unwrap_or_default()),
        );
        self.cases.push_str(&piece);
        if checked.findings.is_empty() {
            self.cases.push_str("/>\n");
            return;
        }
        self.cases.push_str(">\n");
        if let Some(first) = failing.first() {
            let checks: Vec<&str> = failing.iter().map(|finding| finding.check.as_str()).collect();
            let piece = format!(
                "      <failure type=\"{}\" message=\"{}\">{}</failure>\n",
                escaped(&checks.join(" ")),
                escaped(&first.message),
                told(&failing),
            );
            self.cases.push_str(&piece);
        }
        if !others.is_empty() {
            let piece = format!("      <system-out>{}</system-out>\n", told(&others));
            self.cases.push_str(&piece);
        }
        self.cases.push_str("    </testcase>\n");
    }

    fn write(self, to: &mut dyn Write) -> io::Result<()> {
        let Self { session, started_at, tests, failures, cases } = self;
        let at = rfc3339(started_at);
        writeln!(
            to,
            "  <testsuite name=\"session {session}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" \
             skipped=\"0\" timestamp=\"{}\">\n{cases}  </testsuite>",
            escaped(&at)
        )
    }
}

fn told(findings: &[&Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let (severity, check) = (finding.severity.as_str(), &finding.check);
        text.push_str(&escaped(&format!("{severity} {check}: {}", finding.message)));
        let piece = format!("\n  evidence: {}", escaped(&finding.evidence));
        text.push_str(&piece);
        let piece = format!("\n  fix: {}\n", escaped(&finding.fix));
        text.push_str(&piece);
    }
    text
}

fn seconds(time: Micros) -> String {
    format!("{:.3}", time.as_ms() / 1000.0)
}
