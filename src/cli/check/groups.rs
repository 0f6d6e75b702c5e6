//! What was found, by check: counts and the first examples.

use crate::check::{self, ALL, Check, FAILED};
use crate::digest::summary::Summary;
use crate::exchange::ExchangeId;
use crate::exchange::finding::{Finding, Severity};
use crate::record::Rechecked;
use std::collections::BTreeMap;

/// So many findings of a check are shown whole.
const EXAMPLES: usize = 3;

/// So many exchanges more are named by their numbers.
const NAMED: usize = 10;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Groups(BTreeMap<String, Group>);

/// What one check found.
#[derive(Debug)]
pub(super) struct Group {
    /// Its id.
    pub(super) check: String,
    /// How bad the worst of it is.
    pub(super) worst: Severity,
    /// How much.
    pub(super) count: usize,
    /// The first of it.
    pub(super) examples: Vec<Example>,
    /// Where some of the rest was.
    pub(super) others: Vec<ExchangeId>,
}

/// One finding, with its exchange.
#[derive(Debug)]
pub(super) struct Example {
    /// The exchange in a line, not yet made safe to show.
    pub(super) line: String,
    /// What was found.
    pub(super) finding: Finding,
}

impl Groups {
    /// Takes in what was found in an exchange.
    pub(super) fn add(&mut self, checked: &Rechecked) {
        for finding in &checked.findings {
            let group = self.0.entry(finding.check.clone()).or_insert_with(|| Group {
                check: finding.check.clone(),
                worst: finding.severity,
                count: 0,
                examples: Vec::new(),
                others: Vec::new(),
            });
            group.count += 1;
            group.worst = group.worst.max(finding.severity);
            let id = checked.summary.id;
            if group.examples.len() < EXAMPLES {
                let line = line(&checked.summary);
                group.examples.push(Example { line, finding: finding.clone() });
            } else if group.others.len() < NAMED && group.others.last() != Some(&id) {
                group.others.push(id);
            }
        }
    }

    /// All of it: the worst first, then what there is most of, then in the order of the checks.
    pub(super) fn sorted(self) -> Vec<Group> {
        let place = |id: &str| ALL.iter().position(|check| check.id == id).unwrap_or(ALL.len());
        let mut groups: Vec<Group> = self.0.into_values().collect();
        groups.sort_by_key(|group| {
            (std::cmp::Reverse(group.worst), std::cmp::Reverse(group.count), place(&group.check))
        });
        groups
    }
}

impl Group {
    /// The check; `None` of what is held against gatetap itself.
    pub(super) fn check(&self) -> Option<&'static Check> {
        check::find(&self.check)
    }

    /// What it found, in half a sentence.
    pub(super) fn summary(&self) -> &'static str {
        summary(&self.check)
    }

    /// Where the rest of it was, in words; `None` if the examples are all.
    pub(super) fn rest(&self) -> Option<String> {
        let rest = self.count.checked_sub(self.examples.len()).filter(|rest| *rest > 0)?;
        let named: Vec<String> = self.others.iter().map(|id| format!("#{id}")).collect();
        let more = if rest > named.len() { " …" } else { "" };
        Some(format!("and {rest} more: {}{more}", named.join(" ")))
    }
}

/// What the check of that id finds.
pub(super) fn summary(id: &str) -> &'static str {
    match check::find(id) {
        Some(check) => check.summary,
        None if id == FAILED => "checks of gatetap's own that failed",
        None => "a check that this gatetap does not have",
    }
}

/// An exchange in a line: `#3 POST /v1/chat/completions, 401 refused`.
pub(super) fn line(summary: &Summary) -> String {
    let status = summary.status.map(|status| format!(" {status}")).unwrap_or_default();
    format!("#{} {} {},{status} {}", summary.id, summary.method, summary.path, summary.verdict)
}
