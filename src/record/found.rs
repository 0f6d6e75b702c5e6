//! What each check found first, for whoever watches a session while it runs.

use crate::exchange::ExchangeId;
use crate::exchange::finding::{Finding, Severity};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// What a check found first in this session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstFound {
    /// The exchange's number in the recording.
    pub exchange: ExchangeId,
    /// What was found in it.
    pub finding: Finding,
}

/// The first findings of a session in the order they came, of each check one. What is merely worth knowing is
/// not among them. Written when there is a new one, never by the forwarding path.
#[derive(Debug, Default)]
pub(super) struct SharedFound(Mutex<Vec<FirstFound>>);

/// The checks that have found something.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeSet<String>);

impl SharedFound {
    /// All but the first `seen`.
    pub(super) fn after(&self, seen: usize) -> Vec<FirstFound> {
        // A list is whole even where its holder panicked.
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.get(seen..).unwrap_or_default().to_vec()
    }

    pub(super) fn add(&self, found: FirstFound) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(found);
    }
}

impl Known {
    /// What is new among what was found in `exchange`.
    pub(super) fn sift(&mut self, exchange: ExchangeId, findings: &[Finding]) -> Vec<FirstFound> {
        let new = findings.iter().filter(|finding| {
            finding.severity >= Severity::Warning
                && !self.0.contains(&finding.check)
                && self.0.insert(finding.check.clone())
        });
        new.map(|finding| FirstFound { exchange, finding: finding.clone() }).collect()
    }
}
