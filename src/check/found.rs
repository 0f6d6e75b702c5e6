//! Where a check puts what it finds.

use super::declare::Check;
use crate::exchange::finding::{Finding, Place, Severity};
use crate::exchange::time::Micros;

/// Where one check puts its findings, and what it is tuned to.
#[derive(Debug)]
pub struct Found<'a> {
    pub(super) check: &'static Check,
    pub(super) tuned: &'a [(&'static str, f64)],
    /// What the settings say of its severity.
    pub(super) severity: Option<Severity>,
    pub(super) findings: &'a mut Vec<Finding>,
}

/// What a finding says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Says {
    /// What is wrong, for this exchange, in one sentence.
    pub message: String,
    /// The facts it rests on.
    pub evidence: String,
    /// What to do, with the very values where they are known.
    pub fix: String,
}

impl Says {
    /// The three sentences.
    pub fn new(message: impl Into<String>, evidence: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { message: message.into(), evidence: evidence.into(), fix: fix.into() }
    }
}

impl Found<'_> {
    /// The value of a threshold that the check declares.
    pub fn threshold(&self, name: &str) -> f64 {
        let declared = || self.check.thresholds.iter().find(|threshold| threshold.name == name);
        let tuned = self.tuned.iter().find(|(tuned, _)| *tuned == name).map(|(_, value)| *value);
        tuned.or_else(|| declared().map(|threshold| threshold.default)).unwrap_or(f64::INFINITY)
    }

    /// The value of a threshold in seconds.
    pub fn time(&self, name: &str) -> Micros {
        Micros((self.threshold(name) * 1e6) as u64)
    }

    /// The value of a threshold that counts.
    pub fn count(&self, name: &str) -> usize {
        self.threshold(name) as usize
    }

    /// A finding of the check's own severity, with the places of its evidence.
    pub fn push(&mut self, says: Says, places: impl IntoIterator<Item = Place>) {
        self.push_as(self.check.severity, says, places);
    }

    /// A finding of another severity. What the settings say of the check's severity goes before.
    pub fn push_as(&mut self, severity: Severity, says: Says, places: impl IntoIterator<Item = Place>) {
        self.findings.push(Finding {
            check: self.check.id.to_owned(),
            severity: self.severity.unwrap_or(severity),
            message: says.message,
            evidence: says.evidence,
            fix: says.fix,
            places: places.into_iter().collect(),
        });
    }
}
