//! What a headless run says of findings while traffic passes.

use super::ended::Ended;
use super::env::Env;
use crate::exchange::finding::Severity;
use crate::exchange::text::printable;
use crate::exchange::time::WallTime;
use crate::store::filter::Filter;
use crate::store::{Error, Reader};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

/// Says of each check once what it found first: what is wrong with a setup is found in every request. What is
/// merely worth knowing is not said.
#[derive(Debug)]
pub(super) struct FindingsTalk {
    reader: Reader,
    ended: Ended,
    version: i64,
    told: BTreeSet<String>,
}

impl FindingsTalk {
    /// Speaks of what is recorded from now on.
    pub(super) fn of(recording: &Path) -> Result<Self, Error> {
        let reader = Reader::open(recording)?;
        let ended = Ended::from_now_on(&reader)?;
        Ok(Self { ended, version: reader.version()?, told: BTreeSet::new(), reader })
    }

    /// Says on stderr what has been found since the last call.
    pub(super) fn go_on(&mut self, env: &mut Env<'_>) -> anyhow::Result<()> {
        let version = self.reader.version()?;
        if version == self.version {
            return Ok(());
        }
        self.version = version;
        let ended = self.ended.next(&self.reader, &Filter::default(), WallTime(0))?;
        for summary in ended.iter().filter(|summary| summary.severity >= Some(Severity::Warning)) {
            if summary.findings.iter().all(|check| self.told.contains(check)) {
                continue;
            }
            let whole = self.reader.exchange(summary.id)?;
            for finding in whole.iter().flat_map(|whole| &whole.findings) {
                if finding.severity >= Severity::Warning && self.told.insert(finding.check.clone()) {
                    let (severity, message) = (finding.severity.as_str(), printable(&finding.message));
                    let (check, id) = (printable(&finding.check), summary.id);
                    writeln!(env.stderr, "#{id} {severity}: {message} ({check})")?;
                }
            }
        }
        Ok(())
    }
}
