//! Workflow commands of GitHub Actions.
//!
//! One annotation a check: a step shows ten of each kind at most
//! (<https://docs.github.com/en/rest/checks/runs>), and one misuse is found in every request. How they are
//! escaped: <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>.

use super::groups::{Group, Groups};
use super::{Report, Tally};
use crate::exchange::finding::Severity;
use crate::exchange::text::printable;
use crate::record::Rechecked;
use std::io::{self, Write};

/// The report as annotations.
#[derive(Debug, Default)]
pub(super) struct Github(Groups);

impl Report for Github {
    fn exchange(&mut self, checked: &Rechecked, _to: &mut dyn Write) -> io::Result<()> {
        self.0.add(checked);
        Ok(())
    }

    fn end(&mut self, tally: &Tally, to: &mut dyn Write) -> io::Result<()> {
        for group in std::mem::take(&mut self.0).sorted() {
            let command = match group.worst {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info => "notice",
            };
            let title = property(&format!("{}: {} ({})", group.check, group.summary(), group.count));
            writeln!(to, "::{command} title={title}::{}", data(&text(&group)))?;
        }
        // Not a command: a line of the log.
        writeln!(to, "{tally}")
    }
}

fn text(group: &Group) -> String {
    let mut lines = Vec::new();
    for example in &group.examples {
        let finding = &example.finding;
        lines.push(printable(&example.line).into_owned());
        lines.push(printable(&finding.message).into_owned());
        lines.push(format!("evidence: {}", printable(&finding.evidence)));
        lines.push(format!("fix: {}", printable(&finding.fix)));
    }
    lines.extend(group.rest());
    lines.join("\n")
}

/// The text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
